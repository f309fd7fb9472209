/* SPDX-License-Identifier: MIT */
#include "internal.h"

#include <stdlib.h>

bool io_multiply(size_t a, size_t b, size_t *product) {
  if (b > 0 && a > SIZE_MAX / b) return false;
  *product = a * b;
  return true;
}

void *io_grow(void *array, size_t count, size_t *capacity, size_t element) {
  size_t grown, bytes;
  void *moved;

  if (count < *capacity) return array;
  grown = count + count / 2 + 16;
  if (!io_multiply(grown, element, &bytes)) return NULL;
  moved = realloc(array, bytes);
  if (moved) *capacity = grown;
  return moved;
}
