/* SPDX-License-Identifier: MIT */
/* The EM loop: theta(t+1) = M(theta(t)), for any model that gives the map M. */
#include <emblas/em.h>

#include "../base/sized.h"
#include "accelerate.h"
#include "stop.h"

#include <float.h>
#include <math.h>
#include <string.h>

struct emblas_em {
  struct arena arena;
  struct emblas_em_model model;
  struct emblas_em_options options;
  double *theta; /* the current parameters */
  double *next;  /* M(theta); at the start: the start, which no map has seen yet */
  double *spare; /* where the map writes, so that a failed one leaves both as they are */
  struct emblas_em_point *trace;
  size_t length, capacity;
  size_t maps;
  size_t plain; /* steps since the last candidate that was taken, or the start */
  double best;  /* largest log-likelihood so far, which candidates must reach */
  struct accelerator accelerator;
  enum emblas_stop_reason reason;
};

void emblas_em_model_init(struct emblas_em_model *model, size_t size) {
  struct emblas_em_model defaults = {.size = size};
  sized_init(model, size, &defaults, sizeof defaults);
}

void emblas_em_options_init(struct emblas_em_options *options, size_t size) {
  struct emblas_em_options defaults = {
      .size = size, .tolerance = 1e-7, .max_iterations = 10000, .drift = 3e-4};
  sized_init(options, size, &defaults, sizeof defaults);
}

void emblas_em_result_init(struct emblas_em_result *result, size_t size) {
  struct emblas_em_result defaults = {.size = size};
  sized_init(result, size, &defaults, sizeof defaults);
}

static const char *find_model_fault(const struct emblas_em_model *model) {
  if (model == NULL) return "model";
  if (model->size != sizeof *model) return "model.size";
  if (model->parameters == 0) return "model.parameters";
  if (model->weights > model->parameters) return "model.weights";
  if (model->map == NULL) return "model.map";
  if ((model->to_free == NULL) != (model->free == 0)) return "model.free";
  if ((model->to_free == NULL) != (model->from_free == NULL)) return "model.from_free";
  if ((model->whiten == NULL) != (model->unwhiten == NULL)) return "model.unwhiten";
  return (model->moved == NULL) == (model->blocks == 0) ? NULL : "model.blocks";
}

static const char *find_option_fault(const struct emblas_em_options *options) {
  if (options->size != sizeof *options) return "options.size";
  if (options->stop > EMBLAS_STOP_WEIGHTS) return "options.stop";
  if (!isfinite(options->tolerance) || options->tolerance < 0) return "options.tolerance";
  if (options->accelerate > EMBLAS_ACCELERATE_ANDERSON) return "options.accelerate";
  if (!(options->drift > 0)) return "options.drift";
  return emblas_allocator_valid(options->allocator) ? NULL : "options.allocator";
}

/* The argument that is missing or out of range, or its field; NULL: none is. */
static const char *find_fault(const struct emblas_em_model *model, const struct emblas_em_options *options,
                              const double *theta) {
  const char *fault = find_model_fault(model);
  if (fault == NULL && options != NULL) fault = find_option_fault(options);
  return fault == NULL && theta == NULL ? "theta" : fault;
}

emblas_status emblas_em_create(const struct emblas_em_model *model, const struct emblas_em_options *options,
                               const double *theta, struct emblas_em **out) {
  struct emblas_em_options defaults;
  if (out == NULL || find_fault(model, options, theta) != NULL) return EMBLAS_ERROR_ARGUMENT;
  emblas_em_options_init(&defaults, sizeof defaults);
  if (options == NULL) options = &defaults;

  struct arena arena;
  emblas_arena_init(&arena, options->allocator);
  emblas_arena_expect(&arena, sizeof(struct emblas_em));
  struct emblas_em *em = emblas_arena_take(&arena, 1, 1, sizeof *em);
  double *vectors[3];
  emblas_arena_vectors(&arena, 3, model->parameters, vectors);
  if (em != NULL) emblas_accelerator_init(&em->accelerator, &arena, model, options);
  if (arena.status != EMBLAS_OK) {
    emblas_arena_free(&arena);
    return arena.status;
  }
  em->arena = arena;
  em->model = *model;
  em->options = *options;
  em->trace = NULL;
  em->length = em->capacity = em->maps = em->plain = 0;
  em->best = -INFINITY;
  em->reason = EMBLAS_RUNNING;
  em->theta = vectors[0];
  em->next = vectors[1];
  em->spare = vectors[2];
  memcpy(em->theta, theta, model->parameters * sizeof *theta);
  memcpy(em->next, theta, model->parameters * sizeof *theta);
  *out = em;
  return EMBLAS_OK;
}

