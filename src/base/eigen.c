/* SPDX-License-Identifier: MIT */
/* Householder's tridiagonal form (Golub, Van Loan, section 8.3.1), and QR steps with Wilkinson's shift
   without square roots on the way from one rotation to the next (Reinsch, Numer. Math. 21, 1973). All
   along, A = V'TV for the V so far. */
#include "eigen.h"

#include "dispatch.h"

#include <float.h>
#include <math.h>

enum {
  STEPS = 60,   /* for an eigenvalue; two are usual */
  LEAST = -1000 /* exponent that entries are scaled by */
};

/* Of entries beside the diagonal, whose squares are what eigenvalues lose as a rule. */
static const double SMALL_TOLERANCE = 0x1p-26;

/* Rows x and y become c x + s y and c y - s x. */
DISPATCHED void rotate(size_t width, double *restrict x, double *restrict y, double c, double s) {
  IN_VECTORS for (size_t j = 0; j < width; j++) {
    double old = x[j];
    x[j] = c * old + s * y[j];
    y[j] = c * y[j] - s * old;
  }
}

/* w' = u'M for n rows of M. */
DISPATCHED void combine(size_t n, size_t width, const double *restrict u, const double *restrict m,
                        double *restrict w) {
  IN_VECTORS for (size_t j = 0; j < width; j++) w[j] = u[0] * m[j];
  size_t i = 1;
  for (; i + 2 < n; i += 3) {
    const double *row = m + i * width, *after = row + width, *third = after + width;
    double a = u[i], b = u[i + 1], c = u[i + 2];
    IN_VECTORS for (size_t j = 0; j < width; j++) w[j] += a * row[j] + (b * after[j] + c * third[j]);
  }
  for (; i < n; i++) {
    const double *row = m + i * width;
    IN_VECTORS for (size_t j = 0; j < width; j++) w[j] += u[i] * row[j];
  }
}

/* A becomes H A H, and V becomes H V, for H = I - 2 u u' / u'u, u zero before `first`: rows from there on
   are given. Columns of A before `first` are not looked at any more, nor kept. w: room for a row. */
DISPATCHED void reflect(size_t first, size_t d, size_t width, const double *restrict u, double *restrict a,
                        double *restrict v, double *restrict w) {
  double square = 0, along = 0;
  combine(d - first, width, u + first, a, w);
  for (size_t j = first; j < d; j++) {
    square += u[j] * u[j];
    along += w[j] * u[j];
  }
  double twice = 2 / square, part = along / square;
  IN_VECTORS for (size_t j = 0; j < width; j++) w[j] = twice * (w[j] - part * u[j]);
  for (size_t i = first; i < d; i++, a += width) {
    double own = u[i], other = w[i];
    IN_VECTORS for (size_t j = 0; j < width; j++) a[j] -= own * w[j] + other * u[j];
  }
  combine(d - first, width, u + first, v, w);
  for (size_t i = first; i < d; i++, v += width) {
    double factor = twice * u[i];
    IN_VECTORS for (size_t j = 0; j < width; j++) v[j] -= factor * w[j];
  }
}

/* A becomes tridiagonal: what counts of row k is a[k, k] and a[k, k + 1]. The first row of V, which no
   reflection changes, is room meanwhile. */
DISPATCHED void tridiagonalise(size_t d, size_t width, double *restrict a, double *restrict v) {
  for (size_t k = 0; k + 2 < d; k++) {
    double *u = a + k * width, diagonal = u[k], next = u[k + 1], rest = 0;
    for (size_t j = k + 2; j < d; j++) rest += u[j] * u[j];
    if (rest == 0) continue;
    double length = copysign(sqrt(next * next + rest), next);
    for (size_t j = 0; j <= k; j++) u[j] = 0;
    u[k + 1] = next + length;
    reflect(k + 1, d, width, u, u + width, v + (k + 1) * width, v);
    u[k] = diagonal;
    u[k + 1] = -length;
  }
  for (size_t j = 0; j < d; j++) v[j] = j == 0;
}

/* T's diagonal moves to the first row of A, and the squares of the entries beside it to the second. These
   become positive: rows of V change their signs. */
DISPATCHED void gather(size_t d, size_t width, double *restrict a, double *restrict v) {
  double first = a[1];
  int negative = 0;
  for (size_t k = 1; k < d; k++) a[k] = a[k * (width + 1)];
  for (size_t k = 0; k + 1 < d; k++) {
    double beside = k == 0 ? first : a[k * (width + 1) + 1], *row = v + (k + 1) * width;
    negative ^= beside < 0;
    for (size_t j = 0; negative && j < width; j++) row[j] = -row[j];
    a[width + k] = beside * beside;
  }
}

