/* SPDX-License-Identifier: MIT */
#include "quad_backend.h"
#include "../support/real.h"

#include <stdlib.h>

/* A sum in two doubles. */
static void put_pair(double *pair, real sum) {
  pair[0] = (double)sum;
  pair[1] = (double)(sum - pair[0]);
}

static void quad_logits(size_t b, size_t stride, size_t p, size_t k, const double *theta,
                        size_t theta_stride, const double *phi, double *logits, int add) {
  for (size_t c = 0; c < k; c++)
    for (size_t i = 0; i < b; i++) {
      real sum = add ? logits[c * stride + i] : 0;
      for (size_t j = 0; j < p; j++) sum += (real)theta[c * theta_stride + j] * phi[j * stride + i];
      logits[c * stride + i] = (double)sum;
    }
}

static void quad_softmax(size_t b, size_t stride, size_t k, double *logits, const double *weights,
                         double *row_loglik, struct emblas_block_sums *sums) {
  real loglik = (real)sums->loglik[0] + sums->loglik[1], magnitude = sums->magnitude;
  real q = sums->q, hard = sums->hard;
  for (size_t i = 0; i < b; i++) {
    double *l = logits + i, max = l[0];
    real w = weights ? weights[i] : 1, z = 0, row_q = 0;
    for (size_t c = 1; c < k; c++) max = l[c * stride] > max ? l[c * stride] : max;
    for (size_t c = 0; c < k; c++) z += real_exp((real)l[c * stride] - max);
    for (size_t c = 0; c < k; c++) {
      real r = real_exp((real)l[c * stride] - max) / z;
      row_q += r * l[c * stride];
      l[c * stride] = (double)(w * r);
    }
    real row = max + real_log(z);
    if (row_loglik) row_loglik[i] = (double)row;
    loglik += w * row, magnitude += real_abs(w * row), q += w * row_q, hard -= w * real_log(z);
  }
  sums->magnitude = (double)magnitude, sums->q = (double)q, sums->hard = (double)hard;
  put_pair(sums->loglik, loglik);
}

static void quad_moments(size_t b, size_t stride, size_t p, size_t k, const double *r, const double *phi,
                         double *stats, size_t stats_stride) {
  for (size_t c = 0; c < k; c++)
    for (size_t j = 0; j < p; j++) {
      real sum = stats[c * stats_stride + j];
      for (size_t i = 0; i < b; i++) sum += (real)r[c * stride + i] * phi[j * stride + i];
      stats[c * stats_stride + j] = (double)sum;
    }
}

static void quad_multiply(size_t b, const double *x, const double *y, double *z) {
  for (size_t i = 0; i < b; i++) z[i] = (double)((real)x[i] * y[i]);
}

static void quad_scatter(size_t b, size_t stride, size_t d, const double *r, const double *x,
                         double *scratch, double *m) {
  (void)scratch;
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      real sum = m[j * d + l];
      for (size_t i = 0; i < b; i++) sum += (real)r[i] * x[j * stride + i] * x[l * stride + i];
      m[j * d + l] = (double)sum;
    }
}

static real half_square(real square) {
  return square < (real)1e300 ? -square / 2 : -(real)5e299;
}

static real quad_logit(size_t stride, const struct emblas_normals *n, size_t c, const double *x, size_t i) {
  const double *mean = n->mean + c * n->d, *inverse = n->inverse + c * n->d * n->d;
  real square = 0;
  for (size_t j = 0; j < n->d; j++) {
    real sum = 0;
    for (size_t l = 0; l <= j; l++) sum += inverse[j * n->d + l] * ((real)x[l * stride + i] - mean[l]);
    square += sum * sum;
  }
  return n->constant[c] + half_square(square);
}

