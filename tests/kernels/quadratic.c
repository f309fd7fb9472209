/* SPDX-License-Identifier: MIT */
/* columns, and the products with the features of full covariances straight from x. A feature x_j x_l is
   rounded once, so that an inner product of n terms errs by at most gamma_{n+1} of the sum of its absolute
   terms, which the oracle gives for the absolute values of the inputs. The scaling in columns is exact: one
   rounding is left, and nothing to choose. */
#include "compare.h"

#include <math.h>
#include <string.h>

/* left: theta or r; x; the output, which moments are added to. */
typedef void call(const struct comparison *comparison, const struct emblas_backend *backend,
                  const struct guarded *left, const struct guarded *x, const struct guarded *output);

static void call_logits(const struct comparison *comparison, const struct emblas_backend *backend,
                        const struct guarded *theta, const struct guarded *x,
                        const struct guarded *logits) {
  const struct kernel_case *s = &comparison->size;
  backend->quadratic_logits(s->b, comparison->stride, s->d, s->k, theta->values, x->values, logits->values);
}

static void call_moments(const struct comparison *comparison, const struct emblas_backend *backend,
                         const struct guarded *r, const struct guarded *x, const struct guarded *stats) {
  const struct kernel_case *s = &comparison->size;
  struct guarded scratch = guarded_rows(9, s->b, comparison->stride);
  backend->quadratic_moments(s->b, comparison->stride, s->d, s->k, r->values, x->values, scratch.values,
                             stats->values);
  compare_finish(&scratch, "quadratic_moments", "its scratch");
}

static void compare_quadratic(const struct comparison *comparison, const char *name, call *run,
                              struct guarded *left, struct guarded *before, int add, size_t terms) {
  const struct kernel_case *s = &comparison->size;
  struct guarded x = compare_random_rows(s->d, s->b, comparison->stride, 2), size = compare_absolute(&x);
  struct guarded left_size = compare_absolute(left), expected = guarded_copy(before);
  struct guarded bound = compare_absolute(before);
  guarded_seal(&x), guarded_seal(left);
  run(comparison, comparison->oracle.table, &left_size, &size, &bound);
  compare_scale(&bound, 2 * gamma_bound(terms + 2));
  run(comparison, comparison->oracle.table, left, &x, &expected);
  for (size_t n = 0; n < comparison->count; n++) {
    if (comparison->tested[n].table->quadratic_logits == NULL) continue;
    struct guarded actual =
        add ? guarded_copy(before) : guarded_rows(before->rows, before->width, before->stride);
    run(comparison, comparison->tested[n].table, left, &x, &actual);
    compare_arrays(comparison, &comparison->tested[n], name, &actual, &expected, bound.values);
    compare_finish(&actual, name, "its output");
  }
  compare_finish(&x, name, "x"), compare_finish(left, name, "theta or r");
  guarded_free(&size), guarded_free(&left_size), guarded_free(&expected), guarded_free(&bound);
  guarded_free(before);
}

void compare_quadratic_logits(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  struct guarded theta = compare_random_rows(s->k, s->p, s->p, 1);
  struct guarded before = compare_random_rows(s->k, s->b, comparison->stride, 3);
  compare_quadratic(comparison, "quadratic_logits", call_logits, &theta, &before, 0, s->p);
}

void compare_quadratic_moments(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  struct guarded r = compare_random_rows(s->k, s->b, comparison->stride, 4),
                 before = compare_random_rows(s->k, s->p, s->p, 6);
  compare_quadratic(comparison, "quadratic_moments", call_moments, &r, &before, 1, s->b);
}

/* x: rows one after the other, or apart; what lies between them is NaN, and may not show. */
void compare_columns(const struct comparison *comparison) {
  size_t b = comparison->size.b, d = comparison->size.d, stride = comparison->stride;
  size_t row_stride = d + comparison_gap(comparison);
  struct guarded x = compare_random_rows(b, d, row_stride, 7), factor = guarded_new(d);
  struct guarded origin = compare_random_rows(1, d, d, 8), expected = guarded_rows(d, b, stride);
  struct guarded none = guarded_rows(d, b, stride);
  for (size_t j = 0; j < d; j++) {
    factor.values[j] = ldexp(1, (int)(j % 7) - 3);
    for (size_t i = 0; i < b; i++) none.values[j * stride + i] = 0;
  }
  guarded_seal(&x), guarded_seal(&factor), guarded_seal(&origin);
  comparison->oracle.table->columns(b, stride, d, x.values, row_stride, factor.values, origin.values,
                                    expected.values);
  for (size_t n = 0; n < comparison->count; n++) {
    if (comparison->tested[n].table->columns == NULL) continue;
    struct guarded z = guarded_rows(d, b, stride);
    comparison->tested[n].table->columns(b, stride, d, x.values, row_stride, factor.values, origin.values,
                                         z.values);
    compare_arrays(comparison, &comparison->tested[n], "columns", &z, &expected, none.values);
    compare_finish(&z, "columns", "z");
  }
  compare_finish(&x, "columns", "x"), compare_finish(&factor, "columns", "factor"),
      compare_finish(&origin, "columns", "origin");
  guarded_free(&expected), guarded_free(&none);
}
