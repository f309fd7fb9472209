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
/* Changes kept when a step was rejected. */
enum { KEEP = 2, BISECTIONS = 50 };

static void begin(struct accelerator *a) {
  a->radius = a->model.whiten != NULL ? FIRST_RADIUS : INFINITY;
}

static double newton_step(const struct spectrum *s, const double *along, double shift, double *z) {
  for (size_t e = 0; e < s->m; e++) z[e] = along[e] / (fmax(fabs(s->curvature[e]), 1 / STRETCH) + shift);
  return sqrt(emblas_dot(s->m, z, z));
}

/* The step of least shift that is within the radius. */
static void limited_step(struct accelerator *a, const double *along, double *z) {
  const struct spectrum *s = &a->spectrum;
  a->length = newton_step(s, along, 0, z);
  a->limited = a->length > a->radius;
  if (!a->limited) return;
  double low = 0, high = sqrt(emblas_dot(s->m, along, along)) / a->radius;
  for (int i = 0; i < BISECTIONS; i++) {
    double middle = (low + high) / 2;
    if (newton_step(s, along, middle, z) > a->radius)
      low = middle;
    else
      high = middle;
  }
  a->length = newton_step(s, along, high, z);
}

/* A step of 1 / (1 - rate) would be right along a single direction. */
static double relaxation(const struct spectrum *s) {
  double sum = 0;
  for (size_t e = 0; e < s->m; e++) sum += s->curvature[e];
  return sum > 0 ? fmin(RELAX, fmax(1, (double)s->m / sum)) : RELAX;
}

static int propose(struct accelerator *a, double *step) {
  const struct history *h = &a->history;
  struct spectrum *s = &a->spectrum;
  double along[HISTORY], z[HISTORY], weights[HISTORY], left = 0;
  if (s->m == 0) return 0;
  emblas_spectrum_project(s, h, h->f, along);
  limited_step(a, along, z);
  a->foretold = 0;
  for (size_t e = 0; e < s->m; e++) a->foretold += z[e] * (along[e] - z[e] * s->curvature[e] / 2);
  emblas_spectrum_weights(s, z, weights);
  double plain = relaxation(s);
  for (size_t l = 0; l < h->size; l++) {
    double x = 0, f = h->f[l];
    for (size_t i = 0; i < s->m; i++) {
      x += weights[i] * h->dx[s->column[i]][l];
      f += weights[i] * h->df[s->column[i]][l];
    }
    step[l] = x + plain * f;
    left += f * f;
  }
  a->foretold += plain * (1 - plain / 2) * left;
  return 1;
}

static void rejected(struct accelerator *a) {
  a->radius = NARROW * a->length;
  emblas_history_forget(&a->history, KEEP);
}

static void accepted(struct accelerator *a, double gained) {
  if (gained < POOR * a->foretold)
    a->radius = NARROW * fmin(a->radius, a->length);
  else if (gained > GOOD * a->foretold && a->limited)
    a->radius *= WIDEN;
}

const struct method emblas_subspace = {begin, propose, rejected, accepted};