/* [1, y, y_j y_l for l <= j] of row i, y = x - mean. */
static void quad_features(size_t stride, const struct emblas_normals *n, size_t c, const double *x,
                          size_t i, real *phi) {
  const double *mean = n->mean + c * n->d;
  size_t f = 1 + n->d;
  phi[0] = 1;
  for (size_t j = 0; j < n->d; j++) phi[1 + j] = (real)x[j * stride + i] - mean[j];
  for (size_t j = 0; j < n->d; j++)
    for (size_t l = 0; l <= j; l++) phi[f++] = phi[1 + j] * phi[1 + l];
}

static void quad_diagonal_logits(size_t b, size_t stride, const struct emblas_normals *normals,
                                 const double *x, double *logits) {
  size_t d = normals->d;
  for (size_t c = 0; c < normals->k; c++)
    for (size_t i = 0; i < b; i++) {
      real square = 0;
      for (size_t j = 0; j < d; j++) {
        real z = ((real)x[j * stride + i] - normals->mean[c * d + j]) * normals->inverse[c * d + j];
        square += z * z;
      }
      logits[c * stride + i] = (double)(normals->constant[c] + half_square(square));
    }
}

static void quad_diagonal_moments(size_t b, size_t stride, const struct emblas_normals *normals, size_t p,
                                  const double *r, const double *x, double *stats) {
  size_t d = normals->d;
  for (size_t c = 0; c < normals->k; c++) {
    const double *share = r + c * stride;
    double *row = stats + c * p;
    real sum = row[0], square = row[1 + d];
    for (size_t i = 0; i < b; i++) sum += share[i];
    row[0] = (double)sum;
    for (size_t j = 0; j < d; j++) {
      real first = row[1 + j];
      if (p > 2 + d) square = row[1 + d + j];
      for (size_t i = 0; i < b; i++) {
        real y = (real)x[j * stride + i] - normals->mean[c * d + j];
        first += share[i] * y, square += share[i] * y * y;
      }
      row[1 + j] = (double)first;
      if (p > 2 + d || j == d - 1) row[1 + d + (p > 2 + d ? j : 0)] = (double)square;
    }
  }
}

enum { MAX_FEATURES = 4096 };

static void quad_quadratic_logits(size_t b, size_t stride, const struct emblas_normals *normals,
                                  const double *x, double *scratch, double *logits) {
  (void)scratch;
  for (size_t c = 0; c < normals->k; c++)
    for (size_t i = 0; i < b; i++) logits[c * stride + i] = (double)quad_logit(stride, normals, c, x, i);
}

static void quad_quadratic_moments(size_t b, size_t stride, const struct emblas_normals *normals,
                                   const double *r, const double *x, double *scratch, double *stats) {
  real phi[MAX_FEATURES], sums[MAX_FEATURES];
  size_t d = normals->d, p = 1 + d + d * (d + 1) / 2;
  (void)scratch;
  for (size_t c = 0; c < normals->k; c++) {
    for (size_t f = 0; f < p; f++) sums[f] = stats[c * p + f];
    for (size_t i = 0; i < b; i++) {
      quad_features(stride, normals, c, x, i, phi);
      for (size_t f = 0; f < p; f++) sums[f] += r[c * stride + i] * phi[f];
    }
    for (size_t f = 0; f < p; f++) stats[c * p + f] = (double)sums[f];
  }
}

static void quad_columns(size_t b, size_t stride, size_t d, const double *x, size_t row_stride,
                         const double *factor, const double *origin, const double *whitener,
                         struct emblas_ahead ahead, double *z) {
  (void)ahead;
  for (size_t i = 0; i < b; i++)
    for (size_t j = 0; j < d; j++) {
      real sum = 0;
      for (size_t l = whitener != NULL ? 0 : j; l <= j; l++)
        sum += ((real)x[i * row_stride + l] * factor[l] - origin[l]) * (whitener ? whitener[j * d + l] : 1);
      z[j * stride + i] = (double)sum;
    }
}

enum { MAX_COMPONENTS = 256 };

