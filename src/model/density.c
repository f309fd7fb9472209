/* SPDX-License-Identifier: MIT */
/* The density of one row, with no memory but a group's. */
#include "model.h"

#include <math.h>

/* A term so many nats below the largest one is left out of a sum: k of them are less than its rounding. */
#define NEGLIGIBLE 80.0
/* The exponential of less would be subnormal. */
#define LEAST (-708.0)

static int all_finite(size_t d, const double *x) {
  int finite = 1;
  for (size_t j = 0; j < d; j++) finite &= isfinite(x[j]) != 0;
  return finite;
}

/* log sum_c exp(l_c) = largest + log sum, of the logits so far. */
struct log_sum {
  double largest, sum;
};

static void add(struct log_sum *total, size_t count, const double *logits) {
  double largest = -INFINITY;
  for (size_t i = 0; i < count; i++) largest = logits[i] > largest ? logits[i] : largest;
  if (largest > total->largest) {
    double fall = total->largest - largest;
    total->sum = fall > -NEGLIGIBLE ? total->sum * exp(fall) : 0;
    total->largest = largest;
  }
  for (size_t i = 0; i < count; i++) {
    double distance = logits[i] - total->largest;
    if (distance > -NEGLIGIBLE) total->sum += distance < 0 ? exp(distance) : 1;
  }
}

double emblas_model_log_density(const struct emblas_model *model, const double *x,
                                double *responsibilities) {
  const struct gaussian *g = &model->shape;
  const struct gaussian_density *density = &model->density;
  struct log_sum total = {-INFINITY, 0};
  if (!all_finite(g->d, x)) return NAN;
  for (size_t group = 0; group < density->packed.groups; group++) {
    double lanes[PACKED_LANES], logits[PACKED_LANES];
    size_t first, count = density_group(g, density, group, &first);
    density->distances(&density->packed, group, 1, x, g->d, lanes);
    for (size_t i = 0; i < count; i++) emblas_density_logits(density, first + i, 1, lanes, logits + i);
    add(&total, count, logits);
    for (size_t i = 0; i < count && responsibilities != NULL; i++) responsibilities[first + i] = logits[i];
  }
  for (size_t c = 0; c < g->k && responsibilities != NULL; c++) {
    double distance = responsibilities[c] - total.largest;
    responsibilities[c] = distance > LEAST ? exp(distance) / total.sum : 0;
  }
  return total.largest + log(total.sum) - density->log_volume;
}
