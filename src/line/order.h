/* SPDX-License-Identifier: MIT */
/* Rows of one column, in a frame's coordinates, in the order of stretches of the line that hold about as
   many rows each: a block of them then lies within reach of few components. Within a stretch rows stay as
   they come. */
#ifndef EMBLAS_ORDER_H
#define EMBLAS_ORDER_H

#include "../rows/frame.h"

struct weighted_rows {
  size_t count;
  double *values, *weights; /* weights NULL: 1 each */
};

/* Fills *rows, *end (where each stretch ends) and *stretches (how many). Stretches have at most 3/2 `few`
   rows, or more where all of them are equal. summary: of the data. Rows of weight 0 are left out. Memory
   from the arena: 8 n bytes, 16 n with weights, besides the ends; and for the time of the call as much
   again, where most rows lie close together. */
emblas_status emblas_order_rows(struct arena *arena, const struct frame *frame,
                                const struct emblas_data *data, const struct view_summary *summary,
                                size_t few, struct weighted_rows *rows, size_t **end, size_t *stretches);

#endif
