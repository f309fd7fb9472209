/* SPDX-License-Identifier: MIT */
/* Kernels that are no table of their own. */
#ifndef EMBLAS_KERNELS_H
#define EMBLAS_KERNELS_H

#include <emblas/backend.h>

/* The softmax with a vectorised exponential (softmax.c): within 2 ulp of the reference's. */
void emblas_softmax_vector(size_t b, size_t k, double *logits, const double *weights, double *row_loglik,
                           struct emblas_block_sums *sums);

#endif
