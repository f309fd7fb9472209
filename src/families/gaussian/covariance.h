/* SPDX-License-Identifier: MIT */
/* The covariance models of Gaussian components, one table row each. */
#ifndef EMBLAS_COVARIANCE_H
#define EMBLAS_COVARIANCE_H

#include "../../rows/frame.h"

/* What a component's covariance looks like, and so what is stored of it and which features it needs. */
enum geometry {
  GEOMETRY_FULL,     /* d x d lower Cholesky factor; features 1, x, and x_j x_l for l <= j */
  GEOMETRY_DIAG,     /* d standard deviations; features 1, x, x^2 */
  GEOMETRY_SPHERICAL /* one standard deviation; features 1, x, |x|^2 */
};

struct gaussian;
struct gaussian_estimate;

/* mclust's name says what components share: of volume, shape and orientation each is E, equal in all of
   them, V, a component's own, or I, that of the identity matrix. */
struct covariance_model {
  const char *name, *mclust, *mclust_1d;
  enum geometry geometry;
  enum frame_kind frame;
  /* The M step of the covariances: scatter matrices -> the factors of the most likely covariances that the
     model has. */
  void (*estimate)(const struct gaussian *g, struct gaussian_estimate *e);
};

/* NULL for a value that is no covariance model. */
const struct covariance_model *emblas_covariance_model(enum emblas_covariance covariance);

/* The same covariances in d dimensions: in one, a model has equal variances or each component's own. */
const struct covariance_model *emblas_covariance_model_in(enum emblas_covariance covariance, size_t d);

/* The geometry in d dimensions: in one, every model is diagonal. */
enum geometry emblas_covariance_geometry(enum emblas_covariance covariance, size_t d);

/* Do all components have the same covariance? */
int emblas_covariance_common(const struct covariance_model *model);

/* Does no component's covariance depend on another's? */
int emblas_covariance_own(const struct covariance_model *model);

/* Do components share a part of their covariances, and not all? Then what estimate() has not made need not
   be in the model. */
int emblas_covariance_partly(const struct covariance_model *model);

/* Are all covariances of the model `special` some of `general`, too? */
int emblas_covariance_admits(const struct covariance_model *general,
                             const struct covariance_model *special);

/* Free parameters of k covariances in d dimensions. */
size_t emblas_covariance_count(const struct covariance_model *model, size_t k, size_t d);

/* Doubles stored of one component's factor. */
size_t emblas_geometry_factor_size(enum geometry geometry, size_t d);

/* One entry of a component's d x d lower factor. */
double emblas_geometry_factor_entry(enum geometry geometry, size_t d, const double *factor, size_t row,
                                    size_t column);

#endif
