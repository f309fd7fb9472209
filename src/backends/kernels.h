/* SPDX-License-Identifier: MIT */
/* What backends share beside their tables. */
#ifndef EMBLAS_KERNELS_H
#define EMBLAS_KERNELS_H

#include "packed.h"

#include <emblas/backend.h>

/* The least that quadratic_logits() has for -|K y|^2 / 2: a row so far out that its square overflows keeps
   a finite, if tiny, density. */
#define EMBLAS_LEAST_LOGIT (-5e299)

/* The vector code of native for one instruction set. */
struct emblas_native {
  struct emblas_backend backend;
  const char *isa;
  /* The exponential and the logarithm of its softmax. y_i = exp(x_i) for x_i <= 0, 0 below -708. */
  void (*exp)(size_t n, const double *x, double *y);
  /* y_i = log(x_i) for normal x_i > 0. */
  void (*log)(size_t n, const double *x, double *y);
  emblas_distances *distances;
  emblas_log_density *log_density;
};

/* Of the instruction sets that the processor can run, best first, number `index`; NULL past the last. The
   first is emblas_backend_native(). */
const struct emblas_native *emblas_native_table(size_t index);

/* The factorisations of native: the LAPACK of "blas" for large matrices, else the reference's loops. */
size_t emblas_factors_cholesky(size_t d, double *a);
size_t emblas_factors_eigen(size_t d, double *a, double *values, double *scratch);
void emblas_factors_qr(size_t d, double *b, double *factor, double *scratch);

#endif
