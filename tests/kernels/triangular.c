/* SPDX-License-Identifier: MIT */
/* whiten and cholesky.

   Forward substitution is backward stable: the computed z solves (L + E) z = x - mean with |E| <= gamma_d
   |L| (Higham, theorem 8.5), and forming x - mean is one rounding more: with gamma_{d+1}, |z - z_exact| <=
   gamma_{d+1} |L^-1| |L| |z|,    so   |z1 - z2| <= gamma_{d+1} |L^-1| |L| (|z1| + |z2|).

   The Cholesky factor satisfies |L L' - A| <= gamma_{d+1} |L| |L'| (theorem 10.3), however badly A is
   conditioned. */
#include "compare.h"
#include "guarded.h"
#include "../support/generate.h"
#include "../support/real.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* A lower factor whose diagonal falls from 1 to condition^-1/2, with off-diagonals of the size of the
   columns' diagonals: L L' has about this condition number. */
static void make_factor(size_t d, double condition, double *factor) {
  struct generator generator = {21};
  for (size_t j = 0; j < d; j++) {
    for (size_t l = 0; l < d; l++) {
      double size = pow(condition, d > 1 ? -0.5 * (double)l / (double)(d - 1) : 0);
      double g = generate_gaussian(&generator) / sqrt((double)d);
      factor[j * d + l] = l > j ? NAN : l == j ? size : size * g;
    }
  }
}

/* M = |L^-1| |L|, d x d; only the lower triangles count. */
static double *condition_matrix(size_t d, const double *factor) {
  double *inverse = calloc(d * d, sizeof *inverse), *m = calloc(d * d, sizeof *m);
  for (size_t c = 0; c < d; c++)
    for (size_t j = c; j < d; j++) {
      double sum = j == c;
      for (size_t l = c; l < j; l++) sum -= factor[j * d + l] * inverse[l * d + c];
      inverse[j * d + c] = sum / factor[j * d + j];
    }
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++)
      for (size_t c = 0; c <= l; c++) m[j * d + c] += fabs(inverse[j * d + l] * factor[l * d + c]);
  free(inverse);
  return m;
}

static double *whiten_bound(size_t b, size_t d, const double *factor, const double *z1, const double *z2) {
  double *m = condition_matrix(d, factor), *bound = calloc(b * d, sizeof *bound);
  for (size_t i = 0; i < b * d; i++) {
    const double *row1 = z1 + i / d * d, *row2 = z2 + i / d * d;
    for (size_t l = 0; l <= i % d; l++) bound[i] += m[i % d * d + l] * (fabs(row1[l]) + fabs(row2[l]));
    bound[i] *= gamma_bound(d + 1);
  }
  free(m);
  return bound;
}

static void compare_whiten_once(const struct comparison *comparison, const struct guarded *factor,
                                const struct guarded *x, const double *mean, int in_place) {
  size_t b = comparison->size.b, d = comparison->size.d;
  struct guarded actual = guarded_new(b * d), expected = guarded_new(b * d);
  const double *from = x->values;
  if (in_place) {
    for (size_t i = 0; i < b * d; i++) actual.values[i] = x->values[i];
    from = actual.values;
  }
  comparison->tested->whiten(b, d, factor->values, mean, from, actual.values);
  comparison->oracle->whiten(b, d, factor->values, mean, x->values, expected.values);
  double *bound = whiten_bound(b, d, factor->values, actual.values, expected.values);
  compare_arrays(comparison, in_place ? "whiten in place" : "whiten", b * d, actual.values, expected.values,
                 bound);
  guarded_check(&actual, "whiten", "its output");
  guarded_free(&actual), guarded_free(&expected);
  free(bound);
}

