/* SPDX-License-Identifier: MIT */
#include "../families/gaussian/covariance.h"

#include <math.h>

size_t emblas_parameter_count(enum emblas_covariance covariance, size_t components, size_t dim) {
  const struct covariance_model *model = emblas_covariance_model(covariance);
  if (model == NULL || components == 0) return 0;
  return components - 1 + components * dim + emblas_covariance_count(model, components, dim);
}

void emblas_criteria(double loglik, double hard, double total_weight, size_t parameters, double *bic,
                     double *aic, double *icl) {
  double schwarz = -2 * loglik + (double)parameters * log(total_weight);
  if (bic != NULL) *bic = schwarz;
  if (aic != NULL) *aic = -2 * loglik + 2 * (double)parameters;
  if (icl != NULL) *icl = schwarz - 2 * hard;
}
