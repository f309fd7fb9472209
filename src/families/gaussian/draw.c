/* SPDX-License-Identifier: MIT */
/* Rows drawn of Gaussian components. */
#include "family.h"

#include <float.h>
#include <math.h>

static double entry(const struct components *m, const double *theta, size_t c, size_t i, size_t j) {
  const struct gaussian *g = gaussian_of(m);
  return emblas_geometry_factor_entry(g->geometry, g->d, theta + g->k * (1 + g->d) + c * g->f, i, j);
}

static size_t first_entry(const struct components *m, size_t row) {
  return gaussian_of(m)->geometry == GEOMETRY_FULL ? 0 : row;
}

/* x = mean + L z, z standard normal. */
void emblas_gaussian_draw(const struct components *m, const double *theta, size_t c, struct random *random,
                          double *x) {
  const double *mean = theta + m->k + c * m->d;
  for (size_t j = 0; j < m->d; j++) x[j] = emblas_random_normal(random);
  for (size_t j = m->d; j-- > 0;) { /* from the last on: entry j needs those before it */
    double sum = mean[j];
    for (size_t l = first_entry(m, j); l <= j; l++) sum += entry(m, theta, c, j, l) * x[l];
    x[j] = sum;
  }
}

/* Whether mean + L z is in the range of double for every z that can be drawn: each is below MOST, since the
   polar method's q is 2^-104 at least. In parts of 64, of which sums do not overflow. */
int emblas_gaussian_drawable(const struct components *m, const double *theta, size_t c) {
  const double MOST = 12.1, part = 1.0 / 64;
  const double *mean = theta + m->k + c * m->d;
  for (size_t j = 0; j < m->d; j++) {
    double reach = part * fabs(mean[j]);
    for (size_t l = first_entry(m, j); l <= j && reach <= part * DBL_MAX; l++)
      reach += part * MOST * fabs(entry(m, theta, c, j, l));
    if (reach > part * DBL_MAX) return 0;
  }
  return 1;
}
