/* SPDX-License-Identifier: MIT */
#include "../base/finite.h"
#include "model.h"

#include <math.h>

double emblas_model_log_density(const struct emblas_model *model, const double *x,
                                double *responsibilities) {
  const struct gaussian_density *density = &model->density;
  uint64_t any = 0;
  for (size_t j = 0; j < model->shape.d; j++) any |= not_finite(x + j);
  if (any >> 63) return NAN;
  return density->log_density(&density->packed, model->shape.k, x, responsibilities) - density->log_volume;
}
