/* SPDX-License-Identifier: MIT */
#include "accelerate.h"

#include <math.h>
#include <stddef.h>
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
  memset(a, 0, offsetof(struct accelerator, history));
  a->method = classic ? NULL : methods[options->accelerate];
  a->model = *model;
  a->climbed = INFINITY;
  a->tolerance = options->stop == EMBLAS_STOP_LOGLIK ? options->tolerance : 0;
  if (a->method == NULL) return;
  size_t size = model->to_free != NULL ? model->free : model->parameters;
  emblas_history_allocate(&a->history, arena, size);
  double *vectors[7];
  emblas_arena_vectors(arena, 7, size, vectors);
  a->x = vectors[0];
  a->f = vectors[1];
  a->next_x = vectors[2];
  a->next_f = vectors[3];
  a->step = vectors[4];
  a->residual = vectors[5];
  a->ahead = vectors[6];
  a->theta = emblas_arena_doubles(arena, model->parameters, 1);
  a->first = emblas_arena_doubles(arena, model->parameters, 1);
  a->drift = model->moved != NULL ? options->drift : INFINITY;
  if (model->moved != NULL) a->moved = emblas_arena_doubles(arena, model->blocks, 1);
  if (a->method->begin != NULL) a->method->begin(a);
}

static void whiten(const struct accelerator *a, double *change) {
  if (a->model.whiten != NULL) a->model.whiten(a->model.context, a->at, change);
}

/* The step leads to free coordinates, and they to parameters; non-zero where there are none. */
static int parameters(struct accelerator *a) {
  size_t size = a->history.size;
  if (a->model.unwhiten != NULL) a->model.unwhiten(a->model.context, a->at, a->step);
  for (size_t l = 0; l < size; l++) {
    a->step[l] += a->x[l];
    if (!isfinite(a->step[l])) return 1;
  }
  if (a->model.from_free != NULL) return a->model.from_free(a->model.context, a->step, a->theta);
  memcpy(a->theta, a->step, size * sizeof *a->theta);
  return 0;
}

/* A sequence that begins symmetric stays so but for rounding, and ends at a saddle point where directions
   grow that break the symmetry. This gives them something to grow from: a part of every coordinate, which
   costs an eighth of what the last step gained. */
static void nudge(struct accelerator *a) {
  if (!(a->observations > 0)) return;
  double length = sqrt(a->gained / (2 * a->observations * (double)a->history.size));
  for (size_t l = 0; l < a->history.size; l++) a->step[l] += length * sin((double)(l * l + 1));
}

/* Entries that are what they were at first, and that M leaves so, are constants of the model, not
   parameters: they stay in the candidate, to the bit. Weights add up to 1, and stay all or none. */
static void keep_constants(struct accelerator *a) {
  size_t weights = a->model.weights, from = 0;
  for (size_t i = 0; i < weights; i++)
    if (a->at[i] != a->first[i] || a->mapped[i] != a->first[i]) from = weights;
  for (size_t i = from; i < a->model.parameters; i++)
    if (a->at[i] == a->first[i] && a->mapped[i] == a->first[i]) a->theta[i] = a->first[i];
}

const double *emblas_accelerator_propose(struct accelerator *a) {
  if (a->method == NULL || !a->begun || a->settling || !a->method->propose(a, a->step)) return NULL;
  if (a->stuck > 0) nudge(a);
  if (parameters(a) == 0) {
    if (!a->model.joint) keep_constants(a);
    return a->theta;
  }
  emblas_accelerator_reject(a);
  return NULL;
}

int emblas_accelerator_misses(struct accelerator *a, const double *next) {
  double *f = a->next_f;
  if (a->method->misses == NULL || a->steps == 0) return 0;
  if (a->model.to_free != NULL)
    a->model.to_free(a->model.context, next, f);
  else
    memcpy(f, next, a->history.size * sizeof *f);
  for (size_t l = 0; l < a->history.size; l++) f[l] -= a->step[l];
  whiten(a, f);
  return a->method->misses(a, f);
}

double emblas_accelerator_farthest(struct accelerator *a, const double *change) {
  double far = 0;
  a->model.moved(a->model.context, a->at, change, a->moved);
  for (size_t b = 0; b < a->model.blocks; b++) far = fmax(far, a->moved[b]);
  return far;
}

void emblas_accelerator_reject(struct accelerator *a) {
  a->plain = 0;
  if (a->method->rejected != NULL) a->method->rejected(a);
}

/* The next x and f = M(x) - x in free coordinates; non-zero where they are not finite. After a plain step x
   is what M(x) was. */
static int locate(struct accelerator *a, const struct accelerator_move *move) {
  size_t size = a->history.size;
  double *x = a->next_x, *f = a->next_f;
  if (a->begun && !move->proposed)
    memcpy(x, a->ahead, size * sizeof *x);
  else if (a->model.to_free != NULL)
    a->model.to_free(a->model.context, move->theta, x);
  else
    memcpy(x, move->theta, size * sizeof *x);
  if (a->model.to_free != NULL)
    a->model.to_free(a->model.context, move->next, a->ahead);
  else
    memcpy(a->ahead, move->next, size * sizeof *x);
  int bad = 0;
  for (size_t l = 0; l < size; l++) {
    f[l] = a->ahead[l] - x[l];
    bad |= !isfinite(x[l]) || !isfinite(f[l]);
  }
  return bad;
}

