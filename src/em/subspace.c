/* SPDX-License-Identifier: MIT */
/* The method of EMBLAS_ACCELERATE_AUTO: Newton's step in the span of the last changes, then a plain step
   from there. With curvatures c_e of the log-likelihood along orthonormal q_e of the span (spectrum.h) and
   along_e = q_e . f, the step is sum_e q_e along_e / (|c_e| + shift): uphill where a direction grows, too,
   so that saddle points are left. The shift keeps it within a radius, which follows how well the quadratic
   foretold what the step would gain. */
#include "accelerate.h"

#include <math.h>

/* No direction is stretched by more. */
static const double STRETCH = 1e4;
/* A plain step is right where rates are 0; outside of the span they are like those within, if not lower. */
static const double RELAX = 1.3;
/* The radius at first, of a model with a metric: half a deviation of one complete observation. */
static const double FIRST_RADIUS = 1;
/* A gain below this part of what was foretold makes the radius smaller, one above the other larger. */
static const double POOR = 0.5, GOOD = 0.8;
static const double NARROW = 0.5, WIDEN = 2;
/* Where EM's path is to be kept to, the end of it is in sight when Newton's step moves no block by more. */
static const double NEAR = 0.003;
/* EM steps that the first candidate along the path stands for. */
static const double FIRST_STRIDE = 4;
/* Changes kept when a step was rejected. */
enum { KEEP = 2 };
enum { ROUNDS = 50 };

static void begin(struct accelerator *a) {
  a->radius = a->model.whiten != NULL ? FIRST_RADIUS : INFINITY;
  a->stride = FIRST_STRIDE;
}

static double stiffness(const struct spectrum *s, size_t e) {
  double size = fabs(s->curvature[e]);
  return size > 1 / STRETCH ? size : 1 / STRETCH;
}

/* Returns the length of the step. */
static double newton_step(const struct spectrum *s, double shift, double *z) {
  double square = 0;
  for (size_t e = 0; e < s->m; e++) {
    z[e] = s->along[e] / (stiffness(s, e) + shift);
    square += z[e] * z[e];
  }
  return sqrt(square);
}

/* The step of least shift that is within the radius, or beyond it by no more than this: 1 / length is a
   concave function of the shift, which Newton's steps approach from below. */
static const double SLACK = 1e-6;

static void limited_step(struct accelerator *a, double *z) {
  const struct spectrum *s = &a->spectrum;
  double shift = 0;
  a->length = newton_step(s, shift, z);
  a->limited = a->length > a->radius;
  for (int i = 0; i < ROUNDS && a->length > (1 + SLACK) * a->radius; i++) {
    double slope = 0;
    for (size_t e = 0; e < s->m; e++) slope += z[e] * z[e] / (stiffness(s, e) + shift);
    shift += a->length * a->length / slope * (a->length / a->radius - 1);
    a->length = newton_step(s, shift, z);
  }
}

/* A step of 1 / (1 - rate) would be right along a single direction. */
static double relaxation(const struct spectrum *s) {
  double sum = 0;
  for (size_t e = 0; e < s->m; e++) sum += s->curvature[e];
  return sum > 0 ? fmin(RELAX, fmax(1, (double)s->m / sum)) : RELAX;
}

/* Newton's step z in the span, then the plain one; and what they should gain. */
static void newton(struct accelerator *a, const double *z, double *step) {
  const struct spectrum *s = &a->spectrum;
  double w[HISTORY], plain = relaxation(s);
  a->foretold = 0;
  for (size_t e = 0; e < s->m; e++) a->foretold += z[e] * (s->along[e] - z[e] * s->curvature[e] / 2);
  emblas_spectrum_turn(s, z, w);
  emblas_spectrum_step(s, &a->history, w, plain, step, a->residual);
  a->foretold += plain * (1 - plain / 2) * emblas_dot(a->history.size, a->residual, a->residual);
  a->steps = 0;
}

static int propose(struct accelerator *a, double *step) {
  double z[HISTORY];
  if (a->spectrum.m == 0) return 0;
  limited_step(a, z);
  int anywhere = isinf(a->drift);
  if (!anywhere && (a->limited || a->length > NEAR)) return emblas_path_propose(a, step);
  newton(a, z, step);
  if (anywhere || emblas_accelerator_farthest(a, step) < NEAR) return 1;
  return emblas_path_propose(a, step);
}

static void rejected(struct accelerator *a) {
  if (a->steps > 0) {
    emblas_path_rejected(a);
    return;
  }
  a->radius = NARROW * a->length;
  emblas_history_forget(&a->history, KEEP);
}

static void accepted(struct accelerator *a, double gained) {
  if (a->steps > 0) return;
  if (gained < POOR * a->foretold)
    a->radius = NARROW * fmin(a->radius, a->length);
  else if (gained > GOOD * a->foretold && a->limited)
    a->radius *= WIDEN;
}

const struct method emblas_subspace = {begin, propose, emblas_path_misses, rejected, accepted, 1};
