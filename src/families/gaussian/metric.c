/* SPDX-License-Identifier: MIT */
/* The metric of the unconstrained coordinates (free.c): the information of one complete
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
  return sqrt(theta[c] > DBL_EPSILON ? theta[c] : DBL_EPSILON);
}

static const double *factor_of(const struct gaussian *g, const double *theta, size_t c) {
  return theta + g->k * (1 + g->d) + c * g->f;
}

static int tied(const struct gaussian *g) {
  return emblas_covariance_common(g->model);
}

/* The entry of a change of log s that is squared in the sum above. */
static double log_deviations(const struct gaussian *g) {
  return sqrt(g->f == 1 ? 2.0 * (double)g->d : 2);
}

static size_t factor_size(const struct gaussian *g) {
  return g->geometry == GEOMETRY_FULL ? g->d * (g->d + 1) / 2 : g->f;
}

/* ------------------------------------------------------------------ full covariances */

/* x = L^-1 x, and x = L x. */
static void divide(size_t d, const double *l, double *x) {
  for (size_t i = 0; i < d; i++) {
    const double *row = l + i * d;
    for (size_t j = 0; j < i; j++) x[i] -= row[j] * x[j];
    x[i] /= row[i];
  }
}

static void multiply(size_t d, const double *l, double *x) {
  for (size_t i = d; i-- > 0;) {
    const double *row = l + i * d;
    x[i] *= row[i];
    for (size_t j = 0; j < i; j++) x[i] += row[j] * x[j];
  }
}

/* Packed rows, as the coordinates are: row i begins at i (i + 1) / 2. From d log L_jj and d (L_jl / L_jj)
   to L^-1 dL, a row after the other. */
static void divide_factor(size_t d, const double *l, double *k) {
  double *row = k;
  for (size_t i = 0; i < d; row += ++i) {
    const double *own = l + i * d, *above = k;
    double inverse = 1 / own[i], last = row[i];
    for (size_t j = 0; j < i; j++) row[j] += own[j] * inverse * last; /* dL_ij / L_ii */
    for (size_t j = 0; j < i; above += ++j) {
      double part = own[j] * inverse;
      for (size_t c = 0; c <= j; c++) row[c] -= part * above[c];
    }
  }
}

static void multiply_factor(size_t d, const double *l, double *k) {
  for (size_t i = d; i-- > 0;) {
    const double *own = l + i * d, *above = k;
    double *row = k + i * (i + 1) / 2, inverse = 1 / own[i], last = row[i];
    for (size_t j = 0; j < i; above += ++j) {
      double part = own[j] * inverse;
      for (size_t c = 0; c <= j; c++) row[c] += part * above[c];
    }
    for (size_t j = 0; j < i; j++) row[j] -= own[j] * inverse * last;
  }
}

/* ------------------------------------------------------------------ the metric */

/* Weights, means, and the entries of a factor: K's, and its diagonal for the logarithms. */
void emblas_gaussian_metric(const struct gaussian *g, const double *unit, const double *theta,
                            double *scale) {
  int full = g->geometry == GEOMETRY_FULL;
  double *mean = scale + g->k, *k = mean + g->k * g->d;
  for (size_t c = 0; c < g->k; c++) {
    const double *factor = factor_of(g, theta, c);
    double weight = scale[c] = share(theta, c);
    for (size_t j = 0; j < g->d; j++)
      *mean++ = full ? unit[j] * weight : unit[j] * weight / factor[g->f == 1 ? 0 : j];
  }
  for (size_t c = 0; c < (tied(g) ? 1 : g->k); c++) {
    double weight = tied(g) ? 1 : scale[c], diagonal = weight * log_deviations(g);
    for (size_t j = 0; j < (full ? g->d : g->f); j++) {
      for (size_t l = 0; full && l < j; l++) *k++ = weight;
      *k++ = diagonal;
    }
  }
}

void emblas_gaussian_whiten(const struct gaussian *g, const double *scale, const double *theta,
                            double *change) {
  size_t size = emblas_gaussian_free_size(g), means = g->k * (1 + g->d);
  size_t factors = g->geometry != GEOMETRY_FULL ? 0 : tied(g) ? 1 : g->k;
  for (size_t c = 0; c < factors; c++)
    divide_factor(g->d, factor_of(g, theta, c), change + means + c * factor_size(g));
  for (size_t i = 0; i < size; i++) change[i] *= scale[i];
  for (size_t c = 0; g->geometry == GEOMETRY_FULL && c < g->k; c++)
    divide(g->d, factor_of(g, theta, c), change + g->k + c * g->d);
}

void emblas_gaussian_unwhiten(const struct gaussian *g, const double *scale, const double *theta,
                              double *change) {
  size_t size = emblas_gaussian_free_size(g), means = g->k * (1 + g->d);
  for (size_t c = 0; g->geometry == GEOMETRY_FULL && c < g->k; c++)
    multiply(g->d, factor_of(g, theta, c), change + g->k + c * g->d);
  for (size_t i = 0; i < size; i++) change[i] /= scale[i];
  size_t factors = g->geometry != GEOMETRY_FULL ? 0 : tied(g) ? 1 : g->k;
  for (size_t c = 0; c < factors; c++)
    multiply_factor(g->d, factor_of(g, theta, c), change + means + c * factor_size(g));
}

/* ------------------------------------------------------------------ blocks */

size_t emblas_gaussian_blocks(const struct gaussian *g) {
  return g->k + (size_t)tied(g);
}

static double squares(size_t n, const double *x) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
  return sum;
}

void emblas_gaussian_moved(const struct gaussian *g, const double *theta, const double *change,
                           double *distances) {
  const double *mean = change + g->k, *factor = mean + g->k * g->d;
  size_t own = factor_size(g);
  for (size_t c = 0; c < g->k; c++) {
    double sum = change[c] * change[c] + squares(g->d, mean + c * g->d);
    if (!tied(g)) sum += squares(own, factor + c * own);
    distances[c] = sqrt(sum) / share(theta, c);
  }
  if (tied(g)) distances[g->k] = sqrt(squares(own, factor));
}
