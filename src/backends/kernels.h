/* SPDX-License-Identifier: MIT */
/* What backends share. */
#ifndef EMBLAS_KERNELS_H
#define EMBLAS_KERNELS_H

#include <emblas/backend.h>

/* One row's part in the sums of a block, with its logits l_c = max + distance_c: log_z = log sum_c
   exp(distance_c), expected = sum_c r_c distance_c. */
static inline void block_sums_add(struct emblas_block_sums *sums, double weight, double max, double log_z,
                                  double expected) {
  double loglik = max + log_z;
  sums->loglik += weight * loglik;
  sums->q += weight * (max + expected);
  sums->magnitude += weight * (loglik < 0 ? -loglik : loglik);
  sums->hard -= weight * log_z;
}

/* The softmax with a vectorised exponential (softmax.c): within 2 ulp of the reference's. */
void softmax_vector(size_t b, size_t k, double *logits, const double *weights, double *row_loglik,
                    struct emblas_block_sums *sums);

#endif
