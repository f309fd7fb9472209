/* SPDX-License-Identifier: MIT */
#include "newcomer.h"

#include <math.h>
#include <string.h>

/* How many are kept: so many, and as many as there are components. */
enum { LEAST_KEPT = 8 };

/* Maps until one is judged, and until those that are kept are judged again; most stand still by then. */
enum { MAPS = 8, MAPS_AGAIN = 2 };

/* It stands still when a map gains less than this, and gives up when it would have to gain so many times
   what the last one gained to be kept. */
static const double STILL = 0.05, HOPE = 4;

/* Two are the same when no entry of their means differs by more than this part of the lesser deviation. */
static const double SAME = 0.25;

void emblas_newcomers_allocate(struct newcomers *s, struct arena *arena, const struct pass *pass,
                               const struct newcomer_limits *limits) {
  *s = (struct newcomers){.limits = *limits, .one = pass->components};
  struct components *one = &s->one;
  one->k = 1;
  one->family->shape(one);
  one->family->allocate(one, arena);
  if (arena->status == EMBLAS_OK) one->family->bound(one);
  s->size = one->parameters;
  s->capacity = LEAST_KEPT + pass->components.k;
  s->theta = emblas_arena_doubles(arena, s->size, 1);
  s->next = emblas_arena_doubles(arena, s->size, 1);
  s->rest = emblas_arena_doubles(arena, pass->data->rows, 1);
  s->kept = emblas_arena_doubles(arena, s->capacity, s->size);
  s->old = emblas_arena_doubles(arena, s->capacity, s->size);
  s->gain = emblas_arena_doubles(arena, s->capacity, 1);
}

/* ------------------------------------------------------------------ the best */

static int same(const struct newcomers *s, const double *a, const double *b) {
  return s->one.family->moves->same_mean(&s->one, a, b, SAME);
}

static void drop(struct newcomers *s, size_t place) {
  size_t after = --s->count - place;
  memmove(s->kept + place * s->size, s->kept + (place + 1) * s->size, after * s->size * sizeof *s->kept);
  memmove(s->gain + place, s->gain + place + 1, after * sizeof *s->gain);
}

/* theta joins the best, at its place, unless there are enough better ones or it is already there. */
static void keep(struct newcomers *s, double gain) {
  if (!(gain > 0)) return;
  for (size_t i = s->count; i-- > 0;) {
    if (!same(s, s->theta, s->kept + i * s->size)) continue;
    if (s->gain[i] >= gain) return;
    drop(s, i);
  }
  size_t place = s->count;
  while (place > 0 && s->gain[place - 1] < gain) place--;
  if (place == s->capacity) return;
  if (s->count == s->capacity) s->count--;
  double *to = s->kept + place * s->size;
  memmove(to + s->size, to, (s->count - place) * s->size * sizeof *to);
  memmove(s->gain + place + 1, s->gain + place, (s->count - place) * sizeof *s->gain);
  memcpy(to, s->theta, s->size * sizeof *to);
  s->gain[place] = gain;
  s->count++;
}

/* ------------------------------------------------------------------ EM of one component */

/* What the walks need. */
struct search_walk {
  const struct newcomers *newcomers;
  const double *distance;
  double radius;
  double rest; /* log weight of the mixture beside the newcomer */
};

/* A block of rows that no features are kept of: these would be of all components. */
static void load(struct pass *pass, struct pass_worker *worker, size_t first, size_t count) {
  emblas_pass_load(pass, worker, first, count);
  worker->block.made = NULL;
}

static void add_moments(struct pass_worker *worker, const struct newcomers *s, double *sums) {
  s->one.family->accumulate(&s->one, &worker->block, sums + 2, worker->scratch);
}

/* A pass_block: statistics of the rows within the radius. */
static void add_near(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                     size_t count, double *sums) {
  const struct search_walk *walk = context;
  load(pass, worker, first, count);
  for (size_t i = 0; i < count; i++)
    worker->block.r[i] = walk->distance[first + i] <= walk->radius ? view_weight(&worker->view, i) : 0;
  add_moments(worker, walk->newcomers, sums);
}

/* A pass_block: the log-likelihood of both, and the newcomer's statistics. */
static void add_share(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                      size_t count, double *sums) {
  const struct search_walk *walk = context;
  const struct newcomers *s = walk->newcomers;
  struct emblas_block_sums block = {{0}, 0, 0, 0};
  double *rest = worker->block.r + worker->block.stride;
  load(pass, worker, first, count);
  s->one.family->logits(&s->one, &worker->block, worker->scratch);
  for (size_t i = 0; i < count; i++) rest[i] = s->rest[first + i] + walk->rest;
  pass->backend->softmax(count, worker->block.stride, 2, worker->block.r, worker->view.weights, NULL,
                         &block);
  sums[0] += block.loglik[0] + block.loglik[1];
  add_moments(worker, s, sums);
}

/* The M step. Zero when what comes out is not sound. */
static int maximise(struct newcomers *s, struct pass *pass, double *stats) {
  const struct components *one = &s->one;
  void *scratch = pass->workers[0].scratch;
  double weight = stats[0], *theta = s->next;
  unsigned flags = 0;
  if (!(weight >= s->limits.least_weight && weight < s->limits.total_weight)) return 0;
  one->family->maximise(one, s->theta, stats, theta, &flags, scratch);
  theta[0] = weight / s->limits.total_weight;
  s->next = s->theta;
  s->theta = theta;
  return flags == 0 && (one->family->narrow == NULL || !one->family->narrow(one, theta, 0, scratch));
}

/* Returns what is gained by theta, from statistics that are to be maximised first, or NULL. */
static double climb(struct newcomers *s, struct pass *pass, double *stats, int maps) {
  struct search_walk walk = {.newcomers = s};
  double least = s->count == s->capacity ? s->gain[s->count - 1] : 0, gain = -INFINITY;
  for (int map = 0;; map++) {
    if (stats != NULL && !maximise(s, pass, stats + 2)) return -INFINITY;
    if (map == maps) return gain;
    s->one.family->prepare(&s->one, s->theta, 0);
    walk.rest = log(1 - s->theta[0]);
    stats = emblas_pass_walk(pass, 2 + s->one.statistics, add_share, &walk);
    double before = gain;
    gain = stats[0] + stats[1] - s->loglik;
    if (map > 0 && (gain - before < STILL || gain + HOPE * (gain - before) < least)) return gain;
  }
}

void emblas_newcomers_weigh(struct newcomers *s, struct pass *pass) {
  size_t count = s->count;
  memcpy(s->old, s->kept, count * s->size * sizeof *s->old);
  s->count = 0;
  for (size_t i = 0; i < count; i++) {
    memcpy(s->theta, s->old + i * s->size, s->size * sizeof *s->theta);
    keep(s, climb(s, pass, NULL, MAPS_AGAIN));
  }
}

void emblas_newcomers_try(struct newcomers *s, struct pass *pass, const double *distance, double radius) {
  struct search_walk walk = {.newcomers = s, .distance = distance, .radius = radius};
  s->one.family->prepare(&s->one, s->theta, 0);
  s->one.family->centre(&s->one, s->theta);
  keep(s, climb(s, pass, emblas_pass_walk(pass, 2 + s->one.statistics, add_near, &walk), MAPS));
}
