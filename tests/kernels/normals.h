/* SPDX-License-Identifier: MIT */
/* Normal components for the kernels, and what a logit of full covariances may err by. u = 2^-53: y = x -
   mean is rounded once, so that an entry z_j of K y errs by e_j = gamma_{d+1} sum_l |K_jl| |y_l|, and
   constant - |z|^2 / 2 by sum_j (|z_j| e_j + e_j^2 / 2) + gamma_{d+2} |z|^2 / 2 + u |constant| + u |logit|.
 */
#ifndef KERNEL_NORMALS_H
#define KERNEL_NORMALS_H

#include "compare.h"

/* Kinds of components: all in reach; narrow ones, of condition numbers to 1e10, far from most rows; some of
   weight 0; of densities above and below 1. */
enum normals_kind { NEAR, NARROW, ABSENT, DENSE, NORMALS_KINDS };

struct normals {
  struct guarded constant, mean, inverse; /* of the inverse, upper triangles are NaN */
  struct emblas_normals view;
};

struct normals normals_new(const struct kernel_case *size, enum normals_kind kind);
/* .. of diagonal covariances: inverse is k x d. */
struct normals normals_diagonal(const struct kernel_case *size, enum normals_kind kind);
/* Checks that the kernel changed none of it, and frees it. */
void normals_finish(struct normals *normals, const char *kernel);

/* The logit of row i of x under component c, and its error. */
double normals_logit(const struct normals *normals, size_t c, const struct guarded *x, size_t i,
                     double *error);
/* The row's features of the component: [1, y, y_j y_l for l <= j], y = x - mean. */
void normals_features(const struct normals *normals, size_t c, const struct guarded *x, size_t i,
                      double *features);

/* All at once, quadratic(), beside the oracle's; before: what the statistics hold before. */
void compare_expectation(const struct comparison *comparison, const struct guarded *x,
                         const struct normals *normals, const double *weights, double before);

/* Scratch of the kernels. */
struct guarded normals_scratch(const struct kernel_case *size);

#endif
