/* SPDX-License-Identifier: MIT */
/* emblas fit: read, fit, save, report. */
#include "fit.h"
#include "rows.h"
#include "values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a given start holds in memory. */
struct given_start {
  size_t *labels;
  double *responsibilities;
  struct loaded_model model;
};

/* A start of its own size: -k may be left out, but not differ. */
static void agree(struct fit_arguments *arguments, const char *path, size_t components) {
  if (arguments->k_low && arguments->k_low != components) {
    die(EXIT_DATA, "%s has %zu components, -k asks for %zu", path, components, arguments->k_low);
  }
  arguments->k_low = arguments->k_high = components;
}

/* Whether a start has a line of `size` bytes for each row of the file, of which those of rows that were
   left out are taken away, or for each row of the table. */
static int matches(const struct io_table *table, size_t count, void *lines, size_t size) {
  char *line = lines;
  if (count != table->rows && count == table->file_rows) {
    for (size_t i = 0; i < table->rows; i++)
      memmove(line + i * size, line + io_table_place(table, i) * size, size);
    return 1;
  }
  return count == table->rows;
}

static void read_labels(struct given_start *start, struct fit_arguments *arguments,
                        const struct io_table *table) {
  struct io_error error;
  size_t count, most = 0;
  if (io_labels_read(arguments->labels_path, &start->labels, &count, &error) != 0) {
    die_of_file(&error);
  }
  if (!matches(table, count, start->labels, sizeof *start->labels)) {
    die(EXIT_DATA, "%s has %zu labels, %s has %zu rows", arguments->labels_path, count, arguments->data,
        table->file_rows);
  }
  for (size_t i = 0; i < table->rows; i++) {
    if (start->labels[i] == IO_NO_LABEL)
      die(EXIT_DATA, "%s: row %zu has no label", arguments->labels_path, io_table_place(table, i) + 1);
    most = start->labels[i] > most ? start->labels[i] : most;
  }
  agree(arguments, arguments->labels_path, most + 1);
  arguments->options.labels = start->labels;
}

static void read_responsibilities(struct given_start *start, struct fit_arguments *arguments,
                                  const struct io_table *table) {
  const char *path = arguments->responsibilities_path;
  struct io_error error;
  size_t rows, count;
  if (io_responsibilities_read(path, &start->responsibilities, &rows, &count, &error) != 0) {
    die_of_file(&error);
  }
  if (!matches(table, rows, start->responsibilities, count * sizeof *start->responsibilities)) {
    die(EXIT_DATA, "%s has %zu rows, %s has %zu", path, rows, arguments->data, table->file_rows);
  }
  for (size_t i = 0; i < table->rows * count; i++) {
    if (isnan(start->responsibilities[i]))
      die(EXIT_DATA, "%s: row %zu lacks a responsibility", path, io_table_place(table, i / count) + 1);
  }
  agree(arguments, path, count);
  arguments->options.responsibilities = start->responsibilities;
}

/* The rows are those of the model's columns, unless others are asked for. */
static void read_model(struct given_start *start, struct fit_arguments *arguments, struct io_table *table) {
  model_load(arguments->model_path, &start->model);
  if (arguments->selection.columns) {
    rows_read(arguments->data, &arguments->selection, table);
    rows_check_dimension(&start->model, arguments->data, table);
  } else {
    rows_read_for(&start->model, arguments->data, &arguments->selection, table);
  }
  agree(arguments, arguments->model_path, emblas_model_components(start->model.model));
  if (emblas_model_family(start->model.model) != arguments->options.family) {
    die(EXIT_DATA, "%s is a model of the family %s, not %s", arguments->model_path,
        emblas_family_string(emblas_model_family(start->model.model)),
        emblas_family_string(arguments->options.family));
  }
  arguments->options.model = start->model.model;
  if (!arguments->covariance_count) {
    arguments->covariances[arguments->covariance_count++] =
        emblas_model_covariance_model(start->model.model);
  }
}

/* Rows times features of full covariances that all models of nine sizes are done with in some seconds. */
static const double FEW = 32768;

/* A search that says nothing of covariance models tries all of them, where that takes no more than some
 * seconds. */
static void choose_covariances(struct fit_arguments *arguments, const struct io_table *table) {
  if (!emblas_family_has_covariances(arguments->options.family)) {
    arguments->covariances[arguments->covariance_count++] = EMBLAS_FULL; /* there is nothing to choose */
    return;
  }
  double d = (double)table->columns, size = (double)table->rows * (1 + d + d * (d + 1) / 2);
  if (arguments->k_low == arguments->k_high || size > FEW) {
    arguments->covariances[arguments->covariance_count++] = EMBLAS_FULL;
    if (arguments->k_low != arguments->k_high && !arguments->quiet)
      complain("note: covariances are full alone, since there are many rows; --cov all tries all models");
    return;
  }
  arguments->covariance_count = value_covariances("all", arguments->covariances);
}

/* Prints what is wanted of the result on standard output. */
static enum exit_status say(const struct fit_arguments *arguments, const struct io_table *table,
                            const struct search *search, const struct warnings *warnings,
                            const char *written) {
  struct io_fit fit;
  struct io_error error;
  /* The report has them among its lines, the model file in its own. */
  for (size_t i = 0; i < warnings->count && !sharing.silent && (arguments->quiet || arguments->json); i++)
    complain("%s: %s", arguments->data, warnings->texts[i]);
  if (!arguments->json && !arguments->quiet) report_print(arguments, table, search, warnings, written);
  if (!arguments->json) return EXIT_DONE;
  fit_describe(&fit, arguments, search, warnings, table->rows);
  if (io_model_print(stdout, search->model, (const char *const *)table->names, &fit, &error) == 0) {
    return EXIT_DONE;
  }
  complain("%s", error.text);
  return EXIT_FAILED;
}

/* Rows stay where they are, and one process speaks for all. */
static void share_out(struct fit_arguments *arguments) {
  arguments->selection.stay_from = 1;
  if (arguments->selection.format.drop_missing) die(EXIT_USAGE, "--missing drop needs the rows in memory");
  if (!sharing.silent) return;
  arguments->quiet = 1, arguments->json = 0;
  arguments->output = arguments->plot = arguments->plot_trace = arguments->plot_script = NULL;
  arguments->trace = arguments->selection_path = NULL;
}

enum exit_status command_fit(int argc, char **argv) {
  struct fit_arguments arguments;
  struct given_start start = {0};
  struct io_table table;
  struct search search;
  struct warnings warnings;
  struct fit_files files;

  fit_arguments_parse(&arguments, argc, argv);
  if (sharing.rows) share_out(&arguments);
  if (arguments.model_path)
    read_model(&start, &arguments, &table);
  else
    rows_read(arguments.data, &arguments.selection, &table);
  if (arguments.labels_path) read_labels(&start, &arguments, &table);
  if (arguments.responsibilities_path) read_responsibilities(&start, &arguments, &table);
  if (!arguments.covariance_count) choose_covariances(&arguments, &table);
  fit_files_check(&arguments);

  search_run(&search, &arguments, &table);
  warnings_collect(&warnings, &search, &table, &arguments.options);
  fit_files_write(&files, &arguments, &table, &search, &warnings);
  enum exit_status said = say(&arguments, &table, &search, &warnings, files.written);

  warnings_free(&warnings);
  search_free(&search);
  model_unload(&start.model);
  free(start.labels);
  free(start.responsibilities);
  io_table_free(&table);
  free(files.written);
  free(arguments.columns);
  return files.status != EXIT_DONE ? files.status : said;
}
