/* SPDX-License-Identifier: MIT */
/* Rows of several columns, in a frame's coordinates, in an order in which neighbours lie close together: a
   box of BOX_ROWS of them, one after the other, then lies within reach of few components. */
#ifndef EMBLAS_BOXES_H
#define EMBLAS_BOXES_H

#include "frame.h"

enum { BOX_ROWS = 128 };

struct boxes {
  struct emblas_data rows; /* in the frame, with their weights */
  size_t count;            /* the last one may have fewer rows */
  double *centre, *half;   /* count x d each: the rows lie in centre +- half */
};

/* rows: how many of the data have a positive weight; the others are left out. Boxes are made by recursive
   splits at the median of the widest column. Memory from the arena: 8 n (d + 1 / 32 d) bytes, 8 n more with
   weights. O(n d log n). */
emblas_status emblas_boxes_create(struct boxes *boxes, struct arena *arena, const struct frame *frame,
                                  const struct emblas_backend *backend, const struct emblas_data *data,
                                  size_t rows);

#endif
