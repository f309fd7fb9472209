/* SPDX-License-Identifier: MIT */
/* One kernel of one backend against the same kernel of another, at one size. The bounds, u = 2^-53:

   An inner product of n terms, summed in any order, fused or not, errs by at most gamma_n |x|'|y| with
   gamma_n = n u / (1 - n u) (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1);
   two such results differ by at most twice that. */
#ifndef COMPARE_H
#define COMPARE_H

#include "cases.h"
#include <emblas/backend.h>

/* What a comparison is between, and where it stands: for the message. */
struct comparison {
  const struct emblas_backend *tested, *oracle;
  struct kernel_case size;
};

void compare_logits(const struct comparison *comparison);
void compare_moments(const struct comparison *comparison);
/* Each kind of rows: see softmax.c. */
enum { SOFTMAX_KINDS = 6 };
void compare_softmax(const struct comparison *comparison, int kind);
void compare_whiten(const struct comparison *comparison, double condition);
void compare_scatter(const struct comparison *comparison, size_t stride);
/* Needs no oracle: the residual is the measure. */
void check_cholesky(const struct emblas_backend *tested, size_t d, double condition);

double gamma_bound(size_t n);
/* Fails the test unless |actual - expected| <= bound at every entry. */
void compare_arrays(const struct comparison *comparison, const char *what, size_t count,
                    const double *actual, const double *expected, const double *bound);

/* The backends to compare with the reference: every one that this build has. */
size_t other_backends(const struct emblas_backend *backends[], size_t room);

#endif
