/* SPDX-License-Identifier: MIT */
/* A fit driven by the caller: every iteration is seen, and the loop is ours to end. */
#include <emblas/emblas.h>
#include <math.h>
#include <stdio.h>

/* Waiting times between eruptions of the Old Faithful geyser, minutes. */
static const double x[] = {
    79, 54, 74, 62, 85, 55, 88, 85, 51, 85, 54, 84, 78, 47, 83, 52, 62, 84, 52, 79,
    51, 47, 78, 69, 74, 83, 55, 76, 78, 79, 73, 77, 66, 80, 74, 52, 48, 80, 59, 90,
};

/* Runs one start to its end; the log-likelihood it reached. */
static emblas_status run(struct emblas_fitter *fitter, size_t start, double *loglik) {
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  emblas_status status = emblas_fitter_start(fitter, start);
  while (status == EMBLAS_OK && reason == EMBLAS_RUNNING) {
    struct emblas_em_point point;
    status = emblas_fitter_step(fitter, &point, &reason);
    if (status != EMBLAS_OK) break;
    printf("start %zu  iteration %3zu  log-likelihood %.9f\n", start, point.iteration, point.loglik);
    *loglik = point.loglik;
  }
  return status;
}

int main(void) {
  struct emblas_data data;
  struct emblas_options options;
  struct emblas_fitter *fitter = NULL;
  struct emblas_model *best = NULL;
  double best_loglik = -INFINITY;

  emblas_data_init(&data, sizeof data);
  data.values = x;
  data.rows = sizeof x / sizeof *x;
  data.columns = 1;
  emblas_options_init(&options, sizeof options);
  options.components = 2;
  options.covariance = EMBLAS_TIED;

  emblas_status status = emblas_fitter_create(&data, &options, &fitter, NULL);
  for (size_t start = 0; status == EMBLAS_OK && start < 3; start++) {
    double loglik = -INFINITY;
    status = run(fitter, start, &loglik);
    if (status == EMBLAS_OK && loglik > best_loglik) {
      emblas_model_free(best);
      best = NULL;
      status = emblas_fitter_finish(fitter, &best, NULL);
      best_loglik = loglik;
    }
  }
  emblas_fitter_free(fitter);

  if (status != EMBLAS_OK) {
    fprintf(stderr, "step: %s\n", emblas_status_string(status));
  } else {
    const double *mean = emblas_model_means(best);
    printf("best: means %.6f %.6f, log-likelihood %.9f\n", mean[0], mean[1], best_loglik);
  }
  emblas_model_free(best);
  return status != EMBLAS_OK || fabs(best_loglik + 148.742280450) > 1e-6;
}
