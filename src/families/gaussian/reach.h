/* SPDX-License-Identifier: MIT */
/* How far a mixture in one dimension is like a polynomial: the cells whose rows a Gauss rule may stand
   for. docs/numerics.md has the argument. */
#ifndef EMBLAS_REACH_H
#define EMBLAS_REACH_H

#include "gaussian.h"

struct reach {
  size_t k, padded; /* padded: with components of weight 0 to whole vectors */
  double
      patience; /* 1: cells as wide as may be; less: narrower, so that they stay admissible for a while */
  double minor; /* see reach.c */
  double *weight, *mean, *deviation, *precision, *half, *constant; /* padded: the parameters it is about */
  double *inside, *halfway, *above, *share, *limit;                /* padded: room */
};

void emblas_reach_allocate(struct reach *reach, struct arena *arena, size_t k);

void emblas_reach_prepare(struct reach *reach, const double *theta);

/* Are other parameters so near to those of the last emblas_reach_prepare() that cells found narrow enough
   with patience to spare still are? */
int emblas_reach_near(const struct reach *reach, const double *theta);

/* A compress_strain; context: the reach. */
double emblas_reach_strain(void *context, double low, double high);

#endif
