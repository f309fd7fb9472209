/* SPDX-License-Identifier: MIT */
/* Values of options. Each function exits with a usage message that names the option when the text is wrong.
 */
#ifndef EMBLAS_CLI_VALUES_H
#define EMBLAS_CLI_VALUES_H

#include "cli.h"

/* A whole number of at least `least`. */
size_t value_size(const char *option, const char *text, size_t least);
/* A whole number of 64 bits. */
uint64_t value_seed(const char *option, const char *text);
/* A finite number >= 0. */
double value_tolerance(const char *option, const char *text);
/* "K" or "A:B" with 1 <= A <= B. */
void value_range(const char *option, const char *text, size_t *low, size_t *high);

/* The names that an option takes, each list ended by NULL. */
struct choice {
  const char *what;           /* "stop rule" */
  const char *const *names;   /* what this version has */
  const char *const *planned; /* known, but refused; NULL: none */
};
/* The index into choice->names. */
size_t value_choice(const struct choice *choice, const char *text);

/* "svg", "png" or "pdf" by the ending of a path. */
void value_picture(const char *option, const char *path);

/* A comma list of covariance models, or "all". Returns how many; each is listed once. */
size_t value_covariances(const char *text, enum emblas_covariance covariances[EMBLAS_COVARIANCE_COUNT]);

#endif
