/* SPDX-License-Identifier: MIT */
/* whiten and cholesky.

   Forward substitution is backward stable: the computed z solves (L + E) z = x - mean with |E| <= gamma_d
   |L| (Higham, theorem 8.5), and forming x - mean is one rounding more: with gamma_{d+1}, |z - z_exact| <=
   gamma_{d+1} |L^-1| |L| |z|,    so   |z1 - z2| <= gamma_{d+1} |L^-1| |L| (|z1| + |z2|).

   The Cholesky factor satisfies |L L' - A| <= gamma_{d+1} |L| |L'| (theorem 10.3), however badly A is
   conditioned. */
#include "compare.h"
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

static struct guarded whiten_bound(const struct guarded *z1, const struct guarded *z2, size_t d,
                                   const double *condition) {
  size_t b = z1->width, stride = z1->stride;
  struct guarded bound = guarded_copy(z1);
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < b; i++) {
      double sum = 0;
      for (size_t l = 0; l <= j; l++)
        sum += condition[j * d + l] * (fabs(z1->values[l * stride + i]) + fabs(z2->values[l * stride + i]));
      bound.values[j * stride + i] = gamma_bound(d + 1) * sum;
    }
  return bound;
}

/* mean: d entries or NULL. */
static void compare_whiten_once(const struct comparison *comparison, const double *factor,
                                const double *condition, const struct guarded *x, const double *mean) {
  size_t b = comparison->size.b, d = comparison->size.d, stride = comparison->stride;
  struct guarded expected = guarded_rows(d, b, stride);
  comparison->oracle.table->whiten(b, stride, d, factor, mean, x->values, expected.values);
  for (size_t n = 0; n < comparison->count; n++)
    for (int in_place = 0; in_place < 2; in_place++) {
      struct guarded actual = in_place ? guarded_copy(x) : guarded_rows(d, b, stride);
      comparison->tested[n].table->whiten(b, stride, d, factor, mean, in_place ? actual.values : x->values,
                                          actual.values);
      struct guarded bound = whiten_bound(&actual, &expected, d, condition);
      compare_arrays(comparison, &comparison->tested[n], in_place ? "whiten in place" : "whiten", &actual,
                     &expected, bound.values);
      guarded_check(&actual, "whiten", "its output");
      guarded_free(&actual), guarded_free(&bound);
    }
  guarded_free(&expected);
}

static void compare_whiten_with(const struct comparison *comparison, double condition) {
  size_t b = comparison->size.b, d = comparison->size.d, stride = comparison->stride;
  struct guarded factor = guarded_new(d * d), x = guarded_rows(d, b, stride), mean = guarded_new(d);
  struct generator generator = {22};
  make_factor(d, condition, factor.values);
  for (size_t j = 0; j < d; j++) {
    for (size_t i = 0; i < b; i++) x.values[j * stride + i] = 3 + generate_gaussian(&generator);
    mean.values[j] = 3 + generate_gaussian(&generator);
  }
  guarded_seal(&factor), guarded_seal(&x), guarded_seal(&mean);
  double *matrix = condition_matrix(d, factor.values);
  compare_whiten_once(comparison, factor.values, matrix, &x, mean.values);
  compare_whiten_once(comparison, factor.values, matrix, &x, NULL);
  guarded_check(&factor, "whiten", "the factor");
  guarded_check(&x, "whiten", "x");
  guarded_check(&mean, "whiten", "the mean");
  guarded_free(&factor), guarded_free(&x), guarded_free(&mean);
  free(matrix);
}

void compare_whiten(const struct comparison *comparison) {
  compare_whiten_with(comparison, 10);
  compare_whiten_with(comparison, 1e10);
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

static void check_residual(const struct contestant *tested, size_t d, const double *a,
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
        cr_assert_fail("cholesky of %s, d=%zu: residual %.3g at %zu,%zu, allowed %.3g", tested->label, d,
                       error, j, l, bound);
    }
}

/* The pivot that must fail: 1 + the row of the change. */
static void check_failure(const struct contestant *tested, size_t d, size_t row, size_t column,
                          double value, const char *what) {
  struct guarded a = make_matrix(d, 10);
  a.values[row * d + column] = value;
  size_t failed = tested->table->cholesky(d, a.values);
  cr_assert(failed == row + 1, "cholesky of %s, d=%zu: %s at %zu,%zu reported as %zu", tested->label, d,
            what, row, column, failed);
  guarded_check(&a, "cholesky", "the matrix");
  guarded_free(&a);
}

/* M M' of integers, exact in every step, with M_rr = 0: pivot r is exactly 0. */
static void check_zero_pivot(const struct contestant *tested, size_t d, size_t row) {
  struct guarded a = guarded_new(d * d);
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      double sum = 0;
      for (size_t c = 0; c <= l; c++)
        sum += (c == row ? 0.0 : 1.0) * (c == j ? 1 : (double)((j + c) % 3) - 1) *
               (c == l ? 1 : (double)((l + c) % 3) - 1);
      a.values[j * d + l] = sum;
    }
  size_t failed = tested->table->cholesky(d, a.values);
  cr_assert(failed == row + 1, "cholesky of %s, d=%zu: pivot 0 at %zu reported as %zu", tested->label, d,
            row, failed);
  guarded_free(&a);
}

void check_cholesky(const struct contestant *tested, size_t d, double condition) {
  struct guarded a = make_matrix(d, condition), factor = make_matrix(d, condition);
  size_t failed = tested->table->cholesky(d, factor.values);
  cr_assert(failed == 0, "cholesky of %s, d=%zu, condition %g: pivot %zu failed", tested->label, d,
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
