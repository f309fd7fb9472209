/* SPDX-License-Identifier: MIT */
/* Fits every pair of size and covariance model that is asked for, and keeps the best. */
#include "fit.h"
#include "progress.h"
#include "rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* In one dimension diag and spherical are full by another name: the first of each kind is fitted. */
static int repeats(const enum emblas_covariance *covariances, size_t index, size_t dim) {
  const char *name = emblas_covariance_mclust(covariances[index], dim);
  for (size_t i = 0; i < index; i++) {
    if (strcmp(emblas_covariance_mclust(covariances[i], dim), name) == 0) return 1;
  }
  return 0;
}

static _Noreturn void too_few_rows(const struct fit_arguments *arguments, const struct io_table *table,
                                   size_t components) {
  size_t rows = 0;
  for (size_t i = 0; i < table->rows; i++) rows += !table->weights || table->weights[i] > 0;
  die(EXIT_DATA, "%s: %zu row%s%s %s too few for %zu components", arguments->data, rows,
      rows == 1 ? "" : "s", table->weights ? " of positive weight" : "", rows == 1 ? "is" : "are",
      components);
}

/* A start that was given and is none. Rows are counted from 1, components from 0. */
static void judge_start(emblas_status status, const struct emblas_report *report,
                        const struct fit_arguments *arguments) {
  int one = report->component != EMBLAS_NOWHERE;
  if (status == EMBLAS_ERROR_LABEL && one) {
    die(EXIT_DATA, "%s: no row has label %zu", arguments->labels_path, report->component);
  }
  if (status == EMBLAS_ERROR_RESPONSIBILITY && one) {
    die(EXIT_DATA, "%s: no row has a responsibility for component %zu", arguments->responsibilities_path,
        report->component);
  }
  if (status == EMBLAS_ERROR_RESPONSIBILITY) {
    die(EXIT_DATA, "%s: the responsibilities of row %zu are all 0", arguments->responsibilities_path,
        report->row + 1);
  }
  if (status == EMBLAS_ERROR_RANGE && arguments->model_path && one) {
    die(EXIT_DATA, "%s: component %zu is too far from the rows of %s, or too wide, to start from",
        arguments->model_path, report->component, arguments->data);
  }
}

/* A failure that no other size or covariance model would mend ends the program. */
static void judge(emblas_status status, const struct emblas_report *report, struct progress *progress,
                  const struct fit_arguments *arguments, const struct io_table *table, size_t components) {
  if (status == EMBLAS_OK || status == EMBLAS_ERROR_NUMERICAL) return;
  if (status == EMBLAS_ERROR_RANGE && !arguments->model_path) return;
  progress_end(progress);
  if (status == EMBLAS_ERROR_TOO_FEW_ROWS) too_few_rows(arguments, table, components);
  judge_start(status, report, arguments);
  if (report->argument) die(exit_status_of(status), "%s: %s", emblas_status_string(status), report->argument);
  die(exit_status_of(status), "%s: %s", arguments->data, emblas_status_string(status));
}

/* The component that speaks most against a model: the one of fewest rows among those with a flag. */
static void find_suspect(struct trial *trial, const struct emblas_report *report) {
  double fewest = INFINITY;
  for (size_t c = 0; c < report->components; c++) {
    if (report->component_flags[c] == 0 || report->component_rows[c].rows >= fewest) continue;
    fewest = report->component_rows[c].rows;
    trial->flagged = 1;
    trial->suspect = c;
    trial->suspect_flags = report->component_flags[c];
    trial->suspect_rows = report->component_rows[c];
  }
}

static void describe(struct trial *trial, const struct emblas_report *report) {
  trial->loglik = report->loglik;
  trial->parameters = report->parameters;
  trial->criteria[CRITERION_BIC] = report->bic;
  trial->criteria[CRITERION_AIC] = report->aic;
  trial->criteria[CRITERION_ICL] = report->icl;
  find_suspect(trial, report);
  trial->cancelled = report->stop == EMBLAS_CANCELLED;
}

/* A collapsed component makes the likelihood as large as the floor allows, so a model without flags is
   better than any with; among equals the criterion decides. */
static int better(const struct trial *trial, const struct trial *best, enum criterion criterion) {
  if (trial->flagged != best->flagged) return !trial->flagged;
  return trial->criteria[criterion] < best->criteria[criterion];
}

static void keep(struct search *search, size_t index, struct emblas_model *model,
                 struct emblas_report *report, double seconds) {
  emblas_model_free(search->model);
  emblas_report_clear(&search->report);
  search->best = index;
  search->model = model;
  search->report = *report;
  search->seconds = seconds;
}

static void run_trial(struct search *search, size_t index, const struct fit_arguments *arguments,
                      const struct io_table *table, struct emblas_options *options) {
  struct trial *trial = &search->trials[index];
  struct emblas_model *model = NULL;
  struct emblas_report report;
  struct emblas_data data = rows_data(table);
  emblas_report_init(&report, sizeof report);

  options->components = trial->components;
  options->covariance = trial->covariance;
  double begin = now();
  trial->status = emblas_fit(&data, options, &model, &report);
  double seconds = now() - begin;
  judge(trial->status, &report, options->progress_context, arguments, table, trial->components);
  if (trial->status == EMBLAS_OK) {
    describe(trial, &report);
    if (!search->model || better(trial, &search->trials[search->best], arguments->criterion)) {
      keep(search, index, model, &report, seconds);
      return;
    }
  }
  emblas_model_free(model);
  emblas_report_clear(&report);
}

/* The list of pairs, by size and within a size by covariance model. */
static void plan(struct search *search, const struct fit_arguments *arguments, size_t dim) {
  size_t sizes = arguments->k_high - arguments->k_low + 1;
  search->trials = allocate(sizes * arguments->covariance_count, sizeof *search->trials);
  for (size_t k = arguments->k_low; k <= arguments->k_high; k++) {
    for (size_t c = 0; c < arguments->covariance_count; c++) {
      if (repeats(arguments->covariances, c, dim)) continue;
      search->trials[search->planned++] =
          (struct trial){.components = k, .covariance = arguments->covariances[c], .loglik = NAN};
    }
  }
}

void search_run(struct search *search, const struct fit_arguments *arguments,
                const struct io_table *table) {
  struct emblas_options options = arguments->options;
  struct progress progress;
  *search = (struct search){.starts = options.starts, .criterion = arguments->criterion};
  emblas_report_init(&search->report, sizeof search->report);
  if (arguments->k_high > table->rows) too_few_rows(arguments, table, arguments->k_high);
  plan(search, arguments, table->columns);

  progress_begin(&progress, arguments->quiet);
  options.progress = progress_hook;
  options.progress_context = &progress;
  while (search->count < search->planned && !progress_cancelled()) {
    const struct trial *trial = &search->trials[search->count];
    if (search->planned > 1) {
      snprintf(progress.prefix, sizeof progress.prefix, "k %zu %s  ", trial->components,
               emblas_covariance_string(trial->covariance));
    }
    run_trial(search, search->count, arguments, table, &options);
    search->cancelled |= trial->cancelled;
    search->count++;
  }
  search->cancelled |= search->count < search->planned;
  progress_end(&progress);
}

void search_free(struct search *search) {
  emblas_model_free(search->model);
  emblas_report_clear(&search->report);
  free(search->trials);
}
