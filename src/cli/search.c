/* SPDX-License-Identifier: MIT */
/* The search over sizes and covariance models, and what is said when it comes to nothing. */
#include "fit.h"
#include "progress.h"
#include "rows.h"

#include <stdlib.h>

struct sharing sharing;

/* The largest size that is tried. */
static size_t most_components(const struct fit_arguments *arguments, const struct io_table *table) {
  size_t rows = rows_that_count(table), most = arguments->k_high;
  if (arguments->k_default && rows > 0 && rows < most) return rows;
  if (most > rows)
    die(EXIT_DATA, "%s: %zu row%s%s %s too few for %zu components", arguments->data, rows,
        rows == 1 ? "" : "s", table->weights ? " of positive weight" : "", rows == 1 ? "is" : "are", most);
  return most;
}

/* A start that was given and is none. Rows are counted from 1, components from 0. */
static void judge_start(emblas_status status, const struct emblas_report *report,
                        const struct fit_arguments *arguments, const struct io_table *table) {
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
        io_table_place(table, report->row) + 1);
  }
  if (status == EMBLAS_ERROR_RANGE && arguments->model_path && one) {
    die(EXIT_DATA, "%s: component %zu is too far from the rows of %s, or too wide, to start from",
        arguments->model_path, report->component, arguments->data);
  }
}

/* No pair could be fitted. */
static _Noreturn void give_up(emblas_status status, const struct search *search,
                              const struct fit_arguments *arguments, const struct io_table *table) {
  sharing.agreed = 1;
  if (sharing.silent && search->report.row == EMBLAS_NOWHERE) exit(exit_status_of(status));
  judge_start(status, &search->report, arguments, table);
  if (search->report.argument)
    die(exit_status_of(status), "%s: %s", emblas_status_string(status), search->report.argument);
  if (status == EMBLAS_ERROR_NUMERICAL || status == EMBLAS_ERROR_RANGE)
    die(EXIT_FAILED, "%s: every fit failed: %s", arguments->data, emblas_status_string(status));
  rows_refuse(status, &search->report, arguments->data, table, 0);
}

/* Where sums are beyond the range of double, the labels are there nevertheless. */
static void label_rows(struct search *search, const struct emblas_data *data, size_t threads) {
  struct emblas_predict_options options;
  struct emblas_prediction prediction;
  emblas_predict_options_init(&options, sizeof options);
  options.threads = threads;
  emblas_prediction_init(&prediction, sizeof prediction);
  search->labels = prediction.labels = allocate(data->rows, sizeof *search->labels);
  emblas_status status = emblas_predict(search->model, data, &options, &prediction, NULL);
  if (status != EMBLAS_OK && status != EMBLAS_ERROR_RANGE)
    die(exit_status_of(status), "labels of the rows: %s", emblas_status_string(status));
}

/* A given start is that of all rows; the library wants those of this process. */
static void skip_rows(struct emblas_options *options, size_t rows) {
  if (options->labels) options->labels += rows;
  if (options->responsibilities) options->responsibilities += rows * options->components;
}

void search_run(struct search *search, const struct fit_arguments *arguments,
                const struct io_table *table) {
  struct emblas_options options = arguments->options;
  struct emblas_data data = rows_data(table);
  struct emblas_candidates candidates;
  struct progress progress;
  *search = (struct search){.starts = options.starts, .criterion = arguments->criterion};
  emblas_report_init(&search->report, sizeof search->report);
  emblas_selection_init(&search->table, sizeof search->table);
  emblas_candidates_init(&candidates, sizeof candidates);
  candidates.least_components = arguments->k_low;
  candidates.most_components = most_components(arguments, table);
  candidates.covariances = arguments->covariances;
  candidates.covariance_count = arguments->covariance_count;
  candidates.criterion = arguments->criterion;

  progress_begin(&progress, arguments->quiet);
  options.progress = progress_hook;
  options.progress_context = &progress;
  double begin = seconds_now();
  emblas_status status = sharing.rows ? sharing.rows(&data) : EMBLAS_OK;
  if (status == EMBLAS_OK && data.processes.count > 0)
    skip_rows(&options, data.processes.first[data.processes.rank]);
  if (status == EMBLAS_OK)
    status = emblas_select(&data, &options, &candidates, &search->model, &search->report, &search->table);
  search->seconds = seconds_now() - begin;
  progress_end(&progress);
  if (status != EMBLAS_OK) give_up(status, search, arguments, table);
  if (!table->array) label_rows(search, &data, options.threads);
}

void search_free(struct search *search) {
  emblas_model_free(search->model);
  free(search->labels);
  emblas_report_clear(&search->report);
  emblas_selection_clear(&search->table);
}
