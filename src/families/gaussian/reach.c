/* SPDX-License-Identifier: MIT */
#include "reach.h"

#include "family.h"

#include "../../base/dispatch.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 8 };

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

/* A component that overtakes the largest one may have come up by so much from one place to the next: no
   third can hide between the two, nor the change from one to the other. */
#define TURN 6

/* Nor can a component whose precision exceeds that of the largest by less than this over the square of the
   width; others are looked for where they are largest. */
#define BULGE 4

/* A cell is at most so many deviations wide of the component that is largest in it. The moments of a rule
   are off by a few eps of the cell's mass, and a logit multiplies that by up to half the square of the half
   width. */
#define MOST_DEVIATIONS 16

/* Below this weight a component's responsibilities may be as they come out. */
#define NO_WEIGHT 1e-60

/* Components that add up to e^-8 of the mixture. */
#define MINOR 8

/* Parameters may have moved by this much, in deviations and relative, before cells are looked at again:
   that changes the deviation of slopes by less than the patience leaves. */
#define STEP (1.0 / 8)

void emblas_reach_allocate(struct reach *reach, struct arena *arena, size_t k) {
  *reach = (struct reach){.k = k, .padded = (k + LANES - 1) / LANES * LANES, .patience = 1};
  double **arrays[] = {&reach->weight, &reach->mean,     &reach->deviation, &reach->precision,
                       &reach->half,   &reach->constant, &reach->inside,    &reach->halfway,
                       &reach->above,  &reach->share,    &reach->limit};
  reach->minor = MINOR + log((double)k);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    *arrays[i] = emblas_arena_doubles(arena, reach->padded, 1);
}

void emblas_reach_prepare(struct reach *reach, const double *theta) {
  size_t k = reach->k;
  memcpy(reach->weight, theta, k * sizeof *theta);
  memcpy(reach->mean, theta + k, k * sizeof *theta);
  memcpy(reach->deviation, theta + 2 * k, k * sizeof *theta);
  for (size_t c = k; c < reach->padded; c++) reach->weight[c] = reach->mean[c] = 0, reach->deviation[c] = 1;
  for (size_t c = 0; c < reach->padded; c++) {
    reach->precision[c] = 1 / (reach->deviation[c] * reach->deviation[c]);
    reach->half[c] = reach->precision[c] / 2;
    reach->constant[c] = reach->weight[c] > 0 ? log(reach->weight[c] / reach->deviation[c]) : -1e300;
  }
}

int emblas_reach_near(const struct reach *reach, const double *theta) {
  size_t k = reach->k;
  const double *mean = theta + k, *deviation = theta + 2 * k;
  for (size_t c = 0; c < k; c++) {
    double s = reach->deviation[c], w = reach->weight[c];
    if (fabs(mean[c] - reach->mean[c]) > STEP * s || fabs(deviation[c] - s) > STEP * s ||
        fabs(theta[c] - w) > 4 * STEP * w)
      return 0;
  }
  return 1;
}

/* exp(x) to 1e-4 of itself, kept within e^-150, whose fourth power is a normal number, and e^150: the
   integer of x log2(e) becomes the exponent. */
DISPATCHED double roughly_exp(double x) {
  double least = x > -150 ? x : -150, power = (least < 150 ? least : 150) * 1.4426950408889634;
  double shifted = power + 0x1.8p52, f = power - (shifted - 0x1.8p52), scale;
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 1023) << 52;
  memcpy(&scale, &bits, sizeof scale);
  return scale * (1 + f * (0.69315 + f * (0.24023 + f * (0.0555 + f * 0.0096))));
}

