/* SPDX-License-Identifier: MIT */
#include "kernels.h"

/* From these dimensions on OpenBLAS's LAPACK is quicker than plain loops. */
enum { CHOLESKY = 40, EIGEN = 160, QR = 16 };

/* Who factorises, and what its BLAS's thread count is put back by. */
struct factoriser {
  const struct emblas_backend *table;
  int token;
};

static struct factoriser enter(int large) {
  const struct emblas_backend *blas = emblas_backend_blas();
  struct factoriser f = {large && blas != NULL ? blas : emblas_backend_reference(), 0};
  if (f.table->enter != NULL) f.token = f.table->enter();
  return f;
}

static void leave(struct factoriser f) {
  if (f.table->leave != NULL) f.table->leave(f.token);
}

size_t emblas_factors_cholesky(size_t d, double *a) {
  struct factoriser f = enter(d >= CHOLESKY);
  size_t failed = f.table->cholesky(d, a);
  leave(f);
  return failed;
}

size_t emblas_factors_eigen(size_t d, double *a, double *values, double *scratch) {
  struct factoriser f = enter(d >= EIGEN);
  size_t failed = f.table->eigen(d, a, values, scratch);
  leave(f);
  return failed;
}

void emblas_factors_qr(size_t d, double *b, double *factor, double *scratch) {
  struct factoriser f = enter(d >= QR);
  f.table->qr(d, b, factor, scratch);
  leave(f);
}
