/* SPDX-License-Identifier: MIT */
#include <emblas/emblas.h>

#include <math.h>

void emblas_criteria(double loglik, double hard, double total_weight, size_t parameters, double *bic,
                     double *aic, double *icl) {
  double schwarz = -2 * loglik + (double)parameters * log(total_weight);
  if (bic != NULL) *bic = schwarz;
  if (aic != NULL) *aic = -2 * loglik + 2 * (double)parameters;
  if (icl != NULL) *icl = schwarz - 2 * hard;
}
