/* SPDX-License-Identifier: MIT */
/* The parameters of Gaussian components as a model has them: given as covariances or factors, which are
   looked at; and taken. */
#include "family.h"

#include <math.h>
#include <string.h>

/* How far given matrices may be from symmetry and from each other, relative. */
#define TOLERANCE 1e-9

/* ------------------------------------------------------------------ given */

static int symmetric(size_t d, const double *a) {
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < i; j++) {
      double scale = sqrt(fabs(a[i * d + i])) * sqrt(fabs(a[j * d + j]));
      if (fabs(a[i * d + j] - a[j * d + i]) > TOLERANCE * scale) return 0;
    }
  return 1;
}

/* The d x d lower factor of a covariance, in `factor`. Of a geometry that is diagonal that takes roots
   alone; entries below the diagonal, which it does not have, stay for pack_factor() to refuse. */
static emblas_status factorise(enum geometry geometry, size_t d, const double *covariance, double *factor) {
  int positive = 1;
  if (!symmetric(d, covariance)) return EMBLAS_ERROR_NOT_SYMMETRIC;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++) factor[i * d + j] = j <= i ? covariance[i * d + j] : 0;
  if (geometry == GEOMETRY_FULL)
    positive = emblas_backend_reference()->cholesky(d, factor) == 0;
  else
    for (size_t i = 0; i < d; i++) {
      double variance = covariance[i * d + i];
      positive &= variance > 0;
      factor[i * d + i] = variance > 0 ? sqrt(variance) : 0;
    }
  return positive ? EMBLAS_OK : EMBLAS_ERROR_NOT_POSITIVE_DEFINITE;
}

static emblas_status check_factor(size_t d, const double *given) {
  for (size_t i = 0; i < d; i++) {
    if (!(given[i * d + i] > 0)) return EMBLAS_ERROR_NOT_POSITIVE_DEFINITE;
    for (size_t j = i + 1; j < d; j++)
      if (given[i * d + j] != 0) return EMBLAS_ERROR_COVARIANCE;
  }
  return EMBLAS_OK;
}

/* Keeps what the geometry has of a full factor; anything else in it is an error. */
static emblas_status pack_factor(const struct gaussian *g, const double *full, double *packed) {
  size_t d = g->d;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j <= i; j++) {
      double entry = full[i * d + j];
      if (g->geometry == GEOMETRY_FULL)
        packed[i * d + j] = entry;
      else if (i != j && entry != 0)
        return EMBLAS_ERROR_COVARIANCE;
      else if (i == j && g->geometry == GEOMETRY_DIAG)
        packed[i] = entry;
      else if (i == j && i == 0)
        packed[0] = entry;
      else if (i == j && fabs(entry - packed[0]) > TOLERANCE * packed[0])
        return EMBLAS_ERROR_COVARIANCE;
    }
  if (g->geometry == GEOMETRY_FULL)
    for (size_t i = 0; i < d; i++)
      for (size_t j = i + 1; j < d; j++) packed[i * d + j] = 0;
  return EMBLAS_OK;
}

static emblas_status take_component(const struct gaussian *g, const struct emblas_parameters *p, size_t c,
                                    double *full, double *theta) {
  size_t d = g->d;
  const double *given = (p->cholesky != NULL ? p->cholesky : p->covariances) + c * d * d;
  double *mean = gaussian_mean(g, theta, c);
  for (size_t j = 0; j < d; j++) {
    if (!isfinite(p->means[c * d + j])) return EMBLAS_ERROR_NOT_FINITE;
    mean[j] = p->means[c * d + j];
  }
  for (size_t j = 0; j < d * d; j++)
    if (!isfinite(given[j])) return EMBLAS_ERROR_NOT_FINITE;
  emblas_status status =
      p->cholesky != NULL ? check_factor(d, given) : factorise(g->geometry, d, given, full);
  if (status != EMBLAS_OK) return status;
  return pack_factor(g, p->cholesky != NULL ? given : full, gaussian_factor(g, theta, c));
}

