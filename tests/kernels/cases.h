/* SPDX-License-Identifier: MIT */
/* The sizes at which kernels are compared (tests/kernels) and timed (benchmarks/kernels.c). */
#ifndef KERNEL_CASES_H
#define KERNEL_CASES_H

#include <stdbool.h>
#include <stddef.h>

static const size_t kernel_rows[] = {1, 2, 7, 64, 257, 1024};
static const size_t kernel_dims[] = {1, 2, 3, 5, 16, 50, 128};
static const size_t kernel_components[] = {1, 2, 3, 17, 100};
static const char *const kernel_features[] = {"full", "diag", "spherical"};

enum {
  KERNEL_ROWS = sizeof kernel_rows / sizeof *kernel_rows,
  KERNEL_DIMS = sizeof kernel_dims / sizeof *kernel_dims,
  KERNEL_COMPONENTS = sizeof kernel_components / sizeof *kernel_components,
  KERNEL_FEATURES = sizeof kernel_features / sizeof *kernel_features,
  KERNEL_SMALL = 250000, /* products: of larger cases not every variant is run */
  KERNEL_PRODUCTS = KERNEL_ROWS * KERNEL_DIMS * KERNEL_COMPONENTS * KERNEL_FEATURES
};

/* b rows, d columns, k components, p features of a kind. */
struct kernel_case {
  size_t b, d, k, p;
  const char *features;
};

/* Features of a row: [1, x, vech(xx')], [1, x, x^2], [1, x, |x|^2]. */
static inline size_t kernel_feature_count(size_t kind, size_t d) {
  const size_t counts[] = {1 + d + d * (d + 1) / 2, 1 + 2 * d, 2 + d};
  return counts[kind];
}

/* Case number index < KERNEL_PRODUCTS of logits and moments: every combination of the sizes. */
static inline struct kernel_case kernel_product_case(size_t index) {
  struct kernel_case c = {0};
  size_t kind = index % KERNEL_FEATURES;
  index /= KERNEL_FEATURES;
  c.k = kernel_components[index % KERNEL_COMPONENTS];
  index /= KERNEL_COMPONENTS;
  c.d = kernel_dims[index % KERNEL_DIMS];
  c.b = kernel_rows[index / KERNEL_DIMS];
  c.p = kernel_feature_count(kind, c.d);
  c.features = kernel_features[kind];
  return c;
}

/* Small cases are all run; of the large ones, where a second shape of the same size teaches nothing, those
   with the largest b and k: the corner of every d. */
static inline bool kernel_case_wanted(const struct kernel_case *c) {
  return c->b * c->k * c->p <= 4000000 ||
         (c->b == kernel_rows[KERNEL_ROWS - 1] && c->k == kernel_components[KERNEL_COMPONENTS - 1]);
}

#endif
