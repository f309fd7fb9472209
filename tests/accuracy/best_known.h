/* SPDX-License-Identifier: MIT */
/* The problems of the table of best known sound optima, data/best-known-sound.csv: eight data sets, two to
   eight components, every covariance model. A model is sound when every component has the weight of d + 1
   rows or more, and in no direction less than 1e-6 of the variance of all data. */
#ifndef ACCURACY_BEST_KNOWN_H
#define ACCURACY_BEST_KNOWN_H

#include "../support/models.h"

enum { BEST_KNOWN_SETS = 8, LEAST_COMPONENTS = 2, MOST_COMPONENTS = 8 };

struct set {
  const char *name;
  size_t rows, columns;
  double *values;
  double *covariance; /* columns x columns, of all rows */
};

struct problem {
  const struct set *set;
  size_t components;
  enum emblas_covariance covariance;
  double best; /* log-likelihood; NAN: not known */
};

/* Reads the data sets, and the table where `table` is not NULL. Returns the number of problems; any failure
   ends the program with a message. */
size_t best_known_read(const char *data_folder, const char *table, struct problem **problems);
void best_known_free(struct problem *problems);

/* Rows of the table, to a file that is named. */
void best_known_write(const char *table, const struct problem *problems, size_t count);

int best_known_sound(const struct set *set, const struct emblas_model *model);

/* Defaults for a problem, and its data. */
struct emblas_options best_known_options(const struct problem *problem);
struct emblas_data best_known_data(const struct problem *problem);

#endif
