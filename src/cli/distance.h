/* SPDX-License-Identifier: MIT */
/* How far rows are from the components of a Gaussian model. */
#ifndef EMBLAS_CLI_DISTANCE_H
#define EMBLAS_CLI_DISTANCE_H

#include "cli.h"

struct distances {
  size_t dim;
  const double *means; /* the model's, which must outlive this */
  double *factors;     /* k x dim x dim lower Cholesky factors */
  double *whitened;    /* dim: room for one row */
};

/* distances_free() frees what distances_make() allocates. */
void distances_make(struct distances *distances, const struct emblas_model *model);
void distances_free(struct distances *distances);

/* The Mahalanobis distance of a row to the mean of a component: sqrt((x - m)' S^-1 (x - m)). O(dim^2). */
double distance_to(const struct distances *distances, size_t component, const double *row);

/* The probability that a row which does come from the component is at least so far away: that of a
   chi-square variable with dim degrees of freedom to exceed the distance's square. O(dim). */
double distance_tail(size_t dim, double distance);

/* The distance from which on a row is far: less than one of a thousand tables of so many rows has any
   beyond it. By bisection, O(dim). */
double distance_limit(size_t dim, size_t rows);

#endif
