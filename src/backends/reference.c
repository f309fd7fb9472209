/* SPDX-License-Identifier: MIT */
/* The specification of every kernel, as plain loops. Nothing here is clever. */
#include <emblas/backend.h>

#include <math.h>

/* L_ic = phi_ij theta_cj */
static void logits(size_t b, size_t p, size_t k, const double *phi, const double *theta, double *l) {
  for (size_t i = 0; i < b; i++)
    for (size_t c = 0; c < k; c++) {
      double sum = 0;
      for (size_t j = 0; j < p; j++) sum += phi[i * p + j] * theta[c * p + j];
      l[i * k + c] = sum;
    }
}

/* r_ic = w_i exp(l_ic) / sum_c exp(l_ic) */
static void softmax(size_t b, size_t k, double *l, const double *weights, double *row_loglik,
                    struct emblas_block_sums *sums) {
  for (size_t i = 0; i < b; i++) {
    double *row = l + i * k, weight = weights != NULL ? weights[i] : 1;
    double max = row[0], z = 0, expected = 0;
    for (size_t c = 1; c < k; c++)
      if (row[c] > max) max = row[c];
    for (size_t c = 0; c < k; c++) {
      double distance = row[c] - max, e = exp(distance);
      z += e;
      expected += e > 0 ? e * distance : 0;
      row[c] = e;
    }
    for (size_t c = 0; c < k; c++) row[c] *= weight / z;
    row_loglik[i] = max + log(z);
    sums->q += weight * (max + expected / z);
    sums->hard -= weight * log(z);
  }
}

/* S_cj += r_ic phi_ij */
static void moments(size_t b, size_t p, size_t k, const double *r, const double *phi, double *s) {
  for (size_t c = 0; c < k; c++)
    for (size_t j = 0; j < p; j++) {
      double sum = 0;
      for (size_t i = 0; i < b; i++) sum += r[i * k + c] * phi[i * p + j];
      s[c * p + j] += sum;
    }
}

/* L_jl z_il = x_ij - mean_j, forward substitution */
static void whiten(size_t b, size_t d, const double *factor, const double *mean, const double *x,
                   double *z) {
  for (size_t i = 0; i < b; i++)
    for (size_t j = 0; j < d; j++) {
      double sum = x[i * d + j] - (mean != NULL ? mean[j] : 0);
      for (size_t l = 0; l < j; l++) sum -= factor[j * d + l] * z[i * d + l];
      z[i * d + j] = sum / factor[j * d + j];
    }
}

/* m_jl += r_i x_ij x_il */
static void scatter(size_t b, size_t d, const double *r, size_t stride, const double *x, double *scratch,
                    double *m) {
  (void)scratch;
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      double sum = 0;
      for (size_t i = 0; i < b; i++) sum += r[i * stride] * x[i * d + j] * x[i * d + l];
      m[j * d + l] += sum;
    }
}

/* a_jl = L_jm L_lm */
static size_t cholesky(size_t d, double *a) {
  for (size_t j = 0; j < d; j++) {
    double pivot = a[j * d + j];
    for (size_t m = 0; m < j; m++) pivot -= a[j * d + m] * a[j * d + m];
    if (!(pivot > 0) || isinf(pivot)) return 1 + j;
    a[j * d + j] = sqrt(pivot);
    for (size_t i = j + 1; i < d; i++) {
      double sum = a[i * d + j];
      for (size_t m = 0; m < j; m++) sum -= a[i * d + m] * a[j * d + m];
      a[i * d + j] = sum / a[j * d + j];
    }
  }
  return 0;
}

static const struct emblas_backend reference = {
    .name = "reference",
    .expansion_limit = 0,
    .logits = logits,
    .softmax = softmax,
    .moments = moments,
    .whiten = whiten,
    .scatter = scatter,
    .cholesky = cholesky,
};

const struct emblas_backend *emblas_backend_reference(void) {
  return &reference;
}
