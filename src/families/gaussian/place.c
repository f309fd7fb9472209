/* SPDX-License-Identifier: MIT */
/* Components at random, and such as are put where a search wants them. */
#include "family.h"

#include <math.h>
#include <string.h>

/* Deviations of the scaled columns become a component's factor in the frame; a sphere's is their root mean
   square. */
static void set_diagonal_factor(const struct components *m, const double *deviation, double *factor) {
  const struct gaussian *g = gaussian_of(m);
  double squares = 0;
  if (g->geometry == GEOMETRY_FULL) {
    emblas_frame_diagonal_in(m->frame, deviation, factor);
    return;
  }
  for (size_t j = 0; j < g->d; j++) squares += deviation[j] * deviation[j] / (double)g->d;
  for (size_t j = 0; j < g->f; j++)
    factor[j] = g->geometry == GEOMETRY_SPHERICAL ? sqrt(squares) : deviation[j];
}

/* Means uniform over the range, standard deviations uniform in its units. Everything is measured in the
   frame, where no range overflows. */
void emblas_gaussian_random(const struct components *m, const struct view_summary *s, struct random *random,
                            double *theta, double *room, unsigned *flags, void *scratch) {
  const struct gaussian_fit *fit = m->own;
  const struct gaussian *g = &fit->shape;
  const struct frame *frame = m->frame;
  double *deviation = ((struct gaussian_scratch *)scratch)->moments;
  unsigned below;
  for (size_t c = 0; c < g->k; c++) {
    double *mean = gaussian_mean(g, theta, c), *factor = gaussian_factor(g, theta, c);
    for (size_t j = 0; j < g->d; j++) {
      double u = emblas_random_uniform(random);
      mean[j] = frame->constant[j] ? s->low[j] : s->low[j] * (1 - u) + s->high[j] * u;
    }
    emblas_frame_mean_in(frame, mean, mean);
    double u = emblas_random_uniform(random) + 0x1p-20; /* away from 0: the floor is for later */
    for (size_t j = 0; j < g->d; j++) {
      double range = s->high[j] * frame->inverse[j] - s->low[j] * frame->inverse[j];
      deviation[j] = frame->constant[j] ? g->geometry != GEOMETRY_SPHERICAL : u * range;
    }
    set_diagonal_factor(m, deviation, factor);
    emblas_gaussian_raise(g, m->backend, &fit->floor, factor, room, &below, scratch);
    if (c > 0 && emblas_covariance_common(g->model))
      memcpy(factor, gaussian_factor(g, theta, 0), g->f * sizeof *factor);
  }
  emblas_gaussian_admit(g, m->backend, &fit->floor, theta, room, flags, scratch);
  memset(flags, 0, g->k * sizeof *flags);
}

void emblas_gaussian_put(const struct components *m, double *theta, size_t c, const double *point) {
  memcpy(gaussian_mean(gaussian_of(m), theta, c), point, m->d * sizeof *point);
}

void emblas_gaussian_spread(const struct components *m, const double *deviation, double *theta,
                            double *room, void *scratch) {
  const struct gaussian_fit *fit = m->own;
  unsigned below;
  for (size_t c = 0; c < m->k; c++) {
    double *factor = gaussian_factor(&fit->shape, theta, c);
    set_diagonal_factor(m, deviation, factor);
    emblas_gaussian_raise(&fit->shape, m->backend, &fit->floor, factor, room, &below, scratch);
  }
}

/* ------------------------------------------------------------------ moves */

static const double *factor_of(const struct components *m, const double *theta, size_t c) {
  const struct gaussian *g = gaussian_of(m);
  return theta + g->k * (1 + g->d) + c * g->f;
}

void emblas_gaussian_copy(const struct components *m, const double *theta, size_t c,
                          const struct components *to, double *to_theta, size_t to_c) {
  const struct gaussian *g = gaussian_of(to);
  memcpy(gaussian_mean(g, to_theta, to_c), theta + m->k + c * m->d, m->d * sizeof *theta);
  memcpy(gaussian_factor(g, to_theta, to_c), factor_of(m, theta, c), g->f * sizeof *theta);
}

static void aim(const struct components *m, const double *theta, size_t c, const double *point) {
  struct gaussian_fit *fit = m->own;
  memcpy(fit->aim_point, point, m->d * sizeof *point);
  fit->aim_factor = factor_of(m, theta, c);
  if (fit->shape.geometry != GEOMETRY_FULL) return;
  m->backend->invert(m->d, fit->aim_factor, fit->aim_inverse);
  fit->aim_factor = fit->aim_inverse;
}

static void distances(const struct components *m, const struct block *block, double *squares,
                      void *scratch) {
  const struct gaussian_fit *fit = m->own;
  const struct gaussian_scratch *room = scratch;
  if (fit->shape.geometry == GEOMETRY_FULL) {
    const double nothing = 0;
    struct emblas_normals normals = {1, m->d, &nothing, fit->aim_point, fit->aim_factor};
    m->backend->quadratic_logits(block->rows, block->stride, &normals, block->x, room->quadratic, squares);
    for (size_t i = 0; i < block->rows; i++) squares[i] = -squares[i];
    return;
  }
  memset(squares, 0, block->rows * sizeof *squares);
  for (size_t j = 0; j < m->d; j++) {
    const double *x = block->x + j * block->stride;
    double unit = 1 / fit->aim_factor[fit->shape.geometry == GEOMETRY_DIAG ? j : 0];
    double origin = fit->aim_point[j];
    for (size_t i = 0; i < block->rows; i++) {
      double offset = (x[i] - origin) * unit;
      squares[i] += offset * offset / 2;
    }
  }
}

static void admit(const struct components *m, double *theta, double *room, unsigned *flags, void *scratch) {
  const struct gaussian_fit *fit = m->own;
  emblas_gaussian_admit(&fit->shape, m->backend, &fit->floor, theta, room, flags, scratch);
}

static double deviation(const struct gaussian *g, const double *factor, size_t j) {
  double sum = 0;
  for (size_t l = 0; l <= j; l++) {
    double entry = emblas_geometry_factor_entry(g->geometry, g->d, factor, j, l);
    sum += entry * entry;
  }
  return sqrt(sum);
}

static int same_mean(const struct components *m, const double *a, const double *b, double tolerance) {
  const struct gaussian *g = gaussian_of(m);
  const double *factor_a = factor_of(m, a, 0), *factor_b = factor_of(m, b, 0);
  for (size_t j = 0; j < g->d; j++)
    if (fabs(a[g->k + j] - b[g->k + j]) >
        tolerance * fmin(deviation(g, factor_a, j), deviation(g, factor_b, j)))
      return 0;
  return 1;
}

const struct family_moves emblas_gaussian_moves = {aim, distances, admit, same_mean};
