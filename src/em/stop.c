/* SPDX-License-Identifier: MIT */
#include "stop.h"

#include <float.h>
#include <math.h>

/* Aitken: gains of a linearly converging sequence shrink by a constant factor a, so that after a gain g
   there remain g a + g a^2 + .. = g a / (1 - a). (Boehning et al., Ann. Inst. Stat. Math. 46, 1994.) */
double emblas_stop_projected_gain(const struct emblas_em_point *points, size_t length) {
  if (length < 3) return INFINITY;
  const struct emblas_em_point *p = points + length - 3;
  double before = p[1].loglik - p[0].loglik, gain = p[2].loglik - p[1].loglik;
  /* A gain within the rounding of the log-likelihood itself tells of nothing left to measure. */
  if (fabs(gain) <= 2 * DBL_EPSILON * p[2].magnitude) return 0;
  /* EM does not fall: a fall is rounding, which may be larger where the log-likelihoods of rows are sums
     that cancel, and so is what is gained back. */
  if (before < 0 && gain <= -2 * before) return fabs(gain);
  if (!(gain < before)) return INFINITY;
  double a = gain / before;
  return gain > 0 ? gain * a / (1 - a) : fabs(gain);
}

/* No sequence is taken to converge more slowly than by the factor 1 - SLOWEST a map. */
static const double SLOWEST = 1e-4;

/* So many points leave no room for a rule that needs two projections. Longer runs have had it, and know
   more: an accelerated one waits near a saddle point, where gains are as small as at an end. */
enum { FEW_POINTS = 4 };

/* The gain g of a plain step is n f'(I + J) f / 2 near an optimum, with f the step, and what is left after
   it is at most g r^2 / (1 - r^2) where r is the slowest rate: a small gain is a short step, wherever it is
   made. A rate that two gains show is only used down to the gain before, since a single small ratio also
   occurs in the middle of a climb. */
double emblas_stop_few_gains(const struct emblas_em_point *points, size_t length, size_t plain) {
  if (length < 2 || length > FEW_POINTS) return INFINITY;
  const struct emblas_em_point *now = points + length - 1;
  double gain = now[0].loglik - now[-1].loglik;
  if (fabs(gain) <= 2 * DBL_EPSILON * now->magnitude) return 0;
  if (!(gain > 0)) return INFINITY;
  double left = gain / (2 * SLOWEST);
  if (plain < 2 || length < 3) return left;
  return fmin(left, fmax(emblas_stop_projected_gain(points, length), now[-1].loglik - now[-2].loglik));
}

int emblas_stop_reached(const struct emblas_em_options *options, const struct emblas_em_point *points,
                        size_t length) {
  const struct emblas_em_point *now = points + length - 1;
  double tolerance = options->tolerance;
  if (length < 2 || tolerance == 0) return 0;
  switch (options->stop) {
  case EMBLAS_STOP_LOGLIK: /* two in a row: a single small ratio also occurs in the middle of a climb */
    return now[0].projected < tolerance && now[-1].projected < tolerance;
  case EMBLAS_STOP_Q:
    return fabs(now[0].q - now[-1].q) < tolerance;
  case EMBLAS_STOP_WEIGHTS:
    return now[0].weight_change < tolerance;
  }
  return 0;
}
