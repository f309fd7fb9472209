/* SPDX-License-Identifier: MIT */
#include "normals.h"
#include "../support/generate.h"

#include <math.h>
#include <stdlib.h>

/* A row of K: entries of the size of its pivot, from 1 to condition^1/2 on the diagonal. */
static void make_row(struct generator *generator, size_t d, size_t j, double condition, double *row) {
  double size = pow(condition, d > 1 ? 0.5 * (double)j / (double)(d - 1) : 0);
  for (size_t l = 0; l < j; l++) row[l] = size * generate_gaussian(generator) / sqrt((double)d);
  row[j] = size * (0.75 + 0.5 * generate_uniform(generator));
  for (size_t l = j + 1; l < d; l++) row[l] = NAN;
}

struct normals normals_new(const struct kernel_case *size, enum normals_kind kind) {
  struct generator generator = {51};
  size_t k = size->k, d = size->d;
  struct normals n = {guarded_new(k), guarded_rows(k, d, d), guarded_rows(k * d, d, d), {0}};
  for (size_t c = 0; c < k; c++) {
    double condition = kind != NARROW ? 10 : pow(100, (double)(c % 6)), scale = kind == NARROW ? 30 : 1;
    n.constant.values[c] = (kind == DENSE ? 3 : -3) + generate_uniform(&generator);
    if (kind == ABSENT && c % 3 == 1) n.constant.values[c] = -1e300;
    for (size_t j = 0; j < d; j++) {
      n.mean.values[c * d + j] = scale * generate_gaussian(&generator);
      make_row(&generator, d, j, condition, n.inverse.values + (c * d + j) * d);
    }
  }
  guarded_seal(&n.constant), guarded_seal(&n.mean), guarded_seal(&n.inverse);
  n.view = (struct emblas_normals){k, d, n.constant.values, n.mean.values, n.inverse.values};
  return n;
}

struct normals normals_diagonal(const struct kernel_case *size, enum normals_kind kind) {
  struct normals n = normals_new(size, kind);
  size_t d = size->d;
  struct guarded inverse = guarded_rows(size->k, d, d);
  for (size_t m = 0; m < size->k * d; m++) inverse.values[m] = n.inverse.values[m * d + m % d];
  guarded_free(&n.inverse);
  guarded_seal(&inverse);
  n.inverse = inverse, n.view.inverse = inverse.values;
  return n;
}

void normals_finish(struct normals *normals, const char *kernel) {
  compare_finish(&normals->constant, kernel, "constant"), compare_finish(&normals->mean, kernel, "mean");
  compare_finish(&normals->inverse, kernel, "inverse");
}

double normals_logit(const struct normals *normals, size_t c, const struct guarded *x, size_t i,
                     double *error) {
  size_t d = normals->view.d;
  const double *mean = normals->view.mean + c * d, *inverse = normals->view.inverse + c * d * d;
  double constant = normals->view.constant[c], square = 0, sum = 0;
  for (size_t j = 0; j < d; j++) {
    double z = 0, size = 0;
    for (size_t l = 0; l <= j; l++) {
      double y = x->values[l * x->stride + i] - mean[l];
      z += inverse[j * d + l] * y;
      size += fabs(inverse[j * d + l] * y);
    }
    double e = gamma_bound(d + 1) * size;
    square += z * z;
    sum += fabs(z) * e + e * e / 2;
  }
  double logit = constant - square / 2;
  *error = sum + gamma_bound(d + 2) * square / 2 + U * (fabs(constant) + fabs(logit));
  return logit;
}

void normals_features(const struct normals *normals, size_t c, const struct guarded *x, size_t i,
                      double *features) {
  size_t d = normals->view.d, at = 1 + d;
  const double *mean = normals->view.mean + c * d;
  features[0] = 1;
  for (size_t j = 0; j < d; j++) features[1 + j] = x->values[j * x->stride + i] - mean[j];
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) features[at++] = features[1 + j] * features[1 + l];
}

struct guarded normals_scratch(const struct kernel_case *size) {
  return guarded_new((size->d + 4) * (size->b + size->d + 32));
}