void emblas_em_free(struct emblas_em *em) {
  if (em == NULL) return;
  struct arena arena = em->arena;
  if (em->trace != NULL) arena.allocator.release(arena.allocator.context, em->trace);
  emblas_arena_free(&arena);
}

static emblas_status reserve_point(struct emblas_em *em) {
  struct emblas_allocator *a = &em->arena.allocator;
  if (em->length < em->capacity) return EMBLAS_OK;
  size_t capacity = em->capacity + em->capacity / 2 + 64, bytes;
  if (emblas_size_multiply(capacity, sizeof *em->trace, &bytes)) return EMBLAS_ERROR_SIZE;
  struct emblas_em_point *trace = a->allocate(a->context, bytes);
  if (trace == NULL) return EMBLAS_ERROR_MEMORY;
  if (em->trace != NULL) {
    memcpy(trace, em->trace, em->length * sizeof *trace);
    a->release(a->context, em->trace);
  }
  em->trace = trace;
  em->capacity = capacity;
  return EMBLAS_OK;
}

static double weight_change(const struct emblas_em *em) {
  if (em->length == 0 || em->model.weights == 0) return NAN;
  double sum = 0;
  for (size_t i = 0; i < em->model.weights; i++) {
    double change = em->next[i] - em->theta[i];
    sum += change * change;
  }
  return sqrt(sum);
}

/* Of the last log-likelihood. */
static double rounding(const struct emblas_em *em) {
  return 2 * DBL_EPSILON * em->trace[em->length - 1].magnitude;
}

/* theta <- next <- spare: the parameters move on by one. */
static void advance(struct emblas_em *em) {
  double *free_vector = em->theta;
  em->theta = em->next;
  em->next = em->spare;
  em->spare = free_vector;
}

static int maps_used_up(const struct emblas_em *em) {
  return em->maps == em->options.max_iterations;
}

/* What the method proposes, if its log-likelihood has not fallen below the best but for its rounding. A map
   that fails here says that the candidate is none. */
static int try_candidate(struct emblas_em *em, struct emblas_em_value *value) {
  if (em->length == 0 || maps_used_up(em)) return 0;
  const double *candidate = emblas_accelerator_propose(&em->accelerator);
  if (candidate == NULL) return 0;
  double least = em->best - rounding(em);
  emblas_status status = em->model.map(em->model.context, candidate, em->spare, value);
  em->maps++;
  int accepted = status == EMBLAS_OK && isfinite(value->loglik) && value->loglik >= least &&
                 !emblas_accelerator_misses(&em->accelerator, em->spare);
  if (accepted) memcpy(em->next, candidate, em->model.parameters * sizeof *candidate);
  if (!accepted) emblas_accelerator_reject(&em->accelerator);
  return accepted;
}

/* E step at next = M(theta), and the M step that leads on from there unless the maps are used up. */
static emblas_status take_plain_step(struct emblas_em *em, struct emblas_em_value *value) {
  int last = maps_used_up(em);
  *value = (struct emblas_em_value){NAN, NAN, 0};
  emblas_status status = em->model.map(em->model.context, em->next, last ? NULL : em->spare, value);
  if (status != EMBLAS_OK) return status;
  if (isnan(value->loglik)) return EMBLAS_ERROR_NUMERICAL;
  em->maps += !last;
  return EMBLAS_OK;
}

/* The log-likelihood still to gain. Where candidates are refused, as near a bound of the parameters, the
   accelerator's history does not see what moves: what two plain steps gain counts as well. */
static double projected_gain(struct emblas_em *em, int proposed, int last) {
  const struct emblas_em_point *point = &em->trace[em->length - 1];
  if (em->accelerator.method == NULL || em->length <= em->options.plain)
    return emblas_stop_projected_gain(em->trace, em->length);
  if (last) return INFINITY;
  struct accelerator_move move = {.theta = em->theta,
                                  .next = em->next,
                                  .gain = em->length > 1 ? point->loglik - point[-1].loglik : INFINITY,
                                  .rounding = rounding(em),
                                  .proposed = proposed};
  double left = emblas_accelerator_move(&em->accelerator, &move);
  return em->plain < 2 ? left : fmax(left, emblas_stop_projected_gain(em->trace, em->length));
}

