/* SPDX-License-Identifier: MIT */
/* Every backend against the reference at every size, and the reference against 113-bit arithmetic. */
#include "compare.h"
#include "quad_backend.h"
#include "../support/generate.h"
#include "../support/real.h"

#include <criterion/criterion.h>

/* What a pass over the sizes compares. */
typedef void visit(const struct comparison *comparison);

/* Runs a comparison of every other backend with the reference at every product size. */
static void each_product(visit *compare) {
  const struct emblas_backend *backends[4];
  size_t count = other_backends(backends, 4);
  if (count == 0) cr_skip_test("the reference backend is the only one of this build");
  for (size_t n = 0; n < count; n++)
    for (size_t i = 0; i < KERNEL_PRODUCTS; i++) {
      struct comparison comparison = {backends[n], emblas_backend_reference(), kernel_product_case(i)};
      const struct kernel_case *s = &comparison.size;
      if (kernel_case_wanted(s) && (!test_small() || s->b * s->k * s->p < 100000)) compare(&comparison);
    }
}

/* .. at every b and d, or at every b and k. */
static void each_size(const size_t *sizes, size_t count, int are_dims, visit *compare) {
  const struct emblas_backend *backends[4];
  size_t found = other_backends(backends, 4);
  if (found == 0) cr_skip_test("the reference backend is the only one of this build");
  for (size_t n = 0; n < found; n++)
    for (size_t i = 0; i < KERNEL_ROWS * count; i++) {
      size_t size = sizes[i % count];
      struct comparison comparison = {
          backends[n], emblas_backend_reference(), {.b = kernel_rows[i / count]}};
      *(are_dims ? &comparison.size.d : &comparison.size.k) = size;
      compare(&comparison);
    }
}

/* .. of the reference with 113 bits, at sizes that take no time. */
static void each_small(visit *compare) {
  SKIP_WITHOUT_REAL();
  const struct kernel_case sizes[] = {
      {1, 1, 1, 3, ""}, {7, 2, 3, 6, ""}, {64, 5, 17, 21, ""}, {257, 16, 2, 153, ""}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    compare(&(struct comparison){emblas_backend_reference(), &quad_backend, sizes[i]});
}

static void every_softmax(const struct comparison *comparison) {
  for (int kind = 0; kind < SOFTMAX_KINDS; kind++) compare_softmax(comparison, kind);
}

static void every_whiten(const struct comparison *comparison) {
  compare_whiten(comparison, 10);
  compare_whiten(comparison, 1e10);
}

static void every_scatter(const struct comparison *comparison) {
  compare_scatter(comparison, 1);
  compare_scatter(comparison, 3);
}

Test(backends_agree, logits) {
  each_product(compare_logits);
}
Test(backends_agree, moments) {
  each_product(compare_moments);
}
Test(backends_agree, softmax) {
  each_size(kernel_components, KERNEL_COMPONENTS, 0, every_softmax);
}
Test(backends_agree, whiten) {
  each_size(kernel_dims, KERNEL_DIMS, 1, every_whiten);
}
Test(backends_agree, scatter) {
  each_size(kernel_dims, KERNEL_DIMS, 1, every_scatter);
}

Test(reference_is_right, logits) {
  each_small(compare_logits);
}
Test(reference_is_right, moments) {
  each_small(compare_moments);
}
Test(reference_is_right, softmax) {
  each_small(every_softmax);
}
Test(reference_is_right, whiten) {
  each_small(every_whiten);
}
Test(reference_is_right, scatter) {
  each_small(every_scatter);
}

static void every_cholesky(const struct emblas_backend *backend) {
  for (size_t i = 0; i < KERNEL_DIMS; i++) {
    check_cholesky(backend, kernel_dims[i], 1);
    check_cholesky(backend, kernel_dims[i], 1e10);
  }
}

Test(cholesky, reference) {
  every_cholesky(emblas_backend_reference());
}

Test(cholesky, others) {
  const struct emblas_backend *backends[4];
  size_t count = other_backends(backends, 4);
  if (count == 0) cr_skip_test("the reference backend is the only one of this build");
  for (size_t n = 0; n < count; n++) every_cholesky(backends[n]);
}

Test(backends, are_found_by_name) {
  cr_assert_eq(emblas_backend_find("reference"), emblas_backend_reference());
  cr_assert_eq(emblas_backend_find("blas"), emblas_backend_blas());
  cr_assert_eq(emblas_backend_find("auto"), emblas_backend_auto());
  cr_assert_null(emblas_backend_find("abacus"));
  cr_assert_null(emblas_backend_find(""));
  cr_assert_not_null(emblas_backend_reference());
  cr_assert_str_eq(emblas_backend_reference()->name, "reference");
  cr_assert_eq(emblas_backend_auto(),
               emblas_backend_blas() ? emblas_backend_blas() : emblas_backend_reference());
  cr_assert_eq(!strcmp(emblas_backend_blas_description(), "none"), emblas_backend_blas() == NULL);
}

Test(backends, are_complete) {
  const struct emblas_backend *backends[4] = {emblas_backend_reference()};
  size_t count = 1 + other_backends(backends + 1, 3);
  for (size_t n = 0; n < count; n++) {
    const struct emblas_backend *backend = backends[n];
    cr_assert(backend->name && backend->logits && backend->softmax && backend->moments && backend->whiten &&
              backend->scatter && backend->cholesky && backend->expansion_limit >= 0);
    cr_assert_eq(!backend->enter, !backend->leave);
  }
}
