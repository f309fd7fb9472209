/* SPDX-License-Identifier: MIT */
/* Fits and predictions on several threads, and several hosts at once: a plain program, for the thread sanitizer.
   Every result must be the same bits. */
#include <emblas/emblas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 20000, COLUMNS = 3, HOSTS = 8 };

static double x[ROWS * COLUMNS];

static int failed(const char *what, emblas_status status) {
  if (status != EMBLAS_OK) fprintf(stderr, "%s: %s\n", what, emblas_status_string(status));
  return status != EMBLAS_OK;
}

/* The log-likelihood of a fit and that of the prediction after it, added up; NaN on failure. */
static double fit(size_t columns, size_t components, size_t threads) {
  struct emblas_data data;
  struct emblas_options options;
  struct emblas_prediction prediction;
  struct emblas_model *model = NULL;
  emblas_data_init(&data, sizeof data);
  emblas_options_init(&options, sizeof options);
  emblas_prediction_init(&prediction, sizeof prediction);
  data.values = x, data.rows = ROWS, data.columns = columns;
  options.components = components, options.threads = threads;
  options.starts = 2, options.max_iterations = 5;
  if (failed("fit", emblas_fit(&data, &options, &model, NULL))) return 0;
  int bad = failed("predict", emblas_predict(model, &data, NULL, &prediction, NULL));
  emblas_model_free(model);
  return bad ? 0 : prediction.loglik;
}

/* The log-likelihoods of all models of a search, added up; 0 on failure. */
static double choose(size_t threads) {
  struct emblas_data data;
  struct emblas_options options;
  struct emblas_candidates candidates;
  struct emblas_selection table;
  struct emblas_model *model = NULL;
  double sum = 0;
  emblas_data_init(&data, sizeof data);
  emblas_options_init(&options, sizeof options);
  emblas_candidates_init(&candidates, sizeof candidates);
  emblas_selection_init(&table, sizeof table);
  data.values = x, data.rows = 500, data.columns = COLUMNS;
  candidates.most_components = 3;
  options.threads = threads, options.starts = 2, options.max_iterations = 5;
  if (failed("select", emblas_select(&data, &options, &candidates, &model, NULL, &table))) return 0;
  for (size_t i = 0; i < table.count; i++) sum += table.trials[i].loglik;
  emblas_model_free(model);
  emblas_selection_clear(&table);
  return sum;
}

static void *host(void *result) {
  *(double *)result = fit(COLUMNS, 3, 2);
  return NULL;
}

int main(void) {
  pthread_t hosts[HOSTS];
  double results[HOSTS];
  for (size_t i = 0; i < ROWS * COLUMNS; i++) x[i] = (double)(i * 2654435761u % 1009) / 1009 + (double)(i % 2) * 2;
  if (fit(1, 4, 1) != fit(1, 4, 4)) return fputs("one dimension: threads change the result\n", stderr), 1;
  if (choose(1) != choose(4)) return fputs("search: threads change the result\n", stderr), 1;
  double alone = fit(COLUMNS, 3, 4);
  for (int i = 0; i < HOSTS; i++)
    if (pthread_create(&hosts[i], NULL, host, &results[i]) != 0) return 1;
  for (int i = 0; i < HOSTS; i++) pthread_join(hosts[i], NULL);
  for (int i = 0; i < HOSTS; i++)
    if (results[i] != alone || alone == 0) return fprintf(stderr, "host %d: another result\n", i), 1;
  return 0;
}
