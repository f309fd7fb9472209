/* SPDX-License-Identifier: MIT */
/* The specification of every kernel, as plain loops. Nothing here is clever. */
#include "kernels.h"

#include "../base/eigen.h"
#include "../base/sum.h"

#include <math.h>
#include <string.h>

/* L_ci = theta_cj phi_ji */
static void logits(size_t b, size_t stride, size_t p, size_t k, const double *theta, size_t theta_stride,
                   const double *phi, double *l, int add) {
  for (size_t c = 0; c < k; c++)
    for (size_t i = 0; i < b; i++) {
      double sum = add ? l[c * stride + i] : 0;
      for (size_t j = 0; j < p; j++) sum += theta[c * theta_stride + j] * phi[j * stride + i];
      l[c * stride + i] = sum;
    }
}

/* r_ci = w_i exp(l_ci) / sum_c exp(l_ci) */
static void softmax(size_t b, size_t stride, size_t k, double *l, const double *weights, double *row_loglik,
                    struct emblas_block_sums *sums) {
  for (size_t i = 0; i < b; i++) {
    double weight = weights != NULL ? weights[i] : 1, max = l[i], z = 0, expected = 0;
    for (size_t c = 1; c < k; c++)
      if (l[c * stride + i] > max) max = l[c * stride + i];
    for (size_t c = 0; c < k; c++) {
      double distance = l[c * stride + i] - max, e = exp(distance);
      z += e;
      expected += e > 0 ? e * distance : 0;
      l[c * stride + i] = e;
    }
    for (size_t c = 0; c < k; c++) l[c * stride + i] *= weight / z;
    double loglik = max + log(z);
    if (row_loglik != NULL) row_loglik[i] = loglik;
    sum_add(sums->loglik, weight * loglik);
    sums->magnitude += fabs(weight * loglik);
    sums->q += weight * (max + expected / z);
    sums->hard -= weight * log(z);
  }
}

/* S_cj += r_ci phi_ji */
static void moments(size_t b, size_t stride, size_t p, size_t k, const double *r, const double *phi,
                    double *s, size_t stats_stride) {
  for (size_t c = 0; c < k; c++)
    for (size_t j = 0; j < p; j++) {
      double sum = 0;
      for (size_t i = 0; i < b; i++) sum += r[c * stride + i] * phi[j * stride + i];
      s[c * stats_stride + j] += sum;
    }
}

static void multiply(size_t b, const double *x, const double *y, double *z) {
  for (size_t i = 0; i < b; i++) z[i] = x[i] * y[i];
}

/* m_jl += r_i x_ji x_li */
static void scatter(size_t b, size_t stride, size_t d, const double *r, const double *x, double *scratch,
                    double *m) {
  (void)scratch;
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      double sum = 0;
      for (size_t i = 0; i < b; i++) sum += r[i] * x[j * stride + i] * x[l * stride + i];
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

static size_t eigen(size_t d, double *a, double *values, double *scratch) {
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      if (!isfinite(a[j * d + l])) return 1;
      a[l * d + j] = a[j * d + l];
    }
  emblas_eigen_symmetric(d, a, scratch);
  for (size_t i = 0; i < d; i++) values[i] = a[i * d + i];
  memcpy(a, scratch, d * d * sizeof *a);
  return 0;
}

/* Modified Gram-Schmidt on the columns of b, a row of R = L' at a time. */
static void qr(size_t d, double *b, double *factor, double *scratch) {
  double *row = scratch;
  for (size_t j = 0; j < d; j++) {
    double norm = 0;
    for (size_t i = 0; i < d; i++) norm = hypot(norm, b[i * d + j]);
    for (size_t l = 0; l < d; l++) factor[j * d + l] = l < j ? factor[j * d + l] : 0;
    factor[j * d + j] = norm;
    for (size_t l = j + 1; l < d; l++) row[l] = 0;
    for (size_t i = 0; i < d; i++) {
      double own = norm > 0 ? b[i * d + j] / norm : 0;
      b[i * d + j] = own;
      for (size_t l = j + 1; l < d; l++) row[l] += own * b[i * d + l];
    }
    for (size_t i = 0; i < d; i++)
      for (size_t l = j + 1; l < d; l++) b[i * d + l] -= row[l] * b[i * d + j];
    for (size_t l = j + 1; l < d; l++) factor[l * d + j] = row[l];
  }
}