/* A plain step cannot lower the log-likelihood. Where it does, by more than the rounding of the sum and by no
   more than a ten-thousandth of it, rounded parameters are at fault, as those of a covariance that is singular but
   for a floor: the step is not taken, and nothing is left to gain. What falls further goes on from there. */
static int falls(const struct emblas_em *em, const struct emblas_em_value *value) {
  if (em->length == 0) return 0;
  const struct emblas_em_point *point = &em->trace[em->length - 1];
  double fall = point->loglik - value->loglik, magnitude = fmin(point->magnitude, value->magnitude);
  return fall > 8 * DBL_EPSILON * magnitude && fall < 1e-4 * magnitude;
}

/* The current iteration once more. */
static void stay(struct emblas_em *em) {
  struct emblas_em_point *point = &em->trace[em->length];
  *point = point[-1];
  point->iteration = em->length;
  point->weight_change = em->model.weights > 0 ? 0 : NAN;
  point->projected = 0;
  em->length++;
}

static void record(struct emblas_em *em, const struct emblas_em_value *value, double change) {
  em->trace[em->length] = (struct emblas_em_point){.iteration = em->length,
                                                   .loglik = value->loglik,
                                                   .q = value->q,
                                                   .magnitude = value->magnitude,
                                                   .weight_change = change};
  em->length++;
  if (value->loglik > em->best) em->best = value->loglik;
}

static void move_on(struct emblas_em *em, const struct emblas_em_value *value, int proposed, int last) {
  double change = weight_change(em);
  advance(em);
  record(em, value, change);
  em->plain = proposed ? 0 : em->plain + 1;
  em->trace[em->length - 1].projected = projected_gain(em, proposed, last);
}

/* The maps are used up: was this the end all the same? */
static enum emblas_stop_reason end_at_limit(struct emblas_em *em) {
  struct emblas_em_point *point = &em->trace[em->length - 1];
  double left = emblas_stop_few_gains(em->trace, em->length, em->plain);
  if (isinf(point->projected)) point->projected = left;
  int end = em->options.stop == EMBLAS_STOP_LOGLIK && left < em->options.tolerance;
  return end ? EMBLAS_CONVERGED : EMBLAS_ITERATION_LIMIT;
}

emblas_status emblas_em_step(struct emblas_em *em, enum emblas_stop_reason *reason) {
  if (em->reason != EMBLAS_RUNNING) {
    *reason = em->reason;
    return EMBLAS_OK;
  }
  emblas_status status = reserve_point(em);
  if (status != EMBLAS_OK) return status;

  struct emblas_em_value value = {NAN, NAN, 0};
  int proposed = try_candidate(em, &value), last = !proposed && maps_used_up(em);
  if (!proposed) status = take_plain_step(em, &value);
  if (status != EMBLAS_OK) return status;
  if (!proposed && falls(em, &value))
    stay(em);
  else
    move_on(em, &value, proposed, last);

  const struct emblas_em_options *o = &em->options;
  int cancel = o->progress != NULL && o->progress(o->progress_context, &em->trace[em->length - 1]) != 0;
  if (emblas_stop_reached(o, em->trace, em->length))
    em->reason = EMBLAS_CONVERGED;
  else if (last)
    em->reason = end_at_limit(em);
  else if (cancel)
    em->reason = EMBLAS_CANCELLED;
  *reason = em->reason;
  return EMBLAS_OK;
}

const double *emblas_em_theta(const struct emblas_em *em) {
  return em->theta;
}

const struct emblas_em_point *emblas_em_trace(const struct emblas_em *em, size_t *length) {
  *length = em->length;
  return em->trace;
}

size_t emblas_em_maps(const struct emblas_em *em) {
  return em->maps;
}

emblas_status emblas_em_run(const struct emblas_em_model *model, const struct emblas_em_options *options,
                            double *theta, struct emblas_em_result *result) {
  struct emblas_em *em;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  if (result != NULL && result->size != sizeof *result) return EMBLAS_ERROR_ARGUMENT;
  if (result != NULL) result->argument = find_fault(model, options, theta);
  emblas_status status = emblas_em_create(model, options, theta, &em);
  if (status != EMBLAS_OK) return status;
  while (status == EMBLAS_OK && reason == EMBLAS_RUNNING) status = emblas_em_step(em, &reason);
  if (status == EMBLAS_OK) {
    memcpy(theta, em->theta, model->parameters * sizeof *theta);
    if (result != NULL) {
      result->stop = reason;
      result->maps = em->maps;
      result->point = em->trace[em->length - 1];
    }
  }
  emblas_em_free(em);
  return status;
}
