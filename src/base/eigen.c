/* SPDX-License-Identifier: MIT */
/* Householder's tridiagonal form, and QR steps with Wilkinson's shift (Golub, Van Loan, sections 8.3.1 and
   8.3.3). All along, A = V'TV for the V so far. */
#include "eigen.h"

#include <float.h>
#include <math.h>

enum {
  STEPS = 60,   /* for an eigenvalue; two are usual */
  LEAST = -1000 /* exponent that entries are scaled by */
};

/* Rows x and y become c x + s y and c y - s x. */
static void rotate(size_t d, double *restrict x, double *restrict y, double c, double s) {
  for (size_t j = 0; j < d; j++) {
    double old = x[j];
    x[j] = c * old + s * y[j];
    y[j] = c * y[j] - s * old;
  }
}

/* w' = u'M for n rows of M, `columns` wide. */
static void combine(size_t n, size_t columns, size_t d, const double *u, const double *m, double *w) {
  for (size_t j = 0; j < columns; j++) w[j] = u[0] * m[j];
  for (size_t i = 1; i < n; i++)
    for (size_t j = 0; j < columns; j++) w[j] += u[i] * m[i * d + j];
}

/* Symmetric A (n x n, rows d apart) becomes H A H, and the n rows of V become H V, for H = I - 2 u u' /
   u'u. w: room for d. */
static void reflect(size_t n, size_t d, const double *u, double *a, double *v, double *w) {
  double square = 0, along = 0;
  combine(n, n, d, u, a, w);
  for (size_t j = 0; j < n; j++) {
    square += u[j] * u[j];
    along += w[j] * u[j];
  }
  double twice = 2 / square, part = along / square;
  for (size_t j = 0; j < n; j++) w[j] = twice * (w[j] - part * u[j]);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) a[i * d + j] -= u[i] * w[j] + w[i] * u[j];

  combine(n, d, d, u, v, w);
  for (size_t i = 0; i < n; i++) {
    double factor = twice * u[i];
    for (size_t j = 0; j < d; j++) v[i * d + j] -= factor * w[j];
  }
}

/* A becomes tridiagonal: what counts of row k is a[k, k] and a[k, k + 1]. The first row of V, which no
   reflection changes, is room meanwhile. */
static void tridiagonalise(size_t d, double *a, double *v) {
  for (size_t k = 0; k + 2 < d; k++) {
    double *u = a + k * d + k + 1, rest = 0;
    for (size_t j = 1; j < d - k - 1; j++) rest += u[j] * u[j];
    if (rest == 0) continue;
    double length = copysign(sqrt(u[0] * u[0] + rest), u[0]);
    u[0] += length;
    reflect(d - k - 1, d, u, a + (k + 1) * (d + 1), v + (k + 1) * d, v);
    u[0] = -length;
  }
  for (size_t j = 0; j < d; j++) v[j] = j == 0;
}

/* One step on the part of T from row `low` to row `high`, which has no zero beside the diagonal. */
static void qr_step(size_t d, double *a, double *v, size_t low, size_t high) {
  double last = a[high * (d + 1)], e = a[(high - 1) * (d + 1) + 1],
         half = (a[(high - 1) * (d + 1)] - last) / 2;
  double x = a[low * (d + 1)] - last + e * e / (half + copysign(sqrt(half * half + e * e), half));
  double z = a[low * (d + 1) + 1];
  for (size_t k = low; k < high; k++) {
    double *row = a + k * (d + 1), *next = row + d + 1; /* from the diagonal on */
    double r = sqrt(x * x + z * z), c = r > 0 ? x / r : 1, s = r > 0 ? z / r : 0;
    double p = row[0], q = next[0], f = row[1];
    if (k > low) row[-(ptrdiff_t)d] = r;
    row[0] = c * (c * p + s * f) + s * (c * f + s * q);
    next[0] = s * (s * p - c * f) + c * (c * q - s * f);
    row[1] = c * s * (q - p) + (c - s) * (c + s) * f;
    rotate(d, v + k * d, v + (k + 1) * d, c, s);
    if (k + 1 == high) break;
    x = row[1];
    z = s * next[1];
    next[1] *= c;
  }
}

/* Is the entry of T beside the diagonal in row k nothing beside the diagonal's, or beside the largest, 1?
 */
static int negligible(size_t d, const double *a, size_t k) {
  const double *row = a + k * (d + 1);
  double near = fabs(row[0]) + fabs(row[d + 1]);
  return !(fabs(row[1]) > DBL_EPSILON * fmax(near, 0x1p-10));
}

void emblas_eigen_symmetric(size_t d, double *a, double *v) {
  double largest = 0;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++) {
      v[i * d + j] = i == j;
      largest = fabs(a[i * d + j]) > largest ? fabs(a[i * d + j]) : largest;
    }
  if (!(largest > 0) || isinf(largest)) return;
  int exponent = ilogb(largest);
  double unit = ldexp(1, exponent > LEAST ? exponent : LEAST);
  for (size_t i = 0; i < d * d; i++) a[i] /= unit;
  tridiagonalise(d, a, v);
  size_t high = d - 1;
  for (size_t steps = 0; high > 0 && steps < STEPS * d; steps++) {
    while (high > 0 && negligible(d, a, high - 1)) high--;
    size_t low = high;
    while (low > 0 && !negligible(d, a, low - 1)) low--;
    if (low < high) qr_step(d, a, v, low, high);
  }
  for (size_t i = 0; i < d; i++) a[i * (d + 1)] *= unit;
}
