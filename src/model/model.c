/* SPDX-License-Identifier: MIT */
/* Models: made from parameters, and looked at. */
#include "model.h"

#include "../base/sized.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* How far given weights may be from summing to 1, and given matrices from symmetry, relative. */
#define TOLERANCE 1e-9

emblas_status emblas_model_allocate(struct emblas_allocator allocator, enum emblas_covariance covariance,
                                    size_t k, size_t d, struct emblas_model **out) {
  size_t largest;
  if (emblas_size_multiply(d, d, &largest) || emblas_size_multiply(largest, k, &largest) ||
      largest > SIZE_MAX / (4 * sizeof(double)))
    return EMBLAS_ERROR_SIZE;
  struct gaussian shape = emblas_gaussian_shape(covariance, k, d);
  struct arena arena;
  emblas_arena_init(&arena, allocator);
  struct emblas_model *model = emblas_arena_take(&arena, 1, 1, sizeof *model);
  double *theta = emblas_arena_doubles(&arena, gaussian_theta_size(&shape), 1);
  struct gaussian_density density;
  emblas_density_allocate(&shape, &arena, &density);
  if (arena.status != EMBLAS_OK) {
    emblas_arena_free(&arena);
    return arena.status;
  }
  *model = (struct emblas_model){arena, covariance, shape, theta, density};
  *out = model;
  return EMBLAS_OK;
}

emblas_status emblas_model_complete(struct emblas_model *model, size_t *component) {
  size_t failed = emblas_density_prepare(&model->shape, model->theta, &model->density);
  *component = failed < model->shape.k ? failed : EMBLAS_NOWHERE;
  return failed < model->shape.k ? EMBLAS_ERROR_RANGE : EMBLAS_OK;
}

void emblas_model_free(struct emblas_model *model) {
  if (model == NULL) return;
  struct arena arena = model->arena; /* the model itself lies in it */
  emblas_arena_free(&arena);
}

void emblas_parameters_init(struct emblas_parameters *parameters, size_t size) {
  struct emblas_parameters defaults = {.size = size};
  sized_init(parameters, size, &defaults, sizeof defaults);
}

/* ------------------------------------------------------------------ from parameters */

static emblas_status take_weights(const struct emblas_parameters *p, double *weights, size_t *component) {
  double sum = 0;
  for (size_t c = 0; c < p->components; c++) {
    *component = c;
    if (!isfinite(p->weights[c])) return EMBLAS_ERROR_NOT_FINITE;
    if (p->weights[c] < 0) return EMBLAS_ERROR_MIXING_WEIGHTS;
    sum += p->weights[c];
  }
  *component = EMBLAS_NOWHERE;
  if (!(fabs(sum - 1) <= TOLERANCE)) return EMBLAS_ERROR_MIXING_WEIGHTS;
  /* Weights that sum to 1 but for rounding are kept to the bit: a model read back is the same model. */
  double divisor = fabs(sum - 1) <= 4 * DBL_EPSILON * (double)p->components ? 1 : sum;
  for (size_t c = 0; c < p->components; c++) weights[c] = p->weights[c] / divisor;
  return EMBLAS_OK;
}

static int symmetric(size_t d, const double *a) {
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < i; j++) {
      double scale = sqrt(fabs(a[i * d + i])) * sqrt(fabs(a[j * d + j]));
      if (fabs(a[i * d + j] - a[j * d + i]) > TOLERANCE * scale) return 0;
    }
  return 1;
}

/* The d x d lower factor of a covariance, in `factor`. Of a geometry that is diagonal that takes roots alone;
   entries below the diagonal, which it does not have, stay for pack_factor() to refuse. */
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

static emblas_status take_component(const struct emblas_parameters *p, struct emblas_model *model, size_t c,
                                    double *full) {
  const struct gaussian *g = &model->shape;
  size_t d = g->d;
  const double *given = (p->cholesky != NULL ? p->cholesky : p->covariances) + c * d * d;
  double *mean = gaussian_mean(g, model->theta, c);
  for (size_t j = 0; j < d; j++) {
    if (!isfinite(p->means[c * d + j])) return EMBLAS_ERROR_NOT_FINITE;
    mean[j] = p->means[c * d + j];
  }
  for (size_t j = 0; j < d * d; j++)
    if (!isfinite(given[j])) return EMBLAS_ERROR_NOT_FINITE;
  emblas_status status =
      p->cholesky != NULL ? check_factor(d, given) : factorise(g->geometry, d, given, full);
  if (status != EMBLAS_OK) return status;
  return pack_factor(g, p->cholesky != NULL ? given : full, gaussian_factor(g, model->theta, c));
}

