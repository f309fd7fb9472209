/* SPDX-License-Identifier: MIT */
/* The metric of the unconstrained coordinates (gaussian_free.c): the information of one complete
   observation, of which a component of weight w has the part w. With t = L^-1 dm and the lower triangular K
   = L^-1 dL,

     sum_c w_c ( (d log w_c)^2 + |t_c|^2 + sum_{l<j} K_jl^2 + 2 sum_j K_jj^2 )

   where K_jj = d log s_j when L is diagonal, the sum over c of a tied factor's part is K's own, and d s/s
   of a spherical one counts d times. Whitened changes are the terms under the squares. */
#include "gaussian.h"

#include <float.h>
#include <math.h>

/* No component counts for less. */
static double share(const double *theta, size_t c) {
  return sqrt(fmax(theta[c], DBL_EPSILON));
}

static const double *factor_of(const struct gaussian *g, const double *theta, size_t c) {
  return theta + g->k * (1 + g->d) + c * g->f;
}

static int tied(const struct gaussian *g) {
  return g->model->estimate != NULL;
}

/* The entry of a change of log s that is squared in the sum above. */
static double log_deviations(const struct gaussian *g) {
  return sqrt(g->f == 1 ? 2.0 * (double)g->d : 2);
}

/* x = L^-1 x, and x = L x. */
static void divide(const struct gaussian *g, const double *l, double *x) {
  for (size_t i = 0; i < g->d; i++) {
    const double *row = l + i * g->d;
    for (size_t j = 0; g->geometry == GEOMETRY_FULL && j < i; j++) x[i] -= row[j] * x[j];
    x[i] /= g->geometry == GEOMETRY_FULL ? row[i] : l[g->f == 1 ? 0 : i];
  }
}

static void multiply(const struct gaussian *g, const double *l, double *x) {
  for (size_t i = g->d; i-- > 0;) {
    const double *row = l + i * g->d;
    x[i] *= g->geometry == GEOMETRY_FULL ? row[i] : l[g->f == 1 ? 0 : i];
    for (size_t j = 0; g->geometry == GEOMETRY_FULL && j < i; j++) x[i] += row[j] * x[j];
  }
}

/* Packed rows, as the coordinates are: row i begins at i (i + 1) / 2. From d log L_jj and d (L_jl / L_jj)
   to L^-1 dL, a row after the other. */
static void divide_factor(size_t d, const double *l, double *k) {
  double *row = k;
  for (size_t i = 0; i < d; row += ++i) {
    const double *own = l + i * d;
    for (size_t j = 0; j < i; j++) row[j] += own[j] / own[i] * row[i]; /* dL_ij / L_ii */
    const double *above = k;
    for (size_t j = 0; j < i; above += ++j)
      for (size_t c = 0; c <= j; c++) row[c] -= own[j] / own[i] * above[c];
  }
}

static void multiply_factor(size_t d, const double *l, double *k) {
  for (size_t i = d; i-- > 0;) {
    const double *own = l + i * d, *above = k;
    double *row = k + i * (i + 1) / 2;
    for (size_t j = 0; j < i; above += ++j)
      for (size_t c = 0; c <= j; c++) row[c] += own[j] / own[i] * above[c];
    for (size_t j = 0; j < i; j++) row[j] -= own[j] / own[i] * row[i];
  }
}

static size_t factor_size(const struct gaussian *g) {
  return g->geometry == GEOMETRY_FULL ? g->d * (g->d + 1) / 2 : g->f;
}

/* The entries of a factor: K's, and its diagonal for the logarithms. */
static void scale_factor(const struct gaussian *g, double off, double diagonal, double *k) {
  if (g->geometry != GEOMETRY_FULL) {
    for (size_t j = 0; j < g->f; j++) k[j] *= diagonal;
    return;
  }
  for (size_t i = 0; i < g->d; i++) {
    for (size_t j = 0; j < i; j++) *k++ *= off;
    *k++ *= diagonal;
  }
}

void emblas_gaussian_whiten(const struct gaussian *g, const double *unit, const double *theta,
                            double *change) {
  double *mean = change + g->k, *k = mean + g->k * g->d;
  for (size_t c = 0; c < g->k; c++, mean += g->d) {
    change[c] *= share(theta, c);
    for (size_t j = 0; j < g->d; j++) mean[j] *= unit[j] * share(theta, c);
    divide(g, factor_of(g, theta, c), mean);
  }
  for (size_t c = 0; c < (tied(g) ? 1 : g->k); c++, k += factor_size(g)) {
    double weight = tied(g) ? 1 : share(theta, c);
    if (g->geometry == GEOMETRY_FULL) divide_factor(g->d, factor_of(g, theta, c), k);
    scale_factor(g, weight, weight * log_deviations(g), k);
  }
}

void emblas_gaussian_unwhiten(const struct gaussian *g, const double *unit, const double *theta,
                              double *change) {
  double *mean = change + g->k, *k = mean + g->k * g->d;
  for (size_t c = 0; c < g->k; c++, mean += g->d) {
    change[c] /= share(theta, c);
    multiply(g, factor_of(g, theta, c), mean);
    for (size_t j = 0; j < g->d; j++) mean[j] /= unit[j] * share(theta, c);
  }
  for (size_t c = 0; c < (tied(g) ? 1 : g->k); c++, k += factor_size(g)) {
    double weight = tied(g) ? 1 : share(theta, c);
    scale_factor(g, 1 / weight, 1 / (weight * log_deviations(g)), k);
    if (g->geometry == GEOMETRY_FULL) multiply_factor(g->d, factor_of(g, theta, c), k);
  }
}
