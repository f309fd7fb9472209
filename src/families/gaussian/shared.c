/* SPDX-License-Identifier: MIT */
#include "shared.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ columns that vary */

static int constant(const struct gaussian *g, const struct gaussian_estimate *e, size_t j) {
  return e->floor->constant[j] && g->geometry != GEOMETRY_SPHERICAL;
}

/* The covariance that a component keeps, in place of the scatter that it has not. */
static void keep(const struct gaussian *g, const struct gaussian_estimate *e, size_t c) {
  const double *factor = e->factors + c * g->f;
  double *scatter = shared_scatter(g, e, c);
  if (g->geometry == GEOMETRY_FULL)
    emblas_gaussian_product(g->d, factor, scatter);
  else
    for (size_t j = 0; j < g->f; j++) scatter[j] = factor[j] * factor[j];
}

/* Leaves out what belongs to a column without spread. */
static void compact(const struct gaussian *g, const struct gaussian_estimate *e, double *scatter) {
  const double *from = scatter;
  for (size_t j = 0; j < g->d; j++)
    for (size_t l = g->geometry == GEOMETRY_FULL ? 0 : j; l <= j; l++, from++)
      if (!constant(g, e, j) && !constant(g, e, l)) *scatter++ = *from;
}

/* The geometric mean of a covariance's eigenvalues, or of its variances. */
static double volume_of(const struct gaussian *g, const struct gaussian_estimate *e, size_t n, size_t c) {
  const double *factor = e->factors + c * g->f;
  double sum = 0;
  for (size_t j = 0; j < g->d; j++)
    if (!constant(g, e, j)) sum += log(emblas_geometry_factor_entry(g->geometry, g->d, factor, j, j));
  return exp(2 * sum / (double)n);
}

struct spread emblas_shared_begin(const struct gaussian *g, struct gaussian_estimate *e, int volumes) {
  double *share = e->scratch->share, *floor = e->scratch->spread, total = 0;
  struct spread s = {.k = g->k,
                     .share = share,
                     .variances = e->scatter,
                     .stride = g->p - 1 - g->d,
                     .floor = floor,
                     .volumes = share + g->k,
                     .shape = floor + g->d,
                     .flags = e->flags,
                     .rounding = g->geometry == GEOMETRY_FULL ? 0x1p-45 : 0};
  for (size_t j = 0; j < g->d; j++)
    if (!constant(g, e, j)) floor[s.n++] = e->floor->variance[j];
  for (size_t c = 0; c < g->k; c++) total += e->weights[c];
  for (size_t c = 0; c < g->k; c++) {
    share[c] = e->weights[c] / total;
    if (volumes) s.volumes[c] = volume_of(g, e, s.n, c);
    if (!(share[c] > 0) && e->keep) keep(g, e, c);
    compact(g, e, shared_scatter(g, e, c));
  }
  return s;
}

/* ------------------------------------------------------------------ matrices */

void emblas_shared_unpack(size_t n, const double *packed, double floor, double *a) {
  for (size_t j = 0; j < n; j++)
    for (size_t l = 0; l <= j; l++) {
      double value = *packed++;
      a[j * n + l] = a[l * n + j] = fabs(value) < floor * 0x1p-64 ? 0 : value;
    }
}

static void swap(size_t n, double *x, double *y) {
  for (size_t i = 0; i < n; i++) {
    double value = x[i];
    x[i] = y[i];
    y[i] = value;
  }
}

void emblas_shared_eigen(size_t n, const struct gaussian_estimate *e, double *a, double *values) {
  if (n == 0) return;
  if (e->backend->eigen(n, a, values, e->scratch->factors) != 0) {
    for (size_t i = 0; i < n; i++) values[i] = NAN;
    return;
  }
  for (size_t i = 0; i < n; i++) {
    size_t largest = i;
    for (size_t j = i + 1; j < n; j++)
      if (values[j] > values[largest]) largest = j;
    if (largest == i) continue;
    swap(1, values + i, values + largest);
    swap(n, a + i * n, a + largest * n);
  }
}

/* As that of covariances of components' own. */
static const double NARROWEST = 0x1p-90;

void emblas_shared_limit(const struct spread *s, double largest, double *floor) {
  for (size_t j = 0; j < s->n; j++) floor[j] = fmax(floor[j], NARROWEST * largest);
}

/* From the factor of the columns that vary to that of all; the others are apart from them. */
static void expand(const struct gaussian *g, const struct gaussian_estimate *e, size_t n, double *factor) {
  size_t d = g->d, row = n;
  if (n == d) return;
  for (size_t j = d; j-- > 0;) {
    int none = constant(g, e, j);
    size_t column = n;
    row -= !none;
    for (size_t l = d; l-- > 0;) {
      column -= !constant(g, e, l);
      double value = none || constant(g, e, l) ? 0 : factor[row * n + column];
      factor[j * d + l] = none && l == j ? GAUSSIAN_CONSTANT_VARIANCE : value;
    }
  }
}

/* A pivot that is small beside its row holds few digits; the determinant, of which the variances tell,
   holds them. Where the pivots' product is off by more than a well-conditioned one's roundings, the worst
   of them makes up for it. */
static void correct_pivot(size_t n, const double *variances, double least, double *factor) {
  double off = 0, worst = 0;
  size_t at = 0;
  for (size_t j = 0; j < n; j++) {
    double pivot = factor[j * n + j];
    off += log(variances[j]) / 2 - log(pivot);
    for (size_t l = 0; l < j; l++)
      if (fabs(factor[j * n + l]) > worst * pivot) worst = fabs(factor[j * n + l]) / pivot, at = j;
  }
  if (fabs(off) > 1e-10 && worst > 0) factor[at * n + at] = fmax(factor[at * n + at] * exp(off), least);
}

void emblas_shared_factor(const struct gaussian *g, struct gaussian_estimate *e, size_t n, size_t c,
                          const double *axes, const double *variances) {
  double *a = e->scratch->matrix, *factor = e->factors + c * g->f, least = INFINITY;
  for (size_t i = 0; i < n; i++) {
    double root = sqrt(variances[i]);
    least = fmin(least, root);
    for (size_t j = 0; j < n; j++) a[i * n + j] = axes[i * n + j] * root;
  }
  if (n > 0) e->backend->qr(n, a, factor, e->scratch->factors);
  /* No pivot of such a matrix is smaller; rounding beside a direction 1e16 as wide may have left 0. */
  for (size_t j = 0; j < n; j++)
    if (factor[j * n + j] < least) factor[j * n + j] = least;
  correct_pivot(n, variances, least, factor);
  expand(g, e, n, factor);
}
