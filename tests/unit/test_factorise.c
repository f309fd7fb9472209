/* SPDX-License-Identifier: MIT */
/* The factor of a covariance that is below the floor somewhere. */
#include "base/arena.h"
#include "families/gaussian/gaussian.h"

#include <criterion/criterion.h>
#include <math.h>

enum { D = 3, STRIDE = 8 };
static const double FLOOR = 1e-12;

static const char *const backends[] = {"reference", "blas", "native"};

/* scatter: six entries, row by row of the triangle. */
static void factorise(const char *name, const double *scatter, double *factor) {
  static const double smallest[D] = {FLOOR, FLOOR, FLOOR};
  static const unsigned char constant[D] = {0};
  struct gaussian g = emblas_gaussian_shape(EMBLAS_FULL, 1, D);
  struct gaussian_floor floor = {smallest, constant};
  struct gaussian_scratch scratch;
  struct arena arena;
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  emblas_gaussian_scratch_allocate(&g, &arena, STRIDE, &scratch);
  emblas_gaussian_factorise(&g, emblas_backend_find(name), &floor, scatter, factor, &scratch);
  emblas_arena_free(&arena);
}

/* What rounding leaves of a scatter that should be of rank one: far below the floor, far above, or both. */
Test(factorise, no_pivot_is_below_the_floor) {
  const double sizes[] = {1e-30, 1e-12, 1, 1e12, 1e34, 1e80, 1e140};
  for (size_t b = 0; b < 3; b++)
    for (size_t i = 0; i < 7 && emblas_backend_find(backends[b]) != NULL; i++)
      for (int kind = 0; kind < 3; kind++) {
        double s = sizes[i], factor[D * D];
        const double scatters[3][6] = {{0, 0, 0, 0, -s, 0}, {s, s, s, s, s, s}, {s, -s, s, 0, 0, 0}};
        factorise(backends[b], scatters[kind], factor);
        for (size_t j = 0; j < D; j++)
          cr_assert(factor[j * D + j] >= sqrt(FLOOR) * (1 - 1e-9) && isfinite(factor[j * D + j]),
                    "%s, kind %d, size %g: pivot %zu is %g", backends[b], kind, s, j, factor[j * D + j]);
      }
}

/* A covariance that is not finite has no factor, which the fit must notice. */
Test(factorise, what_is_not_finite_stays_so) {
  for (size_t b = 0; b < 3; b++) {
    double factor[D * D];
    if (emblas_backend_find(backends[b]) == NULL) continue;
    factorise(backends[b], (const double[]){1, NAN, 1, 0, 0, 1}, factor);
    cr_assert(isnan(factor[0]), "%s: %g", backends[b], factor[0]);
  }
}
