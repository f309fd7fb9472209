/* SPDX-License-Identifier: MIT */
/* The files of a fit: model, trace, pictures. Each replaces the old one in one step or leaves it alone. */
#include "fit.h"
#include "picture.h"
#include "plot.h"
#include "rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* fit.svg -> fit-criterion.svg */
static char *criterion_path(const char *path) {
  const char *ending = strrchr(path, '.');
  return print_string("%.*s-criterion%s", (int)(ending - path), path, ending);
}

static int searched(const struct fit_arguments *arguments) {
  return arguments->k_low < arguments->k_high;
}

void fit_files_check(const struct fit_arguments *arguments) {
  char *criterion = arguments->plot && searched(arguments) ? criterion_path(arguments->plot) : NULL;
  const char *paths[] = {arguments->output,     arguments->trace,       arguments->plot,          criterion,
                         arguments->plot_trace, arguments->plot_script, arguments->selection_path};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    if (paths[i] && !output_possible(paths[i])) exit(EXIT_FAILED);
  }
  free(criterion);
}

void fit_describe(struct io_fit *fit, const struct fit_arguments *arguments, const struct search *search,
                  const struct warnings *warnings, size_t rows) {
  *fit = fit_record(&search->report, rows, arguments->options.seed);
  if (search->table.cancelled) fit->status = emblas_stop_reason_string(EMBLAS_CANCELLED);
  fit->seconds = search->seconds;
  fit->warnings = (const char *const *)warnings->texts;
  fit->warning_count = warnings->count;
}

static enum exit_status complain_of(const struct io_error *error) {
  complain("%s", error->text);
  return EXIT_FAILED;
}

static enum exit_status write_model(const struct fit_arguments *arguments, const struct io_table *table,
                                    const struct search *search, const struct warnings *warnings) {
  struct io_fit fit;
  struct io_error error;
  fit_describe(&fit, arguments, search, warnings, table->rows);
  if (io_model_write(arguments->output, search->model, (const char *const *)table->names, &fit, &error) ==
      0) {
    return EXIT_DONE;
  }
  return complain_of(&error);
}

/* What is not known, as the change before the first step, is an empty field. */
static void write_field(FILE *stream, double value, char end) {
  char text[32];
  if (isfinite(value)) fputs(io_number_format(value, text), stream);
  fputc(end, stream);
}

static enum exit_status write_trace(const char *path, const struct emblas_report *report) {
  struct io_replacement file;
  struct io_error error;
  if (io_replace_open(&file, path, &error) != 0) return complain_of(&error);
  fputs("iteration,loglik,q,entropy,weight_change\n", file.stream);
  for (size_t i = 0; i < report->trace_length; i++) {
    const struct emblas_em_point *point = &report->trace[i];
    fprintf(file.stream, "%zu,", point->iteration);
    write_field(file.stream, point->loglik, ',');
    write_field(file.stream, point->q, ',');
    write_field(file.stream, point->loglik - point->q, ',');
    write_field(file.stream, point->weight_change, '\n');
  }
  return io_replace_commit(&file, &error) == 0 ? EXIT_DONE : complain_of(&error);
}

static enum exit_status draw_fit(const struct fit_arguments *arguments, const struct io_table *table,
                                 const struct search *search) {
  size_t rows;
  double *some = rows_some(table, arguments->data, PLOT_ROWS, &rows);
  struct plot_mixture plot = {
      .model = search->model,
      .names = (const char *const *)table->names,
      .values = some ? some : table->values,
      .weights = table->weights,
      .rows = rows,
      .all = table->rows,
      .source = arguments->data,
  };
  enum exit_status status = picture_draw(arguments->plot, arguments->plot_script, plot_mixture, &plot);
  free(some);
  return status;
}

static enum exit_status draw_criterion(const char *path, const struct fit_arguments *arguments,
                                       const struct search *search) {
  struct plot_criterion plot = {search, arguments->criterion};
  return picture_draw(path, NULL, plot_criterion, &plot);
}

/* Adds the path of a file that was written to the list of them; remembers a failure. */
static void note(struct fit_files *files, const char *path, enum exit_status status) {
  if (status != EXIT_DONE) {
    files->status = status;
    return;
  }
  char *longer =
      print_string("%s%s%s", files->written ? files->written : "", files->written ? ", " : "", path);
  free(files->written);
  files->written = longer;
}

void fit_files_write(struct fit_files *files, const struct fit_arguments *arguments,
                     const struct io_table *table, const struct search *search,
                     const struct warnings *warnings) {
  *files = (struct fit_files){EXIT_DONE, NULL};
  if (arguments->output) note(files, arguments->output, write_model(arguments, table, search, warnings));
  if (arguments->trace) note(files, arguments->trace, write_trace(arguments->trace, &search->report));
  if (arguments->selection_path)
    note(files, arguments->selection_path, fit_selection_write(arguments->selection_path, search));
  if (arguments->plot) note(files, arguments->plot, draw_fit(arguments, table, search));
  if (arguments->plot && searched(arguments)) {
    char *path = criterion_path(arguments->plot);
    note(files, path, draw_criterion(path, arguments, search));
    free(path);
  }
  if (arguments->plot_trace) {
    note(files, arguments->plot_trace,
         picture_draw(arguments->plot_trace, NULL, plot_trace, &search->report));
  }
}
