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

static int alive(const double *entry) {
  return memcmp(entry, &canary, sizeof canary) == 0;
}

struct guarded guarded_rows(size_t rows, size_t width, size_t stride) {
  size_t count = (rows - 1) * stride + width;
  double *memory = malloc((count + 2 * MARGIN) * sizeof *memory);
  cr_assert(memory != NULL);
  for (size_t i = 0; i < count + 2 * MARGIN; i++) memcpy(memory + i, &canary, sizeof canary);
  struct guarded array = {memory + MARGIN, rows, width, stride, count, NULL};
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < width; i++) array.values[r * stride + i] = NAN;
  return array;
}

struct guarded guarded_new(size_t count) {
  return guarded_rows(1, count, count);
}

struct guarded guarded_copy(const struct guarded *array) {
  struct guarded copy = guarded_rows(array->rows, array->width, array->stride);
  memcpy(copy.values, array->values, array->count * sizeof *copy.values);
  return copy;
}

void guarded_seal(struct guarded *array) {
  array->copy = malloc(array->count * sizeof *array->copy);
  cr_assert(array->copy != NULL);
  memcpy(array->copy, array->values, array->count * sizeof *array->copy);
}

static void check_gaps(const struct guarded *array, const char *kernel, const char *name) {
  for (size_t r = 0; r + 1 < array->rows; r++)
    for (size_t i = array->width; i < array->stride; i++)
      if (!alive(array->values + r * array->stride + i))
        cr_assert_fail("%s wrote to row %zu of %s, entry %zu of %zu", kernel, r, name, i, array->width);
}

void guarded_check(const struct guarded *array, const char *kernel, const char *name) {
  for (ptrdiff_t i = 0; i < MARGIN; i++) {
    if (!alive(array->values - 1 - i)) cr_assert_fail("%s wrote %td before %s", kernel, i + 1, name);
    if (!alive(array->values + array->count + i))
      cr_assert_fail("%s wrote %td behind %s", kernel, i + 1, name);
  }
  check_gaps(array, kernel, name);
  if (array->copy)
    cr_assert(!memcmp(array->copy, array->values, array->count * sizeof *array->copy),
              "%s changed its input %s", kernel, name);
}

void guarded_free(struct guarded *array) {
  free(array->values - MARGIN);
  free(array->copy);
}
