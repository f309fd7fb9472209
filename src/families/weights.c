/* SPDX-License-Identifier: MIT */
#include "weights.h"

#include <math.h>

/* Stands for log 0; everything below the second is 0, as an M step's smallest weights are. */
static const double LOG_ZERO = -1000, LOG_SMALLEST = -640;

void emblas_weights_to_free(size_t k, const double *weights, double *free) {
  for (size_t c = 0; c < k; c++) free[c] = weights[c] > 0 ? log(weights[c]) : LOG_ZERO;
}

int emblas_weights_from_free(size_t k, const double *free, double *weights) {
  double largest = -INFINITY, sum = 0;
  for (size_t c = 0; c < k; c++) largest = fmax(largest, free[c]);
  if (!(largest > LOG_SMALLEST)) return 1;
  for (size_t c = 0; c < k; c++) {
    double below = free[c] - largest;
    sum += weights[c] = below > LOG_SMALLEST ? exp(below) : 0;
  }
  for (size_t c = 0; c < k; c++) weights[c] /= sum;
  return 0;
}
