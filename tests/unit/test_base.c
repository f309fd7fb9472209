/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "base/eigen.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

Test(arena, sizes_that_overflow_are_refused) {
  struct arena arena;
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  cr_assert_null(emblas_arena_doubles(&arena, SIZE_MAX / 4, 4));
  cr_assert_eq(arena.status, EMBLAS_ERROR_SIZE);
  cr_assert_null(emblas_arena_doubles(&arena, 1, 1)); /* the failure sticks */
  emblas_arena_free(&arena);
}

Test(arena, arrays_are_apart_and_aligned) {
  struct arena arena;
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  double *a = emblas_arena_doubles(&arena, 3, 5), *b = emblas_arena_doubles(&arena, 1, 7);
  for (int i = 0; i < 15; i++) a[i] = 1;
  for (int i = 0; i < 7; i++) b[i] = 2;
  for (int i = 0; i < 15; i++) cr_assert_eq(a[i], 1);
  cr_assert_eq((uintptr_t)a % 64, 0u);
  cr_assert_eq((uintptr_t)b % 64, 0u);
  emblas_arena_free(&arena);
}

/* Streams differ, repeat, and have the moments of what they claim: the mean of n draws is within 5 standard
   errors. */
Test(random, streams_and_moments) {
  enum { N = 200000 };
  struct random a, b, c;
  double uniform = 0, normal = 0, square = 0;
  emblas_random_seed(&a, 1, 0);
  emblas_random_seed(&b, 1, 1);
  emblas_random_seed(&c, 1, 0);
  cr_assert_neq(emblas_random_next(&a), emblas_random_next(&b));
  emblas_random_next(&c);
  for (int i = 0; i < N; i++) {
    double u = emblas_random_uniform(&a), z = emblas_random_normal(&b);
    cr_assert(u >= 0 && u < 1);
    cr_assert_eq(u, emblas_random_uniform(&c));
    uniform += u / N;
    normal += z / N;
    square += z * z / N;
  }
  cr_assert(fabs(uniform - 0.5) < 5 * sqrt(1.0 / 12 / N));
  cr_assert(fabs(normal) < 5 * sqrt(1.0 / N));
  cr_assert(fabs(square - 1) < 5 * sqrt(2.0 / N));
}

/* V diag(l) V' = A and V V' = I, to a small multiple of d eps |A|. */
static void check_eigen(const char *what, size_t d, const double *a, double size) {
  double values[100], v[100], bound = 100 * (double)d * DBL_EPSILON;
  memcpy(values, a, d * d * sizeof *a);
  emblas_eigen_symmetric(d, values, v);
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++) {
      double sum = 0, identity = 0;
      for (size_t m = 0; m < d; m++) {
        sum += v[m * d + i] * (values[m * d + m] / size) * v[m * d + j];
        identity += v[i * d + m] * v[j * d + m];
      }
      cr_assert(fabs(sum - a[i * d + j] / size) < bound, "%s, d = %zu: %g", what, d, sum);
      cr_assert(fabs(identity - (i == j)) < bound, "%s, d = %zu: %g", what, d, identity);
    }
}

/* The quick one, in rows of fixed length, to its 2^-26. */
static void check_small(const char *what, size_t d, const double *a) {
  double values[EIGEN_SMALL][EIGEN_SMALL] = {{0}}, v[EIGEN_SMALL][EIGEN_SMALL];
  for (size_t i = 0; i < d; i++) memcpy(values[i], a + i * d, d * sizeof *a);
  emblas_eigen_small(d, values, v);
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++) {
      double sum = 0, identity = 0;
      for (size_t m = 0; m < d; m++) {
        sum += v[m][i] * values[m][m] * v[m][j];
        identity += v[i][m] * v[j][m];
      }
      cr_assert(fabs(sum - a[i * d + j]) < (double)d * 0x1p-25, "%s, d = %zu: %g", what, d, sum);
      cr_assert(fabs(identity - (i == j)) < 100 * (double)d * DBL_EPSILON, "%s, d = %zu", what, d);
    }
}

Test(eigen, reconstructs) {
  double any[100], one[100], far[100], split[100] = {0}, blocks[100];
  struct random random;
  emblas_random_seed(&random, 4, 0);
  for (size_t d = 1; d <= 10; d++) {
    const double sizes[] = {1, 1e-290, 1e-150, 1e150, 1e307};
    for (size_t i = 0; i < d; i++)
      for (size_t j = 0; j <= i; j++) {
        any[i * d + j] = any[j * d + i] = emblas_random_normal(&random);
        one[i * d + j] = one[j * d + i] = 1; /* rank one: d - 1 eigenvalues are 0 */
        far[i * d + j] = far[j * d + i] = ldexp(any[i * d + j], -8 * (int)(i + j)); /* graded */
        split[i * d + j] = split[j * d + i] = i == j ? (double)(i % 2) : 0;
        blocks[i * d + j] = blocks[j * d + i] = i / 3 == j / 3 ? any[i * d + j] : 0;
      }
    check_eigen("rank one", d, one, 1);
    check_small("rank one", d, one);
    check_eigen("graded", d, far, 1);
    check_small("graded", d, far);
    check_eigen("diagonal, repeated", d, split, 1);
    check_small("diagonal, repeated", d, split);
    check_eigen("blocks", d, blocks, 1);
    check_small("blocks", d, blocks);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      double scaled[100];
      for (size_t i = 0; i < d * d; i++) scaled[i] = sizes[s] * any[i];
      check_eigen("any", d, scaled, sizes[s]);
    }
  }
}
