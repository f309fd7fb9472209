/* SPDX-License-Identifier: MIT */
/* The densities of emblas: density_emblas one|many THREADS DATA [REPETITIONS...], see driver.h; all rows so many
   times, one at a time, or all at once with their responsibilities, for which memory is taken each time. */
#include "driver.h"

#include <emblas/emblas.h>
#include <stdlib.h>
#include <string.h>

static struct emblas_predict_options options;
static int many;

static struct emblas_model *model_of(const struct problem *p) {
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.components = p->k, parameters.dim = p->d;
  parameters.weights = p->weights, parameters.means = p->means, parameters.covariances = p->covariances;
  emblas_status status = emblas_model_create(&parameters, &model, NULL);
  if (status != EMBLAS_OK) driver_fail(emblas_status_string(status));
  return model;
}

static double all_at_once(const struct problem *p, const struct emblas_model *model) {
  struct emblas_data data;
  struct emblas_prediction prediction;
  emblas_data_init(&data, sizeof data);
  emblas_prediction_init(&prediction, sizeof prediction);
  data.values = p->x, data.rows = p->n, data.columns = p->d;
  prediction.responsibilities = malloc(p->n * p->k * sizeof(double));
  prediction.logpdf = malloc(p->n * sizeof(double));
  emblas_status status = emblas_predict(model, &data, &options, &prediction, NULL);
  if (status != EMBLAS_OK) driver_fail(emblas_status_string(status));
  free(prediction.responsibilities);
  free(prediction.logpdf);
  return prediction.loglik;
}

static double one_at_a_time(const struct problem *p, const struct emblas_model *model) {
  double sum = 0;
  for (size_t i = 0; i < p->n; i++) sum += emblas_model_log_density(model, p->x + i * p->d, NULL);
  return sum;
}

static struct answer run(const struct problem *p, size_t repetitions) {
  struct emblas_model *model = model_of(p);
  double loglik = 0, begun = driver_clock();
  for (size_t i = 0; i < repetitions; i++)
    loglik = many ? all_at_once(p, model) : one_at_a_time(p, model);
  double seconds = driver_clock() - begun;
  emblas_model_free(model);
  return (struct answer){repetitions, seconds, loglik, NULL};
}

int main(int argc, char **argv) {
  if (argc < 4) driver_fail("usage: density_emblas one|many THREADS DATA [REPETITIONS...]");
  emblas_predict_options_init(&options, sizeof options);
  many = strcmp(argv[1], "many") == 0, options.threads = strtoull(argv[2], NULL, 10);
  return driver_main(argc - 3, argv + 3, "\"version\": \"" EMBLAS_VERSION "\"", run);
}
