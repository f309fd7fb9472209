/* SPDX-License-Identifier: MIT */
/* Arrays with canaries before, behind and, where rows are apart, between: for finding writes outside,
   changed inputs, and reads that matter of what is not there, since a canary is a NaN. */
#ifndef GUARDED_H
#define GUARDED_H

#include <stddef.h>

/* `rows` rows of `width` entries, `stride` apart, of no better alignment than a double's. Entries are NaN
   until written: a kernel that reads its output shows it. */
struct guarded {
  double *values;
  size_t rows, width, stride;
  size_t count; /* from the first entry to the last, with the gaps */
  double *copy; /* of an input, by guarded_seal() */
};

struct guarded guarded_rows(size_t rows, size_t width, size_t stride);
/* A single row. */
struct guarded guarded_new(size_t count);
/* Another one of the same shape, with the same entries. */
struct guarded guarded_copy(const struct guarded *array);
/* Declares it an input: guarded_check() then asserts that no bit of it changed. */
void guarded_seal(struct guarded *array);
/* Asserts that the canaries live, and that an input is as it was. */
void guarded_check(const struct guarded *array, const char *kernel, const char *name);
void guarded_free(struct guarded *array);

#endif
