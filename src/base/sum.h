/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_SUM_H
#define EMBLAS_SUM_H

#include <math.h>

/* Sums in two doubles: sum[0] + sum[1] holds about twice the digits of one. */

/* sum[0] + sum[1] += x, with the rounding of sum[0] + x kept in sum[1] (Knuth's two-sum). */
static inline void sum_add(double *sum, double x) {
  double s = sum[0] + x, part = s - sum[0];
  sum[1] += (sum[0] - (s - part)) + (x - part);
  sum[0] = s;
}

/* sum[0] + sum[1] += a b, both roundings kept. */
static inline void sum_add_product(double *sum, double a, double b) {
  double product = a * b;
  sum_add(sum, product);
  sum[1] += fma(a, b, -product);
}

#endif
