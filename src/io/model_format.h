/* SPDX-License-Identifier: MIT */
/* What the files that read and write models share. */
#ifndef EMBLAS_IO_MODEL_FORMAT_H
#define EMBLAS_IO_MODEL_FORMAT_H

#include "json.h"

#define MODEL_FORMAT "emblas-model"
#define MODEL_VERSION 1

/* A nested array of numbers (model_array.c). */
struct io_array {
  const char *key;
  size_t order;     /* depth of nesting, 1 to 3 */
  size_t extent[3]; /* entries at each depth */
  double *values;   /* malloc'ed; NULL when the key is missing */
};

/* Reads object[array->key], which must have the extents that are set. A missing key leaves values NULL. */
int io_array_read(struct io_array *array, const struct json *object, const char *file,
                  struct io_error *error);

#endif
