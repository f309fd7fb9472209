/* SPDX-License-Identifier: MIT */
/* eigen and qr.

   A symmetric eigensolver of orthogonal transformations is backward stable: what it computes are the exact
   eigenvalues, and nearly orthonormal vectors, of A + E with |E| <= p(d) u |A|, p a modest function (Golub,
   Van Loan, section 8.3). So are Householder's and modified Gram-Schmidt's R for each column of b (Higham,
   Accuracy and Stability of Numerical Algorithms, 2nd ed., theorems 19.4 and 19.13). p(d) = 20 d here, for
   the Frobenius norm; sums of d products in this file add gamma_d. */
#include "compare.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

static const double MODEST = 20;

/* What must not be written behind, and holds NaN before. */
static struct guarded scratch_of(size_t d) {
  return guarded_new(2 * (d + 3) * (d + 3));
}

enum { UNWANTED = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW };

/* ------------------------------------------------------------------ eigen */

static double entry(enum eigen_kind kind, size_t d, size_t j, size_t l, struct generator *generator) {
  double normal = generate_gaussian(generator);
  switch (kind) {
  case EIGEN_ANY:
    return normal;
  case EIGEN_RANK_ONE:
    return 1;
  case EIGEN_GRADED:
    return ldexp(normal, -(int)(j + l) * 60 / (int)d);
  case EIGEN_CLUSTERS:
    return (j == l ? (double)(1 + j % 3) : 0) + 1e-15 * normal;
  case EIGEN_BLOCKS:
    return j / 3 == l / 3 ? normal : 0;
  case EIGEN_ZERO:
    return 0;
  case EIGEN_HUGE:
    return 1e305 * normal;
  case EIGEN_TINY:
    return 1e-300 * normal;
  case EIGEN_KINDS:
    break;
  }
  return NAN;
}

/* The lower triangle; NaN above it. */
static struct guarded make_symmetric(enum eigen_kind kind, size_t d) {
  struct generator generator = {31 + d};
  struct guarded a = guarded_new(d * d);
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) a.values[j * d + l] = entry(kind, d, j, l, &generator);
  return a;
}

static double lower(size_t d, const double *a, size_t j, size_t l) {
  return l <= j ? a[j * d + l] : a[l * d + j];
}

/* |A v - value v| for a unit vector, A and the value having been divided by the unit. */
static double residual(size_t d, const double *a, double unit, const double *v, double value) {
  double square = 0;
  for (size_t j = 0; j < d; j++) {
    double sum = -value / unit * v[j];
    for (size_t l = 0; l < d; l++) sum += lower(d, a, j, l) / unit * v[l];
    square += sum * sum;
  }
  return sqrt(square);
}

static void check_vectors(const struct contestant *tested, size_t d, const double *a, const double *v,
                          const double *values, int kind) {
  double unit = 0, norm = 0, bound = MODEST * (double)d * U;
  for (size_t i = 0; i < d * d; i++) unit = fmax(unit, fabs(a[i])); /* fmax takes no NaN */
  unit = unit > DBL_MIN ? unit : DBL_MIN;
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l < d; l++) norm = hypot(norm, lower(d, a, j, l) / unit);
  for (size_t i = 0; i < d; i++) {
    double left = residual(d, a, unit, v + i * d, values[i]);
    cr_assert(left <= bound * norm, "eigen of %s, kind %d, d=%zu: residual %.3g of value %zu, allowed %.3g",
              tested->label, kind, d, left, i, bound * norm);
    for (size_t m = 0; m <= i; m++) {
      double product = i == m ? -1 : 0;
      for (size_t j = 0; j < d; j++) product += v[i * d + j] * v[m * d + j];
      cr_assert(fabs(product) <= bound, "eigen of %s, kind %d, d=%zu: vectors %zu, %zu: %.3g",
                tested->label, kind, d, i, m, product);
    }
  }
}

