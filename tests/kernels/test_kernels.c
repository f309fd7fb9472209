/* SPDX-License-Identifier: MIT */
/* Every backend against the reference at every size, and the reference against 113-bit arithmetic. */
#include "compare.h"
#include "backends/kernels.h"
#include "quad_backend.h"
#include "../support/generate.h"
#include "../support/real.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a pass over the sizes compares. */
typedef void visit(const struct comparison *comparison);

/* Rows of blocks right behind each other, and apart. */
static void both_strides(struct comparison comparison, visit *compare) {
  const size_t gaps[] = {0, 5};
  for (size_t i = 0; i < 2; i++) {
    comparison.stride = comparison.size.b + gaps[i];
    compare(&comparison);
  }
}

static struct contestant reference(void) {
  return (struct contestant){"reference", emblas_backend_reference(), 0};
}

/* Runs a comparison of all other backends with the reference at every product size; the large ones with
   rows apart only. */
static void each_product(visit *compare) {
  struct contestant others[CONTESTANTS];
  size_t count = other_backends(others);
  if (count == 0) cr_skip_test("the reference backend is the only one of this build");
  for (size_t i = 0; i < KERNEL_PRODUCTS; i++) {
    struct comparison comparison = {others, count, reference(), kernel_product_case(i), 0};
    const struct kernel_case *s = &comparison.size;
    size_t work = s->b * s->k * s->p;
    if (!kernel_case_wanted(s) || work > (test_small() ? 100000 : 200000000)) continue;
    if (work <= KERNEL_SMALL) {
      both_strides(comparison, compare);
    } else {
      comparison.stride = s->b + 5;
      compare(&comparison);
    }
  }
}

/* .. at every b and d, or at every b and k. */
static void each_size(const size_t *sizes, size_t count, int are_dims, visit *compare) {
  struct contestant others[CONTESTANTS];
  size_t found = other_backends(others);
  if (found == 0) cr_skip_test("the reference backend is the only one of this build");
  for (size_t i = 0; i < KERNEL_ROWS * count; i++) {
    struct comparison comparison = {others, found, reference(), {.b = kernel_rows[i / count]}, 0};
    *(are_dims ? &comparison.size.d : &comparison.size.k) = sizes[i % count];
    both_strides(comparison, compare);
  }
}

static struct contestant quad(void) {
  return (struct contestant){"the oracle", &quad_backend, ldexp(1, -REAL_MANTISSA_BITS)};
}

/* .. of the reference with 113 bits, at sizes that take no time. */
static void each_small(visit *compare) {
  SKIP_WITHOUT_REAL();
  const struct kernel_case sizes[] = {
      {1, 1, 1, 3, ""}, {7, 2, 3, 6, ""}, {64, 5, 17, 21, ""}, {257, 16, 2, 153, ""}};
  struct contestant tested = reference();
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    both_strides((struct comparison){&tested, 1, quad(), sizes[i], 0}, compare);
}

Test(backends_agree, logits) {
  each_product(compare_logits);
}
/* Fewer features than any family has: a frame's one column, a panel's rest. */
static void few_features(visit *compare) {
  struct contestant others[CONTESTANTS];
  size_t count = other_backends(others);
  for (size_t i = 0; i < KERNEL_ROWS * KERNEL_COMPONENTS; i++)
    for (size_t p = 1; p <= 2; p++) {
      struct kernel_case size = {
          .b = kernel_rows[i % KERNEL_ROWS], .k = kernel_components[i / KERNEL_ROWS], .p = p};
      both_strides((struct comparison){others, count, reference(), size, 0}, compare);
    }
}

Test(backends_agree, logits_of_few_features) {
  few_features(compare_logits);
}
Test(backends_agree, moments_of_few_features) {
  few_features(compare_moments);
}

Test(backends_agree, moments) {
  each_product(compare_moments);
}
Test(backends_agree, multiply) {
  each_size((const size_t[]){1}, 1, 1, compare_multiply);
}
Test(backends_agree, softmax) {
  each_size(kernel_components, KERNEL_COMPONENTS, 0, compare_softmax);
}
Test(backends_agree, scatter) {
  each_size(kernel_dims, KERNEL_DIMS, 1, compare_scatter);
}

Test(reference_is_right, logits) {
  each_small(compare_logits);
}
Test(reference_is_right, moments) {
  each_small(compare_moments);
}
Test(reference_is_right, multiply) {
  each_small(compare_multiply);
}
Test(reference_is_right, softmax) {
  each_small(compare_softmax);
}
Test(reference_is_right, scatter) {
  each_small(compare_scatter);
}

/* The reference, too, by 113 bits. Components and columns that fill no tile, and such as leave every rest
   of one; of up to `most` products; with features of a kind. */
