/* SPDX-License-Identifier: MIT */
/* Arrays with canaries before and behind, for finding writes outside and changed inputs. */
#ifndef GUARDED_H
#define GUARDED_H

#include <stddef.h>

/* An array of count doubles, of no better alignment than a double's. Entries are NaN until written: a
   kernel that reads its output shows it. */
struct guarded {
  double *values;
  size_t count;
  double *copy; /* of an input, by guarded_seal() */
};

struct guarded guarded_new(size_t count);
/* Declares it an input: guarded_check() then asserts that no bit of it changed. */
void guarded_seal(struct guarded *array);
/* Asserts that the canaries live, and that an input is as it was. */
void guarded_check(const struct guarded *array, const char *kernel, const char *name);
void guarded_free(struct guarded *array);

#endif
