/* SPDX-License-Identifier: MIT */
/* Rows of one column, in a frame's coordinates, replaced by fewer weighted ones with the same moments.

   The line is cut into cells. A cell that its caller finds narrow enough has its rows replaced by the Gauss
   rule of their own measure (data/quadrature.h); it is cut in two otherwise. Cells of few different values
   keep them. The rows are put in order of cells of some hundred once, and each of these has its rule from
   then on: wider cells are made of those rules, since the rule of rules with the same moments is the same.
   Only where narrower cells are wanted are rows looked at again. */
#ifndef EMBLAS_COMPRESS_H
#define EMBLAS_COMPRESS_H

#include "order.h"
#include "quadrature.h"

/* May the rows in [low, high] be replaced by their rule? */
typedef int (*compress_admissible)(void *context, double low, double high);

struct compressor {
  struct quadrature quadrature;
  struct weighted_rows rows; /* in order of the leaves; not sorted within them, unless `sorted` */
  size_t leaves;
  size_t *end;           /* leaves: where each ends in rows */
  double *low, *high;    /* leaves: least and greatest value */
  unsigned char *sorted; /* leaves */
  unsigned char *kind;   /* leaves: what its rules are, in compress.c */
  size_t *rule_end;      /* leaves: where each ends in rules */
  struct weighted_rows rules;
  /* The result of emblas_compress(): */
  struct weighted_rows result;
  size_t capacity;              /* of result */
  size_t cells;                 /* how many rules it has in it */
  double *cell_low, *cell_high; /* what each of them stands for */
};

/* Takes the one column of the data into the frame; rows of weight 0 are left out. c->rules.count is 0 when
   compression does not pay, however wide the cells. Memory from the arena: 17 n bytes, 25 n with weights;
   and for the time of the call 8 n more, 16 n with weights. */
emblas_status emblas_compressor_create(struct compressor *c, struct arena *arena, const struct frame *frame,
                                       const struct emblas_data *data);

/* Fills c->result. Non-zero on success, 0 when it would have more than c->capacity rows: half of them all.
 */
int emblas_compress(struct compressor *c, compress_admissible admissible, void *context);

#endif
