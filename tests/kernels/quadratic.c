/* SPDX-License-Identifier: MIT */
/* columns, and the products with the features of full covariances straight from x. A feature x_j x_l is
   rounded once, so that an inner product of n terms errs by at most gamma_{n+1} of the sum of its absolute
   terms, which the oracle gives for the absolute values of the inputs. The scaling in columns is exact: one
   rounding is left, and nothing to choose, unless the rows are whitened. */
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

static void compare_product(const struct comparison *comparison, const char *name, call *run,
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
  compare_product(comparison, "quadratic_logits", call_logits, &theta, &before, 0, s->p);
}

void compare_quadratic_moments(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  struct guarded r = compare_random_rows(s->k, s->b, comparison->stride, 4),
                 before = compare_random_rows(s->k, s->p, s->p, 6);
  compare_product(comparison, "quadratic_moments", call_moments, &r, &before, 1, s->b);
}

/* Rows of the data, and where they go. x: rows one after the other, or apart; what lies between them is
   NaN, and may not show. */
struct rows {
  size_t row_stride;
  struct guarded x, factor, origin, whitener;
};

static struct guarded call_columns(const struct comparison *comparison,
                                   const struct emblas_backend *backend, const struct rows *rows,
                                   const double *whitener) {
  size_t b = comparison->size.b, d = comparison->size.d;
  struct guarded z = guarded_rows(d, b, comparison->stride);
  struct emblas_ahead ahead = {rows->x.values, rows->x.count * sizeof(double)};
  backend->columns(b, comparison->stride, d, rows->x.values, rows->row_stride, rows->factor.values,
                   rows->origin.values, whitener, ahead, z.values);
  return z;
}

/* Without a whitener: nothing. With V: y, rounded once, and a row of the product of at most d terms, which
   errs by gamma_{d+1} |V| |y|, by the oracle; two results differ by at most twice that. */
static struct guarded bound_columns(const struct comparison *comparison, const struct rows *rows,
                                    const double *whitener) {
  size_t b = comparison->size.b, d = comparison->size.d, stride = comparison->stride;
  struct guarded y = call_columns(comparison, comparison->oracle.table, rows, NULL);
  struct guarded size = compare_absolute(&y), bound = guarded_rows(d, b, stride);
  struct guarded v = compare_absolute(&rows->whitener);
  comparison->oracle.table->logits(b, stride, d, d, v.values, d, size.values, bound.values, 0);
  compare_scale(&bound, whitener != NULL ? 2 * gamma_bound(d + 2) : 0);
  guarded_free(&y), guarded_free(&size), guarded_free(&v);
  return bound;
}

static void compare_columns_by(const struct comparison *comparison, const struct rows *rows,
                               const double *whitener) {
  struct guarded bound = bound_columns(comparison, rows, whitener);
  struct guarded expected = call_columns(comparison, comparison->oracle.table, rows, whitener);
  for (size_t n = 0; n < comparison->count; n++) {
    if (comparison->tested[n].table->columns == NULL) continue;
    struct guarded z = call_columns(comparison, comparison->tested[n].table, rows, whitener);
    compare_arrays(comparison, &comparison->tested[n], "columns", &z, &expected, bound.values);
    compare_finish(&z, "columns", "z");
  }
  guarded_free(&expected), guarded_free(&bound);
}

void compare_columns(const struct comparison *comparison) {
  size_t b = comparison->size.b, d = comparison->size.d;
  struct rows rows = {.row_stride = d + comparison_gap(comparison)};
  rows.x = compare_random_rows(b, d, rows.row_stride, 7), rows.factor = guarded_new(d);
  rows.origin = compare_random_rows(1, d, d, 8), rows.whitener = compare_random_rows(d, d, d, 9);
  for (size_t j = 0; j < d; j++) {
    rows.factor.values[j] = ldexp(1, (int)(j % 7) - 3);
    for (size_t l = j + 1; l < d; l++) rows.whitener.values[j * d + l] = 0;
  }
  guarded_seal(&rows.x), guarded_seal(&rows.factor), guarded_seal(&rows.origin);
  guarded_seal(&rows.whitener);
  compare_columns_by(comparison, &rows, NULL);
  if (b * d * d <= 1 << 20) compare_columns_by(comparison, &rows, rows.whitener.values);
  compare_finish(&rows.x, "columns", "x"), compare_finish(&rows.factor, "columns", "factor");
  compare_finish(&rows.origin, "columns", "origin"), compare_finish(&rows.whitener, "columns", "whitener");
}
