/* SPDX-License-Identifier: MIT */
#include "../base/finite.h"
#include "model.h"

#include <math.h>

double emblas_model_log_density(const struct emblas_model *model, const double *x,
                                double *responsibilities) {
  const struct components *m = &model->components;
  uint64_t any = 0;
  for (size_t j = 0; j < m->d; j++) any |= not_finite(x + j);
  if (any >> 63) return NAN;
  return m->family->density->at(m, x, responsibilities);
}
