/* SPDX-License-Identifier: MIT */
/* columns, and the logits and moments of normal components. A moment's term r y_j y_l errs by gamma_6, y
   being rounded once and r standing for the square of a rounded root in blas; sums of b terms, and what was
   there before, by gamma_{b+1} more, or gamma_{bd+1} where all columns go into one. With diagonal
   covariances ((x - mean) inverse)^2 errs by gamma_5, and a logit by gamma_{d+5} |z|^2 / 2 + u |logit|. The
   scaling in columns is exact: one rounding is left, and nothing to
   choose, unless the rows are whitened. */
#include "normals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The oracle is exact but for its last rounding. */
static void
compare_with(const struct comparison *comparison, const char *kernel, const struct guarded *bound,
             const struct guarded *expected, const struct guarded *before,
             void (*run)(const struct comparison *, const struct emblas_backend *, const struct normals *,
                         const struct guarded *, const struct guarded *, struct guarded *),
             const struct normals *normals, const struct guarded *r, const struct guarded *x) {
  for (size_t n = 0; n < comparison->count; n++) {
    struct guarded actual = before != NULL
                                ? guarded_copy(before)
                                : guarded_rows(expected->rows, expected->width, expected->stride);
    run(comparison, comparison->tested[n].table, normals, r, x, &actual);
    compare_arrays(comparison, &comparison->tested[n], kernel, &actual, expected, bound->values);
    compare_finish(&actual, kernel, "its output");
  }
}

static void run_logits(const struct comparison *comparison, const struct emblas_backend *backend,
                       const struct normals *normals, const struct guarded *r, const struct guarded *x,
                       struct guarded *logits) {
  struct guarded scratch = normals_scratch(&comparison->size);
  (void)r;
  backend->quadratic_logits(comparison->size.b, comparison->stride, &normals->view, x->values,
                            scratch.values, logits->values);
  compare_finish(&scratch, "quadratic_logits", "its scratch");
}

static void run_moments(const struct comparison *comparison, const struct emblas_backend *backend,
                        const struct normals *normals, const struct guarded *r, const struct guarded *x,
                        struct guarded *stats) {
  struct guarded scratch = normals_scratch(&comparison->size);
  backend->quadratic_moments(comparison->size.b, comparison->stride, &normals->view, r->values, x->values,
                             scratch.values, stats->values);
  compare_finish(&scratch, "quadratic_moments", "its scratch");
}

static void compare_logits_of(const struct comparison *comparison, enum normals_kind kind) {
  const struct kernel_case *s = &comparison->size;
  struct normals normals = normals_new(s, kind);
  struct guarded x = compare_random_rows(s->d, s->b, comparison->stride, 2);
  struct guarded bound = guarded_rows(s->k, s->b, comparison->stride);
  struct guarded expected = guarded_rows(s->k, s->b, comparison->stride);
  x.values[0] = 1e200; /* whose square overflows: the least logit */
  guarded_seal(&x);
  run_logits(comparison, comparison->oracle.table, &normals, NULL, &x, &expected);
  for (size_t c = 0; c < s->k; c++)
    for (size_t i = 0; i < s->b; i++) {
      double *error = bound.values + c * comparison->stride + i;
      normals_logit(&normals, c, &x, i, error);
      *error = i == 0 ? 0 : 1.01 * *error;
    }
  compare_with(comparison, "quadratic_logits", &bound, &expected, NULL, run_logits, &normals, NULL, &x);
  compare_finish(&x, "quadratic_logits", "x"), normals_finish(&normals, "quadratic_logits");
  guarded_free(&bound), guarded_free(&expected);
}

static void run_diagonal_logits(const struct comparison *comparison, const struct emblas_backend *backend,
                                const struct normals *normals, const struct guarded *r,
                                const struct guarded *x, struct guarded *logits) {
  (void)r;
  backend->diagonal_logits(comparison->size.b, comparison->stride, &normals->view, x->values,
                           logits->values);
}

static void run_diagonal_moments(const struct comparison *comparison, const struct emblas_backend *backend,
                                 const struct normals *normals, const struct guarded *r,
                                 const struct guarded *x, struct guarded *stats) {
  backend->diagonal_moments(comparison->size.b, comparison->stride, &normals->view, comparison->size.p,
                            r->values, x->values, stats->values);
}

