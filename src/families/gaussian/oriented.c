/* SPDX-License-Identifier: MIT */
/* The M steps of full covariances whose axes are components' own: EEV, VEV and EVV. Whatever the variances
   along them, from the largest on, the axes of largest likelihood are the eigenvectors of the scatter
   matrix, and its eigenvalues are the variances of the rows along them (Celeux & Govaert 1995). And of
   those that share axes and shape, VEE: the matrix sum_c n_c S_c / volume_c takes turns with the volumes.
 */
#include "shared.h"

#include <math.h>
#include <string.h>

void emblas_estimate_oriented(const struct gaussian *g, struct gaussian_estimate *e) {
  struct spread s = emblas_shared_begin(g, e, 1);
  double *values = e->scratch->moments, largest = 0;
  for (size_t c = 0; c < g->k; c++) {
    double *scatter = shared_scatter(g, e, c), *axes = e->factors + c * g->f;
    emblas_shared_unpack(s.n, scatter, s.floor[0], axes);
    emblas_shared_eigen(s.n, e, axes, values);
    memcpy(scatter, values, s.n * sizeof *values);
    for (size_t j = 0; j < s.n; j++) largest = fmax(largest, values[j]);
  }
  emblas_shared_limit(&s, largest, e->scratch->spread);
  emblas_spread_fit(g->model->mclust[0], g->model->mclust[1], &s);
  for (size_t c = 0; c < g->k; c++) {
    double *axes = e->scratch->axes;
    memcpy(axes, e->factors + c * g->f, s.n * s.n * sizeof *axes);
    emblas_shared_factor(g, e, s.n, c, axes, s.variances + c * s.stride);
  }
}

/* ------------------------------------------------------------------ VEE */

/* Axes and volumes take turns so often at most; what is left then is left to the next M step. */
enum { TURNS = 50 };

/* Volumes that change by no more leave Q within their square of its maximum. */
static const double STILL = 1e-14;

/* sum_c share_c S_c / volume_c, both triangles. What is nothing beside the largest variance is 0, so that
   squares are in the range of doubles. */
static void sum_scatter(const struct gaussian *g, const struct gaussian_estimate *e, const struct spread *s,
                        double *a) {
  double largest = 0;
  for (size_t j = 0; j < s->n; j++)
    for (size_t l = 0; l <= j; l++) {
      double sum = 0;
      for (size_t c = 0; c < g->k; c++)
        sum += s->share[c] * (shared_scatter(g, e, c)[packed_row(j) + l] / s->volumes[c]);
      a[j * s->n + l] = a[l * s->n + j] = sum;
      largest = fmax(largest, fabs(sum));
    }
  for (size_t i = 0; i < s->n * s->n; i++)
    if (fabs(a[i]) < 0x1p-200 * largest) a[i] = 0;
}

/* The variance of a scatter matrix along an axis. */
static double along(size_t n, const double *scatter, const double *axis) {
  double sum = 0;
  for (size_t j = 0; j < n; j++) {
    double row = 0;
    for (size_t l = 0; l < j; l++) row += scatter[l] * axis[l];
    sum += axis[j] * (2 * row + scatter[j] * axis[j]);
    scatter += j + 1;
  }
  return fmax(sum, 0);
}

/* Axes and shape from the volumes, then the volumes from these. Returns by how much a volume has changed
 * most. */
static double take_turn(const struct gaussian *g, const struct gaussian_estimate *e,
                        const struct spread *s) {
  double *axes = e->scratch->axes, *values = e->scratch->moments, *bound = s->shape + s->n, moved = 0;
  double smallest = INFINITY;
  for (size_t c = 0; c < g->k; c++) smallest = fmin(smallest, s->volumes[c]);
  for (size_t j = 0; j < s->n; j++) bound[j] = s->floor[j] / smallest;
  sum_scatter(g, e, s, axes);
  emblas_shared_eigen(s->n, e, axes, values);
  emblas_spread_shape(s->n, values, bound, s->shape);
  for (size_t c = 0; c < g->k; c++) {
    for (size_t j = 0; j < s->n; j++) values[j] = along(s->n, shared_scatter(g, e, c), axes + j * s->n);
    double volume = emblas_spread_volume(s->n, values, s->shape, s->floor);
    moved = fmax(moved, fabs(volume / s->volumes[c] - 1));
    s->volumes[c] = volume;
  }
  return moved;
}

void emblas_estimate_similar(const struct gaussian *g, struct gaussian_estimate *e) {
  struct spread s = emblas_shared_begin(g, e, 1);
  double largest = 0;
  for (size_t c = 0; c < g->k; c++)
    for (size_t j = 0; j < s.n; j++) largest = fmax(largest, shared_scatter(g, e, c)[packed_row(j) + j]);
  emblas_shared_limit(&s, largest, e->scratch->spread);
  for (int turn = 0; turn < TURNS && s.n > 0; turn++)
    if (!(take_turn(g, e, &s) > STILL)) break;
  for (size_t c = 0; c < g->k; c++) {
    double *variances = e->scratch->moments;
    for (size_t j = 0; j < s.n; j++) {
      variances[j] = fmax(s.volumes[c] * s.shape[j], s.floor[j]);
      if (variances[j] <= s.floor[j] * (1 + 1e-12)) e->flags[c] |= EMBLAS_COMPONENT_COLLAPSED;
    }
    emblas_shared_factor(g, e, s.n, c, e->scratch->axes, variances);
  }
}
