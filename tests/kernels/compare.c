/* SPDX-License-Identifier: MIT */
#include "compare.h"
#include "../support/generate.h"
#include "backends/kernels.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

double gamma_bound(size_t n) {
  double nu = (double)n * U;
  return nu / (1 - nu);
}

size_t comparison_gap(const struct comparison *comparison) {
  return comparison->stride > comparison->size.b ? 3 : 0;
}

static void fail(const struct comparison *comparison, const struct contestant *tested, const char *what,
                 size_t row, size_t column, double actual, double expected, double bound) {
  const struct kernel_case *s = &comparison->size;
  cr_assert_fail("%s of %s at b=%zu stride=%zu d=%zu k=%zu p=%zu, entry %zu,%zu: %.17g, %s has %.17g; "
                 "off by %.3g, allowed %.3g",
                 what, tested->label, s->b, comparison->stride, s->d, s->k, s->p, row, column, actual,
                 comparison->oracle.label, expected, fabs(actual - expected), bound);
}

void compare_values(const struct comparison *comparison, const struct contestant *tested, const char *what,
                    double actual, double expected, double bound) {
  if (!(fabs(actual - expected) <= bound)) fail(comparison, tested, what, 0, 0, actual, expected, bound);
}

void compare_arrays(const struct comparison *comparison, const struct contestant *tested, const char *what,
                    const struct guarded *actual, const struct guarded *expected, const double *bound) {
  for (size_t r = 0; r < actual->rows; r++)
    for (size_t i = 0; i < actual->width; i++) {
      size_t at = r * actual->stride + i;
      double a = actual->values[at], e = expected->values[at];
      if (!(fabs(a - e) <= bound[at])) fail(comparison, tested, what, r, i, a, e, bound[at]);
    }
}

size_t other_backends(struct contestant others[CONTESTANTS]) {
  static char labels[CONTESTANTS][40];
  const struct emblas_native *native;
  size_t count = 0;
  if (emblas_backend_blas() != NULL)
    others[count++] = (struct contestant){"blas", emblas_backend_blas(), 0};
  for (size_t n = 0; count < CONTESTANTS && (native = emblas_native_table(n)) != NULL; n++) {
    snprintf(labels[n], sizeof labels[n], "native, %s,", native->isa);
    others[count++] = (struct contestant){labels[n], &native->backend, 0};
  }
  return count;
}

struct guarded compare_weights(size_t b, uint64_t seed) {
  struct generator generator = {seed};
  struct guarded weights = guarded_new(b);
  for (size_t i = 0; i < b; i++) weights.values[i] = i % 5 == 3 ? 0 : 3 * generate_uniform(&generator);
  guarded_seal(&weights);
  return weights;
}

struct guarded compare_random_rows(size_t rows, size_t width, size_t stride, uint64_t seed) {
  struct generator generator = {seed};
  struct guarded array = guarded_rows(rows, width, stride);
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < width; i++) array.values[r * stride + i] = generate_gaussian(&generator);
  return array;
}

struct guarded compare_absolute(const struct guarded *array) {
  struct guarded values = guarded_copy(array);
  for (size_t r = 0; r < array->rows; r++)
    for (size_t i = 0; i < array->width; i++) {
      double *value = values.values + r * array->stride + i;
      *value = fabs(*value);
    }
  return values;
}

void compare_scale(struct guarded *array, double factor) {
  for (size_t r = 0; r < array->rows; r++)
    for (size_t i = 0; i < array->width; i++) array->values[r * array->stride + i] *= factor;
}

void compare_finish(struct guarded *array, const char *kernel, const char *name) {
  guarded_check(array, kernel, name);
  guarded_free(array);
}
