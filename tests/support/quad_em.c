/* SPDX-License-Identifier: MIT */
#include "quad_em.h"
#include "generate.h"
#include "quad_covariance.h"

#include <criterion/criterion.h>

/* Lower Cholesky factor of a into l; returns log det a. */
static real factorise(size_t d, const real *a, real *l) {
  real log_det = 0;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j <= i; j++) {
      real sum = a[i * d + j];
      for (size_t m = 0; m < j; m++) sum -= l[i * d + m] * l[j * d + m];
      if (i == j) {
        cr_assert(sum > 0, "the oracle's covariance is not positive definite");
        l[i * d + i] = real_sqrt(sum);
        log_det += real_log(sum);
      } else {
        l[i * d + j] = sum / l[j * d + j];
      }
    }
  return log_det;
}

/* |L^-1 (x - mean)|^2 */
static real distance(size_t d, const real *l, const double *x, const real *mean, real *z) {
  real sum = 0;
  for (size_t i = 0; i < d; i++) {
    z[i] = x[i] - mean[i];
    for (size_t m = 0; m < i; m++) z[i] -= l[i * d + m] * z[m];
    z[i] /= l[i * d + i];
    sum += z[i] * z[i];
  }
  return sum;
}

void quad_expect(struct quad_mixture *q) {
  size_t n = q->n, d = q->d, k = q->k;
  real *factors = test_keep(k * d * d + d, sizeof *factors), *z = factors + k * d * d;
  real *constants = test_keep(k, sizeof *constants);
  const real pi = (real)0x1.921fb54442d18p+1 + 0x1.1a62633145c07p-53 - 0x1.f1976b7ed8fbcp-109;
  const real log_2pi = real_log(2 * pi);
  for (size_t c = 0; c < k; c++) {
    real log_det = factorise(d, q->covariances + c * d * d, factors + c * d * d);
    constants[c] = real_log(q->weights[c]) - ((real)d * log_2pi + log_det) / 2;
  }
  q->loglik = 0;
  for (size_t i = 0; i < n; i++) {
    real *r = q->resp + i * k, max = 0, sum = 0;
    for (size_t c = 0; c < k; c++) {
      r[c] = constants[c] - distance(d, factors + c * d * d, q->x + i * d, q->means + c * d, z) / 2;
      if (c == 0 || r[c] > max) max = r[c];
    }
    for (size_t c = 0; c < k; c++) sum += r[c] = real_exp(r[c] - max);
    for (size_t c = 0; c < k; c++) r[c] /= sum;
    q->loglik += (q->w ? q->w[i] : 1) * (max + real_log(sum));
  }
}

/* Centred scatter of component c, sum_i w_i r_ic (x - mean)(x - mean)', onto s. */
static void add_scatter(const struct quad_mixture *q, size_t c, real *s) {
  size_t d = q->d;
  const real *mean = q->means + c * d;
  for (size_t i = 0; i < q->n; i++) {
    real r = (q->w ? q->w[i] : 1) * q->resp[i * q->k + c];
    const double *x = q->x + i * d;
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l < d; l++) s[j * d + l] += r * (x[j] - mean[j]) * (x[l] - mean[l]);
  }
}

void quad_maximise(struct quad_mixture *q) {
  size_t n = q->n, d = q->d, k = q->k;
  real total = 0, *mass = test_keep(k, sizeof *mass);
  for (size_t i = 0; i < n * k; i++) mass[i % k] += (q->w ? q->w[i / k] : 1) * q->resp[i];
  for (size_t c = 0; c < k; c++) total += mass[c];
  for (size_t c = 0; c < k; c++) {
    q->weights[c] = mass[c] / total;
    for (size_t j = 0; j < d; j++) {
      real sum = 0;
      for (size_t i = 0; i < n; i++) sum += (q->w ? q->w[i] : 1) * q->resp[i * k + c] * q->x[i * d + j];
      q->means[c * d + j] = sum / mass[c];
    }
  }
  for (size_t i = 0; i < k * d * d; i++) q->covariances[i] = 0;
  for (size_t c = 0; c < k; c++) {
    add_scatter(q, c, q->covariances + c * d * d);
    for (size_t i = 0; i < d * d; i++) q->covariances[c * d * d + i] /= mass[c];
  }
  quad_constrain(emblas_covariance_mclust(q->covariance, 2), k, d, q->weights, q->covariances, q->axes);
}

struct quad_mixture quad_start(const struct emblas_data *data, size_t k, enum emblas_covariance covariance,
                               const size_t *labels) {
  size_t n = data->rows, d = data->columns;
  struct quad_mixture q = {
      .n = n, .d = d, .k = k, .covariance = covariance, .x = data->values, .w = data->weights};
  q.resp = test_keep(n * k, sizeof(real));
  q.weights = test_keep(k, sizeof(real));
  q.means = test_keep(k * d, sizeof(real));
  q.covariances = test_keep(k * d * d, sizeof(real));
  q.axes = test_keep(d * d, sizeof(real));
  for (size_t j = 0; j < d; j++) q.axes[j * (d + 1)] = 1;
  for (size_t i = 0; i < n; i++) q.resp[i * k + labels[i]] = 1;
  quad_maximise(&q);
  return q;
}

void quad_run(struct quad_mixture *q, size_t maps) {
  quad_expect(q);
  for (size_t t = 0; t < maps; t++) {
    quad_maximise(q);
    quad_expect(q);
  }
}

static double *rounded(const real *values, size_t count) {
  double *out = test_keep(count, sizeof *out);
  for (size_t i = 0; i < count; i++) out[i] = (double)values[i];
  return out;
}

double *quad_weights(const struct quad_mixture *q) {
  return rounded(q->weights, q->k);
}
double *quad_means(const struct quad_mixture *q) {
  return rounded(q->means, q->k * q->d);
}
double *quad_covariances(const struct quad_mixture *q) {
  return rounded(q->covariances, q->k * q->d * q->d);
}

double *quad_factors(const struct quad_mixture *q) {
  size_t d = q->d, k = q->k;
  real *factors = test_keep(k * d * d, sizeof *factors);
  for (size_t c = 0; c < k; c++) factorise(d, q->covariances + c * d * d, factors + c * d * d);
  return rounded(factors, k * d * d);
}

double *quad_scale(const struct quad_mixture *q) {
  size_t d = q->d;
  real *scale = test_keep(d, sizeof *scale);
  for (size_t i = 0; i < q->k * d; i++) {
    real deviation = real_sqrt(q->covariances[(i / d * d + i % d) * d + i % d]);
    if (deviation > scale[i % d]) scale[i % d] = deviation;
  }
  return rounded(scale, d);
}
