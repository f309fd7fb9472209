/* SPDX-License-Identifier: MIT */
/* Mahalanobis distances, and the probability of larger ones. */
#include "distance.h"

#include <math.h>
#include <stdlib.h>

void distances_make(struct distances *distances, const struct emblas_model *model) {
  size_t k = emblas_model_components(model), dim = emblas_model_dim(model);
  *distances = (struct distances){.dim = dim,
                                  .means = emblas_model_means(model),
                                  .factors = allocate(k * dim, dim * sizeof(double)),
                                  .whitened = allocate(dim, sizeof(double))};
  for (size_t c = 0; c < k; c++) emblas_model_cholesky(model, c, distances->factors + c * dim * dim);
}

void distances_free(struct distances *distances) {
  free(distances->factors);
  free(distances->whitened);
}

double distance_to(const struct distances *distances, size_t component, const double *row) {
  size_t dim = distances->dim;
  const double *mean = distances->means + component * dim,
               *factor = distances->factors + component * dim * dim;
  double *z = distances->whitened, length = 0;
  for (size_t j = 0; j < dim; j++, factor += dim) {
    double rest = row[j] - mean[j];
    for (size_t l = 0; l < j; l++) rest -= factor[l] * z[l];
    z[j] = rest / factor[j];
    length = hypot(length, z[j]); /* its square may be beyond the range of double */
  }
  return length;
}

/* With x half the distance's square, the probability is the sum of x^s e^-x / Gamma(s + 1) over s = 0, 1,
   .. for even dim, over s = 1/2, 3/2, .. for odd dim, with s < dim / 2, and then erfc(sqrt x) besides
   (Abramowitz & Stegun 1964, 26.4.4 and 26.4.5). */
double distance_tail(size_t dim, double distance) {
  double x = distance * distance / 2, first = dim % 2 ? 0.5 : 0, sum = dim % 2 ? erfc(sqrt(x)) : 0;
  if (!(x > 0)) return 1;
  if (!isfinite(x)) return 0;
  for (double s = first; s < (double)dim / 2; s++) sum += exp(s * log(x) - x - lgamma(s + 1));
  return fmin(sum, 1);
}

double distance_limit(size_t dim, size_t rows) {
  static const double RARE = 1e-3;
  double low = 0, high = 1, probability = RARE / (double)rows;
  while (distance_tail(dim, high) >= probability) high *= 2;
  for (int i = 0; i < 60; i++) {
    double middle = (low + high) / 2;
    *(distance_tail(dim, middle) >= probability ? &low : &high) = middle;
  }
  return high;
}
