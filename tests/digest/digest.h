/* SPDX-License-Identifier: MIT */
/* Fits of all kinds through the public interface, each summed up in 64 bits: whoever restructures the
   library compares the lines of two builds on one machine, and sees which fits have changed. */
#ifndef DIGEST_H
#define DIGEST_H

#include <emblas/emblas.h>

/* What a call gave back: FNV-1a (Fowler, Noll, Vo) of its bits, and the number that a reader looks at. */
struct outcome {
  uint64_t hash;
  double loglik;
};

void digest_begin(struct outcome *outcome);
void digest_bytes(struct outcome *outcome, const void *bytes, size_t count);
void digest_size(struct outcome *outcome, size_t size);
void digest_double(struct outcome *outcome, double x);
/* The point of a trace, field by field: the padding of a struct is nobody's. */
void digest_point(struct outcome *outcome, const struct emblas_em_point *point);

/* Rows, and how they may be split into components to begin with. */
struct set {
  const char *name;
  size_t rows, columns;
  const double *values, *weights; /* weights: NULL for ones */
  size_t components;
  const size_t *labels; /* one a row, below components */
};

/* The data sets that come with the project. */
struct set set_read(const char *name, size_t components);
/* `components` blobs of deviation 1 whose centres lie `apart` deviations apart in every column, row by row
   in turn. */
struct set set_blobs(const char *name, size_t rows, size_t columns, size_t components, double apart);
/* The same rows under another name, with weights of four sizes. */
struct set set_weighted(const struct set *set, const char *name);
/* A copy of the values of a set, which may be changed; the set then holds them. */
double *set_values(struct set *set);

struct emblas_data set_data(const struct set *set);

/* The default options for the components of a set and a covariance model; .. and from its labels. */
struct emblas_options defaults(const struct set *set, enum emblas_covariance covariance);
struct emblas_options from_labels(const struct set *set, enum emblas_covariance covariance);

/* Everything in a report but the number of threads, which may differ. */
void digest_report(struct outcome *outcome, const struct emblas_report *report);
/* The parameters of a model, what it says of the rows of a set, by the threads and the backend of these
   options, and rows drawn from it. */
void digest_model(struct outcome *outcome, const struct emblas_model *model, const struct set *set,
                  const struct emblas_options *options);

/* Prints a line: the name, and the hash and the log-likelihood of what was made. With several numbers of
   threads it is made with each, and the bits must be the same. */
typedef struct outcome outcome_maker(const void *context, size_t threads);
void run_each(const char *name, outcome_maker *make, const void *context);

/* .. of a fit, and of what its model predicts and draws. The name begins with that of the set. */
void run(const struct set *set, struct emblas_options options, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The numbers of threads, and how many lines were printed, and how many of them fail. */
void run_with_threads(size_t count, const size_t *threads);
size_t lines_printed(void);
size_t lines_that_fail(void);

/* The fits: starts, rows of all kinds, options, searches, what a caller does step by step, and models of
 * users. */
void run_starts(void);
void run_rows(void);
void run_options(void);
void run_searches(void);
void run_by_hand(void);
void run_users_models(void);

#endif
