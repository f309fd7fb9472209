/* SPDX-License-Identifier: MIT */
/* Parameters that no M step has made, as those of a start: brought above the floor, and compared with each
   other. */
#include "gaussian.h"

#include "../../base/eigen.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ covariances */

/* The variance of column j, (L L')_jj, where the columns are in `unit`s. */
static double variance(enum geometry geometry, size_t d, const double *factor, double unit, size_t j) {
  double sum = 0;
  for (size_t m = geometry == GEOMETRY_FULL ? 0 : j; m <= j; m++) {
    double entry = emblas_geometry_factor_entry(geometry, d, factor, j, m) * unit;
    sum += entry * entry;
  }
  return sum;
}

void emblas_gaussian_variances(const struct gaussian *g, enum geometry geometry, const double *factor,
                               const double *unit, double *scatter) {
  double sum = 0;
  for (size_t j = 0; j < g->d; j++) {
    double own = variance(geometry, g->d, factor, unit[j], j);
    sum += own / (double)g->d;
    if (g->geometry == GEOMETRY_DIAG) scatter[j] = own;
  }
  if (g->geometry == GEOMETRY_SPHERICAL) scatter[0] = sum;
}

void emblas_gaussian_product(size_t d, const double *factor, double *scatter) {
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      double sum = 0;
      for (size_t m = 0; m <= l; m++) sum += factor[j * d + m] * factor[l * d + m];
      *scatter++ = sum;
    }
}

/* ------------------------------------------------------------------ the floor */

/* Smallest eigenvalues that are less than this part below the floor count as lying on it: a factor that was
   made to lie there has them to its roundings. */
static const double ON_FLOOR = 1e-6;

/* K = L^-1, lower triangles. Returns the sum of squares of K. */
static double invert(size_t d, const double *factor, double *k) {
  double sum = 0;
  memset(k, 0, d * d * sizeof *k);
  for (size_t j = 0; j < d; j++) {
    const double *row = factor + j * d;
    double *out = k + j * d;
    for (size_t m = 0; m < j; m++)
      for (size_t l = 0; l <= m; l++) out[l] -= row[m] * k[m * d + l];
    for (size_t l = 0; l < j; l++) out[l] /= row[j];
    out[j] = 1 / row[j];
    for (size_t l = 0; l <= j; l++) sum += out[l] * out[l];
  }
  return sum;
}

/* Is the smallest eigenvalue of L L', the inverse of the largest of K'K, at least the floor? It is formed
   from K, because L L' itself does not hold eigenvalues as small as the floor to any digits. The sum of
   squares of K, which lies between one and d times that largest eigenvalue, mostly tells. */
static int above_floor(size_t d, const double *factor, double floor, struct gaussian_scratch *scratch) {
  double *k = scratch->inverse, *a = scratch->matrix, largest = 0;
  double most = (1 + ON_FLOOR) / floor;
  for (size_t j = 0; j < d; j++) /* no eigenvalue is above the least of these */
    if (!(factor[j * d + j] * factor[j * d + j] * most >= 1)) return 0;
  double squares = invert(d, factor, k);
  if (squares <= most) return 1;
  if (!(squares <= most * (double)d)) return 0;
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      double sum = 0;
      for (size_t m = 0; m <= l; m++) sum += k[j * d + m] * k[l * d + m];
      a[j * d + l] = a[l * d + j] = sum; /* K K', whose eigenvalues are those of K'K */
    }
  emblas_eigen_symmetric(d, a, k);
  for (size_t j = 0; j < d; j++) largest = fmax(largest, a[j * d + j]);
  return largest <= most;
}

/* Non-zero when the covariance overflows. */
static int raise_full(const struct gaussian *g, const struct emblas_backend *backend,
                      const struct gaussian_floor *floor, double *factor, double *room, unsigned *flag,
                      struct gaussian_scratch *scratch) {
  size_t d = g->d;
  emblas_gaussian_part_constant(d, floor, factor);
  if (above_floor(d, factor, floor->variance[0], scratch)) return 0;
  emblas_gaussian_product(d, factor, room);
  for (size_t i = 0; i < d * (d + 1) / 2; i++)
    if (!isfinite(room[i])) return 1;
  *flag = emblas_gaussian_factorise(g, backend, floor, room, factor, scratch);
  return 0;
}

int emblas_gaussian_raise(const struct gaussian *g, const struct emblas_backend *backend,
                          const struct gaussian_floor *floor, double *factor, double *room, unsigned *flag,
                          struct gaussian_scratch *scratch) {
  *flag = 0;
  if (g->geometry == GEOMETRY_FULL) return raise_full(g, backend, floor, factor, room, flag, scratch);
  for (size_t j = 0; j < g->f; j++) {
    double smallest = sqrt(floor->variance[j]);
    if (g->geometry == GEOMETRY_DIAG && floor->constant[j]) {
      factor[j] = GAUSSIAN_CONSTANT_VARIANCE;
    } else if (!(factor[j] >= smallest)) {
      factor[j] = smallest;
      *flag = EMBLAS_COMPONENT_COLLAPSED;
    }
  }
  return 0;
}

/* ------------------------------------------------------------------ the model */

void emblas_gaussian_admit(const struct gaussian *g, const struct emblas_backend *backend,
                           const struct gaussian_floor *floor, double *theta, double *scatter,
                           unsigned *flags, struct gaussian_scratch *scratch) {
  size_t size = g->p - 1 - g->d;
  if (!emblas_covariance_partly(g->model)) return;
  struct gaussian_estimate e = {.weights = theta,
                                .scatter = scatter,
                                .factors = gaussian_factor(g, theta, 0),
                                .flags = flags,
                                .floor = floor,
                                .backend = backend,
                                .scratch = scratch};
  for (size_t c = 0; c < g->k; c++) {
    const double *factor = e.factors + c * g->f;
    if (g->geometry == GEOMETRY_FULL)
      emblas_gaussian_product(g->d, factor, scatter + c * size);
    else
      for (size_t j = 0; j < g->f; j++) scatter[c * size + j] = factor[j] * factor[j];
  }
  g->model->estimate(g, &e);
}

/* ------------------------------------------------------------------ equal components */

int emblas_gaussian_equal(const struct gaussian *g, const double *theta, size_t a, size_t b,
                          double tolerance) {
  const double *mean_a = theta + g->k + a * g->d, *mean_b = theta + g->k + b * g->d;
  const double *factor_a = theta + g->k * (1 + g->d) + a * g->f, *factor_b = factor_a - a * g->f + b * g->f;
  for (size_t j = 0; j < g->d; j++) {
    double change = fabs(mean_a[j] - mean_b[j]);
    if (change != 0 && !(change <= tolerance * sqrt(variance(g->geometry, g->d, factor_a, 1, j)))) return 0;
  }
  for (size_t j = 0; j < g->f; j++) {
    size_t row = g->geometry == GEOMETRY_FULL ? j / g->d : j;
    double change = fabs(factor_a[j] - factor_b[j]);
    if (change != 0 && !(change <= tolerance * sqrt(variance(g->geometry, g->d, factor_a, 1, row))))
      return 0;
  }
  return 1;
}
