/* SPDX-License-Identifier: MIT */
#include "guarded.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A page of doubles on either side; odd, so that values are not aligned to more than a double. */
enum { MARGIN = 513 };
static const uint64_t canary = UINT64_C(0x7ff8c0ffee15dead);

struct guarded guarded_new(size_t count) {
  double *memory = malloc((count + 2 * MARGIN) * sizeof *memory);
  cr_assert(memory != NULL);
  for (size_t i = 0; i < count + 2 * MARGIN; i++) memcpy(memory + i, &canary, sizeof canary);
  for (size_t i = 0; i < count; i++) memory[MARGIN + i] = NAN;
  return (struct guarded){.values = memory + MARGIN, .count = count};
}

void guarded_seal(struct guarded *array) {
  array->copy = malloc(array->count * sizeof *array->copy);
  cr_assert(array->copy != NULL);
  memcpy(array->copy, array->values, array->count * sizeof *array->copy);
}

void guarded_check(const struct guarded *array, const char *kernel, const char *name) {
  for (ptrdiff_t i = 0; i < MARGIN; i++) {
    const double *before = array->values - 1 - i, *behind = array->values + array->count + i;
    if (memcmp(before, &canary, sizeof canary))
      cr_assert_fail("%s wrote %td before %s", kernel, i + 1, name);
    if (memcmp(behind, &canary, sizeof canary))
      cr_assert_fail("%s wrote %td behind %s", kernel, i + 1, name);
  }
  if (array->copy)
    cr_assert(!memcmp(array->copy, array->values, array->count * sizeof *array->copy),
              "%s changed its input %s", kernel, name);
}

void guarded_free(struct guarded *array) {
  free(array->values - MARGIN);
  free(array->copy);
}
