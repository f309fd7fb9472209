/* SPDX-License-Identifier: MIT */
#include "reach.h"

#include <math.h>
#include <string.h>

/* A component whose density, without its mixing weight, is below e^-40 of the mixture's throughout a cell
   gets less than 4e-18 of its responsibility from there. */
#define OUT_OF_REACH 40

/* Components that add up to less than a sixth of the mixture, even off the real line, move no zero of it
   into the ellipse: e^-8 for each of them, over k. */
#define MINOR 8

/* Limits of 3 h D + 4.5 h^2 P, D the spread of the logits' slopes and P that of the precisions: among the
   components that count, so that the mixture has no zero in the ellipse; and among all in reach, so that a
   responsibility does not grow beyond e^6 of what it is in the cell. */
#define PHASE 2.4
#define GROWTH 6.0

/* Parameters may have moved by this much, in deviations and in logarithms, before cells are looked at
   again: slopes seven deviations out move by a fifth of 1 / deviation, less than the patience leaves. */
#define STEP (1.0 / 64)

void emblas_reach_allocate(struct reach *reach, struct arena *arena, size_t k) {
  *reach = (struct reach){.k = k, .patience = 1};
  double **arrays[] = {&reach->weight,    &reach->mean,     &reach->deviation, &reach->log_weight,
                       &reach->precision, &reach->constant, &reach->most};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    *arrays[i] = emblas_arena_doubles(arena, k, 1);
}

void emblas_reach_prepare(struct reach *reach, const struct gaussian *g, const double *theta) {
  size_t k = reach->k;
  memcpy(reach->weight, theta, k * sizeof *theta);
  memcpy(reach->mean, theta + k, k * sizeof *theta);
  memcpy(reach->deviation, theta + k * (1 + g->d), k * sizeof *theta);
  for (size_t c = 0; c < k; c++) {
    reach->log_weight[c] = theta[c] > 0 ? log(theta[c]) : 0;
    reach->precision[c] = 1 / (reach->deviation[c] * reach->deviation[c]);
    reach->constant[c] = theta[c] > 0 ? reach->log_weight[c] - log(reach->deviation[c]) : -1e300;
  }
}

int emblas_reach_near(const struct reach *reach, const struct gaussian *g, const double *theta) {
  size_t k = reach->k;
  const double *mean = theta + k, *deviation = theta + k * (1 + g->d);
  for (size_t c = 0; c < k; c++) {
    double s = reach->deviation[c], w = reach->weight[c];
    if (fabs(mean[c] - reach->mean[c]) > STEP * s || fabs(deviation[c] - s) > STEP * s ||
        fabs(theta[c] - w) > 0.5 * w)
      return 0;
  }
  return 1;
}

/* Spread of slopes at the ends of a cell, and of precisions, over a set of components. */
struct spread {
  double least_low, most_low, least_high, most_high, least_precision, most_precision;
};

static inline double least(double a, double b) {
  return a < b ? a : b;
}
static inline double most(double a, double b) {
  return a > b ? a : b;
}

static inline void widen(struct spread *s, double slope_low, double slope_high, double precision) {
  s->least_low = least(s->least_low, slope_low);
  s->most_low = most(s->most_low, slope_low);
  s->least_high = least(s->least_high, slope_high);
  s->most_high = most(s->most_high, slope_high);
  s->least_precision = least(s->least_precision, precision);
  s->most_precision = most(s->most_precision, precision);
}

static double variation(const struct spread *s, double width) {
  double slopes = most(s->most_low - s->least_low, s->most_high - s->least_high);
  return 3 * width * slopes + 4.5 * width * width * (s->most_precision - s->least_precision);
}

int emblas_reach_admissible(void *context, double low, double high) {
  const struct reach *reach = context;
  const struct spread nothing = {INFINITY, -INFINITY, INFINITY, -INFINITY, INFINITY, -INFINITY};
  struct spread main = nothing, all = nothing;
  double mixture = -INFINITY, share = MINOR + log((double)reach->k);
  for (size_t c = 0; c < reach->k; c++) {
    double a = low - reach->mean[c], b = high - reach->mean[c], half = reach->precision[c] / 2;
    double at_low = reach->constant[c] - a * a * half, at_high = reach->constant[c] - b * b * half;
    reach->most[c] = a <= 0 && b >= 0 ? reach->constant[c] : most(at_low, at_high);
    mixture = most(mixture, least(at_low, at_high));
  }
  for (size_t c = 0; c < reach->k; c++) {
    if (reach->most[c] - reach->log_weight[c] < mixture - OUT_OF_REACH) continue;
    double slope_low = (reach->mean[c] - low) * reach->precision[c];
    double slope_high = (reach->mean[c] - high) * reach->precision[c];
    widen(&all, slope_low, slope_high, reach->precision[c]);
    if (reach->most[c] >= mixture - share) widen(&main, slope_low, slope_high, reach->precision[c]);
  }
  return variation(&main, high - low) <= reach->patience * PHASE &&
         variation(&all, high - low) <= reach->patience * GROWTH;
}
