/* SPDX-License-Identifier: MIT */
#include "em_models.h"

#include <criterion/criterion.h>
#include <math.h>

struct emblas_em_options plain_options(size_t maps) {
  struct emblas_em_options options;
  emblas_em_options_init(&options, sizeof options);
  options.tolerance = 0, options.max_iterations = maps, options.accelerate = EMBLAS_ACCELERATE_NONE;
  return options;
}

struct emblas_em_options accelerated_options(enum emblas_acceleration method) {
  struct emblas_em_options options;
  emblas_em_options_init(&options, sizeof options);
  options.accelerate = method;
  return options;
}

struct emblas_em_model em_model(size_t parameters, size_t weights, em_map *map, const void *context) {
  struct emblas_em_model model;
  emblas_em_model_init(&model, sizeof model);
  model.parameters = parameters, model.weights = weights, model.map = map;
  model.context = (void *)context;
  return model;
}

struct emblas_em_result em_run(const struct emblas_em_model *model, const struct emblas_em_options *options,
                               double *theta) {
  struct emblas_em_result result;
  emblas_em_result_init(&result, sizeof result);
  emblas_status status = emblas_em_run(model, options, theta, &result);
  cr_assert(status == EMBLAS_OK, "%s", emblas_status_string(status));
  return result;
}

static double entropy_term(double p) {
  return p > 0 ? -p * log(p) : 0;
}

emblas_status three_coins(void *context, const double *theta, double *next, struct emblas_em_value *value) {
  const char *y = context;
  double pi = theta[0], p = theta[1], q = theta[2], mass = 0, heads = 0, all = 0, n = 0;
  *value = (struct emblas_em_value){0, 0, 0};
  for (; *y; y++, n++) {
    double b = pi * (*y == '1' ? p : 1 - p), c = (1 - pi) * (*y == '1' ? q : 1 - q), mu = b / (b + c);
    value->loglik += log(b + c);
    value->q += log(b + c) - entropy_term(mu) - entropy_term(1 - mu);
    value->magnitude += fabs(log(b + c));
    mass += mu, heads += *y == '1' ? mu : 0, all += *y == '1';
  }
  if (next) next[0] = mass / n, next[1] = heads / mass, next[2] = (all - heads) / (n - mass);
  return EMBLAS_OK;
}

emblas_status two_coins(void *context, const double *theta, double *next, struct emblas_em_value *value) {
  const double *heads = context;
  double seen[2] = {0, 0}, tosses[2] = {0, 0};
  *value = (struct emblas_em_value){0, NAN, 0};
  for (size_t i = 0; i < 5; i++) {
    double likelihood[2];
    for (size_t c = 0; c < 2; c++)
      likelihood[c] = pow(theta[c], heads[i]) * pow(1 - theta[c], 10 - heads[i]) / 2;
    double sum = likelihood[0] + likelihood[1];
    value->loglik += log(sum);
    value->magnitude += fabs(log(sum));
    for (size_t c = 0; c < 2; c++) {
      seen[c] += likelihood[c] / sum * heads[i];
      tosses[c] += likelihood[c] / sum * 10;
    }
  }
  for (size_t c = 0; next && c < 2; c++) next[c] = seen[c] / tosses[c];
  return EMBLAS_OK;
}

emblas_status linkage(void *context, const double *theta, double *next, struct emblas_em_value *value) {
  double t = *theta, part = *(const double *)context, hidden = 125 * t / (2 + t);
  value->loglik = 125 * log(2 + t) + 38 * log(1 - t) + 34 * log(t);
  value->q = NAN;
  value->magnitude = fabs(value->loglik);
  if (next) *next = t + part * ((hidden + 34) / (hidden + 34 + 38) - t);
  return EMBLAS_OK;
}

emblas_status two_poisson(void *context, const double *theta, double *next, struct emblas_em_value *value) {
  const double *days = context;
  double mass[2] = {0, 0}, sum[2] = {0, 0}, n = 0;
  *value = (struct emblas_em_value){0, 0, 0};
  for (size_t y = 0; y < 10; y++) {
    double f[2];
    for (size_t c = 0; c < 2; c++)
      f[c] = theta[c] * exp((double)y * log(theta[2 + c]) - theta[2 + c] - lgamma((double)y + 1));
    double total = f[0] + f[1], log_total = log(total);
    value->loglik += days[y] * log_total;
    value->magnitude += days[y] * fabs(log_total);
    value->q += days[y] * (log_total - entropy_term(f[0] / total) - entropy_term(f[1] / total));
    for (size_t c = 0; c < 2; c++) {
      mass[c] += days[y] * f[c] / total;
      sum[c] += days[y] * f[c] / total * (double)y;
    }
    n += days[y];
  }
  for (size_t c = 0; next && c < 2; c++) next[c] = mass[c] / n, next[2 + c] = sum[c] / mass[c];
  return EMBLAS_OK;
}

const double two_poisson_days[10] = {162, 267, 271, 185, 111, 61, 27, 8, 3, 1};

static double logit(double p) {
  return log(p / (1 - p));
}

static double logistic(double x) {
  return 1 / (1 + exp(-x));
}

void coins_to_free(void *context, const double *theta, double *free) {
  (void)context;
  for (size_t i = 0; i < 2; i++) free[i] = logit(theta[i]);
}

int coins_from_free(void *context, const double *free, double *theta) {
  (void)context;
  for (size_t i = 0; i < 2; i++) theta[i] = logistic(free[i]);
  return 0;
}

void linkage_to_free(void *context, const double *theta, double *free) {
  (void)context;
  *free = logit(*theta);
}

int linkage_from_free(void *context, const double *free, double *theta) {
  (void)context;
  *theta = logistic(*free);
  return 0;
}

void poisson_to_free(void *context, const double *theta, double *free) {
  (void)context;
  free[0] = log(theta[0] / theta[1]);
  for (size_t c = 0; c < 2; c++) free[1 + c] = log(theta[2 + c]);
}

int poisson_from_free(void *context, const double *free, double *theta) {
  (void)context;
  theta[0] = logistic(free[0]), theta[1] = logistic(-free[0]);
  for (size_t c = 0; c < 2; c++) theta[2 + c] = exp(free[1 + c]);
  return 0;
}
