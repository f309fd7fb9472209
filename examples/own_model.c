/* SPDX-License-Identifier: MIT */
/* EM for a model of your own: the three coins. Coin A falls heads with probability pi; then coin B (heads
   with probability p) is thrown if it did, else coin C (probability q). Only the second throw is seen. */
#include <emblas/em.h>
#include <math.h>
#include <stdio.h>

struct throws {
  const int *heads;
  size_t count;
};

/* One E step and one M step of theta = (pi, p, q). */
static emblas_status three_coins(void *context, const double *theta, double *next,
                                 struct emblas_em_value *value) {
  const struct throws *throws = context;
  double from_b = 0, heads = 0, heads_b = 0;
  *value = (struct emblas_em_value){.loglik = 0, .q = NAN, .magnitude = 0};

  for (size_t i = 0; i < throws->count; i++) {
    int y = throws->heads[i];
    double b = theta[0] * (y ? theta[1] : 1 - theta[1]);
    double c = (1 - theta[0]) * (y ? theta[2] : 1 - theta[2]);
    double mu = b / (b + c); /* the probability that throw i came from coin B */
    from_b += mu;
    heads_b += mu * y;
    heads += y;
    value->loglik += log(b + c);
    value->magnitude += fabs(log(b + c));
  }
  if (next) {
    next[0] = from_b / (double)throws->count;
    next[1] = heads_b / from_b;
    next[2] = (heads - heads_b) / ((double)throws->count - from_b);
  }
  return EMBLAS_OK;
}

int main(void) {
  static const int heads[] = {1, 1, 0, 1, 0, 0, 1, 0, 1, 1};
  struct throws throws = {heads, sizeof heads / sizeof *heads};
  double theta[] = {0.4, 0.6, 0.7};

  struct emblas_em_model model;
  emblas_em_model_init(&model, sizeof model);
  model.parameters = 3;
  model.context = &throws;
  model.map = three_coins;

  struct emblas_em_result result;
  emblas_em_result_init(&result, sizeof result);
  emblas_status status = emblas_em_run(&model, NULL, theta, &result);
  if (status != EMBLAS_OK) {
    fprintf(stderr, "own_model: %s\n", emblas_status_string(status));
    return 1;
  }
  printf("pi %.15f  p %.15f  q %.15f\n", theta[0], theta[1], theta[2]);
  printf("log-likelihood %.14f after %zu maps: %s\n", result.point.loglik, result.maps,
         emblas_stop_reason_string(result.stop));

  /* Published: Li Hang, Statistical Learning Methods, example 9.1. */
  static const double expected[] = {0.406417112299465, 0.536842105263158, 0.643243243243243};
  for (size_t j = 0; j < 3; j++)
    if (fabs(theta[j] - expected[j]) > 1e-14) return 1;
  return fabs(result.point.loglik + 6.73011667009256) > 1e-13;
}
