/* SPDX-License-Identifier: MIT */
#include "eigen.h"

#include <float.h>
#include <math.h>

enum { MAX_SWEEPS = 60 };

static double off_diagonal(size_t d, const double *a) {
  double sum = 0;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < i; j++) sum += a[i * d + j] * a[i * d + j];
  return sqrt(sum);
}

/* Rows p and q of m become (c p - s q, s p + c q). */
static void rotate_rows(size_t d, double *m, size_t p, size_t q, double c, double s) {
  for (size_t j = 0; j < d; j++) {
    double mp = m[p * d + j], mq = m[q * d + j];
    m[p * d + j] = c * mp - s * mq;
    m[q * d + j] = s * mp + c * mq;
  }
}

static void rotate_columns(size_t d, double *m, size_t p, size_t q, double c, double s) {
  for (size_t i = 0; i < d; i++) {
    double mp = m[i * d + p], mq = m[i * d + q];
    m[i * d + p] = c * mp - s * mq;
    m[i * d + q] = s * mp + c * mq;
  }
}

/* The rotation that makes a[p, q] zero (Golub, Van Loan, section 8.5). */
static void annihilate(size_t d, double *a, double *v, size_t p, size_t q) {
  double apq = a[p * d + q];
  double tau = (a[q * d + q] - a[p * d + p]) / (2 * apq);
  double t = (tau >= 0 ? 1 : -1) / (fabs(tau) + sqrt(1 + tau * tau)); /* 0 where the square overflows */
  double c = 1 / sqrt(1 + t * t), s = t * c;
  rotate_rows(d, a, p, q, c, s);
  rotate_columns(d, a, p, q, c, s);
  rotate_rows(d, v, p, q, c, s);
  a[p * d + q] = a[q * d + p] = 0; /* but for rounding it is: without this the sweeps would never end */
}

void emblas_eigen_symmetric(size_t d, double *a, double *v) {
  double largest = 0;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++) {
      v[i * d + j] = i == j;
      largest = fabs(a[i * d + j]) > largest ? fabs(a[i * d + j]) : largest;
    }
  /* Entries that may be left are not rotated away: all of them together are within the limit. */
  double limit = DBL_EPSILON * largest * 0x1p-10, small = fmax(limit / (double)d, DBL_MIN);
  for (int sweep = 0; sweep < MAX_SWEEPS && off_diagonal(d, a) > limit; sweep++)
    for (size_t p = 0; p + 1 < d; p++)
      for (size_t q = p + 1; q < d; q++)
        if (fabs(a[p * d + q]) > small) annihilate(d, a, v, p, q);
}
