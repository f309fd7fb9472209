/* SPDX-License-Identifier: MIT */
/* Parameters between units of the data and the frame, and a start from a model of another covariance model:
   covariances that the mixture may have stay; others become what an M step makes of rows with these weights
   and covariances: among all covariances that the mixture may have, the nearest by the Kullback-Leibler
   divergence from the model, component by component. What is below the floor in some direction is raised to
   it and flagged. */
#include "family.h"

#include <math.h>
#include <string.h>

static const double *factor_of(const struct gaussian *g, const double *theta, size_t c) {
  return theta + g->k * (1 + g->d) + c * g->f;
}

/* A component's factor in the frame. Full ones hold any other; the others hold what is a special case. */
static void factor_in(const struct components *m, const struct components *from, const double *from_theta,
                      size_t c, double *factor) {
  const struct gaussian *g = gaussian_of(m), *other = gaussian_of(from);
  const double *given = factor_of(other, from_theta, c);
  if (g->geometry == GEOMETRY_FULL) {
    emblas_gaussian_cholesky(from, from_theta, c, factor);
    emblas_frame_factor_in(m->frame, factor, factor);
    return;
  }
  for (size_t j = 0; j < g->f; j++) factor[j] = given[other->f == 1 ? 0 : j] * m->frame->inverse[j];
}

/* Its covariance in the frame, or what the mixture's geometry has of it. */
static void covariance_in(const struct components *m, const struct components *from,
                          const double *from_theta, size_t c, double *factor, double *scatter) {
  const struct gaussian *g = gaussian_of(m), *other = gaussian_of(from);
  if (g->geometry != GEOMETRY_FULL) {
    emblas_gaussian_variances(g, other->geometry, factor_of(other, from_theta, c), m->frame->inverse,
                              scatter);
    for (size_t j = 0; j < g->f; j++) factor[j] = sqrt(scatter[j]); /* an estimate may begin there */
    return;
  }
  factor_in(m, from, from_theta, c, factor);
  emblas_gaussian_product(g->d, factor, scatter);
}

static int all_finite(size_t count, const double *values) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i])) return 0;
  return 1;
}

/* The component that is not finite, or k. */
static size_t use_factors(const struct components *m, const struct components *from,
                          const double *from_theta, double *theta, double *room, unsigned *flags,
                          struct gaussian_scratch *scratch) {
  const struct gaussian_fit *fit = m->own;
  const struct gaussian *g = &fit->shape;
  int raised = 0;
  for (size_t c = 0; c < g->k; c++) {
    double *factor = gaussian_factor(g, theta, c);
    factor_in(m, from, from_theta, c, factor);
    if (!all_finite(g->f, factor) ||
        emblas_gaussian_raise(g, m->backend, &fit->floor, factor, room, &flags[c], scratch) != 0)
      return c;
    raised |= flags[c] != 0;
  }
  if (raised) emblas_gaussian_admit(g, m->backend, &fit->floor, theta, room, flags, scratch);
  return g->k;
}

/* An M step without its E step: the model's covariances are the components' scatter matrices. */
static size_t estimate(const struct components *m, const struct components *from, const double *from_theta,
                       double *theta, double *scatter, unsigned *flags, struct gaussian_scratch *scratch) {
  const struct gaussian_fit *fit = m->own;
  const struct gaussian *g = &fit->shape;
  size_t size = g->p - 1 - g->d;
  for (size_t c = 0; c < g->k; c++) {
    covariance_in(m, from, from_theta, c, gaussian_factor(g, theta, c), scatter + c * size);
    if (!all_finite(size, scatter + c * size)) return c;
  }
  struct gaussian_estimate e = {.weights = theta,
                                .scatter = scatter,
                                .factors = gaussian_factor(g, theta, 0),
                                .flags = flags,
                                .floor = &fit->floor,
                                .backend = m->backend,
                                .scratch = scratch};
  memset(flags, 0, g->k * sizeof *flags);
  g->model->estimate(g, &e);
  return g->k;
}

emblas_status emblas_gaussian_convert(const struct components *m, const struct components *from,
                                      const double *from_theta, double *theta, double *room,
                                      unsigned *flags, size_t *component, void *scratch) {
  memcpy(theta, from_theta, m->k * sizeof *theta);
  for (size_t c = 0; c < m->k; c++) {
    double *mean = theta + m->k + c * m->d;
    emblas_frame_mean_in(m->frame, from_theta + m->k + c * m->d, mean);
    *component = c;
    if (!all_finite(m->d, mean)) return EMBLAS_ERROR_RANGE;
  }
  /* Where all covariances of the model are some of the mixture's, its factors are used as they are. */
  *component = emblas_covariance_admits(gaussian_of(m)->model, gaussian_of(from)->model)
                   ? use_factors(m, from, from_theta, theta, room, flags, scratch)
                   : estimate(m, from, from_theta, theta, room, flags, scratch);
  if (*component < m->k) return EMBLAS_ERROR_RANGE;
  *component = EMBLAS_NOWHERE;
  return EMBLAS_OK;
}

void emblas_gaussian_into_frame(const struct components *m, const struct components *from,
                                const double *from_theta, double *theta) {
  memcpy(theta, from_theta, m->k * sizeof *theta);
  for (size_t c = 0; c < m->k; c++) {
    emblas_frame_mean_in(m->frame, from_theta + m->k + c * m->d, theta + m->k + c * m->d);
    factor_in(m, from, from_theta, c, gaussian_factor(gaussian_of(m), theta, c));
  }
}

void emblas_gaussian_out_of_frame(const struct components *m, const double *theta, double *out) {
  const struct gaussian *g = gaussian_of(m);
  memcpy(out, theta, m->parameters * sizeof *theta);
  for (size_t c = 0; c < m->k; c++) {
    double *factor = gaussian_factor(g, out, c), *mean = gaussian_mean(g, out, c);
    emblas_frame_mean_out(m->frame, mean, mean);
    if (g->geometry == GEOMETRY_FULL)
      emblas_frame_factor_out(m->frame, factor, factor);
    else
      for (size_t j = 0; j < g->f; j++) factor[j] = emblas_frame_deviation_out(m->frame, j, factor[j]);
  }
}
