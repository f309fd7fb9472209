/* SPDX-License-Identifier: MIT */
/* One kernel of several backends against the same kernel of another, at one size. The bounds, u = 2^-53:

   An inner product of n terms, summed in any order, fused or not, errs by at most gamma_n |x|'|y| with
   gamma_n = n u / (1 - n u) (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1);
   two such results differ by at most twice that. */
#ifndef COMPARE_H
#define COMPARE_H

#include "cases.h"
#include "guarded.h"
#include <emblas/backend.h>

struct contestant {
  const char *label; /* "blas", "native x86-64-v3": tables of one name may be several */
  const struct emblas_backend *table;
  double sum_error; /* of an oracle: what a step of a sum in two doubles loses, relative; else 0 */
};

/* Every backend that this build and this processor have but for the reference: blas, and native with every
   instruction set. */
enum { CONTESTANTS = 4 };
size_t other_backends(struct contestant others[CONTESTANTS]);

/* What a comparison is between, and where it stands: for the message. */
struct comparison {
  const struct contestant *tested;
  size_t count;
  struct contestant oracle;
  struct kernel_case size;
  size_t stride; /* of blocks, >= size.b */
};

/* Rows of other matrices are this much longer than their entries, where stride > b. */
size_t comparison_gap(const struct comparison *comparison);

void compare_logits(const struct comparison *comparison);
void compare_moments(const struct comparison *comparison);
void compare_diagonal_logits(const struct comparison *comparison);
void compare_diagonal_moments(const struct comparison *comparison);
void compare_quadratic_logits(const struct comparison *comparison);
void compare_quadratic_moments(const struct comparison *comparison);
/* These kernels stand in the tables of some backends alone: the others are left out. */
void compare_columns(const struct comparison *comparison);
void compare_quadratic(const struct comparison *comparison);
void compare_owned(const struct comparison *comparison);
void compare_multiply(const struct comparison *comparison);
void compare_scatter(const struct comparison *comparison);
/* Every kind of rows: see softmax.c, univariate.c. */
void compare_softmax(const struct comparison *comparison);
void compare_univariate(const struct comparison *comparison);
/* These need no oracle: the residual is the measure. */
void check_cholesky(const struct contestant *tested, size_t d, double condition);
void check_invert(const struct contestant *tested, size_t d, double condition);
enum eigen_kind {
  EIGEN_ANY,
  EIGEN_RANK_ONE,
  EIGEN_GRADED,   /* entries from 1 to 2^-120 */
  EIGEN_CLUSTERS, /* three values, each many times to within roundings */
  EIGEN_BLOCKS,
  EIGEN_ZERO,
  EIGEN_HUGE, /* sums of products overflow */
  EIGEN_TINY,
  EIGEN_KINDS
};
void check_eigen(const struct contestant *tested, size_t d, enum eigen_kind kind);
/* A value that is not finite at the lower triangle's row and column is reported. */
void check_eigen_fails(const struct contestant *tested, size_t d, size_t row, size_t column, double value);
/* smallest: of deviations of which the largest is 1. */
void check_qr(const struct contestant *tested, size_t d, double smallest);

static const double U = 0x1p-53;
double gamma_bound(size_t n);
/* Fails the test unless |actual - expected| <= bound at every entry; bound has the shape of the others. */
void compare_arrays(const struct comparison *comparison, const struct contestant *tested, const char *what,
                    const struct guarded *actual, const struct guarded *expected, const double *bound);
void compare_values(const struct comparison *comparison, const struct contestant *tested, const char *what,
                    double actual, double expected, double bound);

/* Weights of b rows, a fifth of them 0; sealed. */
struct guarded compare_weights(size_t b, uint64_t seed);

/* What statistics and sums that a kernel adds to hold before. */
static const double STATS_BEFORE = -0.75;
static const struct emblas_block_sums SUMS_BEFORE = {{-60, 0x1p-55}, 60, -6, -8};

/* Rows of normal numbers; the absolute values of an array; what there is times a factor; the last of an
   array: its guards are looked at. */
struct guarded compare_random_rows(size_t rows, size_t width, size_t stride, uint64_t seed);
struct guarded compare_absolute(const struct guarded *array);
void compare_scale(struct guarded *array, double factor);
void compare_finish(struct guarded *array, const char *kernel, const char *name);

#endif
