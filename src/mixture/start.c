/* SPDX-License-Identifier: MIT */
#include "start.h"

#include "../base/random.h"
#include "../model/model.h"
#include "kmeans.h"
#include "partition.h"

#include <math.h>

void emblas_starter_allocate(struct starter *starter, struct arena *arena, const struct pass *pass) {
  const struct components *m = &pass->components;
  size_t d = m->d;
  starter->deviation = emblas_arena_doubles(arena, d, 1);
  starter->inverse = emblas_arena_doubles(arena, d, 1);
  starter->centres = starter->nearest = starter->sums = starter->distance = starter->point = NULL;
  if (starter->kind != EMBLAS_START_RANDOM && starter->kind != EMBLAS_START_MODEL) {
    starter->centres = emblas_arena_doubles(arena, m->k, d);
    starter->nearest = emblas_arena_doubles(arena, m->k, 1 + d);
    starter->sums = emblas_arena_doubles(arena, m->k, 1 + d);
    starter->point = emblas_arena_doubles(arena, d, 1);
  }
  if (starter->kind == EMBLAS_START_KMEANSPP && !pass->streams) {
    starter->distance = emblas_arena_doubles(arena, pass->data->rows, 1);
    starter->candidates = emblas_arena_doubles(arena, KMEANS_CANDIDATES, d);
  }
  if (arena->status != EMBLAS_OK) return;
  for (size_t j = 0; j < d; j++) {
    starter->deviation[j] = pass->frame->variance[j] > 0 ? sqrt(pass->frame->variance[j]) : 1;
    starter->inverse[j] = 1 / starter->deviation[j];
  }
}

/* Weights uniform and normalised; the family draws the rest. */
static void random_parameters(struct starter *starter, struct pass *pass, struct random *random,
                              double *theta, double *room, unsigned *flags) {
  const struct components *m = &pass->components;
  double sum = 0;
  for (size_t c = 0; c < m->k; c++) sum += theta[c] = emblas_random_uniform(random) + 0x1p-54;
  for (size_t c = 0; c < m->k; c++) theta[c] /= sum;
  m->family->random(m, starter->summary, random, theta, room, flags, pass->workers[0].scratch);
}

/* Parameters that the empty parts of a partition are left with: equal weights, the centres, pooled spread,
   which may be less than a double in units of the data. room: as theta. */
static void fallback_parameters(const struct starter *starter, struct pass *pass, double *theta,
                                double *room) {
  const struct components *m = &pass->components;
  for (size_t c = 0; c < m->k; c++) {
    theta[c] = 1 / (double)m->k;
    for (size_t j = 0; j < m->d; j++)
      starter->point[j] = (starter->whitened ? 1 : starter->deviation[j]) * starter->centres[c * m->d + j];
    if (!starter->whitened) emblas_frame_whiten(pass->frame, starter->point);
    m->family->put(m, theta, c, starter->point);
  }
  if (m->family->spread != NULL)
    m->family->spread(m, starter->deviation, theta, room, pass->workers[0].scratch);
}

/* An M step from the partition that starter->centres, the labels or the responsibilities stand for, with
 * statistics about the centres. */
static void maximise_partition(struct starter *starter, struct pass *pass, double *theta, double *previous,
                               unsigned *flags) {
  const struct components *m = &pass->components;
  fallback_parameters(starter, pass, previous, theta);
  m->family->centre(m, previous);
  /* The first two sums of a walk are one number; the statistics follow. */
  double *stats =
      emblas_pass_walk(pass, 2 + m->k * m->statistics, emblas_partition_statistics, starter) + 2;
  m->family->maximise(m, previous, stats, theta, flags, pass->workers[0].scratch);
}

/* A partition that the caller gives has no empty part: `empty` is the error otherwise. */
static emblas_status check_parts(const struct starter *starter, const struct components *m,
                                 emblas_status empty, size_t *component) {
  for (size_t c = 0; c < m->k; c++)
    if (!(starter->sums[c * (1 + m->d)] > 0)) {
      *component = c;
      return empty;
    }
  return EMBLAS_OK;
}

static emblas_status convert(const struct starter *starter, struct pass *pass, double *theta, double *room,
                             unsigned *flags, size_t *component) {
  const struct components *m = &pass->components, *from = &starter->model->components;
  if (from->d != m->d) return EMBLAS_ERROR_DIMENSION;
  if (from->k != m->k) return EMBLAS_ERROR_COMPONENTS;
  return m->family->convert(m, from, starter->model->theta, theta, room, flags, component,
                            pass->workers[0].scratch);
}

/* The k-means++ starts take turns in these: no kind finds every optimum. */
enum { STANDARDISED, WHITENED, RANDOM, TURNS };

enum emblas_start emblas_starter_kind(const struct starter *starter, size_t number) {
  int random = starter->kind == EMBLAS_START_KMEANSPP && number % TURNS == RANDOM;
  return random ? EMBLAS_START_RANDOM : starter->kind;
}

emblas_status emblas_starter_parameters(struct starter *starter, struct pass *pass, size_t number,
                                        double *theta, double *previous, unsigned *flags,
                                        size_t *component) {
  enum emblas_start kind = emblas_starter_kind(starter, number);
  struct random random;
  emblas_status status = EMBLAS_OK;
  emblas_random_seed(&random, starter->seed, number);
  starter->whitened =
      kind == EMBLAS_START_KMEANSPP && number % TURNS == WHITENED && pass->frame->whitener != NULL;
  switch (kind) {
  case EMBLAS_START_RANDOM:
    random_parameters(starter, pass, &random, theta, previous, flags);
    return EMBLAS_OK;
  case EMBLAS_START_MODEL:
    return convert(starter, pass, theta, previous, flags, component);
  case EMBLAS_START_LABELS:
    emblas_partition_means(starter, pass);
    status = check_parts(starter, &pass->components, EMBLAS_ERROR_LABEL, component);
    break;
  case EMBLAS_START_RESPONSIBILITIES:
    emblas_partition_means(starter, pass);
    status = check_parts(starter, &pass->components, EMBLAS_ERROR_RESPONSIBILITY, component);
    break;
  case EMBLAS_START_KMEANSPP:
    emblas_kmeans(starter, pass, &random);
    break;
  }
  if (status == EMBLAS_OK) maximise_partition(starter, pass, theta, previous, flags);
  return status;
}
