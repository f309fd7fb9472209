/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_MODEL_H
#define EMBLAS_MODEL_H

#include "../base/arena.h"
#include "../families/gaussian.h"

/* Immutable once made. theta is laid out as in families/gaussian.h, in units of the data. */
struct emblas_model {
  struct arena arena;
  enum emblas_covariance covariance;
  struct gaussian shape;
  double *theta;
};

/* A model with room for its parameters. */
emblas_status emblas_model_allocate(struct emblas_allocator allocator, enum emblas_covariance covariance,
                                    size_t k, size_t d, struct emblas_model **model);

#endif
