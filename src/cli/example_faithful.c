/* SPDX-License-Identifier: MIT */
/* Old Faithful, two components, the four covariance models: the one of smallest BIC is drawn and saved. */
#include "example.h"
#include "faithful.h" /* made from data/faithful.csv by the build */
#include "fit.h"

#include <stdlib.h>

/* What the search of `emblas fit` would be asked for. */
static void ask(struct fit_arguments *fit, const struct example_arguments *arguments) {
  *fit = (struct fit_arguments){.data = "faithful", .k_low = 2, .k_high = 2, .criterion = EMBLAS_BIC};
  emblas_options_init(&fit->options, sizeof fit->options);
  fit->options.seed = arguments->seed;
  fit->covariance_count = EMBLAS_COVARIANCE_COUNT;
  for (size_t c = 0; c < fit->covariance_count; c++) fit->covariances[c] = (enum emblas_covariance)c;
  fit->output = arguments->output;
  fit->plot = arguments->plot;
}

enum exit_status example_faithful(const struct example_arguments *arguments) {
  struct io_table table = {.rows = FAITHFUL_ROWS,
                           .columns = FAITHFUL_COLUMNS,
                           .values = (double *)faithful_values,
                           .names = (char **)faithful_names};
  struct fit_arguments fit;
  struct search search;
  struct warnings warnings;
  struct fit_files files;
  ask(&fit, arguments);
  search_run(&search, &fit, &table);
  warnings_collect(&warnings, &search, &table, &fit.options);
  fit_files_write(&files, &fit, &table, &search, &warnings);
  report_print(&fit, &table, &search, &warnings, files.written);
  warnings_free(&warnings);
  search_free(&search);
  free(files.written);
  return files.status;
}
