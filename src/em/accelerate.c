/* SPDX-License-Identifier: MIT */
#include "accelerate.h"

#include <math.h>
#include <string.h>

/* Near a saddle point one direction grows, if from rounding alone, and is now and then lost among the
   others. Until this much (nats) has been gained since it was seen, it is taken to be there still. */
static const double LEAVING = 1e-4;

static const struct method *const methods[] = {
    [EMBLAS_ACCELERATE_AUTO] = &emblas_subspace,
    [EMBLAS_ACCELERATE_NONE] = NULL,
    [EMBLAS_ACCELERATE_SQUAREM] = &emblas_squarem,
    [EMBLAS_ACCELERATE_ANDERSON] = &emblas_anderson,
};

void emblas_accelerator_init(struct accelerator *a, struct arena *arena,
                             const struct emblas_em_model *model, const struct emblas_em_options *options) {
  /* Changes of Q and of the weights from one plain step to the next say something of what is left; from
     one extrapolated point to the next they do not. */
  int classic = options->accelerate == EMBLAS_ACCELERATE_AUTO && options->stop != EMBLAS_STOP_LOGLIK;
  *a = (struct accelerator){.method = classic ? NULL : methods[options->accelerate],
                            .model = *model,
                            .radius = INFINITY,
                            .climbed = INFINITY,
                            .tolerance = options->stop == EMBLAS_STOP_LOGLIK ? options->tolerance : 0,
                            .curvature = NAN};
  if (a->method == NULL) return;
  size_t size = model->to_free != NULL ? model->free : model->parameters;
  emblas_history_allocate(&a->history, arena, size);
  a->x = emblas_arena_doubles(arena, size, 1);
  a->f = emblas_arena_doubles(arena, size, 1);
  a->free = emblas_arena_doubles(arena, size, 1);
  a->theta = emblas_arena_doubles(arena, model->parameters, 1);
}

/* Free coordinates to parameters; non-zero where there are none. */
static int parameters(struct accelerator *a) {
  size_t size = a->history.size;
  for (size_t l = 0; l < size; l++)
    if (!isfinite(a->free[l])) return 1;
  if (a->model.from_free != NULL) return a->model.from_free(a->model.context, a->free, a->theta);
  memcpy(a->theta, a->free, size * sizeof *a->theta);
  return 0;
}

const double *emblas_accelerator_propose(struct accelerator *a) {
  if (a->method == NULL || !a->begun || a->settling || !a->method->propose(a, a->free)) return NULL;
  if (parameters(a) == 0) return a->theta;
  emblas_accelerator_verdict(a, 0);
  return NULL;
}

void emblas_accelerator_verdict(struct accelerator *a, int accepted) {
  a->plain = 0;
  a->method->verdict(a, accepted);
}

/* x and f = M(x) - x in free coordinates; non-zero where they are not finite. */
static int locate(struct accelerator *a, const struct accelerator_move *move) {
  size_t size = a->history.size;
  if (a->model.to_free != NULL) {
    a->model.to_free(a->model.context, move->theta, a->x);
    a->model.to_free(a->model.context, move->next, a->f);
  } else {
    memcpy(a->x, move->theta, size * sizeof *a->x);
    memcpy(a->f, move->next, size * sizeof *a->f);
  }
  int bad = 0;
  for (size_t l = 0; l < size; l++) {
    a->f[l] -= a->x[l];
    bad |= !isfinite(a->x[l]) || !isfinite(a->f[l]);
  }
  return bad;
}

/* A slow direction may leave the history for some steps: its rate is forgotten slowly; one that grew, and
   does not now, counts as this slow. */
static const double FORGET = 1.1, SLOWEST = 1e-4;

/* The quadratic that loglik(y) - loglik(x) = (f(x) + f(y))'C (y - x) / 2 is near an optimum, for C a
   multiple of I: which one? */
static void measure_curvature(struct accelerator *a, double gain) {
  const struct history *h = &a->history;
  double work = 2 * emblas_dot(h->size, h->dx[0], h->f) - h->xf[0][0];
  if (work > 0) a->curvature = 2 * gain / work;
}

/* Quiet steps after which a point counts as an end although some direction was seen to grow near it. */
enum { PATIENCE = 10 };

/* Steps so short that their changes are rounding tell of no rate. */
static const double SHORT = 1e-12;

static void measure_rate(struct accelerator *a) {
  struct history *h = &a->history;
  if (h->count == 0 || !(h->xx[0][0] > SHORT * SHORT * (1 + emblas_dot(h->size, h->x, h->x)))) return;
  double lately = 1 - FORGET * fmax(1 - a->rate, SLOWEST);
  a->ritz = emblas_subspace_rate(h);
  a->rate = a->ritz > lately ? a->ritz : lately;
  if (a->ritz > GROWING) a->climbed = 0;
}

/* With e the way to the optimum, f = (I - J) e; there is e'C (I - J) e / 2 = f'(I - J)^-1 C f / 2 to gain,
   at most f'C f / (1 - rate) / 2. A plain step from here has gained f'C (I + J) f / 2, and leaves at most
   rate^2 / (1 - rate^2) times that. */
static double still_to_gain(const struct accelerator *a, const struct accelerator_move *move, double rate) {
  double square = emblas_dot(a->history.size, a->history.f, a->history.f), slow = rate * rate;
  if (square == 0) return 0;
  double left = a->curvature > 0 ? a->curvature * square / (2 * (1 - rate)) : INFINITY;
  return move->proposed ? left : fmin(left, fmax(move->gain, move->rounding) * slow / (1 - slow));
}

/* The end, or a saddle point: it takes a number of quiet steps in which nothing grows out of the rounding.
 */
static double wait_for_growth(struct accelerator *a, int quiet) {
  a->stuck = quiet ? a->stuck + 1 : 0;
  a->settling = a->stuck > PATIENCE;
  return a->settling ? 0 : INFINITY;
}

double emblas_accelerator_move(struct accelerator *a, const struct accelerator_move *move) {
  int first = !a->begun;
  a->plain += !move->proposed;
  a->begun = locate(a, move) == 0;
  if (!a->begun) return INFINITY;
  emblas_history_push(&a->history, a->x, a->f, first);
  if (first) return INFINITY;
  a->climbed += move->gain;
  if (move->gain > move->rounding) measure_curvature(a, move->gain);
  measure_rate(a);
  double rate = fmin(a->rate, 1 - SLOWEST), left = still_to_gain(a, move, rate);
  double little = fmax(move->rounding, a->tolerance * (1 - rate * rate));
  int quiet = left < a->tolerance || move->gain <= little;
  if (a->rate >= 1 || !(a->climbed > LEAVING)) return wait_for_growth(a, quiet);
  a->stuck = 0;
  a->settling = quiet;
  return left;
}
