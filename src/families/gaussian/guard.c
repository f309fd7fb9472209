/* SPDX-License-Identifier: MIT */
/* Beside the floor, and where data are collinear, roundings of a scatter matrix are larger than what an M
   step of covariances that share a part gains, and turns that would only rise may fall. Covariances before
   that are better than the new ones stay. */
#include "shared.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* tr (L L')^-1 S, as the sum over rows of K = L^-1 of their variances. */
static double distances(const struct gaussian *g, const struct gaussian_estimate *e, const double *factor,
                        const double *scatter) {
  size_t d = g->d;
  double *k = e->scratch->inverse, sum = 0;
  if (g->geometry != GEOMETRY_FULL) {
    for (size_t j = 0; j < g->f; j++) sum += scatter[j] / (factor[j] * factor[j]);
    return sum;
  }
  e->backend->invert(d, factor, k);
  for (size_t i = 0; i < d; i++) {
    const double *row = k + i * d, *s = scatter;
    double own = 0;
    for (size_t j = 0; j <= i; s += ++j) {
      double part = 0;
      for (size_t l = 0; l < j; l++) part += s[l] * row[l];
      own += row[j] * (2 * part + s[j] * row[j]);
    }
    sum += fmax(own, 0);
  }
  return sum;
}

/* What an M step makes least: sum_c share_c (log |Sigma_c| + tr Sigma_c^-1 S_c). Columns without spread,
   which are the same before and after, count like others. */
static double loss(const struct gaussian *g, const struct gaussian_estimate *e, const double *factors,
                   const double *scatter) {
  size_t size = g->p - 1 - g->d;
  double sum = 0;
  for (size_t c = 0; c < g->k; c++) {
    const double *factor = factors + c * g->f;
    if (!(e->weights[c] > 0)) continue;
    double own = distances(g, e, factor, scatter + c * size);
    for (size_t j = 0; j < g->d; j++)
      own += 2 * log(emblas_geometry_factor_entry(g->geometry, g->d, factor, j, j));
    sum += e->weights[c] * own;
  }
  return sum;
}

/* What says nothing of two sums: near the end of EM they are the same to roundings, and the new ones go on.
 */
static const double ROUNDING = 32 * DBL_EPSILON;

void emblas_estimate_guarded(const struct gaussian *g, struct gaussian_estimate *e, const double *before) {
  size_t size = g->k * (g->p - 1 - g->d), factors = g->k * g->f;
  double *scatter = e->scratch->scatter;
  if (before == NULL || !emblas_covariance_partly(g->model)) {
    g->model->estimate(g, e);
    return;
  }
  memcpy(scatter, e->scatter, size * sizeof *scatter);
  g->model->estimate(g, e);
  double now = loss(g, e, e->factors, scatter), then = loss(g, e, before, scatter);
  if (now > then + ROUNDING * (fabs(then) + (double)g->d))
    memcpy(e->factors, before, factors * sizeof *before);
}