DISPATCHED double total(const double *lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
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

/* In the middle of a cell: logits less the largest, whose component is returned, and the limits, 1 / max
   (responsibility in the cell, mixing weight). */
DISPATCHED size_t look_inside(const struct reach *reach, double x, double *restrict logit,
                              double *restrict limit) {
  const double *mean = reach->mean, *half = reach->half, *constant = reach->constant;
  double sum[LANES] = {0}, most[LANES];
  for (size_t c = 0; c < reach->padded; c++)
    logit[c] = constant[c] - (x - mean[c]) * (x - mean[c]) * half[c];
  for (int l = 0; l < LANES; l++) most[l] = logit[l];
  for (size_t c = LANES; c < reach->padded; c += LANES)
    for (size_t l = 0; l < LANES; l++) most[l] = logit[c + l] > most[l] ? logit[c + l] : most[l];
  double shift = most[0];
  for (int l = 1; l < LANES; l++) shift = most[l] > shift ? most[l] : shift;
  size_t largest = 0;
  while (largest + 1 < reach->k && logit[largest] != shift) largest++; /* none, where there is no number */
  for (size_t c = 0; c < reach->padded; c++) {
    logit[c] -= shift;
    limit[c] = roughly_exp(logit[c]);
  }
  for (size_t c = 0; c < reach->padded; c += LANES)
    for (size_t l = 0; l < LANES; l++) sum[l] += limit[c + l];
  double one = 1 / total(sum);
  for (size_t c = 0; c < reach->padded; c++) {
    double own = limit[c] * one, weight = reach->weight[c];
    limit[c] = weight > NO_WEIGHT ? 1 / (own > weight ? own : weight) : 0;
  }
  return largest;
}

/* What is seen of the terms of the mixture, which are responsibilities in modulus, at x + iy. */
struct sight {
  double variance; /* of their slopes */
  double growth;   /* fourth powers of how much they exceed their limits, added up: for the largest */
  double turns;    /* how many overtake the one that is largest inside too fast */
};

/* nearer: the logits a place further inside, less that of `largest`; logit: those here, likewise. */
DISPATCHED struct sight look(const struct reach *reach, double x, double square, size_t largest,
                             const double *restrict nearer, double *restrict logit,
                             double *restrict share) {
  const double *mean = reach->mean, *precision = reach->precision, *half = reach->half;
  const double *constant = reach->constant, *limit = reach->limit;
  double offset = x - mean[largest], centre = -offset * precision[largest];
  double shift = constant[largest] + (square - offset * offset) * half[largest];
  double sum[LANES] = {0}, first[LANES] = {0}, second[LANES] = {0}, fourth[LANES] = {0}, turns[LANES] = {0};
  for (size_t c = 0; c < reach->padded; c++) {
    logit[c] = constant[c] + (square - (x - mean[c]) * (x - mean[c])) * half[c] - shift;
    share[c] = roughly_exp(logit[c]);
  }
  for (size_t c = 0; c < reach->padded; c += LANES)
    for (size_t l = 0; l < LANES; l++) {
      double e = share[c + l], s = (mean[c + l] - x) * precision[c + l] - centre;
      double growth = e * limit[c + l], power = growth * growth;
      sum[l] += e;
      first[l] += e * s;
      second[l] += e * s * s;
      fourth[l] += power * power;
    }
  for (size_t c = 0; c < reach->padded; c++) {
    double risen = logit[c] - nearer[c] - TURN, least = risen < logit[c] ? risen : logit[c];
    share[c] = least > 0 ? 1 : 0;
  }
  for (size_t c = 0; c < reach->padded; c += LANES)
    for (size_t l = 0; l < LANES; l++) turns[l] += share[c + l];
  double one = 1 / total(sum), slope = total(first) * one;
  return (struct sight){total(second) * one - slope * slope, total(fourth) * (one * one) * (one * one),
                        total(turns)};
}

/* The worst that has been seen. */
struct worst {
  double phase, growth, turns;
};

/* At x, on the line, whose logits go to `line`, and at y above it. */
DISPATCHED void look_up(const struct reach *reach, double x, double square, size_t largest,
                        const double *nearer, double *line, struct worst *worst) {
  struct sight on = look(reach, x, 0, largest, nearer, line, reach->share);
  struct sight above = look(reach, x, square, largest, line, reach->above, reach->share);
  double variance = on.variance > above.variance ? on.variance : above.variance;
  double growth = on.growth > above.growth ? on.growth : above.growth;
  worst->phase = square * variance > worst->phase ? square * variance : worst->phase;
  worst->growth = growth > worst->growth ? growth : worst->growth;
  worst->turns += on.turns + above.turns;
}

RUN_TIME_DISPATCH
static double strain(const struct reach *reach, double middle, double width) {
  static const double root_half = 0.70710678118654752;
  double square = ACROSS * width * ACROSS * width;
  double *inside = reach->inside, *halfway = reach->halfway;
  struct worst worst = {0, 1, 0};
  size_t largest = look_inside(reach, middle, inside, reach->limit);
  if (inside[largest] != 0) return TOO_WIDE; /* parameters so far off that a logit is no number */
  if (!no_spike(reach, largest, middle, width)) return TOO_WIDE;
  for (int side = -1; side <= 1; side++) {
    double along = side * ALONG * width;
    look_up(reach, middle + root_half * along, side == 0 ? square : square / 2, largest, inside, halfway,
            &worst);
    if (side != 0) {
      struct sight end = look(reach, middle + along, 0, largest, halfway, reach->above, reach->share);
      worst.growth = end.growth > worst.growth ? end.growth : worst.growth;
      worst.turns += end.turns;
    }
    if (worst.turns > 0 || !(worst.growth < 1e300)) return TOO_WIDE;
  }
  double shape = fmax(sqrt(worst.phase / PHASE), log(worst.growth) / (4 * log(GROWTH)));
  return fmax(shape, width / (MOST_DEVIATIONS * reach->deviation[largest]));
}

double emblas_reach_strain(void *context, double low, double high) {
  const struct reach *reach = context;
  double width = (high - low) / reach->patience;
  return width > 0 ? strain(reach, low + (high - low) / 2, width) : 0;
}

/* ------------------------------------------------------------------ as the family's table has it */

static void *allocate(const struct components *m, struct arena *arena) {
  struct reach *reach = emblas_arena_take(arena, 1, 1, sizeof *reach);
  if (reach != NULL) emblas_reach_allocate(reach, arena, m->k);
  return reach;
}

static void prepare(void *line, const double *theta, double patience) {
  struct reach *reach = line;
  emblas_reach_prepare(reach, theta);
  reach->patience = patience;
}

static int near(const void *line, const double *theta) {
  return emblas_reach_near(line, theta);
}

const struct family_line emblas_gaussian_line = {allocate, prepare, near, emblas_reach_strain};
