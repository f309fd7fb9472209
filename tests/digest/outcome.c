/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DRAWN = 16 };

void digest_begin(struct outcome *outcome) {
  outcome->hash = UINT64_C(0xcbf29ce484222325);
  outcome->loglik = NAN;
}

void digest_bytes(struct outcome *outcome, const void *bytes, size_t count) {
  const unsigned char *byte = bytes;
  for (size_t i = 0; i < count; i++) outcome->hash = (outcome->hash ^ byte[i]) * UINT64_C(0x100000001b3);
}

void digest_size(struct outcome *outcome, size_t size) {
  uint64_t value = size;
  digest_bytes(outcome, &value, sizeof value);
}

/* A NaN has no value: whichever bits a processor has chosen for it count as the same. */
void digest_double(struct outcome *outcome, double x) {
  if (isnan(x)) x = NAN;
  digest_bytes(outcome, &x, sizeof x);
}

void digest_point(struct outcome *outcome, const struct emblas_em_point *point) {
  digest_size(outcome, point->iteration);
  digest_double(outcome, point->loglik);
  digest_double(outcome, point->q);
  digest_double(outcome, point->magnitude);
  digest_double(outcome, point->weight_change);
  digest_double(outcome, point->projected);
}

static void *room(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (memory == NULL) {
    fputs("digest: out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  return memory;
}

void digest_report(struct outcome *o, const struct emblas_report *report) {
  const size_t sizes[] = {(size_t)report->stop, report->iterations, report->maps,        report->rows,
                          report->parameters,   report->best_start, report->start_count, report->moves,
                          report->moves_kept,   report->row,        report->column,      report->component,
                          report->components,   report->columns,    report->trace_length};
  const double numbers[] = {report->loglik, report->entropy, report->total_weight,
                            report->bic,    report->aic,     report->icl};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) digest_size(o, sizes[i]);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) digest_double(o, numbers[i]);
  for (size_t s = 0; s < report->start_count; s++) {
    const struct emblas_start_result *start = &report->starts[s];
    const size_t fields[] = {(size_t)-start->status, (size_t)start->stop, start->iterations, start->rows,
                             start->flagged};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) digest_size(o, fields[i]);
    digest_double(o, start->loglik);
  }
  for (size_t t = 0; t < report->trace_length; t++) digest_point(o, &report->trace[t]);
  for (size_t j = 0; j < report->columns; j++) digest_size(o, report->column_flags[j]);
  for (size_t c = 0; c < report->components; c++) {
    digest_size(o, report->component_flags[c]);
    if (report->component_rows == NULL) continue;
    digest_double(o, report->component_rows[c].rows);
    digest_size(o, report->component_rows[c].row);
    digest_size(o, report->component_rows[c].equal);
  }
}

static void digest_doubles(struct outcome *o, size_t count, const double *x) {
  for (size_t i = 0; i < count; i++) digest_double(o, x[i]);
}

static void digest_parameters(struct outcome *o, const struct emblas_model *model) {
  size_t k = emblas_model_components(model), d = emblas_model_dim(model);
  double *matrix = room(d * d, sizeof *matrix);
  digest_size(o, (size_t)emblas_model_covariance_model(model));
  digest_doubles(o, k, emblas_model_weights(model));
  digest_doubles(o, k * d, emblas_model_means(model));
  for (size_t c = 0; c < k; c++) {
    emblas_model_cholesky(model, c, matrix);
    digest_doubles(o, d * d, matrix);
    emblas_model_covariance(model, c, matrix);
    digest_doubles(o, d * d, matrix);
  }
  free(matrix);
}

static void digest_prediction(struct outcome *o, const struct emblas_model *model, const struct set *set,
                              const struct emblas_options *fitted) {
  size_t n = set->rows, k = emblas_model_components(model);
  struct emblas_data data = set_data(set);
  struct emblas_predict_options options;
  struct emblas_prediction prediction;
  emblas_predict_options_init(&options, sizeof options);
  emblas_prediction_init(&prediction, sizeof prediction);
  options.threads = fitted->threads, options.backend = fitted->backend;
  prediction.labels = room(n, sizeof *prediction.labels);
  prediction.responsibilities = room(n * k, sizeof(double));
  prediction.logpdf = room(n, sizeof(double));
  digest_size(o, (size_t)-emblas_predict(model, &data, &options, &prediction, NULL));
  for (size_t i = 0; i < n; i++) digest_size(o, prediction.labels[i]);
  digest_doubles(o, n * k, prediction.responsibilities);
  digest_doubles(o, n, prediction.logpdf);
  digest_double(o, prediction.loglik);
  digest_double(o, prediction.entropy);
  digest_double(o, prediction.hard);
  digest_double(o, emblas_model_log_density(model, set->values, prediction.responsibilities));
  digest_doubles(o, k, prediction.responsibilities);
  free(prediction.labels);
  free(prediction.responsibilities);
  free(prediction.logpdf);
}

static void digest_sample(struct outcome *o, const struct emblas_model *model) {
  size_t labels[DRAWN], d = emblas_model_dim(model);
  double *values = room(DRAWN * d, sizeof *values);
  emblas_status status = emblas_sample(model, DRAWN, 17, values, labels);
  digest_size(o, (size_t)-status);
  for (size_t i = 0; i < DRAWN && status == EMBLAS_OK; i++) digest_size(o, labels[i]);
  if (status == EMBLAS_OK) digest_doubles(o, DRAWN * d, values);
  free(values);
}

void digest_model(struct outcome *o, const struct emblas_model *model, const struct set *set,
                  const struct emblas_options *fitted) {
  digest_parameters(o, model);
  digest_prediction(o, model, set, fitted);
  digest_sample(o, model);
}
