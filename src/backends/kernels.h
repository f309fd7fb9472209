/* SPDX-License-Identifier: MIT */
/* What backends share beside their tables. */
#ifndef EMBLAS_KERNELS_H
#define EMBLAS_KERNELS_H

#include <emblas/backend.h>

/* y_i = exp(x_i) for x_i <= 0, 0 below -708: the exponential of native's softmax. */
void emblas_native_exp(size_t n, const double *x, double *y);

#endif
