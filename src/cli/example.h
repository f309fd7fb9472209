/* SPDX-License-Identifier: MIT */
/* The examples of the program. */
#ifndef EMBLAS_CLI_EXAMPLE_H
#define EMBLAS_CLI_EXAMPLE_H

#include "cli.h"

struct example_arguments {
  uint64_t seed;
  const char *output, *plot; /* NULL: not asked for */
};

enum exit_status example_triangular(const struct example_arguments *arguments);
enum exit_status example_two_normals(const struct example_arguments *arguments);
enum exit_status example_three_coins(const struct example_arguments *arguments);
enum exit_status example_faithful(const struct example_arguments *arguments);

/* SplitMix64: the same draws wherever the program runs. */
double example_uniform(uint64_t *state); /* in [0, 1) */
double example_normal(uint64_t *state);  /* mean 0, variance 1 */

/* Fits, or exits with a message. */
struct emblas_model *example_fit(const double *values, size_t rows, size_t columns,
                                 const struct emblas_options *options, struct emblas_report *report);
/* Saves a model with what the report says of it; complains when it cannot. */
enum exit_status example_save(const char *path, const struct emblas_model *model, const char *const *names,
                              const struct emblas_report *report, size_t rows, uint64_t seed);

#endif
