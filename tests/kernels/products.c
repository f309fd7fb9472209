/* SPDX-License-Identifier: MIT */
/* logits, moments, scatter: sums of products, the latter two added to what the output holds. The bounds
   need sum |a||b|: the oracle's own kernel gives it, from the absolute values of the inputs (and of what
   the output held, one term more). */
#include "compare.h"
#include "guarded.h"
#include "../support/generate.h"

#include <math.h>
#include <stdlib.h>

static struct guarded random_input(size_t count, uint64_t seed) {
  struct generator generator = {seed};
  struct guarded array = guarded_new(count);
  for (size_t i = 0; i < count; i++) array.values[i] = generate_gaussian(&generator);
  guarded_seal(&array);
  return array;
}

static double *absolute_values(const struct guarded *array) {
  double *values = malloc(array->count * sizeof *values);
  for (size_t i = 0; i < array->count; i++) values[i] = fabs(array->values[i]);
  return values;
}

static void scale(double *values, size_t count, double factor) {
  for (size_t i = 0; i < count; i++) values[i] *= factor;
}

static void finish(const char *kernel, struct guarded *arrays, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    guarded_check(&arrays[i], kernel, names[i]);
    guarded_free(&arrays[i]);
  }
}

/* What an output that is added to holds before; in bound, its size. */
static void fill_before(struct guarded *actual, struct guarded *expected, double *bound) {
  struct generator generator = {7};
  for (size_t i = 0; i < actual->count; i++) {
    actual->values[i] = expected->values[i] = 10 * generate_gaussian(&generator);
    bound[i] = fabs(actual->values[i]);
  }
}

/* logits (b x k) and moments (k x p) are called alike. */
typedef void product_kernel(size_t, size_t, size_t, const double *, const double *, double *);

/* left and right are the inputs, length is that of the inner products; adds: to what the output holds. */
static void compare_products(const struct comparison *comparison, const char *name, product_kernel *tested,
                             product_kernel *oracle, struct guarded left, struct guarded right,
                             size_t length, size_t outputs, int adds) {
  const struct kernel_case *s = &comparison->size;
  struct guarded actual = guarded_new(outputs), expected = guarded_new(outputs);
  double *left_size = absolute_values(&left), *right_size = absolute_values(&right);
  double *bound = malloc(outputs * sizeof *bound);
  if (adds) fill_before(&actual, &expected, bound);
  oracle(s->b, s->p, s->k, left_size, right_size, bound);
  scale(bound, outputs, 2 * gamma_bound(length + 1));

  tested(s->b, s->p, s->k, left.values, right.values, actual.values);
  oracle(s->b, s->p, s->k, left.values, right.values, expected.values);
  compare_arrays(comparison, name, outputs, actual.values, expected.values, bound);
  finish(name, (struct guarded[]){left, right, actual, expected},
         (const char *const[]){"the first input", "the second input", "the output", "the oracle's output"},
         4);
  free(left_size), free(right_size), free(bound);
}

void compare_logits(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  compare_products(comparison, "logits", comparison->tested->logits, comparison->oracle->logits,
                   random_input(s->b * s->p, 1), random_input(s->k * s->p, 2), s->p, s->b * s->k, 0);
}

void compare_moments(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  compare_products(comparison, "moments", comparison->tested->moments, comparison->oracle->moments,
                   random_input(s->b * s->k, 3), random_input(s->b * s->p, 4), s->b, s->k * s->p, 1);
}

/* Weights at every stride-th entry, one in five of them 0; what lies between is NaN: not to be read. */
static struct guarded strided_weights(size_t b, size_t stride) {
  struct generator generator = {5};
  struct guarded r = guarded_new(b * stride);
  for (size_t i = 0; i < b; i++) r.values[i * stride] = i % 5 == 4 ? 0 : generate_uniform(&generator);
  guarded_seal(&r);
  return r;
}

/* Terms r x y. A backend may scale the rows by sqrt(r) first: two roots and two products, four roundings a
   term, where r x y itself has two, and the sum has b + 1 terms. So gamma_{b+5} (|m| + sum_i r_i |x_ij
   x_il|). */
void compare_scatter(const struct comparison *comparison, size_t stride) {
  size_t b = comparison->size.b, d = comparison->size.d;
  struct guarded r = strided_weights(b, stride), x = random_input(b * d, 6), scratch = guarded_new(b * d);
  struct guarded actual = guarded_new(d * d), expected = guarded_new(d * d);
  double *x_size = absolute_values(&x), *bound = malloc(d * d * sizeof *bound);
  fill_before(&actual, &expected, bound);
  comparison->oracle->scatter(b, d, r.values, stride, x_size, scratch.values, bound);
  scale(bound, d * d, 2 * gamma_bound(b + 5));
  for (size_t j = 0; j < d; j++)
    for (size_t l = j + 1; l < d; l++) bound[j * d + l] = 0; /* the upper triangle stays as it was */
  comparison->tested->scatter(b, d, r.values, stride, x.values, scratch.values, actual.values);
  guarded_check(&scratch, "scatter", "its scratch");
  comparison->oracle->scatter(b, d, r.values, stride, x.values, scratch.values, expected.values);
  compare_arrays(comparison, "scatter", d * d, actual.values, expected.values, bound);
  finish("scatter", (struct guarded[]){r, x, scratch, actual, expected},
         (const char *const[]){"r", "x", "its scratch", "its output", "the oracle's output"}, 5);
  free(x_size), free(bound);
}
