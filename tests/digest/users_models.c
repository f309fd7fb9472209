/* SPDX-License-Identifier: MIT */
/* Models of users, run by emblas/em.h. */
#include "digest.h"

#include "../accuracy/em_models.h"

#include <stdio.h>
#include <string.h>

enum { MOST_PARAMETERS = 4 };

struct run {
  const struct emblas_em_model *model;
  const double *start;
  enum emblas_acceleration method;
};

/* On one thread, whatever their number. */
static struct outcome make_run(const void *context, size_t threads) {
  const struct run *run = context;
  double theta[MOST_PARAMETERS];
  struct outcome outcome;
  struct emblas_em_options options = accelerated_options(run->method);
  struct emblas_em *em = NULL;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  size_t length = 0;
  (void)threads;
  digest_begin(&outcome);
  memcpy(theta, run->start, run->model->parameters * sizeof *theta);
  emblas_status status = emblas_em_create(run->model, &options, theta, &em);
  while (status == EMBLAS_OK && reason == EMBLAS_RUNNING) status = emblas_em_step(em, &reason);
  digest_size(&outcome, (size_t)-status);
  digest_size(&outcome, (size_t)reason);
  if (em == NULL) return outcome;
  const struct emblas_em_point *trace = emblas_em_trace(em, &length);
  digest_size(&outcome, emblas_em_maps(em));
  for (size_t t = 0; t < length; t++) digest_point(&outcome, &trace[t]);
  for (size_t i = 0; i < run->model->parameters; i++) digest_double(&outcome, emblas_em_theta(em)[i]);
  if (length > 0) outcome.loglik = trace[length - 1].loglik;
  emblas_em_free(em);
  return outcome;
}

static void run_model(const char *name, const struct emblas_em_model *model, const double *start) {
  static const char *const methods[] = {"auto", "none", "squarem", "anderson"};
  for (int method = EMBLAS_ACCELERATE_AUTO; method <= EMBLAS_ACCELERATE_ANDERSON; method++) {
    char line[64];
    snprintf(line, sizeof line, "users-model/%s/%s", name, methods[method]);
    run_each(line, make_run, &(struct run){model, start, (enum emblas_acceleration)method});
  }
}

void run_users_models(void) {
  static const double coins_start[] = {0.4, 0.6, 0.7}, tosses_start[] = {0.6, 0.5}, linkage_start[] = {0.5},
                      poisson_start[] = {0.3, 0.7, 1, 2.5}, heads[] = {5, 9, 8, 4, 7}, half = 0.5;
  struct emblas_em_model coins = em_model(3, 0, three_coins, "1101001011"),
                         tosses = em_model(2, 0, two_coins, heads), part = em_model(1, 0, linkage, &half),
                         poisson = em_model(4, 2, two_poisson, two_poisson_days);
  run_model("three-coins", &coins, coins_start);
  run_model("two-coins", &tosses, tosses_start);
  run_model("two-poisson", &poisson, poisson_start);
  poisson.free = 3, poisson.to_free = poisson_to_free, poisson.from_free = poisson_from_free;
  run_model("two-poisson-free", &poisson, poisson_start);
  run_model("linkage-half-steps", &part, linkage_start);
}
