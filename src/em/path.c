/* SPDX-License-Identifier: MIT */
/* Several EM steps in one, along the path that plain EM takes. From one plain step to the next the residual
   becomes K f, K = I - A; in the span of the last changes K is known from their differences, as they are:
   unlike the symmetric form they also tell how the path bends. The candidate is x + f + K f + .. + K^(t -
   1) f. What it misses of the residual foretold there says how far off the path it is, and with that the
   next number of steps t is chosen, as solvers of differential equations choose theirs. */
#include "accelerate.h"

#include <math.h>
#include <string.h>

/* The error of the residual grows along the stride, about as the third power of the steps: summed up, it
   takes the candidate off by this part of itself, times their number. */
static const double SUMMED = 0.25;
/* That error is to be so small a part of the drift that is allowed. */
static const double AIM = 1.0 / 3;
/* It grows with more than the square of the steps. */
static const double POWER = 0.4;
/* From one stride to the next, and while it is too short for a candidate, a plain step later. */
static const double SHRINK = 0.3, GROW = 2, RECOVER = 1.3, REJECTED = 0.5;
enum { MOST_STEPS = 64 };

/* w = sum_(u < t - 1) K^u Q'f, in the basis Q: where t - 1 steps lead. The last is a plain one from there.
 */
static void walk(const struct spectrum *s, size_t t, double *w) {
  double now[HISTORY], next[HISTORY];
  memset(w, 0, HISTORY * sizeof *w);
  memcpy(now, s->residual, s->m * sizeof *now);
  for (size_t u = 1; u < t; u++) {
    for (size_t i = 0; i < s->m; i++) {
      w[i] += now[i];
      next[i] = now[i];
      for (size_t j = 0; j < s->m; j++) next[i] -= s->row[i].q[j] * now[j];
    }
    memcpy(now, next, s->m * sizeof *now);
  }
}

/* After a plain step each time: what two plain steps in a row say of K is worth most. A single change says
   nothing of where the path bends to. */
int emblas_path_propose(struct accelerator *a, double *step) {
  double w[HISTORY];
  if (a->plain == 0 || (a->spectrum.m < 2 && a->history.size > 1)) return 0;
  if (a->stride < 2) {
    a->stride *= RECOVER;
    return 0;
  }
  a->steps = (size_t)a->stride;
  walk(&a->spectrum, a->steps, w);
  emblas_spectrum_step(&a->spectrum, &a->history, w, 1, step, a->residual);
  return 1;
}

int emblas_path_misses(struct accelerator *a, const double *residual) {
  double *left = a->residual, steps = (double)a->steps;
  emblas_spectrum_advance(&a->spectrum, &a->history, left);
  for (size_t l = 0; l < a->history.size; l++) left[l] = residual[l] - left[l];
  double off = SUMMED * steps * emblas_accelerator_farthest(a, left);
  double change = pow(AIM * a->drift / fmax(off, 1e-3 * a->drift), POWER);
  a->stride = fmin(steps * fmin(fmax(change, SHRINK), GROW), MOST_STEPS);
  return off > a->drift;
}

void emblas_path_rejected(struct accelerator *a) {
  double steps = (double)a->steps;
  if (a->stride >= steps) a->stride = REJECTED * steps; /* it did not miss, but fell */
}
