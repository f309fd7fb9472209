/* SPDX-License-Identifier: MIT */
#include "convert.h"

#include <math.h>
#include <string.h>

/* A component's factor in the frame. Full ones hold any other; the others hold what is a special case. */
static void factor_in(const struct pass *pass, const struct emblas_model *model, size_t c, double *factor) {
  const struct gaussian *g = &pass->gaussian, *from = &model->shape;
  const double *given = gaussian_factor(from, model->theta, c);
  if (g->geometry == GEOMETRY_FULL) {
    emblas_model_cholesky(model, c, factor);
    emblas_frame_factor_in(pass->frame, factor, factor);
    return;
  }
  for (size_t j = 0; j < g->f; j++) factor[j] = given[from->f == 1 ? 0 : j] * pass->frame->inverse[j];
}

/* Its covariance in the frame, or what the mixture's geometry has of it. */
static void covariance_in(const struct pass *pass, const struct emblas_model *model, size_t c,
                          double *factor, double *scatter) {
  const struct gaussian *g = &pass->gaussian, *from = &model->shape;
  if (g->geometry != GEOMETRY_FULL) {
    emblas_gaussian_variances(g, from->geometry, gaussian_factor(from, model->theta, c),
                              pass->frame->inverse, scatter);
    for (size_t j = 0; j < g->f; j++) factor[j] = sqrt(scatter[j]); /* an estimate may begin there */
    return;
  }
  factor_in(pass, model, c, factor);
  emblas_gaussian_product(g->d, factor, scatter);
}

static int all_finite(size_t count, const double *values) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i])) return 0;
  return 1;
}

/* The component that is not finite, or k. */
static size_t use_factors(struct pass *pass, const struct gaussian_floor *floor,
                          const struct emblas_model *model, double *theta, double *room, unsigned *flags) {
  const struct gaussian *g = &pass->gaussian;
  int raised = 0;
  for (size_t c = 0; c < g->k; c++) {
    double *factor = gaussian_factor(g, theta, c);
    factor_in(pass, model, c, factor);
    if (!all_finite(g->f, factor) || emblas_gaussian_raise(g, pass->backend, floor, factor, room, &flags[c],
                                                           &pass->workers[0].scratch) != 0)
      return c;
    raised |= flags[c] != 0;
  }
  if (raised) emblas_gaussian_admit(g, pass->backend, floor, theta, room, flags, &pass->workers[0].scratch);
  return g->k;
}

/* An M step without its E step: the model's covariances are the components' scatter matrices. */
static size_t estimate(struct pass *pass, const struct gaussian_floor *floor,
                       const struct emblas_model *model, double *theta, double *scatter, unsigned *flags) {
  const struct gaussian *g = &pass->gaussian;
  size_t size = g->p - 1 - g->d;
  for (size_t c = 0; c < g->k; c++) {
    covariance_in(pass, model, c, gaussian_factor(g, theta, c), scatter + c * size);
    if (!all_finite(size, scatter + c * size)) return c;
  }
  struct gaussian_estimate e = {.weights = theta,
                                .scatter = scatter,
                                .factors = gaussian_factor(g, theta, 0),
                                .flags = flags,
                                .floor = floor,
                                .backend = pass->backend,
                                .scratch = &pass->workers[0].scratch};
  memset(flags, 0, g->k * sizeof *flags);
  g->model->estimate(g, &e);
  return g->k;
}

emblas_status emblas_parameters_convert(struct pass *pass, const struct gaussian_floor *floor,
                                        const struct emblas_model *model, double *theta, double *room,
                                        unsigned *flags, size_t *component) {
  const struct gaussian *g = &pass->gaussian, *from = &model->shape;
  if (from->d != g->d) return EMBLAS_ERROR_DIMENSION;
  if (from->k != g->k) return EMBLAS_ERROR_COMPONENTS;
  memcpy(theta, model->theta, g->k * sizeof *theta);
  for (size_t c = 0; c < g->k; c++) {
    double *mean = gaussian_mean(g, theta, c);
    emblas_frame_mean_in(pass->frame, gaussian_mean(from, model->theta, c), mean);
    *component = c;
    if (!all_finite(g->d, mean)) return EMBLAS_ERROR_RANGE;
  }
  /* Where all covariances of the model are some of the mixture's, its factors are used as they are. */
  *component = emblas_covariance_admits(g->model, from->model)
                   ? use_factors(pass, floor, model, theta, room, flags)
                   : estimate(pass, floor, model, theta, room, flags);
  if (*component < g->k) return EMBLAS_ERROR_RANGE;
  *component = EMBLAS_NOWHERE;
  return EMBLAS_OK;
}
