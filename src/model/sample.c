/* SPDX-License-Identifier: MIT */
#include "model.h"

#include "../base/random.h"

#include <float.h>
#include <math.h>

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

/* x = mean + L z, z standard normal. */
static void draw(const struct gaussian *g, double *theta, size_t c, struct random *random, double *x) {
  size_t d = g->d;
  const double *mean = gaussian_mean(g, theta, c), *factor = gaussian_factor(g, theta, c);
  for (size_t j = 0; j < d; j++) x[j] = emblas_random_normal(random);
  for (size_t j = d; j-- > 0;) { /* from the last on: entry j needs those before it */
    double sum = mean[j];
    size_t first = g->geometry == GEOMETRY_FULL ? 0 : j;
    for (size_t l = first; l <= j; l++)
      sum += emblas_geometry_factor_entry(g->geometry, d, factor, j, l) * x[l];
    x[j] = sum;
  }
}

/* Whether mean + L z is in the range of double for every z that can be drawn: each is below MOST, since the
   polar method's q is 2^-104 at least. In parts of 64, of which sums do not overflow. */
static int in_range(const struct gaussian *g, double *theta, size_t c) {
  const double MOST = 12.1, part = 1.0 / 64;
  const double *mean = gaussian_mean(g, theta, c), *factor = gaussian_factor(g, theta, c);
  for (size_t j = 0; j < g->d; j++) {
    double reach = part * fabs(mean[j]);
    size_t first = g->geometry == GEOMETRY_FULL ? 0 : j;
    for (size_t l = first; l <= j && reach <= part * DBL_MAX; l++)
      reach += part * MOST * fabs(emblas_geometry_factor_entry(g->geometry, g->d, factor, j, l));
    if (reach > part * DBL_MAX) return 0;
  }
  return 1;
}

emblas_status emblas_sample(const struct emblas_model *model, size_t n, uint64_t seed, double *values,
                            size_t *labels) {
  struct random random;
  if (model == NULL || (values == NULL && n > 0)) return EMBLAS_ERROR_ARGUMENT;
  const struct gaussian *g = &model->shape;
  for (size_t c = 0; c < g->k; c++)
    if (model->theta[c] > 0 && !in_range(g, model->theta, c)) return EMBLAS_ERROR_RANGE;
  emblas_random_seed(&random, seed, 0);
  for (size_t i = 0; i < n; i++) {
    size_t c = pick(g->k, model->theta, emblas_random_uniform(&random));
    draw(g, model->theta, c, &random, values + i * g->d);
    if (labels != NULL) labels[i] = c;
  }
  return EMBLAS_OK;
}
