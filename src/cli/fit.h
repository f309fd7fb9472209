/* SPDX-License-Identifier: MIT */
/* The rooms of `emblas fit`: arguments, search, report, files. */
#ifndef EMBLAS_CLI_FIT_H
#define EMBLAS_CLI_FIT_H

#include "cli.h"

extern const char *const criterion_names[EMBLAS_CRITERION_COUNT + 1]; /* "bic", .., NULL */

/* ---- what is asked for (fit_arguments.c) ---- */

struct fit_arguments {
  const char *data;
  struct io_selection selection;
  char *columns;        /* what the selection has of them; malloc'ed */
  size_t k_low, k_high; /* 0: as many as the labels or the model have */
  int k_default;        /* -k was not given: as many of its range as there are rows for */
  enum emblas_covariance covariances[EMBLAS_COVARIANCE_COUNT];
  size_t covariance_count; /* 0: not said */
  int starts_given, order_given;
  enum emblas_criterion criterion;
  const char *labels_path, *model_path, *responsibilities_path; /* where the start comes from */
  struct emblas_options options;
  const char *output, *plot, *plot_trace, *plot_script, *trace, *selection_path;
  int json, quiet, parameters;
};
/* Exits with a message when they are wrong. */
void fit_arguments_parse(struct fit_arguments *arguments, int argc, char **argv);

/* ---- one fit or many (search.c) ---- */

struct search {
  struct emblas_selection table;
  enum emblas_criterion criterion;
  /* Of the best: */
  struct emblas_model *model;
  struct emblas_report report;
  size_t *labels; /* of the rows; NULL where these stay in their file */
  size_t starts;  /* that were asked for */
  double seconds; /* of the whole search */
};
static inline const struct emblas_trial *best_trial(const struct search *search) {
  return &search->table.trials[search->table.best];
}
/* Fits every pair and keeps the best. Exits with a message when no pair can be fitted. */
void search_run(struct search *search, const struct fit_arguments *arguments, const struct io_table *table);
void search_free(struct search *search);

/* Where processes share the rows: all 0 in emblas itself, set by emblas-mpi (mpi/program.c). */
struct sharing {
  emblas_status (*rows)(
      struct emblas_data *data); /* makes the rows of a file those of this process and the others */
  int silent;                    /* another process reports and writes files */
  int agreed;                    /* an error is that of all processes, which all say so and end */
};
extern struct sharing sharing;

/* ---- what is said of it (warnings.c, report.c) ---- */

struct warnings {
  size_t count;
  char **texts;
};
void warnings_collect(struct warnings *warnings, const struct search *search, const struct io_table *table,
                      const struct emblas_options *options);
void warnings_free(struct warnings *warnings);
/* Adds a malloc'ed text, which it then owns. */
void warnings_add(struct warnings *warnings, char *text);
/* Those that the rows give reason to (warnings_rows.c). O(n d^2). */
void warnings_of_rows(struct warnings *warnings, const struct search *search, const struct io_table *table);

/* How many columns follow from those before them, by a linear relation that holds to a millionth of their
   spread, and the first of them (collinear.c). O(n d^2 + d^3): the fit of one component. */
size_t columns_that_follow(const struct io_table *table, const struct emblas_options *options,
                           size_t *first);

/* The text report, on standard output. written: the files that were; NULL: none. */
void report_print(const struct fit_arguments *arguments, const struct io_table *table,
                  const struct search *search, const struct warnings *warnings, const char *written);
/* The models that were tried, where there are several. */
void report_trials(size_t width, const struct search *search);
/* The table of components: weight, rows, means and standard deviations. names: dim column names; labelled:
   k, how many rows have the label of each. */
void report_components(FILE *stream, size_t width, const struct emblas_model *model,
                       const char *const *names, const size_t *labelled);
/* Means, covariances and correlations of each component. */
void report_parameters(FILE *stream, size_t width, const struct emblas_model *model,
                       const char *const *names);

/* ---- files (fit_files.c) ---- */

struct fit_files {
  enum exit_status status;
  char *written; /* a list of their paths, malloc'ed; NULL: none */
};
/* Writes every file that is asked for; what fails is complained of, the others are still written. */
void fit_files_write(struct fit_files *files, const struct fit_arguments *arguments,
                     const struct io_table *table, const struct search *search,
                     const struct warnings *warnings);
/* The models of a search as CSV or JSON, by the ending of the name (fit_selection.c). */
enum exit_status fit_selection_write(const char *path, const struct search *search);
/* Exits when a file that is asked for cannot be written, before the work is done. */
void fit_files_check(const struct fit_arguments *arguments);
/* The "fit" part of the model file. */
void fit_describe(struct io_fit *fit, const struct fit_arguments *arguments, const struct search *search,
                  const struct warnings *warnings, size_t rows);

#endif
