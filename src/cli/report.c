/* SPDX-License-Identifier: MIT */
/* The text report of a fit. */
#include "fit.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static void print_data(size_t width, const struct fit_arguments *arguments, const struct io_table *table) {
  const char *path = strcmp(arguments->data, "-") == 0 ? "standard input" : arguments->data;
  text_fieldf(stdout, width, "data", "%s: %zu row%s, %zu column%s%s%s", path, table->rows,
              table->rows == 1 ? "" : "s", table->columns, table->columns == 1 ? "" : "s",
              arguments->selection.weights ? ", weights in column " : "",
              arguments->selection.weights ? arguments->selection.weights : "");
}

static void print_model(size_t width, const struct search *search) {
  const struct emblas_model *model = search->model;
  enum emblas_covariance covariance = emblas_model_covariance_model(model);
  size_t k = emblas_model_components(model);
  if (!emblas_family_has_covariances(emblas_model_family(model))) {
    text_fieldf(stdout, width, "model", "%zu component%s, %s, %zu free parameters", k, k == 1 ? "" : "s",
                emblas_family_string(emblas_model_family(model)), search->report.parameters);
    return;
  }
  text_fieldf(stdout, width, "model", "%zu component%s, covariance %s (%s), %zu free parameters", k,
              k == 1 ? "" : "s", emblas_covariance_string(covariance),
              emblas_covariance_mclust(covariance, emblas_model_dim(model)), search->report.parameters);
}

static void print_result(size_t width, const struct search *search) {
  const struct emblas_report *report = &search->report;
  char number[32];
  text_fieldf(stdout, width, "status", "%s%s after %zu iteration%s (%.3g s, %s backend)",
              search->table.cancelled && report->stop != EMBLAS_CANCELLED ? "cancelled; the best so far "
                                                                          : "",
              emblas_stop_reason_string(report->stop), report->iterations,
              report->iterations == 1 ? "" : "s", search->seconds, report->backend);
  text_field(stdout, width, "log-likelihood", text_nats(report->loglik, number));
  text_field(stdout, width, "BIC", text_nats(report->bic, number));
  text_field(stdout, width, "AIC", text_nats(report->aic, number));
  text_field(stdout, width, "ICL", text_nats(report->icl, number));
}

/* ---- starts: equal results are one line ---- */

static int by_result(const void *a, const void *b) {
  const struct emblas_start_result *x = a, *y = b;
  if ((x->status == EMBLAS_OK) != (y->status == EMBLAS_OK)) return x->status == EMBLAS_OK ? -1 : 1;
  if (x->rows != y->rows) return x->rows > y->rows ? -1 : 1;
  if ((x->flagged > 0) != (y->flagged > 0)) return x->flagged > 0 ? 1 : -1;
  if (x->stop != y->stop) return x->stop < y->stop ? -1 : 1;
  return x->loglik > y->loglik ? -1 : x->loglik < y->loglik;
}

/* Results that print alike are alike. */
static char *describe_start(const struct emblas_start_result *start, size_t rows) {
  if (start->rows < rows) return print_string("tried on a sample of %zu rows", start->rows);
  if (start->status != EMBLAS_OK) return print_string("failed: %s", emblas_status_string(start->status));
  return print_string("%.4f %s%s", start->loglik,
                      start->stop == EMBLAS_RUNNING ? "given up" : emblas_stop_reason_string(start->stop),
                      start->flagged ? ", with empty or collapsed components" : "");
}

static void print_starts(size_t width, const struct emblas_report *report) {
  enum { GROUPS = 6 };
  size_t n = report->start_count, groups = 0, i = 0;
  if (n < 2) return;
  struct emblas_start_result *sorted = allocate(n, sizeof *sorted);
  memcpy(sorted, report->starts, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, by_result);
  while (i < n && groups++ < GROUPS) {
    char *text = describe_start(&sorted[i], sorted[0].rows);
    size_t count = 0;
    for (int alike = 1; alike && i < n;) {
      char *other = describe_start(&sorted[i], sorted[0].rows);
      alike = strcmp(text, other) == 0;
      if (alike) count++, i++;
      free(other);
    }
    text_fieldf(stdout, width, groups == 1 ? "starts" : "", "%4zu x %s", count, text);
    free(text);
  }
  if (i < n) text_fieldf(stdout, width, "", "%4zu with other results", n - i);
  free(sorted);
}

/* How many rows have the label of each component, k; NULL where rows have none, as they stay in their file.
 */
static size_t *count_labels(const struct search *search, const struct io_table *table) {
  if (!search->labels) return NULL;
  size_t *counts = allocate(emblas_model_components(search->model), sizeof *counts);
  for (size_t i = 0; i < table->rows; i++) counts[search->labels[i]]++;
  return counts;
}

void report_print(const struct fit_arguments *arguments, const struct io_table *table,
                  const struct search *search, const struct warnings *warnings, const char *written) {
  size_t width = text_width(stdout);
  print_data(width, arguments, table);
  print_model(width, search);
  print_result(width, search);
  print_starts(width, &search->report);
  for (size_t i = 0; i < warnings->count; i++) text_field(stdout, width, "warning", warnings->texts[i]);
  if (written) text_field(stdout, width, "files", written);
  report_trials(width, search);
  putchar('\n');
  size_t *labelled = count_labels(search, table);
  const char *const *names = (const char *const *)table->names;
  report_components(stdout, text_table_width(stdout), search->model, names, labelled);
  if (arguments->parameters) report_parameters(stdout, text_table_width(stdout), search->model, names);
  free(labelled);
}
