/* SPDX-License-Identifier: MIT */
#include "reach.h"

#include "../base/dispatch.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 8, PLACES = 5 };

/* The strain of a cell of which no more is known. */
#define TOO_WIDE 1.5

/* Half-axes of the ellipse with foci at the ends of a cell in which the functions must be analytic, in
   widths of the cell: (r +- 1/r) / 4 with r = 5.2, for which 2q = 24 moments leave 3e-17. */
#define ALONG 1.348
#define ACROSS 1.252

/* (y sd)^2 at most, sd the deviation of the logits' slopes among the components of a row at x, for x + iy
   in the ellipse: there the mixture is at least 1 - 1.2 / 2 = 0.4 of its terms' moduli. */
#define PHASE 1.2

/* Within the ellipse a responsibility is at most e^2.4 times what it is in the cell, or its mixing weight.
 */
#define GROWTH 11.0

/* Where the largest component changes from one place to the next, their logits may do so by so much: no
   third can hide between the two. */
#define TURN 8

/* Nor can a component whose precision exceeds that of the largest by less than this over the square of the
   width; others are looked for where they are largest. */
#define BULGE 4

/* Below this weight a component's responsibilities may be as they come out. */
#define NO_WEIGHT 1e-60

/* Components that add up to e^-8 of the mixture. */
#define MINOR 8

/* Parameters may have moved by this much, in deviations and relative, before cells are looked at again:
   that changes the deviation of slopes by less than the patience leaves. */
#define STEP (1.0 / 16)

void emblas_reach_allocate(struct reach *reach, struct arena *arena, size_t k) {
  *reach = (struct reach){.k = k, .padded = (k + LANES - 1) / LANES * LANES, .patience = 1};
  double **arrays[] = {&reach->weight, &reach->mean,     &reach->deviation, &reach->precision,
                       &reach->half,   &reach->constant, &reach->logit,     &reach->last,
                       &reach->share,  &reach->limit};
  reach->minor = MINOR + log((double)k);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    *arrays[i] = emblas_arena_doubles(arena, reach->padded, 1);
}

void emblas_reach_prepare(struct reach *reach, const struct gaussian *g, const double *theta) {
  size_t k = reach->k;
  memcpy(reach->weight, theta, k * sizeof *theta);
  memcpy(reach->mean, theta + k, k * sizeof *theta);
  memcpy(reach->deviation, theta + k * (1 + g->d), k * sizeof *theta);
  for (size_t c = k; c < reach->padded; c++) reach->weight[c] = reach->mean[c] = 0, reach->deviation[c] = 1;
  for (size_t c = 0; c < reach->padded; c++) {
    reach->precision[c] = 1 / (reach->deviation[c] * reach->deviation[c]);
    reach->half[c] = reach->precision[c] / 2;
    reach->constant[c] = reach->weight[c] > 0 ? log(reach->weight[c] / reach->deviation[c]) : -1e300;
  }
}

int emblas_reach_near(const struct reach *reach, const struct gaussian *g, const double *theta) {
  size_t k = reach->k;
  const double *mean = theta + k, *deviation = theta + k * (1 + g->d);
  for (size_t c = 0; c < k; c++) {
    double s = reach->deviation[c], w = reach->weight[c];
    if (fabs(mean[c] - reach->mean[c]) > STEP * s || fabs(deviation[c] - s) > STEP * s ||
        fabs(theta[c] - w) > 4 * STEP * w)
      return 0;
  }
  return 1;
}

/* exp(x) for x <= 0 to 1e-4 of itself, not below e^-150, whose fourth power is a normal number: the integer
 * of x log2(e) becomes the exponent. */
static inline double roughly_exp(double x) {
  double power = (x > -150 ? x : -150) * 1.4426950408889634, shifted = power + 0x1.8p52;
  double f = power - (shifted - 0x1.8p52);
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 1023) << 52;
  double scale;
  memcpy(&scale, &bits, sizeof scale);
  return scale * (1 + f * (0.69315 + f * (0.24023 + f * (0.0555 + f * 0.0096))));
}

/* The terms of the mixture at x + iy: logits of their moduli. Returns the largest. */
static inline size_t find_logits(const struct reach *reach, double x, double square,
                                 double *restrict logit) {
  const double *mean = reach->mean, *half = reach->half, *constant = reach->constant;
  for (size_t c = 0; c < reach->padded; c++)
    logit[c] = constant[c] + (square - (x - mean[c]) * (x - mean[c])) * half[c];
  size_t largest = 0;
  for (size_t c = 1; c < reach->k; c++)
    if (logit[c] > logit[largest]) largest = c;
  return largest;
}

