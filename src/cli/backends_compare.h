/* SPDX-License-Identifier: MIT */
/* The backends of this build side by side, on rows of the caller's. */
#ifndef EMBLAS_CLI_BACKENDS_COMPARE_H
#define EMBLAS_CLI_BACKENDS_COMPARE_H

#include "cli.h"

struct backends_comparison {
  const char *path; /* of the rows, for messages */
  const struct io_table *table;
  size_t components;
  enum emblas_covariance covariance;
};

/* Prints a line for each backend, on one thread and on all: the time of a map of plain EM, and how far the
   same maps lead from where they lead on the reference. */
void backends_compare(const struct backends_comparison *comparison);

#endif
