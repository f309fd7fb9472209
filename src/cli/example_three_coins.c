/* SPDX-License-Identifier: MIT */
/* Three coins: one is thrown unseen (heads with probability pi), then one of two others (p, q) is, and only
   that is told. EM for a model of one's own: emblas/em.h needs no more than the map below.
   Li Hang, Statistical Learning Methods, example 9.1. */
#include "example.h"

#include <math.h>

static const double throws[] = {1, 1, 0, 1, 0, 0, 1, 0, 1, 1};
enum { THROWS = sizeof throws / sizeof throws[0] };

/* theta = (pi, p, q). E step: mu_i = P(the first of the two coins was thrown | y_i). M step: pi = mean of
   mu, p and q the shares of heads, weighted by mu and 1 - mu. */
static emblas_status map(void *context, const double *theta, double *next, struct emblas_em_value *value) {
  (void)context;
  double pi = theta[0], sum = 0, heads = 0, all_heads = 0;
  *value = (struct emblas_em_value){.loglik = 0, .q = 0, .magnitude = 0};
  for (size_t i = 0; i < THROWS; i++) {
    double y = throws[i];
    double first = pi * (y > 0 ? theta[1] : 1 - theta[1]);
    double second = (1 - pi) * (y > 0 ? theta[2] : 1 - theta[2]);
    double mu = first / (first + second);
    value->loglik += log(first + second);
    value->q += mu * log(first) + (1 - mu) * log(second);
    value->magnitude += fabs(log(first + second));
    sum += mu;
    heads += mu * y;
    all_heads += y;
  }
  if (!next) return EMBLAS_OK;
  next[0] = sum / THROWS;
  next[1] = heads / sum;
  next[2] = (all_heads - heads) / (THROWS - sum);
  return EMBLAS_OK;
}

enum exit_status example_three_coins(const struct example_arguments *arguments) {
  static const double starts[][3] = {{0.5, 0.5, 0.5}, {0.4, 0.6, 0.7}, {0.46, 0.55, 0.67}};
  struct emblas_em_model model;
  (void)arguments;
  emblas_em_model_init(&model, sizeof model);
  model.parameters = 3;
  model.map = map;
  puts("three-coins: y = 1,1,0,1,0,0,1,0,1,1; every start ends with P(y = 1) = 0.6\n");
  puts("start  pi    p     q   ->  pi        p         q         iterations  log-likelihood");
  for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
    double theta[3] = {starts[s][0], starts[s][1], starts[s][2]};
    struct emblas_em_result result;
    emblas_em_result_init(&result, sizeof result);
    emblas_status status = emblas_em_run(&model, NULL, theta, &result);
    if (status != EMBLAS_OK) die(EXIT_FAILED, "%s", emblas_status_string(status));
    printf("      %.2f  %.2f  %.2f      %.6f  %.6f  %.6f%12zu  %14.9f\n", starts[s][0], starts[s][1],
           starts[s][2], theta[0], theta[1], theta[2], result.point.iteration, result.point.loglik);
  }
  return EXIT_DONE;
}
