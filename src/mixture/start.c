/* SPDX-License-Identifier: MIT */
#include "start.h"

#include "../base/random.h"
#include "convert.h"
#include "kmeans.h"
#include "partition.h"

#include <math.h>
#include <string.h>

void emblas_starter_allocate(struct starter *starter, struct arena *arena, const struct pass *pass) {
  const struct gaussian *g = &pass->gaussian;
  size_t d = g->d;
  starter->deviation = emblas_arena_doubles(arena, d, 1);
  starter->inverse = emblas_arena_doubles(arena, d, 1);
  starter->centres = starter->nearest = starter->sums = starter->distance = NULL;
  if (starter->kind != EMBLAS_START_RANDOM && starter->kind != EMBLAS_START_MODEL) {
    starter->centres = emblas_arena_doubles(arena, g->k, d);
    starter->nearest = emblas_arena_doubles(arena, g->k, 1 + d);
    starter->sums = emblas_arena_doubles(arena, g->k, 1 + d);
  }
  if (starter->kind == EMBLAS_START_KMEANSPP) {
    starter->distance = emblas_arena_doubles(arena, pass->data->rows, 1);
    starter->candidates = emblas_arena_doubles(arena, KMEANS_CANDIDATES, d);
  }
  if (arena->status != EMBLAS_OK) return;
  for (size_t j = 0; j < d; j++) {
    starter->deviation[j] = pass->frame->variance[j] > 0 ? sqrt(pass->frame->variance[j]) : 1;
    starter->inverse[j] = 1 / starter->deviation[j];
  }
}

/* Deviations of the scaled columns become a component's factor in the frame; a sphere's is their root mean
   square. */
static void set_diagonal_factor(const struct pass *pass, const double *deviation, double *factor) {
  const struct gaussian *g = &pass->gaussian;
  double squares = 0;
  if (g->geometry == GEOMETRY_FULL) {
    emblas_frame_diagonal_in(pass->frame, deviation, factor);
    return;
  }
  for (size_t j = 0; j < g->d; j++) squares += deviation[j] * deviation[j] / (double)g->d;
  for (size_t j = 0; j < g->f; j++)
    factor[j] = g->geometry == GEOMETRY_SPHERICAL ? sqrt(squares) : deviation[j];
}

/* Weights uniform and normalised, means uniform over the range, standard deviations uniform in its units.
   Everything is measured in the frame, where no range overflows. */
static void random_parameters(struct starter *starter, struct pass *pass,
                              const struct gaussian_floor *floor, struct random *random, double *theta,
                              double *room, unsigned *flags) {
  const struct gaussian *g = &pass->gaussian;
  const struct frame *frame = pass->frame;
  const struct view_summary *s = starter->summary;
  double sum = 0, *deviation = pass->workers[0].scratch.moments;
  unsigned below;
  for (size_t c = 0; c < g->k; c++) sum += theta[c] = emblas_random_uniform(random) + 0x1p-54;
  for (size_t c = 0; c < g->k; c++) {
    theta[c] /= sum;
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
    set_diagonal_factor(pass, deviation, factor);
    emblas_gaussian_raise(g, pass->backend, floor, factor, room, &below, &pass->workers[0].scratch);
    if (c > 0 && emblas_covariance_common(g->model))
      memcpy(factor, gaussian_factor(g, theta, 0), g->f * sizeof *factor);
  }
  emblas_gaussian_admit(g, pass->backend, floor, theta, room, flags, &pass->workers[0].scratch);
  memset(flags, 0, g->k * sizeof *flags);
}

/* Parameters that the empty parts of a partition are left with: equal weights, the centres, pooled spread,
   which may be less than a double in units of the data. room: as theta. */
static void fallback_parameters(const struct starter *starter, struct pass *pass,
                                const struct gaussian_floor *floor, double *theta, double *room) {
  const struct gaussian *g = &pass->gaussian;
  unsigned below;
  for (size_t c = 0; c < g->k; c++) {
    double *mean = gaussian_mean(g, theta, c);
    theta[c] = 1 / (double)g->k;
    for (size_t j = 0; j < g->d; j++)
      mean[j] = (starter->whitened ? 1 : starter->deviation[j]) * starter->centres[c * g->d + j];
    if (!starter->whitened) emblas_frame_whiten(pass->frame, mean);
    double *factor = gaussian_factor(g, theta, c);
    set_diagonal_factor(pass, starter->deviation, factor);
    emblas_gaussian_raise(g, pass->backend, floor, factor, room, &below, &pass->workers[0].scratch);
  }
}

/* An M step from the partition that starter->centres, the labels or the responsibilities stand for, with
 * moments about the centres. */
static void maximise_partition(struct starter *starter, struct pass *pass,
                               const struct gaussian_floor *floor, double *theta, double *previous,
                               unsigned *flags) {
  const struct gaussian *g = &pass->gaussian;
  fallback_parameters(starter, pass, floor, previous, theta);
  emblas_gaussian_centre(g, gaussian_mean(g, previous, 0), &pass->terms);
  /* The first two sums of a walk are one number; the statistics follow. */
  double *stats = emblas_pass_walk(pass, 2 + g->k * g->p, emblas_partition_statistics, starter) + 2;
  emblas_gaussian_maximise(g, pass->backend, &pass->terms, floor, previous, stats, theta, flags,
                           &pass->workers[0].scratch);
}

/* A partition that the caller gives has no empty part: `empty` is the error otherwise. */
static emblas_status check_parts(const struct starter *starter, const struct gaussian *g,
                                 emblas_status empty, size_t *component) {
  for (size_t c = 0; c < g->k; c++)
    if (!(starter->sums[c * (1 + g->d)] > 0)) {
      *component = c;
      return empty;
    }
  return EMBLAS_OK;
}

/* The k-means++ starts take turns in these: no kind finds every optimum. */
enum { STANDARDISED, WHITENED, RANDOM, TURNS };

enum emblas_start emblas_starter_kind(const struct starter *starter, size_t number) {
  int random = starter->kind == EMBLAS_START_KMEANSPP && number % TURNS == RANDOM;
  return random ? EMBLAS_START_RANDOM : starter->kind;
}

emblas_status emblas_starter_parameters(struct starter *starter, struct pass *pass,
                                        const struct gaussian_floor *floor, size_t number, double *theta,
                                        double *previous, unsigned *flags, size_t *component) {
  enum emblas_start kind = emblas_starter_kind(starter, number);
  struct random random;
  emblas_status status = EMBLAS_OK;
  emblas_random_seed(&random, starter->seed, number);
  starter->whitened =
      kind == EMBLAS_START_KMEANSPP && number % TURNS == WHITENED && pass->frame->whitener != NULL;
  switch (kind) {
  case EMBLAS_START_RANDOM:
    random_parameters(starter, pass, floor, &random, theta, previous, flags);
    return EMBLAS_OK;
  case EMBLAS_START_MODEL:
    return emblas_parameters_convert(pass, floor, starter->model, theta, previous, flags, component);
  case EMBLAS_START_LABELS:
    emblas_partition_means(starter, pass);
    status = check_parts(starter, &pass->gaussian, EMBLAS_ERROR_LABEL, component);
    break;
  case EMBLAS_START_RESPONSIBILITIES:
    emblas_partition_means(starter, pass);
    status = check_parts(starter, &pass->gaussian, EMBLAS_ERROR_RESPONSIBILITY, component);
    break;
  case EMBLAS_START_KMEANSPP:
    emblas_kmeans(starter, pass, &random);
    break;
  }
  if (status == EMBLAS_OK) maximise_partition(starter, pass, floor, theta, previous, flags);
  return status;
}
