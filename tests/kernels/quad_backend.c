/* SPDX-License-Identifier: MIT */
#include "quad_backend.h"
#include "../support/real.h"

static void quad_logits(size_t b, size_t p, size_t k, const double *phi, const double *theta,
                        double *logits) {
  for (size_t i = 0; i < b; i++)
    for (size_t c = 0; c < k; c++) {
      real sum = 0;
      for (size_t j = 0; j < p; j++) sum += (real)phi[i * p + j] * theta[c * p + j];
      logits[i * k + c] = (double)sum;
    }
}

static void quad_softmax(size_t b, size_t k, double *logits, const double *weights, double *row_loglik,
                         struct emblas_block_sums *sums) {
  real q = sums->q, hard = sums->hard;
  for (size_t i = 0; i < b; i++) {
    double *l = logits + i * k, max = l[0];
    real w = weights ? weights[i] : 1, z = 0, row_q = 0;
    for (size_t c = 1; c < k; c++) max = l[c] > max ? l[c] : max;
    for (size_t c = 0; c < k; c++) z += real_exp((real)l[c] - max);
    for (size_t c = 0; c < k; c++) {
      real r = real_exp((real)l[c] - max) / z;
      row_q += r * l[c];
      l[c] = (double)(w * r);
    }
    real row = max + real_log(z);
    row_loglik[i] = (double)row;
    q += w * row_q, hard -= w * real_log(z);
  }
  *sums = (struct emblas_block_sums){(double)q, (double)hard};
}

static void quad_moments(size_t b, size_t p, size_t k, const double *r, const double *phi, double *stats) {
  for (size_t c = 0; c < k; c++)
    for (size_t j = 0; j < p; j++) {
      real sum = stats[c * p + j];
      for (size_t i = 0; i < b; i++) sum += (real)r[i * k + c] * phi[i * p + j];
      stats[c * p + j] = (double)sum;
    }
}

static void quad_whiten(size_t b, size_t d, const double *factor, const double *mean, const double *x,
                        double *z) {
  real row[256];
  for (size_t i = 0; i < b; i++)
    for (size_t j = 0; j < d; j++) {
      row[j] = (real)x[i * d + j] - (mean ? mean[j] : 0);
      for (size_t l = 0; l < j; l++) row[j] -= factor[j * d + l] * row[l];
      row[j] /= factor[j * d + j];
      z[i * d + j] = (double)row[j];
    }
}

static void quad_scatter(size_t b, size_t d, const double *r, size_t stride, const double *x,
                         double *scratch, double *m) {
  (void)scratch;
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      real sum = m[j * d + l];
      for (size_t i = 0; i < b; i++) sum += (real)r[i * stride] * x[i * d + j] * x[i * d + l];
      m[j * d + l] = (double)sum;
    }
}

const struct emblas_backend quad_backend = {
    .name = "quad",
    .logits = quad_logits,
    .softmax = quad_softmax,
    .moments = quad_moments,
    .whiten = quad_whiten,
    .scatter = quad_scatter,
};