/* K_jl = (I_jl - K_jm L_ml) / L_ll, sum over m > l: row by row from K L = I */
static void invert(size_t d, const double *factor, double *inverse) {
  for (size_t j = 0; j < d; j++)
    for (size_t l = j + 1; l-- > 0;) {
      double sum = l == j ? 1 : 0;
      for (size_t m = l + 1; m <= j; m++) sum -= inverse[j * d + m] * factor[m * d + l];
      inverse[j * d + l] = sum / factor[l * d + l];
    }
}

/* l_ci = constant_c - sum_j ((x_ji - mean_cj) inverse_cj)^2 / 2 */
static void diagonal_logits(size_t b, size_t stride, const struct emblas_normals *normals, const double *x,
                            double *l) {
  size_t d = normals->d;
  for (size_t c = 0; c < normals->k; c++)
    for (size_t i = 0; i < b; i++) {
      double square = 0;
      for (size_t j = 0; j < d; j++) {
        double z = (x[j * stride + i] - normals->mean[c * d + j]) * normals->inverse[c * d + j];
        square += z * z;
      }
      double logit = -0.5 * square;
      l[c * stride + i] = normals->constant[c] + (logit > EMBLAS_LEAST_LOGIT ? logit : EMBLAS_LEAST_LOGIT);
    }
}

/* S_c += r_ci [1, y, y_j^2, or |y|^2], y = x_i - mean_c */
static void diagonal_moments(size_t b, size_t stride, const struct emblas_normals *normals, size_t p,
                             const double *r, const double *x, double *s) {
  size_t d = normals->d;
  for (size_t c = 0; c < normals->k; c++, s += p, r += stride) {
    for (size_t i = 0; i < b; i++) s[0] += r[i];
    for (size_t j = 0; j < d; j++) {
      double *second = s + 1 + d + (p == 1 + 2 * d ? j : 0);
      for (size_t i = 0; i < b; i++) {
        double y = x[j * stride + i] - normals->mean[c * d + j];
        s[1 + j] += r[i] * y;
        *second += r[i] * y * y;
      }
    }
  }
}

/* l_ci = constant_c - |K_c (x_i - mean_c)|^2 / 2 */
static void quadratic_logits(size_t b, size_t stride, const struct emblas_normals *normals, const double *x,
                             double *scratch, double *l) {
  size_t d = normals->d;
  for (size_t c = 0; c < normals->k; c++)
    for (size_t i = 0; i < b; i++) {
      const double *inverse = normals->inverse + c * d * d;
      double square = 0;
      for (size_t j = 0; j < d; j++) {
        double sum = 0;
        scratch[j] = x[j * stride + i] - normals->mean[c * d + j];
        for (size_t m = 0; m <= j; m++) sum += inverse[j * d + m] * scratch[m];
        square += sum * sum;
      }
      double logit = -0.5 * square;
      l[c * stride + i] = normals->constant[c] + (logit > EMBLAS_LEAST_LOGIT ? logit : EMBLAS_LEAST_LOGIT);
    }
}

/* S_c += r_ci [1, y, y_j y_l for l <= j], y = x_i - mean_c */
static void quadratic_moments(size_t b, size_t stride, const struct emblas_normals *normals,
                              const double *r, const double *x, double *scratch, double *s) {
  size_t d = normals->d;
  (void)scratch;
  for (size_t c = 0; c < normals->k; c++) {
    const double *mean = normals->mean + c * d;
    for (size_t i = 0; i < b; i++) *s += r[c * stride + i];
    s++;
    for (size_t j = 0; j < d; j++, s++)
      for (size_t i = 0; i < b; i++) *s += r[c * stride + i] * (x[j * stride + i] - mean[j]);
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l <= j; l++, s++)
        for (size_t i = 0; i < b; i++)
          *s += r[c * stride + i] * (x[j * stride + i] - mean[j]) * (x[l * stride + i] - mean[l]);
  }
}

static const struct emblas_backend reference = {
    .name = "reference",
    .expansion_limit = 0,
    .logits = logits,
    .softmax = softmax,
    .moments = moments,
    .multiply = multiply,
    .scatter = scatter,
    .cholesky = cholesky,
    .eigen = eigen,
    .qr = qr,
    .invert = invert,
    .diagonal_logits = diagonal_logits,
    .diagonal_moments = diagonal_moments,
    .quadratic_logits = quadratic_logits,
    .quadratic_moments = quadratic_moments,
};

const struct emblas_backend *emblas_backend_reference(void) {
  return &reference;
}
