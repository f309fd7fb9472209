/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_MODEL_H
#define EMBLAS_MODEL_H

#include "../base/arena.h"
#include "../families/gaussian/density.h"

/* Immutable once made. theta is laid out as in families/gaussian/gaussian.h, in units of the data. */
struct emblas_model {
  struct arena arena;
  enum emblas_covariance covariance;
  struct gaussian shape;
  double *theta;
  struct gaussian_density density; /* made of theta by emblas_model_complete() */
};

/* A model with memory for its parameters, which the caller sets before emblas_model_complete(). */
emblas_status emblas_model_allocate(struct emblas_allocator allocator, enum emblas_covariance covariance,
                                    size_t k, size_t d, struct emblas_model **model);

/* Makes of theta what the density needs. EMBLAS_ERROR_RANGE, and the component, where the
   inverse of a factor is beyond the range of double. */
emblas_status emblas_model_complete(struct emblas_model *model, size_t *component);

/* Of a covariance model in which components share a part of their covariances: the first component that does not,
   or k. Memory from the arena, whose status tells whether there was any. */
size_t emblas_model_unshared(const struct emblas_model *model, struct arena *arena);

#endif