/* The components of a tied model must agree; they are made equal to the bit. */
static emblas_status tie(const struct gaussian *g, double *theta) {
  const double *first = gaussian_factor(g, theta, 0);
  for (size_t c = 1; c < g->k; c++) {
    double *factor = gaussian_factor(g, theta, c);
    for (size_t i = 0; i < g->d; i++)
      for (size_t j = 0; j <= i; j++) {
        double scale = emblas_geometry_factor_entry(g->geometry, g->d, first, i, i);
        double difference = emblas_geometry_factor_entry(g->geometry, g->d, first, i, j) -
                            emblas_geometry_factor_entry(g->geometry, g->d, factor, i, j);
        if (fabs(difference) > TOLERANCE * scale) return EMBLAS_ERROR_COVARIANCE;
      }
    memcpy(factor, first, g->f * sizeof *factor);
  }
  return EMBLAS_OK;
}

/* Components that share a part of their covariances do share it: the first that does not, or k. */
static emblas_status check_shared(const struct gaussian *g, const struct emblas_parameters *p,
                                  const double *theta, size_t *component) {
  struct arena arena;
  emblas_arena_init(&arena, p->allocator);
  *component = emblas_gaussian_unshared(g, theta, &arena);
  emblas_status status = arena.status;
  emblas_arena_free(&arena);
  if (status != EMBLAS_OK || *component == g->k) *component = EMBLAS_NOWHERE;
  return status != EMBLAS_OK || *component == EMBLAS_NOWHERE ? status : EMBLAS_ERROR_COVARIANCE;
}

emblas_status emblas_gaussian_take(const struct components *m, const struct emblas_parameters *p,
                                   double *theta, size_t *component) {
  const struct gaussian *g = gaussian_of(m);
  struct arena arena;
  emblas_arena_init(&arena, p->allocator);
  double *full = emblas_arena_doubles(&arena, g->d, g->d);
  emblas_status status = arena.status;
  for (size_t c = 0; status == EMBLAS_OK && c < g->k; c++) {
    *component = c;
    status = take_component(g, p, c, full, theta);
  }
  emblas_arena_free(&arena);
  if (status != EMBLAS_OK) return status;
  *component = EMBLAS_NOWHERE;
  if (emblas_covariance_common(g->model)) return tie(g, theta);
  return emblas_covariance_partly(g->model) ? check_shared(g, p, theta, component) : EMBLAS_OK;
}

/* ------------------------------------------------------------------ taken */

void emblas_gaussian_cholesky(const struct components *m, const double *theta, size_t c, double *factor) {
  const struct gaussian *g = gaussian_of(m);
  const double *packed = theta + g->k * (1 + g->d) + c * g->f;
  for (size_t i = 0; i < g->d; i++)
    for (size_t j = 0; j < g->d; j++)
      factor[i * g->d + j] = emblas_geometry_factor_entry(g->geometry, g->d, packed, i, j);
}

/* In sums that need not wait for each other. */
static double product(size_t count, const double *x, const double *y) {
  enum { SUMS = 8 };
  double sums[SUMS] = {0}, rest = 0;
  size_t i = 0;
  for (; i + SUMS <= count; i += SUMS)
    for (size_t m = 0; m < SUMS; m++) sums[m] += x[i + m] * y[i + m];
  for (; i < count; i++) rest += x[i] * y[i];
  for (size_t l = SUMS; l > 1; l /= 2)
    for (size_t m = 0; m < l / 2; m++) sums[m] += sums[m + l / 2];
  return sums[0] + rest;
}

/* (L L')_ij for j <= i; of a diagonal geometry, for j = i. */
static double covariance_entry(const struct gaussian *g, const double *factor, size_t i, size_t j) {
  if (g->geometry != GEOMETRY_FULL) {
    double deviation = emblas_geometry_factor_entry(g->geometry, g->d, factor, i, i);
    return deviation * deviation;
  }
  return product(j + 1, factor + i * g->d, factor + j * g->d);
}

void emblas_gaussian_covariance(const struct components *m, const double *theta, size_t c,
                                double *covariance) {
  const struct gaussian *g = gaussian_of(m);
  const double *factor = theta + g->k * (1 + g->d) + c * g->f;
  size_t d = g->d;
  if (g->geometry != GEOMETRY_FULL) memset(covariance, 0, d * d * sizeof *covariance);
  for (size_t i = 0; i < d; i++)
    for (size_t j = g->geometry == GEOMETRY_FULL ? 0 : i; j <= i; j++)
      covariance[i * d + j] = covariance[j * d + i] = covariance_entry(g, factor, i, j);
}
