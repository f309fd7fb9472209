/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_MODEL_H
#define EMBLAS_MODEL_H

#include "../families/family.h"

/* Immutable once made. theta is laid out as in families/family.h, in units of the data. */
struct emblas_model {
  struct arena arena;
  struct components components; /* own: what the density needs, made of theta by emblas_model_complete() */
  double *theta;
};

/* A model with memory for its parameters, which the caller sets before emblas_model_complete(). */
emblas_status emblas_model_allocate(struct emblas_allocator allocator, const struct family *family,
                                    enum emblas_covariance covariance, size_t k, size_t d,
                                    struct emblas_model **model);

/* Makes of theta what the density needs. EMBLAS_ERROR_RANGE, and the component, where one has no density in
   the range of double. */
emblas_status emblas_model_complete(struct emblas_model *model, size_t *component);

#endif