static void compare_diagonal_logits_of(const struct comparison *comparison, enum normals_kind kind) {
  const struct kernel_case *s = &comparison->size;
  struct normals normals = normals_diagonal(s, kind);
  struct guarded x = compare_random_rows(s->d, s->b, comparison->stride, 2);
  struct guarded bound = guarded_rows(s->k, s->b, comparison->stride);
  struct guarded expected = guarded_rows(s->k, s->b, comparison->stride);
  x.values[0] = 1e200; /* whose square overflows: the least logit */
  guarded_seal(&x);
  run_diagonal_logits(comparison, comparison->oracle.table, &normals, NULL, &x, &expected);
  for (size_t c = 0; c < s->k; c++)
    for (size_t i = 0; i < s->b; i++) {
      size_t at = c * comparison->stride + i;
      double constant = normals.view.constant[c], logit = expected.values[at];
      double half = fabs(logit - constant) + 2 * U * (fabs(logit) + fabs(constant));
      bound.values[at] = i == 0 ? 0 : 1.01 * (gamma_bound(s->d + 5) * half + 2 * U * fabs(logit));
    }
  compare_with(comparison, "diagonal_logits", &bound, &expected, NULL, run_diagonal_logits, &normals, NULL,
               &x);
  compare_finish(&x, "diagonal_logits", "x"), normals_finish(&normals, "diagonal_logits");
  guarded_free(&bound), guarded_free(&expected);
}

void compare_diagonal_logits(const struct comparison *comparison) {
  for (int kind = 0; kind < NORMALS_KINDS; kind++) compare_diagonal_logits_of(comparison, kind);
}

/* bound: what the statistics held, absolute; becomes what they may err by. */
static void bound_diagonal_moments(const struct comparison *comparison, const struct normals *normals,
                                   const struct guarded *r, const struct guarded *x,
                                   struct guarded *bound) {
  const struct kernel_case *s = &comparison->size;
  size_t shared = s->p == 2 + s->d;
  for (size_t c = 0; c < s->k; c++) {
    double *to = bound->values + c * s->p;
    for (size_t i = 0; i < s->b; i++) {
      double share = r->values[c * comparison->stride + i];
      to[0] += share;
      for (size_t j = 0; j < s->d; j++) {
        double y = x->values[j * comparison->stride + i] - normals->view.mean[c * s->d + j];
        to[1 + j] += share * fabs(y);
        to[1 + s->d + (shared ? 0 : j)] += share * y * y;
      }
    }
    for (size_t f = 0; f < s->p; f++)
      to[f] *= 1.01 * gamma_bound((f > s->d && shared ? s->b * s->d : s->b) + 7);
  }
}

void compare_diagonal_moments(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  struct normals normals = normals_diagonal(s, NARROW);
  struct guarded x = compare_random_rows(s->d, s->b, comparison->stride, 2);
  struct guarded random = compare_random_rows(s->k, s->b, comparison->stride, 4);
  struct guarded r = compare_absolute(&random), before = compare_random_rows(s->k, s->p, s->p, 6);
  struct guarded bound = compare_absolute(&before), expected = guarded_copy(&before);
  guarded_seal(&x), guarded_seal(&r);
  bound_diagonal_moments(comparison, &normals, &r, &x, &bound);
  run_diagonal_moments(comparison, comparison->oracle.table, &normals, &r, &x, &expected);
  compare_with(comparison, "diagonal_moments", &bound, &expected, &before, run_diagonal_moments, &normals,
               &r, &x);
  compare_finish(&x, "diagonal_moments", "x"), compare_finish(&r, "diagonal_moments", "r");
  normals_finish(&normals, "diagonal_moments");
  guarded_free(&random), guarded_free(&before), guarded_free(&bound), guarded_free(&expected);
}

void compare_quadratic_logits(const struct comparison *comparison) {
  for (int kind = 0; kind < NORMALS_KINDS; kind++) compare_logits_of(comparison, kind);
}

void compare_quadratic_moments(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  struct normals normals = normals_new(s, NARROW);
  struct guarded x = compare_random_rows(s->d, s->b, comparison->stride, 2);
  struct guarded random = compare_random_rows(s->k, s->b, comparison->stride, 4);
  struct guarded r = compare_absolute(&random), before = compare_random_rows(s->k, s->p, s->p, 6);
  struct guarded bound = compare_absolute(&before), expected = guarded_copy(&before);
  double *features = malloc(s->p * sizeof *features);
  guarded_seal(&x), guarded_seal(&r);
  for (size_t c = 0; c < s->k; c++)
    for (size_t i = 0; i < s->b; i++) {
      normals_features(&normals, c, &x, i, features);
      for (size_t f = 0; f < s->p; f++)
        bound.values[c * s->p + f] += r.values[c * comparison->stride + i] * fabs(features[f]);
    }
  compare_scale(&bound, 1.01 * gamma_bound(s->b + 7));
  run_moments(comparison, comparison->oracle.table, &normals, &r, &x, &expected);
  compare_with(comparison, "quadratic_moments", &bound, &expected, &before, run_moments, &normals, &r, &x);
  compare_finish(&x, "quadratic_moments", "x"), compare_finish(&r, "quadratic_moments", "r");
  normals_finish(&normals, "quadratic_moments");
  guarded_free(&random), guarded_free(&before), guarded_free(&bound), guarded_free(&expected);
  free(features);
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
