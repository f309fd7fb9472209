/* SPDX-License-Identifier: MIT */
/* Generalised EM: an M step that only increases Q. The linkage data of Dempster, Laird and Rubin (1977):
   197 animals in four classes of probability 1/2 + t/4, (1 - t)/4, (1 - t)/4, t/4. Their M step maximises
   Q in closed form; here each step goes half the way there, which suffices, for Q is concave. */
#include <emblas/em.h>
#include <math.h>
#include <stdio.h>

static const double y[] = {125, 18, 20, 34};

static emblas_status half_step(void *context, const double *theta, double *next,
                               struct emblas_em_value *value) {
  (void)context;
  double t = theta[0];
  double probability[] = {0.5 + t / 4, (1 - t) / 4, (1 - t) / 4, t / 4};
  *value = (struct emblas_em_value){.loglik = 0, .q = NAN, .magnitude = 0};
  for (size_t i = 0; i < 4; i++) value->loglik += y[i] * log(probability[i]);
  value->magnitude = fabs(value->loglik);

  if (next) {
    double hidden = y[0] * (t / 4) / probability[0]; /* E step: of the first class, those of its part t/4 */
    double best = (hidden + y[3]) / (hidden + y[1] + y[2] + y[3]);
    next[0] = t + (best - t) / 2;
  }
  return EMBLAS_OK;
}

/* Cancels the run when the log-likelihood has fallen by more than rounding. */
static int watch(void *context, const struct emblas_em_point *point) {
  double *last = context;
  int fell = point->loglik < *last - 8 * 0x1p-52 * point->magnitude;
  *last = point->loglik;
  return fell;
}

int main(void) {
  double t = 0.5, last = -INFINITY;

  struct emblas_em_model model;
  emblas_em_model_init(&model, sizeof model);
  model.parameters = 1;
  model.map = half_step;

  struct emblas_em_options options;
  emblas_em_options_init(&options, sizeof options);
  options.tolerance = 0; /* no early stop: all the digits there are */
  options.max_iterations = 100;
  options.progress = watch;
  options.progress_context = &last;

  struct emblas_em_result result;
  emblas_em_result_init(&result, sizeof result);
  emblas_status status = emblas_em_run(&model, &options, &t, &result);
  if (status != EMBLAS_OK) {
    fprintf(stderr, "generalised_em: %s\n", emblas_status_string(status));
    return 1;
  }
  printf("t %.15f, log-likelihood %.12f after %zu maps: %s\n", t, result.point.loglik, result.maps,
         emblas_stop_reason_string(result.stop));

  return result.stop != EMBLAS_ITERATION_LIMIT || fabs(t - 0.626821497870982) > 2e-15;
}