static void each_normals(size_t kind, size_t most, visit *compare) {
  SKIP_WITHOUT_REAL();
  const size_t rows[] = {1, 7, 45, 256}, components[] = {1, 2, 5};
  struct contestant all[1 + CONTESTANTS] = {reference()};
  size_t count = 1 + other_backends(all + 1);
  for (size_t i = 0; i < 4 * 3; i++)
    for (size_t d = 1; d <= 54; d += d < 12 ? 1 : d < 17 ? 4 : 17) {
      struct kernel_case size = {.b = rows[i % 4], .d = d, .k = components[i / 4]};
      size.p = kernel_feature_count(kind, size.d);
      if (size.b * size.k * size.p > (test_small() ? most / 25 : most)) continue;
      both_strides((struct comparison){all, count, quad(), size, 0}, compare);
    }
}

Test(full_covariances, quadratic_logits) {
  each_normals(0, 500000, compare_quadratic_logits);
}
Test(full_covariances, quadratic_moments) {
  each_normals(0, 500000, compare_quadratic_moments);
}
Test(full_covariances, quadratic) {
  each_normals(0, 40000, compare_quadratic); /* sixteen times each */
}
/* Blocks of less than a tile of rows, of whole vectors and of some more. */
Test(full_covariances, rows_that_a_component_owns) {
  SKIP_WITHOUT_REAL();
  const size_t rows[] = {7, 64, 77, 256}, columns[] = {5, 9};
  struct contestant others[CONTESTANTS];
  size_t count = other_backends(others);
  for (size_t i = 0; i < 4 * 2; i++) {
    struct kernel_case size = {.b = rows[i % 4], .d = columns[i / 4], .k = 5};
    size.p = kernel_feature_count(0, size.d);
    both_strides((struct comparison){others, count, quad(), size, 0}, compare_owned);
  }
}

Test(diagonal_covariances, diagonal_logits) {
  each_normals(1, 500000, compare_diagonal_logits);
}
Test(diagonal_covariances, diagonal_moments) {
  each_normals(1, 500000, compare_diagonal_moments);
}
Test(diagonal_covariances, diagonal_moments_of_spheres) {
  each_normals(2, 500000, compare_diagonal_moments);
}
Test(rows_of_data, columns) {
  SKIP_WITHOUT_REAL();
  struct contestant others[CONTESTANTS];
  size_t count = other_backends(others);
  for (size_t i = 0; i < KERNEL_ROWS * KERNEL_DIMS; i++) {
    struct kernel_case size = {.b = kernel_rows[i / KERNEL_DIMS], .d = kernel_dims[i % KERNEL_DIMS]};
    both_strides((struct comparison){others, count, quad(), size, 0}, compare_columns);
  }
}

/* The reference has none: by 113 bits. Rows that fill no vector, and such as leave a rest. */
Test(one_dimension, univariate) {
  SKIP_WITHOUT_REAL();
  const size_t rows[] = {1, 7, 33, 256};
  struct contestant others[CONTESTANTS];
  size_t count = other_backends(others);
  for (size_t i = 0; i < 4 * KERNEL_COMPONENTS; i++) {
    struct kernel_case size = {.b = rows[i % 4], .d = 1, .k = kernel_components[i / 4]};
    if (test_small() && size.b * size.k > 1000) continue;
    compare_univariate(&(struct comparison){others, count, quad(), size, size.b});
  }
}

Test(invert, every_backend) {
  SKIP_WITHOUT_REAL();
  struct contestant all[1 + CONTESTANTS] = {reference()};
  size_t count = 1 + other_backends(all + 1);
  for (size_t n = 0; n < count; n++)
    for (size_t i = 0; i < KERNEL_DIMS; i++) {
      check_invert(&all[n], kernel_dims[i], 10);
      check_invert(&all[n], kernel_dims[i], 1e10);
    }
}

/* The reference, blas and native: factorisations are measured by what they are to be, and native's tables
   share theirs. */
static size_t all_backends(struct contestant all[3]) {
  const char *const names[] = {"reference", "blas", "native"};
  size_t count = 0;
  for (size_t i = 0; i < 3; i++) {
    const struct emblas_backend *table = emblas_backend_find(names[i]);
    if (table != NULL) all[count++] = (struct contestant){names[i], table, 0};
  }
  return count;
}

Test(factors, cholesky) {
  struct contestant all[3];
  size_t count = all_backends(all);
  for (size_t i = 0; i < count * KERNEL_DIMS; i++) {
    check_cholesky(&all[i / KERNEL_DIMS], kernel_dims[i % KERNEL_DIMS], 1);
    check_cholesky(&all[i / KERNEL_DIMS], kernel_dims[i % KERNEL_DIMS], 1e10);
  }
}

