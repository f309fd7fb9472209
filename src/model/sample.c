/* SPDX-License-Identifier: MIT */
#include "model.h"

/* The component whose stretch of [0, 1) holds u; rounding of the weights' sum falls to the last that has
 * any. */
static size_t pick(size_t k, const double *weights, double u) {
  size_t last = 0;
  for (size_t c = 0; c < k; c++) {
    if (weights[c] == 0) continue;
    last = c;
    if (u < weights[c]) return c;
    u -= weights[c];
  }
  return last;
}

emblas_status emblas_sample(const struct emblas_model *model, size_t n, uint64_t seed, double *values,
                            size_t *labels) {
  struct random random;
  if (model == NULL || (values == NULL && n > 0)) return EMBLAS_ERROR_ARGUMENT;
  const struct components *m = &model->components;
  for (size_t c = 0; c < m->k; c++)
    if (model->theta[c] > 0 && !m->family->drawable(m, model->theta, c)) return EMBLAS_ERROR_RANGE;
  emblas_random_seed(&random, seed, 0);
  for (size_t i = 0; i < n; i++) {
    size_t c = pick(m->k, model->theta, emblas_random_uniform(&random));
    m->family->draw(m, model->theta, c, &random, values + i * m->d);
    if (labels != NULL) labels[i] = c;
  }
  return EMBLAS_OK;
}