/* Steps so short that their changes are rounding tell of no rate. */
static const double SHORT = 1e-12;

/* The next point becomes the current one, and what changed joins the history: each change as the metric at
   its own end sees it. Metrics differ little from one step to the next, and old changes go. Returns whether
   the step was longer than rounding. */
static int advance(struct accelerator *a, int first) {
  struct history *h = &a->history;
  double *x = a->next_x, *f = a->next_f, *dx = a->x, *df = a->f;
  int moved = 0;
  if (first) {
    emblas_history_forget(h, 0);
  } else {
    for (size_t l = 0; l < h->size; l++) {
      dx[l] = x[l] - dx[l];
      df[l] = f[l] - df[l];
    }
    moved = emblas_dot(h->size, dx, dx) > SHORT * SHORT * (1 + emblas_dot(h->size, x, x));
    whiten(a, dx);
    whiten(a, df);
    emblas_history_push(h, dx, df);
  }
  a->x = x, a->f = f, a->next_x = dx, a->next_f = df;
  memcpy(h->f, f, h->size * sizeof *f);
  whiten(a, h->f);
  return moved;
}

/* A slow direction may leave the history for some steps: its rate is forgotten slowly; one that grew, and
   does not now, counts as this slow. */
static const double FORGET = 1.6, SLOWEST = 1e-4;

/* Near an optimum loglik(y) - loglik(x) = n (f(x) + f(y))'(y - x) / 2 in the metric of n observations. */
static void measure_gain(struct accelerator *a, const struct accelerator_move *move) {
  const struct history *h = &a->history;
  size_t newest = h->slot[0];
  double gained = emblas_dot(h->size, h->dx[newest], h->f) - h->xf[newest][newest] / 2;
  if (gained > 0) a->observations = move->gain / gained;
  if (move->proposed && a->method->accepted != NULL) a->method->accepted(a, gained);
}

/* Quiet steps after which a point counts as an end although some direction was seen to grow near it. */
enum { PATIENCE = 10 };

/* A direction whose curvature is below minus this, and is so beyond doubt, grows. */
static const double GROWING = 1e-3;

static void measure_rate(struct accelerator *a) {
  const struct spectrum *s = &a->spectrum;
  double lately = 1 - FORGET * fmax(1 - a->rate, SLOWEST), least = 1;
  a->flat = 0;
  for (size_t e = 0; e < s->m; e++) {
    least = fmin(least, s->curvature[e]);
    a->overshoot = fmax(a->overshoot, s->curvature[e] - s->uncertain[e] - 1);
    if (a->model.whiten != NULL && s->curvature[e] < s->uncertain[e]) a->flat = 1;
    if (s->curvature[e] < -fmax(GROWING, s->uncertain[e])) a->climbed = 0;
  }
  a->rate = fmax(1 - least, lately);
}

/* With e the way to the optimum, f = (I - J) e, and e'(I - J) e / 2 = f'(I - J)^-1 f / 2 is to gain, per
   observation. Curvatures in the span of the history are known; no other is taken to be below 1 - rate. */
static double quadratic_gain(struct accelerator *a, double rate) {
  const struct spectrum *s = &a->spectrum;
  double sum = 0, outside = emblas_dot(a->history.size, a->history.f, a->history.f);
  for (size_t e = 0; e < s->m; e++) {
    sum += s->along[e] * s->along[e] / fmax(s->curvature[e] - s->uncertain[e], 1 - rate);
    outside -= s->along[e] * s->along[e];
  }
  return (sum + fmax(outside, 0) / (1 - rate)) / 2;
}

/* A plain step from here has gained f'(I + J) f / 2 per observation, and leaves at most rate^2 / (1 -
   rate^2) times that. */
static double still_to_gain(struct accelerator *a, const struct accelerator_move *move, double rate) {
  double gain = quadratic_gain(a, rate), slow = rate * rate;
  if (gain == 0) return 0;
  double left = a->observations > 0 ? a->observations * gain : INFINITY;
  return move->proposed ? left : fmin(left, a->gained * slow / (1 - slow));
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
  a->plain = move->proposed ? 0 : a->plain + 1;
  a->begun = locate(a, move) == 0;
  if (!a->begun) return INFINITY;
  a->at = move->theta;
  a->mapped = move->next;
  if (first) memcpy(a->first, move->theta, a->model.parameters * sizeof *a->first);
  int moved = advance(a, first);
  emblas_spectrum_make(&a->spectrum, &a->history);
  if (first) return INFINITY;
  a->gained = fmax(move->gain, move->rounding);
  a->climbed += move->gain;
  if (move->gain > move->rounding) measure_gain(a, move);
  a->overshoot = 0;
  if (moved) measure_rate(a);
  if (a->method->selective) emblas_history_select(&a->history, a->spectrum.m, a->spectrum.column);
  double rate = fmin(fmax(a->rate, a->overshoot), 1 - SLOWEST), left = still_to_gain(a, move, rate);
  double little = fmax(move->rounding, a->tolerance * (1 - rate * rate));
  int quiet = left < a->tolerance || move->gain <= little;
  if (a->flat || a->rate >= 1 || !(a->climbed > LEAVING)) return wait_for_growth(a, quiet);
  a->stuck = 0;
  a->settling = quiet;
  return left;
}