Test(factors, eigen) {
  struct contestant all[3];
  size_t count = all_backends(all);
  for (size_t n = 0; n < count; n++)
    for (size_t d = 1; d <= 70; d += test_small() ? 23 : d < 20 ? 1 : 7)
      for (int kind = 0; kind < EIGEN_KINDS; kind++) check_eigen(&all[n], d, (enum eigen_kind)kind);
}

Test(factors, eigen_of_what_is_not_finite) {
  const double values[] = {NAN, INFINITY, -INFINITY};
  struct contestant all[3];
  size_t count = all_backends(all);
  for (size_t n = 0; n < count; n++)
    for (size_t i = 0; i < 3 * KERNEL_DIMS; i++) {
      size_t d = kernel_dims[i / 3];
      check_eigen_fails(&all[n], d, d - 1, 0, values[i % 3]);
      check_eigen_fails(&all[n], d, d / 2, d / 2, values[i % 3]);
    }
}

Test(factors, qr) {
  struct contestant all[3];
  size_t count = all_backends(all);
  for (size_t n = 0; n < count; n++)
    for (size_t d = 1; d <= 70; d += test_small() ? 23 : d < 20 ? 1 : 7) {
      check_qr(&all[n], d, 1e-6);
      check_qr(&all[n], d, 0.5);
    }
}

Test(backends, are_found_by_name) {
  cr_assert_eq(emblas_backend_find("reference"), emblas_backend_reference());
  cr_assert_eq(emblas_backend_find("blas"), emblas_backend_blas());
  cr_assert_eq(emblas_backend_find("native"), emblas_backend_native());
  cr_assert_null(emblas_backend_find("auto"));
  cr_assert_null(emblas_backend_find("abacus"));
  cr_assert_null(emblas_backend_find(""));
  cr_assert_null(emblas_backend_find(NULL));
  cr_assert_not_null(emblas_backend_reference());
  cr_assert_str_eq(emblas_backend_reference()->name, "reference");
  cr_assert_eq(!strcmp(emblas_backend_blas_description(), "none"), emblas_backend_blas() == NULL);
  cr_assert(emblas_backend_blas() != NULL || !strcmp(emblas_backend_lapack_description(), "none"));
}

/* Whatever the sizes, one that has a name; the reference where there is nothing better, and only there. */
Test(backends, one_is_chosen_for_all_sizes) {
  const size_t sizes[] = {1, 2, 3, 8, 100, 10000};
  int others = emblas_backend_blas() != NULL || emblas_backend_native() != NULL;
  for (size_t i = 0; i < 36; i++) {
    const struct emblas_backend *chosen = emblas_backend_auto(sizes[i / 6], sizes[i % 6]);
    cr_assert_eq(emblas_backend_find(chosen->name), chosen);
    cr_assert_eq(chosen == emblas_backend_reference(), !others);
    if (sizes[i % 6] <= 3 && emblas_backend_native() != NULL) /* one dimension, however many components */
      cr_assert_eq(emblas_backend_auto(1000 * sizes[i / 6], sizes[i % 6]), emblas_backend_native());
  }
}

Test(backends, are_complete) {
  struct contestant all[1 + CONTESTANTS] = {reference()};
  size_t count = 1 + other_backends(all + 1);
  for (size_t n = 0; n < count; n++) {
    const struct emblas_backend *backend = all[n].table;
    cr_assert(backend->name && backend->logits && backend->softmax && backend->moments &&
                  backend->multiply && backend->scatter && backend->cholesky && backend->invert &&
                  backend->eigen && backend->qr && backend->diagonal_logits && backend->diagonal_moments &&
                  backend->quadratic_logits && backend->quadratic_moments && backend->expansion_limit >= 0,
              "%s", all[n].label);
    cr_assert_eq(!backend->enter, !backend->leave);
  }
}

/* Every instruction set that the processor runs has a name, and nothing else has. */
Test(backends, instruction_sets_are_found_by_name) {
  const struct emblas_native *native;
  const struct emblas_backend *before = NULL;
  char name[40];
  for (size_t i = 0; (native = emblas_native_table(i)) != NULL; i++) {
    snprintf(name, sizeof name, "native-%s", native->isa);
    const struct emblas_backend *found = emblas_backend_find(name);
    cr_assert(found != NULL && found != before && strcmp(found->name, "native") == 0, "%s", name);
    before = found;
  }
  cr_assert_null(emblas_backend_find("native-"));
  cr_assert_null(emblas_backend_find("native-x86-64-v5"));
}

/* The best of native's tables is the one that runs. */
Test(backends, native_is_the_best_of_its_tables) {
  const struct emblas_native *best = emblas_native_table(0);
  cr_assert_eq(emblas_backend_native(), best != NULL ? &best->backend : NULL);
}
