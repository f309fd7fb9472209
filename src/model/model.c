/* SPDX-License-Identifier: MIT */
/* Models: made from parameters, and looked at. */
#include "model.h"

#include "../base/sized.h"

#include <float.h>
#include <math.h>

/* How far given weights may be from summing to 1. */
#define TOLERANCE 1e-9

emblas_status emblas_model_allocate(struct emblas_allocator allocator, const struct family *family,
                                    enum emblas_covariance covariance, size_t k, size_t d,
                                    struct emblas_model **out) {
  size_t largest;
  if (emblas_size_multiply(d, d, &largest) || emblas_size_multiply(largest, k, &largest) ||
      largest > SIZE_MAX / (4 * sizeof(double)))
    return EMBLAS_ERROR_SIZE;
  struct arena arena;
  emblas_arena_init(&arena, allocator);
  struct emblas_model *model = emblas_arena_take(&arena, 1, 1, sizeof *model);
  if (model == NULL) return arena.status;
  struct components components = {.family = family, .covariance = covariance, .k = k, .d = d};
  family->shape(&components); /* numbers that fit memory serve, whatever a BLAS takes */
  double *theta = emblas_arena_doubles(&arena, components.parameters, 1);
  family->density->allocate(&components, &arena);
  if (arena.status != EMBLAS_OK) {
    emblas_arena_free(&arena);
    return arena.status;
  }
  *model = (struct emblas_model){arena, components, theta};
  *out = model;
  return EMBLAS_OK;
}

emblas_status emblas_model_complete(struct emblas_model *model, size_t *component) {
  const struct components *m = &model->components;
  size_t failed = m->family->density->prepare(m, model->theta);
  *component = failed < m->k ? failed : EMBLAS_NOWHERE;
  return failed < m->k ? EMBLAS_ERROR_RANGE : EMBLAS_OK;
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

static emblas_status fill(const struct emblas_parameters *p, struct emblas_model *model,
                          size_t *component) {
  const struct components *m = &model->components;
  emblas_status status = take_weights(p, model->theta, component);
  if (status == EMBLAS_OK) status = m->family->take(m, p, model->theta, component);
  return status == EMBLAS_OK ? emblas_model_complete(model, component) : status;
}

/* Is everything there that a model of the family has? */
static int complete(const struct emblas_parameters *p) {
  const struct family *family = emblas_family(p->family);
  if (family == NULL || emblas_covariance_string(p->covariance) == NULL) return 0;
  if (p->components == 0 || p->dim == 0 || p->weights == NULL || p->means == NULL) return 0;
  return !family->covariances || p->covariances != NULL || p->cholesky != NULL;
}

emblas_status emblas_model_create(const struct emblas_parameters *p, struct emblas_model **out,
                                  size_t *component) {
  size_t nowhere, *at = component != NULL ? component : &nowhere;
  struct emblas_model *model;
  *at = EMBLAS_NOWHERE;
  if (p == NULL || out == NULL || p->size != sizeof *p || !complete(p) ||
      !emblas_allocator_valid(p->allocator))
    return EMBLAS_ERROR_ARGUMENT;
  emblas_status status = emblas_model_allocate(p->allocator, emblas_family(p->family), p->covariance,
                                               p->components, p->dim, &model);
  if (status != EMBLAS_OK) return status;
  status = fill(p, model, at);
  if (status != EMBLAS_OK)
    emblas_model_free(model);
  else
    *out = model;
  return status;
}

/* ------------------------------------------------------------------ accessors */

enum emblas_family emblas_model_family(const struct emblas_model *model) {
  return emblas_family_number(model->components.family);
}

size_t emblas_model_components(const struct emblas_model *model) {
  return model->components.k;
}

size_t emblas_model_dim(const struct emblas_model *model) {
  return model->components.d;
}

enum emblas_covariance emblas_model_covariance_model(const struct emblas_model *model) {
  return model->components.covariance;
}

const double *emblas_model_weights(const struct emblas_model *model) {
  return model->theta;
}

const double *emblas_model_means(const struct emblas_model *model) {
  return components_means(&model->components, model->theta);
}

void emblas_model_cholesky(const struct emblas_model *model, size_t component, double *factor) {
  const struct components *m = &model->components;
  m->family->cholesky(m, model->theta, component, factor);
}

void emblas_model_covariance(const struct emblas_model *model, size_t component, double *covariance) {
  const struct components *m = &model->components;
  m->family->covariance(m, model->theta, component, covariance);
}
