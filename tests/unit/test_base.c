/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "base/eigen.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

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
Test(eigen, reconstructs) {
  enum { D = 9 };
  double a[D * D], values[D * D], v[D * D];
  struct random random;
  emblas_random_seed(&random, 4, 0);
  for (int i = 0; i < D; i++)
    for (int j = 0; j <= i; j++)
      a[i * D + j] = a[j * D + i] = values[i * D + j] = values[j * D + i] = emblas_random_normal(&random);
  emblas_eigen_symmetric(D, values, v);
  for (int i = 0; i < D; i++)
    for (int j = 0; j < D; j++) {
      double sum = 0, identity = 0;
      for (int m = 0; m < D; m++) {
        sum += v[m * D + i] * values[m * D + m] * v[m * D + j];
        identity += v[i * D + m] * v[j * D + m];
      }
      cr_assert(fabs(sum - a[i * D + j]) < 100 * D * DBL_EPSILON);
      cr_assert(fabs(identity - (i == j)) < 100 * D * DBL_EPSILON);
    }
}
