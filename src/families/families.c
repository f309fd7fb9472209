/* SPDX-License-Identifier: MIT */
/* The families that there are, one line each. */
#include "family.h"

#include "../rows/view.h"

#include <string.h>

#define FAMILIES(X)                                                                                        \
  X(EMBLAS_GAUSSIAN, emblas_gaussian_family)                                                               \
  X(EMBLAS_POISSON, emblas_poisson_family)

#define DECLARE(number, table) extern const struct family table;
#define LIST(number, table) [number] = &table,
FAMILIES(DECLARE)
static const struct family *const families[EMBLAS_FAMILY_COUNT] = {FAMILIES(LIST)};

const struct family *emblas_family(enum emblas_family family) {
  return (size_t)family < EMBLAS_FAMILY_COUNT ? families[family] : NULL;
}

enum emblas_family emblas_family_number(const struct family *family) {
  int i = 0;
  while (i + 1 < EMBLAS_FAMILY_COUNT && families[i] != family) i++;
  return (enum emblas_family)i;
}

const char *emblas_family_string(enum emblas_family family) {
  return emblas_family(family) != NULL ? families[family]->name : NULL;
}

emblas_status emblas_family_parse(const char *name, enum emblas_family *family) {
  if (name == NULL || family == NULL) return EMBLAS_ERROR_ARGUMENT;
  for (int i = 0; i < EMBLAS_FAMILY_COUNT; i++)
    if (strcmp(name, families[i]->name) == 0) {
      *family = (enum emblas_family)i;
      return EMBLAS_OK;
    }
  return EMBLAS_ERROR_ARGUMENT;
}

emblas_status emblas_family_check(const struct family *family, const struct emblas_data *data, size_t *row,
                                  size_t *column) {
  for (size_t i = 0; family->admits != NULL && i < data->rows; i++)
    for (size_t j = 0; j < data->columns; j++)
      if (!family->admits(view_row(data, i)[j])) {
        *row = i, *column = j;
        return EMBLAS_ERROR_VALUE;
      }
  return EMBLAS_OK;
}

int emblas_family_has_covariances(enum emblas_family family) {
  return emblas_family(family) != NULL && families[family]->covariances;
}
