/* SPDX-License-Identifier: MIT */
/* The covariance models of Gaussian components, one table row each. */
#ifndef EMBLAS_COVARIANCE_H
#define EMBLAS_COVARIANCE_H

#include <emblas/emblas.h>

/* What a component's covariance looks like, and so what is stored of it and which features it needs. */
enum geometry {
  GEOMETRY_FULL,     /* d x d lower Cholesky factor; features 1, x, and x_j x_l for l <= j */
  GEOMETRY_DIAG,     /* d standard deviations; features 1, x, x^2 */
  GEOMETRY_SPHERICAL /* one standard deviation; features 1, x, |x|^2 */
};

struct covariance_model {
  const char *name, *mclust, *mclust_1d;
  enum geometry geometry;
  /* Turns the k components' scatter matrices about their means (already divided by n_c; each of `size`
     entries) into the model's maximum-likelihood covariances, in place. NULL: they are it. */
  void (*estimate)(size_t k, size_t size, const double *n, double *scatter);
  /* Free parameters of k covariances in d dimensions. */
  size_t (*parameters)(size_t k, size_t d);
};

/* NULL for a value that is no covariance model. */
const struct covariance_model *emblas_covariance_model(enum emblas_covariance covariance);

/* The geometry in d dimensions: in one, every model is diagonal. */
enum geometry emblas_covariance_geometry(enum emblas_covariance covariance, size_t d);

/* Doubles stored of one component's factor. */
size_t emblas_geometry_factor_size(enum geometry geometry, size_t d);

/* Is every covariance of the geometry `special` one of `general`, too? */
int emblas_geometry_includes(enum geometry general, enum geometry special);

/* One entry of a component's d x d lower factor. */
double emblas_geometry_factor_entry(enum geometry geometry, size_t d, const double *factor, size_t row,
                                    size_t column);

#endif
