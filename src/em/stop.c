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
