/* SPDX-License-Identifier: MIT */
/* Rows of one column, in a frame's coordinates, put roughly in order: a block of them lies within reach of
   few components. */
#ifndef EMBLAS_ORDER_H
#define EMBLAS_ORDER_H

#include "frame.h"

struct weighted_rows {
  size_t count;
  double *values, *weights; /* weights NULL: 1 each */
};

/* All rows but those of weight 0, in stretches of at most 3/2 `few` (more only where all are equal) of
   which none has a value greater than those of the next. ends: NULL, or room for 2 n / few + 2 numbers:
   where each stretch ends, *stretches of them. Memory from the arena: 8 n bytes, 16 n with weights; for the
   time of the call as much again, and the ends. */
emblas_status emblas_order_rows(struct weighted_rows *rows, struct arena *arena, const struct frame *frame,
                                const struct emblas_data *data, size_t few, size_t *ends,
                                size_t *stretches);

#endif