static inline double total(const double *lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static inline double slope(const struct reach *reach, size_t c, double x) {
  return (reach->mean[c] - x) * reach->precision[c];
}

/* Responsibilities, those of the moduli, times their sum, which is returned, and the variance of slopes
   among them. */
static inline double find_shares(const struct reach *reach, double x, size_t largest,
                                 const double *restrict logit, double *restrict share, double *variance) {
  const double *mean = reach->mean, *precision = reach->precision;
  double sum[LANES] = {0}, first[LANES] = {0}, second[LANES] = {0};
  double shift = logit[largest], centre = slope(reach, largest, x);
  for (size_t c = 0; c < reach->padded; c++) share[c] = roughly_exp(logit[c] - shift);
  for (size_t c = 0; c < reach->padded; c += LANES)
    for (size_t l = 0; l < LANES; l++) {
      double e = share[c + l], s = (mean[c + l] - x) * precision[c + l] - centre;
      sum[l] += e;
      first[l] += e * s;
      second[l] += e * s * s;
    }
  double all = total(sum), offset = total(first) / all;
  *variance = total(second) / all - offset * offset;
  return all;
}

/* The largest of logit c less that of `largest` in the ellipse: both ends if the difference is convex,
   where the slopes agree otherwise. */
static double difference(const struct reach *reach, size_t c, size_t largest, double low, double high,
                         double square) {
  double excess = reach->precision[c] - reach->precision[largest];
  double x =
      (reach->mean[c] * reach->precision[c] - reach->mean[largest] * reach->precision[largest]) / excess;
  x = x < low ? low : x > high ? high : x;
  double a = x - reach->mean[c], b = x - reach->mean[largest];
  return reach->constant[c] - reach->constant[largest] + (square - a * a) * reach->precision[c] / 2 -
         (square - b * b) * reach->precision[largest] / 2;
}

/* Is every component that is much narrower than the cell, and than the largest one, out of the way? */
static int no_spike(const struct reach *reach, size_t largest, double middle, double width) {
  double limit = reach->precision[largest] + BULGE / (width * width), across = ACROSS * width;
  for (size_t c = 0; c < reach->k; c++) {
    if (!(reach->precision[c] > limit) || reach->weight[c] <= NO_WEIGHT) continue;
    double most =
        difference(reach, c, largest, middle - ALONG * width, middle + ALONG * width, across * across);
    if (most > -reach->minor || most > log(GROWTH * reach->weight[c])) return 0;
  }
  return 1;
}

/* 1 / max(responsibility in the cell, mixing weight). */
static inline void set_limits(const struct reach *reach, const double *share, double all,
                              double *restrict limit) {
  for (size_t c = 0; c < reach->padded; c++) {
    double own = share[c] / all, weight = reach->weight[c];
    limit[c] = weight > NO_WEIGHT ? 1 / (own > weight ? own : weight) : 0;
  }
}

/* Fourth powers of how much responsibilities grow, added up: that stands for the largest. */
static inline double find_growth(const struct reach *reach, const double *share, double all) {
  const double *limit = reach->limit;
  double sum[LANES] = {0}, one = 1 / all;
  for (size_t c = 0; c < reach->padded; c += LANES)
    for (size_t l = 0; l < LANES; l++) {
      double growth = share[c + l] * limit[c + l] * one, square = growth * growth;
      sum[l] += square * square;
    }
  return total(sum);
}

RUN_TIME_DISPATCH
static double strain(const struct reach *reach, double middle, double width) {
  static const double along[PLACES] = {-1, -0.70710678, 0, 0.70710678, 1};
  static const double across[PLACES] = {0, 0.5, 1, 0.5, 0}; /* of the ellipse there: squared */
  double square = ACROSS * width * ACROSS * width, variance;
  double *logit = reach->logit, *last = reach->last, *share = reach->share;
  size_t before = find_logits(reach, middle, 0, logit);
  if (!no_spike(reach, before, middle, width)) return TOO_WIDE;
  double all = find_shares(reach, middle, before, logit, share, &variance);
  set_limits(reach, share, all, reach->limit);
  double phase = 0, growth = 1;
  for (int i = 0; i < PLACES; i++) {
    double x = middle + along[i] * ALONG * width, y2 = across[i] * square;
    size_t largest = find_logits(reach, x, y2, logit);
    if (i > 0 && largest != before && last[before] - last[largest] + logit[largest] - logit[before] > TURN)
      return TOO_WIDE;
    all = find_shares(reach, x, largest, logit, share, &variance);
    double here = find_growth(reach, share, all);
    phase = y2 * variance > phase ? y2 * variance : phase;
    growth = here > growth ? here : growth;
    if (!(growth < 1e300)) return TOO_WIDE;
    double *swap = last;
    last = logit;
    logit = swap;
    before = largest;
  }
  return fmax(sqrt(phase / PHASE), log(growth) / (4 * log(GROWTH)));
}

double emblas_reach_strain(void *context, double low, double high) {
  const struct reach *reach = context;
  double width = (high - low) / reach->patience;
  return width > 0 ? strain(reach, low + (high - low) / 2, width) : 0;
}
