/* SPDX-License-Identifier: MIT */
/* Labels beside a column of the file: a cross table, and how well the two agree. */
#ifndef EMBLAS_CLI_COMPARE_H
#define EMBLAS_CLI_COMPARE_H

#include "cli.h"

struct compared_row {
  const char *value; /* of the column; it must outlive the comparison */
  size_t label;
};

struct comparison {
  const char *name; /* of the column */
  size_t components, count;
  struct compared_row *rows; /* allocated by the caller, for as many rows as there are */
};

/* Adds a row, unless its value is missing: empty or NA. */
void comparison_add(struct comparison *comparison, const char *value, size_t label);

/* Prints the cross table, the adjusted Rand index (Hubert & Arabie 1985) and the error rate, for which each
   component stands for the value that most of its rows have. Sorts the rows. */
void comparison_print(FILE *stream, struct comparison *comparison);

#endif
