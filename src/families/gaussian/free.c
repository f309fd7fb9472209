/* SPDX-License-Identifier: MIT */
/* Unconstrained coordinates of a mixture's parameters, in which accelerated steps are taken:

     log w_c                   k      softmax back
     m_c / unit                k x d
     of a factor L:            once where all components have the same, else k times
       full                    log L_jj and, below the diagonal, L_jl / L_jj
       diagonal, spherical     log s_j

   so that a change of the same size means about as much in each of them, whatever the deviations. Columns
   without spread have coordinates as all others, but nothing comes of them: their means and deviations are
   nominal. */
#include "../weights.h"
#include "gaussian.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Tied factors are k copies of one. */
static size_t factors(const struct gaussian *g) {
  return emblas_covariance_common(g->model) ? 1 : g->k;
}

static size_t factor_coordinates(const struct gaussian *g) {
  return g->geometry == GEOMETRY_FULL ? g->d * (g->d + 1) / 2 : g->f;
}

size_t emblas_gaussian_free_size(const struct gaussian *g) {
  return g->k * (1 + g->d) + factors(g) * factor_coordinates(g);
}

/* ------------------------------------------------------------------ to */

static double *factor_to_free(const struct gaussian *g, const double *factor, double *free) {
  if (g->geometry != GEOMETRY_FULL) {
    for (size_t j = 0; j < g->f; j++) *free++ = log(factor[j]);
    return free;
  }
  for (size_t j = 0; j < g->d; j++) {
    const double *row = factor + j * g->d;
    for (size_t l = 0; l < j; l++) *free++ = row[l] / row[j];
    *free++ = log(row[j]);
  }
  return free;
}

void emblas_gaussian_to_free(const struct gaussian *g, const double *unit, const double *theta,
                             double *free) {
  const double *mean = theta + g->k, *factor = theta + g->k * (1 + g->d);
  emblas_weights_to_free(g->k, theta, free);
  free += g->k;
  for (size_t i = 0; i < g->k * g->d; i++) *free++ = mean[i] / unit[i % g->d];
  for (size_t c = 0; c < factors(g); c++) free = factor_to_free(g, factor + c * g->f, free);
}

/* ------------------------------------------------------------------ from */

/* Deviations down to the floor; what exp(log s) has lost at the floor itself is put back. */
static int deviations_from_free(const struct gaussian *g, const struct gaussian_floor *floor,
                                const double *free, double *factor) {
  for (size_t j = 0; j < g->f; j++) {
    double smallest = sqrt(floor->variance[j]), s = exp(free[j]);
    if (g->geometry == GEOMETRY_DIAG && floor->constant[j]) s = GAUSSIAN_CONSTANT_VARIANCE;
    if (!(s >= smallest * (1 - 1e-12)) || !(s <= DBL_MAX)) return 1;
    factor[j] = fmax(s, smallest);
  }
  return 0;
}

/* The sum of squares of L^-1, without columns of no spread: the smallest eigenvalue of L L' is at least
   its inverse. Solves L y = e_l for one column l after the other; row is room for d. */
static double inverse_squares(size_t d, const double *factor, const unsigned char *constant, double *y) {
  double sum = 0;
  for (size_t l = 0; l < d; l++) {
    if (constant[l]) continue;
    for (size_t i = l; i < d; i++) {
      double value = i == l;
      for (size_t j = l; j < i; j++) value -= factor[i * d + j] * y[j];
      y[i] = value / factor[i * d + i];
      sum += y[i] * y[i];
    }
  }
  return sum;
}

/* A lower factor; refused where some direction may have a variance below the floor. */
static int factor_from_free(const struct gaussian *g, const struct gaussian_floor *floor,
                            const double *free, double *factor, double *room) {
  size_t d = g->d;
  for (size_t j = 0; j < d; j++, free += j) {
    int constant = floor->constant[j];
    double s = constant ? GAUSSIAN_CONSTANT_VARIANCE : exp(free[j]), *row = factor + j * d;
    if (!(s * s >= floor->variance[j]) || !(s <= DBL_MAX)) return 1;
    for (size_t l = 0; l < d; l++) row[l] = l < j && !constant && !floor->constant[l] ? free[l] * s : 0;
    row[j] = s;
  }
  return !(inverse_squares(d, factor, floor->constant, room) <= 1 / floor->variance[0]);
}

/* Into the model, where its components share something but not all: refused where the floor holds any. */
static int admit(const struct gaussian *g, const struct emblas_backend *backend,
                 const struct gaussian_floor *floor, double *theta, double *room, unsigned *flags,
                 struct gaussian_scratch *scratch) {
  if (!emblas_covariance_partly(g->model)) return 0;
  memset(flags, 0, g->k * sizeof *flags);
  emblas_gaussian_admit(g, backend, floor, theta, room, flags, scratch);
  for (size_t c = 0; c < g->k; c++)
    if (flags[c] != 0) return 1;
  return 0;
}

int emblas_gaussian_from_free(const struct gaussian *g, const struct emblas_backend *backend,
                              const struct gaussian_floor *floor, const double *unit, const double *free,
                              double *theta, double *room, unsigned *flags,
                              struct gaussian_scratch *scratch) {
  double *mean = theta + g->k, *factor = theta + g->k * (1 + g->d);
  if (emblas_weights_from_free(g->k, free, theta) != 0) return 1;
  free += g->k;
  for (size_t i = 0; i < g->k * g->d; i++) {
    mean[i] = floor->constant[i % g->d] ? 0 : *free * unit[i % g->d];
    free++;
    if (!isfinite(mean[i])) return 1;
  }
  for (size_t c = 0; c < factors(g); c++, free += factor_coordinates(g))
    if (g->geometry == GEOMETRY_FULL ? factor_from_free(g, floor, free, factor + c * g->f, room)
                                     : deviations_from_free(g, floor, free, factor + c * g->f))
      return 1;
  for (size_t c = factors(g); c < g->k; c++)
    for (size_t i = 0; i < g->f; i++) factor[c * g->f + i] = factor[i];
  return admit(g, backend, floor, theta, room, flags, scratch);
}
