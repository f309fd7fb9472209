/* SPDX-License-Identifier: MIT */
/* The models of a search as a table: CSV, or JSON where the name ends so. */
#include "fit.h"
#include "rows.h"

#include <math.h>
#include <string.h>

/* What is not known of a model is an empty field of CSV, and null in JSON. */
static void write_number(FILE *stream, double value, const char *unknown) {
  char text[32];
  fputs(isfinite(value) ? io_number_format(value, text) : unknown, stream);
}

static const char *status_of(const struct emblas_trial *trial) {
  if (!trial->tried) return "not tried";
  return trial->status == EMBLAS_OK ? emblas_stop_reason_string(trial->stop)
                                    : emblas_status_string(trial->status);
}

static const char *mclust_name(const struct emblas_trial *trial, size_t dim) {
  int covariances = emblas_family_has_covariances(trial->family);
  return covariances ? emblas_covariance_mclust(trial->covariance, dim) : "";
}

/* The numbers of a model in the order of both formats; those of one without a fit are not known. */
enum { NUMBERS = 1 + EMBLAS_CRITERION_COUNT };
static void numbers_of(const struct emblas_trial *trial, double numbers[NUMBERS]) {
  int fitted = trial->tried && trial->status == EMBLAS_OK;
  numbers[0] = fitted ? trial->loglik : NAN;
  for (size_t i = 1; i < NUMBERS; i++) numbers[i] = fitted ? trial->criteria[i - 1] : NAN;
}

static void write_csv(FILE *stream, const struct search *search) {
  size_t dim = emblas_model_dim(search->model);
  double numbers[NUMBERS];
  fputs("k,model,mclust,loglik,bic,aic,icl,parameters,flagged,starts,status,best\n", stream);
  for (size_t i = 0; i < search->table.count; i++) {
    const struct emblas_trial *trial = &search->table.trials[i];
    fprintf(stream, "%zu,%s,%s", trial->components, components_name(trial->family, trial->covariance),
            mclust_name(trial, dim));
    numbers_of(trial, numbers);
    for (size_t n = 0; n < NUMBERS; n++) {
      fputc(',', stream);
      write_number(stream, numbers[n], "");
    }
    fprintf(stream, ",%zu,%zu,%zu,", trial->parameters, trial->flagged, trial->starts);
    csv_field(stream, status_of(trial));
    fprintf(stream, ",%d\n", i == search->table.best);
  }
}

static void write_json(FILE *stream, const struct search *search) {
  static const char *const names[NUMBERS] = {"loglik", "bic", "aic", "icl"};
  size_t dim = emblas_model_dim(search->model);
  double numbers[NUMBERS];
  for (size_t i = 0; i < search->table.count; i++) {
    const struct emblas_trial *trial = &search->table.trials[i];
    fprintf(stream, "%s\n  { \"k\": %zu, \"model\": \"%s\", \"mclust\": \"%s\"", i ? "," : "[",
            trial->components, components_name(trial->family, trial->covariance), mclust_name(trial, dim));
    numbers_of(trial, numbers);
    for (size_t n = 0; n < NUMBERS; n++) {
      fprintf(stream, ", \"%s\": ", names[n]);
      write_number(stream, numbers[n], "null");
    }
    fprintf(stream,
            ", \"parameters\": %zu, \"flagged\": %zu, \"starts\": %zu, \"status\": \"%s\", \"best\": %s }",
            trial->parameters, trial->flagged, trial->starts, status_of(trial),
            i == search->table.best ? "true" : "false");
  }
  fputs("\n]\n", stream);
}

enum exit_status fit_selection_write(const char *path, const struct search *search) {
  struct io_replacement file;
  struct io_error error;
  const char *ending = strrchr(path, '.');
  if (io_replace_open(&file, path, &error) == 0) {
    (ending && strcmp(ending, ".json") == 0 ? write_json : write_csv)(file.stream, search);
    if (io_replace_commit(&file, &error) == 0) return EXIT_DONE;
  }
  complain("%s", error.text);
  return EXIT_FAILED;
}
