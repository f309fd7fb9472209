/* SPDX-License-Identifier: MIT */
/* The rooms of `emblas fit`: arguments, search, report, files. */
#ifndef EMBLAS_CLI_FIT_H
#define EMBLAS_CLI_FIT_H

#include "cli.h"

enum criterion { CRITERION_BIC, CRITERION_AIC, CRITERION_ICL, CRITERION_COUNT };
extern const char *const criterion_names[CRITERION_COUNT + 1]; /* "bic", .., NULL */

/* ---- what is asked for (fit_arguments.c) ---- */

struct fit_arguments {
  const char *data;
  struct io_selection selection;
  size_t k_low, k_high; /* 0: as many as the labels or the model have */
  enum emblas_covariance covariances[EMBLAS_COVARIANCE_COUNT];
  size_t covariance_count; /* 0: not said */
  int starts_given;
  enum criterion criterion;
  const char *labels_path, *model_path, *responsibilities_path; /* where the start comes from */
  struct emblas_options options;
  const char *output, *plot, *plot_trace, *plot_script, *trace;
  int json, quiet;
};
/* Exits with a message when they are wrong. */
void fit_arguments_parse(struct fit_arguments *arguments, int argc, char **argv);

/* ---- one fit or many (search.c) ---- */

/* What came of one pair of size and covariance model. */
struct trial {
  size_t components;
  enum emblas_covariance covariance;
  emblas_status status;
  double loglik;
  size_t parameters;
  double criteria[CRITERION_COUNT];
  int flagged;            /* the model kept has flagged components; .. */
  size_t suspect;         /* .. the one of fewest rows, .. */
  unsigned suspect_flags; /* .. its flags, and which rows these are */
  struct emblas_component_rows suspect_rows;
  int cancelled; /* Ctrl-C cut it short: the best it had so far */
};

struct search {
  struct trial *trials;
  enum criterion criterion;
  size_t planned, count, best; /* count: that were tried, the last perhaps not to its end */
  int cancelled;               /* Ctrl-C ended the search before every pair was tried to its end */
  /* Of the best: */
  struct emblas_model *model; /* NULL when every fit failed */
  struct emblas_report report;
  size_t starts; /* that were asked for */
  double seconds;
};
/* Fits every pair and keeps the best. Exits with a message when the data are at fault. */
void search_run(struct search *search, const struct fit_arguments *arguments, const struct io_table *table);
void search_free(struct search *search);

/* ---- what is said of it (warnings.c, report.c) ---- */

struct warnings {
  size_t count;
  char **texts;
};
void warnings_collect(struct warnings *warnings, const struct search *search, const struct io_table *table,
                      const struct emblas_options *options);
void warnings_free(struct warnings *warnings);

/* How many columns follow from those before them, by a linear relation that holds to a millionth of their
   spread, and the first of them (collinear.c). O(n d^2 + d^3): the fit of one component. */
size_t columns_that_follow(const struct io_table *table, const struct emblas_options *options,
                           size_t *first);

/* The text report, on standard output. written: the files that were; NULL: none. */
void report_print(const struct fit_arguments *arguments, const struct io_table *table,
                  const struct search *search, const struct warnings *warnings, const char *written);
/* The table of components: weight, means and standard deviations. names: dim column names. */
void report_components(FILE *stream, size_t width, const struct emblas_model *model,
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
/* Exits when a file that is asked for cannot be written, before the work is done. */
void fit_files_check(const struct fit_arguments *arguments);
/* The "fit" part of the model file. */
void fit_describe(struct io_fit *fit, const struct fit_arguments *arguments, const struct search *search,
                  const struct warnings *warnings, size_t rows);

#endif