static void quad_quadratic(size_t b, size_t stride, const struct emblas_normals *normals, const double *x,
                           const double *weights, struct emblas_ahead ahead, double *r, double *scratch,
                           double *stats, struct emblas_block_sums *sums) {
  size_t k = normals->k, d = normals->d, p = 1 + d + d * (d + 1) / 2;
  real phi[MAX_FEATURES], l[MAX_COMPONENTS], *total = calloc(k * p, sizeof *total);
  real loglik = (real)sums->loglik[0] + sums->loglik[1], magnitude = sums->magnitude, hard = sums->hard;
  real q = sums->q;
  (void)ahead, (void)scratch, (void)r;
  for (size_t i = 0; i < b; i++) {
    real w = weights ? weights[i] : 1, max = 0, z = 0;
    for (size_t c = 0; c < k; c++) {
      l[c] = quad_logit(stride, normals, c, x, i);
      if (c == 0 || l[c] > max) max = l[c];
    }
    for (size_t c = 0; c < k; c++) z += real_exp(l[c] - max);
    for (size_t c = 0; c < k; c++) {
      real share = w * real_exp(l[c] - max) / z;
      quad_features(stride, normals, c, x, i, phi);
      for (size_t f = 0; f < p; f++) total[c * p + f] += share * phi[f];
      q += share * l[c];
    }
    real log_z = real_log(z);
    loglik += w * (max + log_z), magnitude += real_abs(w * (max + log_z)), hard -= w * log_z;
  }
  for (size_t m = 0; m < k * p; m++) stats[m] = (double)(stats[m] + total[m]);
  free(total);
  sums->magnitude = (double)magnitude, sums->hard = (double)hard, sums->q = (double)q;
  put_pair(sums->loglik, loglik);
}

/* r becomes the responsibilities of x; returns the log-likelihood. */
static real bayes(size_t k, double x, const double *terms, real *r) {
  real max = 0, z = 0;
  for (size_t c = 0; c < k; c++) {
    real offset = (real)x - terms[3 * c];
    r[c] = offset * offset * terms[3 * c + 1] + terms[3 * c + 2];
    if (c == 0 || r[c] > max) max = r[c];
  }
  for (size_t c = 0; c < k; c++) z += r[c] = real_exp(r[c] - max);
  for (size_t c = 0; c < k; c++) r[c] /= z;
  return max + real_log(z);
}

static void quad_univariate(size_t b, size_t k, const double *x, const double *weights, const double *terms,
                            double *stats, struct emblas_block_sums *sums, double *scratch) {
  real total[3 * MAX_COMPONENTS], r[MAX_COMPONENTS], loglik = (real)sums->loglik[0] + sums->loglik[1];
  real magnitude = sums->magnitude;
  (void)scratch;
  for (size_t m = 0; m < 3 * k; m++) total[m] = stats[m];
  for (size_t i = 0; i < b; i++) {
    real w = weights ? weights[i] : 1, row = w * bayes(k, x[i], terms, r);
    loglik += row, magnitude += real_abs(row);
    for (size_t c = 0; c < k; c++) {
      real offset = (real)x[i] - terms[3 * c];
      total[3 * c] += w * r[c];
      total[3 * c + 1] += w * r[c] * offset;
      total[3 * c + 2] += w * r[c] * offset * offset;
    }
  }
  for (size_t m = 0; m < 3 * k; m++) stats[m] = (double)total[m];
  sums->magnitude = (double)magnitude;
  put_pair(sums->loglik, loglik);
}

const struct emblas_backend quad_backend = {
    .name = "quad",
    .logits = quad_logits,
    .softmax = quad_softmax,
    .moments = quad_moments,
    .multiply = quad_multiply,
    .scatter = quad_scatter,
    .columns = quad_columns,
    .diagonal_logits = quad_diagonal_logits,
    .diagonal_moments = quad_diagonal_moments,
    .quadratic_logits = quad_quadratic_logits,
    .quadratic_moments = quad_quadratic_moments,
    .quadratic = quad_quadratic,
    .univariate = quad_univariate,
};
