/* SPDX-License-Identifier: MIT */
/* Packed factors: the vector code beside the plain loops, and their size. */
#include "backends/kernels.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers in [-1, 1) by a linear congruence. */
static double *numbers(size_t count) {
  static uint64_t state = 1;
  double *values = malloc(count * sizeof *values);
  for (size_t i = 0; i < count; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values[i] = (double)(int64_t)state * 0x1p-63;
  }
  return values;
}

/* A z_j is a sum of d + 1 products of two, each below 2 d in size with all roundings: distances of up to d
   z_j differ by (d + 3) u of d times the square of that. What follows the last row is not touched. */
static void check_shape(size_t k, size_t d, int triangular) {
  enum { ROWS = 5, STRIDE = 3 };
  struct packed packed = emblas_packed_shape(k, d, triangular);
  size_t lanes = packed.groups * d * PACKED_LANES;
  packed.scale = numbers(lanes), packed.origin = numbers(lanes);
  packed.inverse = numbers(packed.groups * packed.steps * packed.entries);
  double *x = numbers(ROWS * (d + STRIDE)), expected[ROWS * PACKED_LANES];
  double bound = 2 * (double)(d + 3) * DBL_EPSILON * (double)(d + PACKED_TILE) * 4 * (double)(d * d);
  for (size_t set = 0; emblas_native_table(set) != NULL; set++)
    for (size_t group = 0; group < packed.groups; group++)
      for (size_t rows = 1; rows <= ROWS; rows++) {
        double actual[(ROWS + 1) * PACKED_LANES];
        for (size_t i = 0; i < (ROWS + 1) * PACKED_LANES; i++) actual[i] = 17;
        emblas_packed_distances(&packed, group, rows, x, d + STRIDE, expected);
        emblas_native_table(set)->distances(&packed, group, rows, x, d + STRIDE, actual);
        for (size_t i = 0; i < rows * PACKED_LANES; i++)
          cr_assert(fabs(actual[i] - expected[i]) <= bound, "%s, k %zu, d %zu, row %zu: %.17g, not %.17g",
                    emblas_native_table(set)->isa, k, d, i / PACKED_LANES, actual[i], expected[i]);
        for (size_t i = rows * PACKED_LANES; i < (ROWS + 1) * PACKED_LANES; i++)
          cr_assert_eq(actual[i], 17);
      }
  free(packed.scale), free(packed.origin), free(packed.inverse), free(x);
}

/* Logits differ by half of what distances differ by, and so does the logarithm of the sum of their
   exponentials, which each kernel rounds in its own way: k terms within 2 u. */
static void check_log_density(size_t k, size_t d, int triangular) {
  struct packed packed = emblas_packed_shape(k, d, triangular);
  size_t lanes = packed.groups * d * PACKED_LANES;
  packed.scale = numbers(lanes), packed.origin = numbers(lanes);
  packed.inverse = numbers(packed.groups * packed.steps * packed.entries);
  packed.constant = malloc(packed.groups * PACKED_LANES * sizeof *packed.constant);
  for (size_t i = 0; i < packed.groups * PACKED_LANES; i++) {
    size_t c = i / PACKED_LANES * packed.width + i % packed.width;
    packed.constant[i] = c < k ? -(double)c : -1e307;
  }
  double *x = numbers(d), expected[20], actual[20];
  double bound = (double)(d + 3) * DBL_EPSILON * (double)(d + PACKED_TILE) * 4 * (double)(d * d);
  bound += (double)(k + 8) * DBL_EPSILON;
  double exact = emblas_packed_log_density(&packed, k, x, expected);
  for (size_t set = 0; emblas_native_table(set) != NULL; set++) {
    actual[k] = 17;
    double density = emblas_native_table(set)->log_density(&packed, k, x, actual);
    cr_assert_eq(emblas_native_table(set)->log_density(&packed, k, x, NULL), density);
    cr_assert(fabs(density - exact) <= bound * (1 + fabs(exact)), "%s, k %zu, d %zu: %.17g, not %.17g",
              emblas_native_table(set)->isa, k, d, density, exact);
    for (size_t c = 0; c < k; c++) cr_assert(fabs(actual[c] - expected[c]) <= 2 * bound, "share %zu", c);
    cr_assert_eq(actual[k], 17);
  }
  free(packed.scale), free(packed.origin), free(packed.inverse), free(packed.constant), free(x);
}

Test(packed, kernels_agree) {
  const size_t ks[] = {1, 2, 3, 4, 7, 8, 9, 17}, ds[] = {1, 2, 3, 4, 5, 8, 16, 17, 33, 40};
  for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
    for (size_t j = 0; j < sizeof ds / sizeof *ds; j++) {
      check_shape(ks[i], ds[j], 1);
      check_shape(ks[i], ds[j], 0);
      check_log_density(ks[i], ds[j], 1);
      check_log_density(ks[i], ds[j], 0);
    }
}

/* A row has the same distances alone as among others, to the bit. */
Test(packed, a_row_alone) {
  enum { ROWS = 4, D = 11 };
  struct packed packed = emblas_packed_shape(3, D, 1);
  packed.scale = numbers(D * PACKED_LANES), packed.origin = numbers(D * PACKED_LANES);
  packed.inverse = numbers(packed.steps * packed.entries);
  double *x = numbers(ROWS * D), many[ROWS * PACKED_LANES], one[PACKED_LANES];
  emblas_packed_distances_kernel()(&packed, 0, ROWS, x, D, many);
  for (size_t i = 0; i < ROWS; i++) {
    emblas_packed_distances_kernel()(&packed, 0, 1, x + i * D, D, one);
    cr_assert(!memcmp(one, many + i * PACKED_LANES, sizeof one), "row %zu", i);
  }
  free(packed.scale), free(packed.origin), free(packed.inverse), free(x);
}

/* k d^2 doubles, and 48 d for each group of components; and no width that would need fewer steps is passed
   over. */
Test(packed, size) {
  for (size_t k = 1; k <= 40; k++)
    for (size_t d = 1; d <= 100; d++) {
      struct packed packed = emblas_packed_shape(k, d, 1);
      cr_assert_leq(packed.groups * packed.steps * packed.entries, k * d * d + 48 * d * packed.groups,
                    "k %zu, d %zu", k, d);
      cr_assert_geq(packed.groups * packed.width, k);
      cr_assert_eq(packed.tile * packed.width, PACKED_TILE);
    }
}
