/* SPDX-License-Identifier: MIT */
/* invert and cholesky.

   Rows of K solve K L = I by substitution, which is backward stable: k_j (L + E) = e_j with |E| <= gamma_d
   |L| (Higham, theorem 8.5), a multiplication with an inverted pivot being one rounding more, so that |K L
   - I| <= gamma_{d+1} |K| |L|, however badly L is conditioned.

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

void check_invert(const struct contestant *tested, size_t d, double condition) {
  struct guarded factor = guarded_new(d * d), inverse = guarded_new(d * d);
  make_factor(d, condition, factor.values); /* its upper triangle is NaN: not to be read */
  guarded_seal(&factor);
  tested->table->invert(d, factor.values, inverse.values);
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      real residual = l == j ? -1 : 0;
      double size = 0;
      for (size_t m = l; m <= j; m++) {
        residual += (real)inverse.values[j * d + m] * factor.values[m * d + l];
        size += fabs(inverse.values[j * d + m] * factor.values[m * d + l]);
      }
      double error = fabs((double)residual), bound = gamma_bound(d + 1) * size;
      if (!(error <= bound))
        cr_assert_fail("invert of %s, d=%zu, condition %g: residual %.3g at %zu,%zu, allowed %.3g",
                       tested->label, d, condition, error, j, l, bound);
    }
  compare_finish(&factor, "invert", "the factor"), compare_finish(&inverse, "invert", "the inverse");
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
