/* SPDX-License-Identifier: MIT */
/* Rows of one column, in a frame's coordinates, replaced by fewer weighted ones with the same moments.

   The line is cut into cells, each as wide as its caller finds narrow enough. A cell's rows are replaced by
   the Gauss rule of their own measure (line/quadrature.h); few different values stay as they are. Rows are
   put in order of leaves once (line/leaves.h); most cells are made of whole leaves, whose moments are
   known. Only where narrower cells are wanted are rows looked at again. */
#ifndef EMBLAS_COMPRESS_H
#define EMBLAS_COMPRESS_H

#include "leaves.h"

/* How much too wide is [low, high] for its rows to be replaced by their rule? At most 1 for a cell that is
   not; it should grow with the width, where it is near 1 in proportion. */
typedef double (*compress_strain)(void *context, double low, double high);

struct compressor {
  struct quadrature quadrature;
  struct leaves leaves;
  struct weighted_rows pairs; /* of all leaves: a coarse picture, for those who look for a start */
  /* The result of emblas_compress(), ascending: */
  struct weighted_rows result;
  size_t capacity;              /* of result */
  size_t cells;                 /* how many rules it has in it */
  double *cell_low, *cell_high; /* what each of them stands for */
};

/* summary: of the data. Takes their one column into the frame; rows of weight 0 are left out. Memory from
   the arena: 16 n bytes, 24 n with weights; besides that, for the time of the call, as much as
   line/leaves.h says. */
emblas_status emblas_compressor_create(struct compressor *c, struct arena *arena, const struct frame *frame,
                                       const struct emblas_data *data, const struct view_summary *summary);

/* Fills c->result. Non-zero on success, 0 when it would have more than c->capacity rows: a quarter of them
 * all.
 */
int emblas_compress(struct compressor *c, compress_strain strain, void *context);

#endif