/* One step T - shift = QR, RQ + shift on the part of T from `low` to `high`, which has no zero beside the
   diagonal. gamma is c_(k-1) times R's pivot before rotation k, square the pivot's square; signs are those
   of the cosines. */
DISPATCHED void qr_step(size_t width, double *restrict diagonal, double *restrict beside,
                        double *restrict v, size_t low, size_t high) {
  double last = diagonal[high], half = (diagonal[high - 1] - last) / 2;
  double shift = last - beside[high - 1] / (half + copysign(sqrt(half * half + beside[high - 1]), half));
  double gamma = diagonal[low] - shift, square = gamma * gamma, c2 = 1, s2 = 0;
  double sign = copysign(1, gamma), sign_before = 1;
  for (size_t k = low; k < high; k++) {
    double e = beside[k], r = square + e, inverse = square > 0 ? r / square : 0, before = c2, old = gamma;
    if (k > low) beside[k - 1] = s2 * r;
    c2 = square / r;
    s2 = e / r;
    rotate(width, v + k * width, v + (k + 1) * width, copysign(sqrt(c2), sign), sqrt(s2));
    gamma = c2 * (diagonal[k + 1] - shift) - s2 * old;
    diagonal[k] = old + (diagonal[k + 1] - gamma);
    double next_sign = c2 >= DBL_MIN ? copysign(sign, gamma * sign) : -sign_before;
    square = c2 >= DBL_MIN ? gamma * gamma * inverse : before * e;
    sign_before = sign;
    sign = next_sign;
  }
  beside[high - 1] = s2 * square;
  diagonal[high] = shift + gamma;
  for (size_t j = 0; sign < 0 && j < width; j++) v[high * width + j] = -v[high * width + j];
}

/* Is the entry of T beside the diagonal in row k nothing beside the diagonal's, or beside the largest, 1?
 */
DISPATCHED int negligible(double tolerance, const double *diagonal, const double *beside, size_t k) {
  double near = fabs(diagonal[k]) + fabs(diagonal[k + 1]);
  double limit = tolerance * (near > 0x1p-10 ? near : 0x1p-10);
  return !(beside[k] > limit * limit);
}

/* Rows are `width` apart, and zero from d on. */
DISPATCHED void diagonalise(size_t d, size_t width, double tolerance, double *restrict a,
                            double *restrict v) {
  double largest = 0, *beside = a + width;
  for (size_t i = 0; i < d; i++) IN_VECTORS for (size_t j = 0; j < width; j++) {
      double size = fabs(a[i * width + j]);
      v[i * width + j] = i == j;
      largest = size > largest ? size : largest;
    }
  if (!(largest > 0) || isinf(largest) || d == 1) return;
  int exponent = ilogb(largest);
  double unit = ldexp(1, exponent > LEAST ? exponent : LEAST);
  for (size_t i = 0; i < d * width; i++) a[i] /= unit;
  tridiagonalise(d, width, a, v);
  gather(d, width, a, v);
  size_t high = d - 1;
  for (size_t steps = 0; high > 0 && steps < STEPS * d; steps++) {
    while (high > 0 && negligible(tolerance, a, beside, high - 1)) high--;
    size_t low = high;
    while (low > 0 && !negligible(tolerance, a, beside, low - 1)) low--;
    if (low < high) qr_step(width, a, beside, v, low, high);
  }
  for (size_t i = d; i-- > 0;) a[i * (width + 1)] = a[i] * unit;
}

RUN_TIME_DISPATCH
static void diagonalise_any(size_t d, double *a, double *v) {
  diagonalise(d, d, DBL_EPSILON, a, v);
}

RUN_TIME_DISPATCH
static void diagonalise_small(size_t d, double *a, double *v) {
  diagonalise(d, EIGEN_SMALL, SMALL_TOLERANCE, a, v);
}

void emblas_eigen_symmetric(size_t d, double *a, double *v) {
  diagonalise_any(d, a, v);
}

void emblas_eigen_small(size_t d, double a[EIGEN_SMALL][EIGEN_SMALL], double v[EIGEN_SMALL][EIGEN_SMALL]) {
  diagonalise_small(d, a[0], v[0]);
}
