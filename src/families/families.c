/* SPDX-License-Identifier: MIT */
/* The families that there are, one line each. */
#include "family.h"

#include "gaussian/family.h"

#include <string.h>

static const struct family *const families[EMBLAS_FAMILY_COUNT] = {
    [EMBLAS_GAUSSIAN] = &emblas_gaussian_family,
};

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

int emblas_family_has_covariances(enum emblas_family family) {
  return emblas_family(family) != NULL && families[family]->covariances;
}