void check_eigen(const struct contestant *tested, size_t d, enum eigen_kind kind) {
  struct guarded a = make_symmetric(kind, d), v = guarded_copy(&a), values = guarded_new(d),
                 scratch = scratch_of(d);
  feclearexcept(FE_ALL_EXCEPT);
  size_t failed = tested->table->eigen(d, v.values, values.values, scratch.values);
  int raised = fetestexcept(UNWANTED);
  cr_assert(failed == 0, "eigen of %s, kind %d, d=%zu: failed", tested->label, kind, d);
  cr_assert(raised == 0, "eigen of %s, kind %d, d=%zu: raised %#x", tested->label, kind, d,
            (unsigned)raised);
  check_vectors(tested, d, a.values, v.values, values.values, kind);
  guarded_check(&v, "eigen", "the matrix");
  guarded_check(&values, "eigen", "the values");
  guarded_check(&scratch, "eigen", "the scratch");
  guarded_free(&a), guarded_free(&v), guarded_free(&values), guarded_free(&scratch);
}

void check_eigen_fails(const struct contestant *tested, size_t d, size_t row, size_t column, double value) {
  struct guarded a = make_symmetric(EIGEN_ANY, d), values = guarded_new(d), scratch = scratch_of(d);
  a.values[row * d + column] = value;
  cr_assert(tested->table->eigen(d, a.values, values.values, scratch.values) != 0,
            "eigen of %s, d=%zu: %g at %zu,%zu is no failure", tested->label, d, value, row, column);
  guarded_check(&a, "eigen", "the matrix");
  guarded_check(&values, "eigen", "the values");
  guarded_check(&scratch, "eigen", "the scratch");
  guarded_free(&a), guarded_free(&values), guarded_free(&scratch);
}

/* ------------------------------------------------------------------ qr */

/* Rows of orthonormal vectors, times deviations from 1 down to the smallest: what a covariance at the floor
   is made of. Returns the sum of the deviations' logarithms. */
static double make_rows(size_t d, double smallest, double *b) {
  struct guarded vectors = make_symmetric(EIGEN_ANY, d), values = guarded_new(d), scratch = scratch_of(d);
  double logarithms = 0;
  emblas_backend_reference()->eigen(d, vectors.values, values.values, scratch.values);
  for (size_t i = 0; i < d; i++) {
    double deviation = i < d / 3 ? 1 - (double)i / (double)d : smallest;
    logarithms += log(deviation);
    for (size_t j = 0; j < d; j++) b[i * d + j] = deviation * vectors.values[i * d + j];
  }
  guarded_free(&vectors), guarded_free(&values), guarded_free(&scratch);
  return logarithms;
}

/* L L' = b'b, each entry in units of its columns' lengths. */
static void check_product(const struct contestant *tested, size_t d, const double *b,
                          const double *factor) {
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      double difference = 0, own = 0, other = 0;
      for (size_t i = 0; i < d; i++) {
        double x = b[i * d + j], y = b[i * d + l];
        difference += x * y - factor[j * d + i] * factor[l * d + i];
        own += x * x, other += y * y;
      }
      double bound = MODEST * (double)d * U * sqrt(own * other);
      cr_assert(fabs(difference) <= bound, "qr of %s, d=%zu: off by %.3g at %zu,%zu, allowed %.3g",
                tested->label, d, difference, j, l, bound);
    }
}

/* A direction of deviation s is known to |E| / s of itself. */
void check_qr(const struct contestant *tested, size_t d, double smallest) {
  struct guarded b = guarded_new(d * d), rows = guarded_new(d * d), factor = guarded_new(d * d),
                 scratch = scratch_of(d);
  double expected = make_rows(d, smallest, b.values), actual = 0;
  make_rows(d, smallest, rows.values);
  feclearexcept(FE_ALL_EXCEPT);
  tested->table->qr(d, rows.values, factor.values, scratch.values);
  cr_assert_eq(fetestexcept(UNWANTED), 0, "qr of %s, d=%zu: floating-point exceptions", tested->label, d);
  for (size_t j = 0; j < d; j++) {
    actual += log(factor.values[j * d + j]);
    for (size_t l = j + 1; l < d; l++) cr_assert_eq(factor.values[j * d + l], 0);
  }
  check_product(tested, d, b.values, factor.values);
  double bound = (double)d * MODEST * (double)d * U / smallest;
  cr_assert(fabs(actual - expected) <= bound,
            "qr of %s, d=%zu, smallest %g: log |L| off by %.3g, allowed %.3g", tested->label, d, smallest,
            actual - expected, bound);
  guarded_check(&rows, "qr", "b");
  guarded_check(&factor, "qr", "the factor");
  guarded_check(&scratch, "qr", "the scratch");
  guarded_free(&b), guarded_free(&rows), guarded_free(&factor), guarded_free(&scratch);
}