/* The components of a tied model must agree; they are made equal to the bit. */
static emblas_status tie(struct emblas_model *model) {
  const struct gaussian *g = &model->shape;
  const double *first = gaussian_factor(g, model->theta, 0);
  for (size_t c = 1; c < g->k; c++) {
    double *factor = gaussian_factor(g, model->theta, c);
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

/* Those of a model that share a part of their covariances do share it. */
static emblas_status check_shared(const struct emblas_parameters *p, const struct emblas_model *model,
                                  size_t *component) {
  struct arena arena;
  emblas_arena_init(&arena, p->allocator);
  size_t c = emblas_model_unshared(model, &arena);
  emblas_status status = arena.status;
  emblas_arena_free(&arena);
  if (status != EMBLAS_OK || c == model->shape.k) return status;
  *component = c;
  return EMBLAS_ERROR_COVARIANCE;
}

static emblas_status fill(const struct emblas_parameters *p, struct emblas_model *model, double *full,
                          size_t *component) {
  emblas_status status = take_weights(p, model->theta, component);
  for (size_t c = 0; status == EMBLAS_OK && c < p->components; c++) {
    *component = c;
    status = take_component(p, model, c, full);
  }
  if (status != EMBLAS_OK) return status;
  *component = EMBLAS_NOWHERE;
  if (emblas_covariance_common(model->shape.model))
    status = tie(model);
  else if (emblas_covariance_partly(model->shape.model))
    status = check_shared(p, model, component);
  return status == EMBLAS_OK ? emblas_model_complete(model, component) : status;
}

emblas_status emblas_model_create(const struct emblas_parameters *p, struct emblas_model **out,
                                  size_t *component) {
  size_t nowhere, *at = component != NULL ? component : &nowhere;
  struct emblas_model *model;
  *at = EMBLAS_NOWHERE;
  if (p == NULL || out == NULL || p->size != sizeof *p || emblas_covariance_model(p->covariance) == NULL ||
      p->components == 0 || p->dim == 0 || p->weights == NULL || p->means == NULL ||
      (p->covariances == NULL && p->cholesky == NULL) || !emblas_allocator_valid(p->allocator))
    return EMBLAS_ERROR_ARGUMENT;
  emblas_status status = emblas_model_allocate(p->allocator, p->covariance, p->components, p->dim, &model);
  if (status != EMBLAS_OK) return status;
  struct arena arena;
  emblas_arena_init(&arena, p->allocator);
  double *full = emblas_arena_doubles(&arena, p->dim, p->dim);
  status = arena.status == EMBLAS_OK ? fill(p, model, full, at) : arena.status;
  emblas_arena_free(&arena);
  if (status != EMBLAS_OK)
    emblas_model_free(model);
  else
    *out = model;
  return status;
}

/* ------------------------------------------------------------------ accessors */

size_t emblas_model_components(const struct emblas_model *model) {
  return model->shape.k;
}

size_t emblas_model_dim(const struct emblas_model *model) {
  return model->shape.d;
}

enum emblas_covariance emblas_model_covariance_model(const struct emblas_model *model) {
  return model->covariance;
}

const double *emblas_model_weights(const struct emblas_model *model) {
  return gaussian_weights(&model->shape, model->theta);
}

const double *emblas_model_means(const struct emblas_model *model) {
  return gaussian_mean(&model->shape, model->theta, 0);
}

void emblas_model_cholesky(const struct emblas_model *model, size_t component, double *factor) {
  const struct gaussian *g = &model->shape;
  const double *packed = gaussian_factor(g, model->theta, component);
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

void emblas_model_covariance(const struct emblas_model *model, size_t component, double *covariance) {
  const struct gaussian *g = &model->shape;
  const double *factor = gaussian_factor(g, model->theta, component);
  size_t d = g->d;
  if (g->geometry != GEOMETRY_FULL) memset(covariance, 0, d * d * sizeof *covariance);
  for (size_t i = 0; i < d; i++)
    for (size_t j = g->geometry == GEOMETRY_FULL ? 0 : i; j <= i; j++)
      covariance[i * d + j] = covariance[j * d + i] = covariance_entry(g, factor, i, j);
}
