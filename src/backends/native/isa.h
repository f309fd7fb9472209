/* SPDX-License-Identifier: MIT */
/* The kernels for one instruction set. native.c includes this once for each, with
     LANES            doubles in a vector
     TARGET           the attribute that allows the instructions
     FUSED            1 if a product and a sum are one operation, with one rounding
     NAMED(name)      the name with the instruction set's suffix
   and takes the kernels by those names. */
enum {
  NAMED(LOGITS_COMPONENTS) = LANES > 2 ? 6 : 3, /* register tiles: components x vectors of rows, */
  NAMED(LOGITS_VECTORS) = LANES > 2 ? LANES / 2 : 2,
  NAMED(MOMENTS_COMPONENTS) = 3,                /* components x LANES features, */
  NAMED(DIAGONAL_COMPONENTS) = 4,               /* components x vectors of rows, */
  NAMED(SPREAD_COMPONENTS) = LANES > 4 ? 3 : 2, /* components x columns, two sums each, */
  NAMED(SPREAD_COLUMNS) = LANES > 4 ? 4 : 2,
  NAMED(INVERSE_ROWS) = LANES > 4 ? 5 : 3, /* rows of a triangle x TILE vectors of rows, */
  NAMED(MOMENTS_ROWS) = LANES > 4 ? 4 : 3, /* and rows x columns of a triangle */
  NAMED(MOMENTS_COLUMNS) = 4
};
#define LOGITS_COMPONENTS NAMED(LOGITS_COMPONENTS)
#define LOGITS_VECTORS NAMED(LOGITS_VECTORS)
#define MOMENTS_COMPONENTS NAMED(MOMENTS_COMPONENTS)
#define DIAGONAL_COMPONENTS NAMED(DIAGONAL_COMPONENTS)
#define SPREAD_COMPONENTS NAMED(SPREAD_COMPONENTS)
#define SPREAD_COLUMNS NAMED(SPREAD_COLUMNS)
#define INVERSE_ROWS NAMED(INVERSE_ROWS)
#define MOMENTS_ROWS NAMED(MOMENTS_ROWS)
#define MOMENTS_COLUMNS NAMED(MOMENTS_COLUMNS)

#include "lanes.h"
#include "exponential.h"
#include "columns.h"
#include "products.h"
#include "softmax.h"
#include "quadratic.h"
#include "owned.h"
#include "diagonal.h"
#include "univariate.h"
#include "distances.h"

TARGET static void NAMED(exp_all)(size_t n, const double *x, double *y) {
  for (size_t i = 0; i < n; i += TILE_ROWS) {
    lanes e[TILE];
    size_t rows = n - i;
    EACH_VECTOR e[t] = get(0, x + i + t * LANES, left(rows, (size_t)t * LANES), 0);
    exponentials(e, -708);
    EACH_VECTOR put(0, y + i + t * LANES, left(rows, (size_t)t * LANES), e[t]);
  }
}

TARGET static void NAMED(log_all)(size_t n, const double *x, double *y) {
  for (size_t i = 0; i < n; i += LANES) put(0, y + i, n - i, logarithm(get(0, x + i, n - i, 1)));
}

#undef LOGITS_COMPONENTS
#undef LOGITS_VECTORS
#undef MOMENTS_COMPONENTS
#undef DIAGONAL_COMPONENTS
#undef SPREAD_COMPONENTS
#undef SPREAD_COLUMNS
#undef INVERSE_ROWS
#undef MOMENTS_ROWS
#undef MOMENTS_COLUMNS
#undef lanes
#undef stored
#undef bits
#undef INLINE
#undef EACH_VECTOR
#undef TILE_ROWS
#undef splat
#undef choose
#undef greater
#undef absolute
#undef get
#undef put
#undef left
#undef sum_of_lanes
#undef largest_of_lanes
#undef sums
#undef add_exactly
#undef lanes_set
#undef compressed
#undef exponentials
#undef logarithm
