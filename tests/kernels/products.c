/* SPDX-License-Identifier: MIT */
/* logits, moments, scatter: sums of products, added to what the output holds. The bounds need sum |a||b|:
   the oracle's own kernel gives it, from the absolute values of the inputs (and of what the output held,
   one term more). And multiply, where nothing is left to choose. */
#include "compare.h"
#include "../support/generate.h"

#include <math.h>
#include <stdlib.h>

static struct guarded random_input(size_t rows, size_t width, size_t stride, uint64_t seed) {
  struct guarded array = compare_random_rows(rows, width, stride, seed);
  guarded_seal(&array);
  return array;
}

/* logits and moments are called alike: the coefficients (theta, r), the features, the output. `add`: to
   what the output holds, as moments always do. */
struct product {
  const char *name;
  struct guarded coefficients, features, before;
  size_t length; /* of the inner products */
  void (*call)(const struct comparison *comparison, const struct emblas_backend *backend,
               const struct guarded *coefficients, const struct guarded *features,
               const struct guarded *output, int add);
};

static void compare_product(const struct comparison *comparison, struct product *p, int add) {
  const struct emblas_backend *oracle = comparison->oracle.table;
  struct guarded left = compare_absolute(&p->coefficients), right = compare_absolute(&p->features);
  struct guarded bound = compare_absolute(&p->before), expected = guarded_copy(&p->before);
  p->call(comparison, oracle, &left, &right, &bound, add);
  compare_scale(&bound, 2 * gamma_bound(p->length + 1));
  p->call(comparison, oracle, &p->coefficients, &p->features, &expected, add);
  for (size_t n = 0; n < comparison->count; n++) {
    /* What is not added to may hold anything: a NaN shows that it is read. */
    struct guarded actual =
        add ? guarded_copy(&p->before) : guarded_rows(p->before.rows, p->before.width, p->before.stride);
    p->call(comparison, comparison->tested[n].table, &p->coefficients, &p->features, &actual, add);
    compare_arrays(comparison, &comparison->tested[n], p->name, &actual, &expected, bound.values);
    compare_finish(&actual, p->name, "its output");
  }
  compare_finish(&expected, p->name, "the oracle's output");
  guarded_free(&left), guarded_free(&right), guarded_free(&bound);
}

static void finish_product(struct product *p) {
  compare_finish(&p->coefficients, p->name, "theta or r");
  compare_finish(&p->features, p->name, "phi");
  guarded_free(&p->before);
}

static void call_logits(const struct comparison *comparison, const struct emblas_backend *backend,
                        const struct guarded *theta, const struct guarded *phi,
                        const struct guarded *logits, int add) {
  const struct kernel_case *s = &comparison->size;
  backend->logits(s->b, phi->stride, s->p, s->k, theta->values, theta->stride, phi->values, logits->values,
                  add);
}

void compare_logits(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  size_t theta_stride = s->p + comparison_gap(comparison), stride = comparison->stride;
  struct product p = {.name = "logits",
                      .coefficients = random_input(s->k, s->p, theta_stride, 1),
                      .features = random_input(s->p, s->b, stride, 2),
                      .before = compare_random_rows(s->k, s->b, stride, 3),
                      .length = s->p,
                      .call = call_logits};
  if (s->b * s->k * s->p <= KERNEL_SMALL) compare_product(comparison, &p, 0);
  compare_product(comparison, &p, 1);
  finish_product(&p);
}

static void call_moments(const struct comparison *comparison, const struct emblas_backend *backend,
                         const struct guarded *r, const struct guarded *phi, const struct guarded *stats,
                         int add) {
  const struct kernel_case *s = &comparison->size;
  (void)add;
  backend->moments(s->b, phi->stride, s->p, s->k, r->values, phi->values, stats->values, stats->stride);
}

void compare_moments(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  size_t stats_stride = s->p + comparison_gap(comparison), stride = comparison->stride;
  struct product p = {.name = "moments",
                      .coefficients = random_input(s->k, s->b, stride, 4),
                      .features = random_input(s->p, s->b, stride, 5),
                      .before = compare_random_rows(s->k, s->p, stats_stride, 6),
                      .length = s->b,
                      .call = call_moments};
  compare_product(comparison, &p, 1);
  finish_product(&p);
}

/* A product of two doubles has one right rounding. */
void compare_multiply(const struct comparison *comparison) {
  size_t b = comparison->size.b;
  struct guarded x = random_input(1, b, b, 7), y = random_input(1, b, b, 8), expected = guarded_new(b);
  struct guarded none = guarded_new(b);
  for (size_t i = 0; i < b; i++) none.values[i] = 0;
  comparison->oracle.table->multiply(b, x.values, y.values, expected.values);
  for (size_t n = 0; n < comparison->count; n++)
    for (int in_place = 0; in_place < 2; in_place++) {
      struct guarded z = in_place ? guarded_copy(&x) : guarded_new(b);
      comparison->tested[n].table->multiply(b, in_place ? z.values : x.values, y.values, z.values);
      compare_arrays(comparison, &comparison->tested[n], in_place ? "multiply in place" : "multiply", &z,
                     &expected, none.values);
      compare_finish(&z, "multiply", "z");
    }
  compare_finish(&x, "multiply", "x"), compare_finish(&y, "multiply", "y");
  guarded_free(&expected), guarded_free(&none);
}

/* Terms r x y. A backend may scale the rows by sqrt(r) first: two roots and two products, four roundings a
   term, where r x y itself has two, and the sum has b + 1 terms. So gamma_{b+5} (|m| + sum_i r_i |x_ji
   x_li|). The upper triangle stays as it was. */
void compare_scatter(const struct comparison *comparison) {
  size_t b = comparison->size.b, d = comparison->size.d, stride = comparison->stride;
  struct guarded r = compare_weights(b, 9), x = random_input(d, b, stride, 10), size = compare_absolute(&x);
  struct guarded scratch = guarded_rows(d, b, stride), before = compare_random_rows(d, d, d, 11);
  struct guarded expected = guarded_copy(&before), bound = compare_absolute(&before);
  comparison->oracle.table->scatter(b, stride, d, r.values, size.values, scratch.values, bound.values);
  comparison->oracle.table->scatter(b, stride, d, r.values, x.values, scratch.values, expected.values);
  compare_scale(&bound, 2 * gamma_bound(b + 5));
  for (size_t j = 0; j < d; j++)
    for (size_t l = j + 1; l < d; l++) bound.values[j * d + l] = 0;
  for (size_t n = 0; n < comparison->count; n++) {
    struct guarded actual = guarded_copy(&before);
    comparison->tested[n].table->scatter(b, stride, d, r.values, x.values, scratch.values, actual.values);
    compare_arrays(comparison, &comparison->tested[n], "scatter", &actual, &expected, bound.values);
    compare_finish(&actual, "scatter", "m");
  }
  compare_finish(&r, "scatter", "r"), compare_finish(&x, "scatter", "x"),
      compare_finish(&scratch, "scatter", "its scratch");
  guarded_free(&size), guarded_free(&before), guarded_free(&expected), guarded_free(&bound);
}
