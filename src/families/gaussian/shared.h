/* SPDX-License-Identifier: MIT */
/* What the M steps of models have in common in which components share a part of their covariances, but not
   all of it: the statistics of the columns that vary, and the factors that come of axes and variances along
   them. */
#ifndef EMBLAS_GAUSSIAN_SHARED_H
#define EMBLAS_GAUSSIAN_SHARED_H

#include "gaussian.h"
#include "spread.h"

/* Columns without spread take no part. The scatter matrices become those of the others, n of them: packed
   rows of the lower triangle, or n variances. A component that keeps its covariance has that for its
   scatter. The spread's shares, floor and room are set; its volumes, where `volumes`, are those of the
   factors before. */
struct spread emblas_shared_begin(const struct gaussian *g, struct gaussian_estimate *e, int volumes);

/* Component c's scatter. */
static inline double *shared_scatter(const struct gaussian *g, const struct gaussian_estimate *e,
                                     size_t c) {
  return e->scatter + c * (g->p - 1 - g->d);
}

/* Where row j of a packed triangle begins. */
static inline size_t packed_row(size_t j) {
  return j * (j + 1) / 2;
}

/* Both triangles of a packed matrix. What is nothing beside the floor is 0, so that squares are in the
 * range of doubles. */
void emblas_shared_unpack(size_t n, const double *packed, double floor, double *a);

/* The eigenvectors of a, n x n, one a row, and their eigenvalues, from the largest on; NAN where there are
 * none. */
void emblas_shared_eigen(size_t n, const struct gaussian_estimate *e, double *a, double *values);

/* No variance beside the largest is so small that a factor, right to roundings of the largest, would hold
   nothing of it: the floor is raised to that. */
void emblas_shared_limit(const struct spread *s, double largest, double *floor);

/* Component c's factor: of the covariance with these variances along these axes, n x n, one a row. */
void emblas_shared_factor(const struct gaussian *g, struct gaussian_estimate *e, size_t n, size_t c,
                          const double *axes, const double *variances);

#endif