void compare_whiten(const struct comparison *comparison, double condition) {
  size_t b = comparison->size.b, d = comparison->size.d;
  struct guarded factor = guarded_new(d * d), x = guarded_new(b * d), mean = guarded_new(d);
  struct generator generator = {22};
  make_factor(d, condition, factor.values);
  for (size_t i = 0; i < b * d; i++) x.values[i] = 3 + generate_gaussian(&generator);
  for (size_t j = 0; j < d; j++) mean.values[j] = 3 + generate_gaussian(&generator);
  guarded_seal(&factor), guarded_seal(&x), guarded_seal(&mean);
  for (int in_place = 0; in_place < 2; in_place++) {
    compare_whiten_once(comparison, &factor, &x, mean.values, in_place);
    compare_whiten_once(comparison, &factor, &x, NULL, in_place);
  }
  guarded_check(&factor, "whiten", "the factor");
  guarded_check(&x, "whiten", "x");
  guarded_check(&mean, "whiten", "the mean");
  guarded_free(&factor), guarded_free(&x), guarded_free(&mean);
}

/* A = L L' of such a factor; its upper triangle is NaN: not to be read. */
static struct guarded make_matrix(size_t d, double condition) {
  struct guarded a = guarded_new(d * d);
  double *factor = malloc(d * d * sizeof *factor);
  make_factor(d, condition, factor);
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      double sum = 0;
      for (size_t c = 0; c <= l; c++) sum += factor[j * d + c] * factor[l * d + c];
      a.values[j * d + l] = sum;
    }
  free(factor);
  return a;
}

static void check_residual(const struct emblas_backend *tested, size_t d, const double *a,
                           const double *factor) {
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      real residual = -(real)a[j * d + l];
      double size = 0;
      for (size_t c = 0; c <= l; c++) {
        residual += (real)factor[j * d + c] * factor[l * d + c];
        size += fabs(factor[j * d + c] * factor[l * d + c]);
      }
      double error = fabs((double)residual), bound = gamma_bound(d + 1) * size;
      if (!(error <= bound))
        cr_assert_fail("cholesky of %s, d=%zu: residual %.3g at %zu,%zu, allowed %.3g", tested->name, d,
                       error, j, l, bound);
    }
}

/* The pivot that must fail: 1 + the row of the change. */
static void check_failure(const struct emblas_backend *tested, size_t d, size_t row, size_t column,
                          double value, const char *what) {
  struct guarded a = make_matrix(d, 10);
  a.values[row * d + column] = value;
  size_t failed = tested->cholesky(d, a.values);
  cr_assert(failed == row + 1, "cholesky of %s, d=%zu: %s at %zu,%zu reported as %zu", tested->name, d,
            what, row, column, failed);
  guarded_check(&a, "cholesky", "the matrix");
  guarded_free(&a);
}

/* M M' of integers, exact in every step, with M_rr = 0: pivot r is exactly 0. */
static void check_zero_pivot(const struct emblas_backend *tested, size_t d, size_t row) {
  struct guarded a = guarded_new(d * d);
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      double sum = 0;
      for (size_t c = 0; c <= l; c++)
        sum += (c == row ? 0.0 : 1.0) * (c == j ? 1 : (double)((j + c) % 3) - 1) *
               (c == l ? 1 : (double)((l + c) % 3) - 1);
      a.values[j * d + l] = sum;
    }
  size_t failed = tested->cholesky(d, a.values);
  cr_assert(failed == row + 1, "cholesky of %s, d=%zu: pivot 0 at %zu reported as %zu", tested->name, d,
            row, failed);
  guarded_free(&a);
}

void check_cholesky(const struct emblas_backend *tested, size_t d, double condition) {
  struct guarded a = make_matrix(d, condition), factor = make_matrix(d, condition);
  size_t failed = tested->cholesky(d, factor.values);
  cr_assert(failed == 0, "cholesky of %s, d=%zu, condition %g: pivot %zu failed", tested->name, d,
            condition, failed);
  check_residual(tested, d, a.values, factor.values);
  for (size_t j = 0; j < d; j++) {
    cr_assert(factor.values[j * d + j] > 0);
    for (size_t l = j + 1; l < d; l++)
      cr_assert(isnan(factor.values[j * d + l]), "wrote the upper triangle");
  }
  guarded_check(&factor, "cholesky", "the matrix");
  guarded_free(&a), guarded_free(&factor);

  for (size_t row = 0; row < d; row++) {
    check_failure(tested, d, row, row, -1, "a negative pivot");
    check_failure(tested, d, row, row, NAN, "NaN");
    check_failure(tested, d, row, row / 2, NAN, "NaN");
    check_zero_pivot(tested, d, row);
  }
}
