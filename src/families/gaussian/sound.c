/* SPDX-License-Identifier: MIT */
/* Components that stand on next to nothing. */
#include "gaussian.h"

/* No eigenvalue of L L' is below the variance when L L' less the variance on its diagonal has a Cholesky
   factor. Columns without spread are left out. */
static int narrow_full(size_t d, const struct emblas_backend *backend, const struct gaussian_floor *floor,
                       double variance, const double *factor, double *a) {
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      int constant = floor->constant[j] || floor->constant[l];
      double sum = l < j ? 0 : constant ? 1 : -variance;
      for (size_t m = 0; m <= l && !constant; m++) sum += factor[j * d + m] * factor[l * d + m];
      a[j * d + l] = sum;
    }
  return backend->cholesky(d, a) != 0;
}

int emblas_gaussian_narrow(const struct gaussian *g, const struct emblas_backend *backend,
                           const struct gaussian_floor *floor, double times, const double *factor,
                           struct gaussian_scratch *scratch) {
  if (g->geometry == GEOMETRY_FULL)
    return narrow_full(g->d, backend, floor, times * floor->variance[0], factor, scratch->matrix);
  for (size_t j = 0; j < g->f; j++) {
    int constant = g->geometry == GEOMETRY_DIAG && floor->constant[j];
    if (!constant && factor[j] * factor[j] < times * floor->variance[j]) return 1;
  }
  return 0;
}
