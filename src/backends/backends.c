/* SPDX-License-Identifier: MIT */
#include <emblas/backend.h>

#include <string.h>

const struct emblas_backend *emblas_backend_auto(void) {
  const struct emblas_backend *blas = emblas_backend_blas();
  return blas != NULL ? blas : emblas_backend_reference();
}

const struct emblas_backend *emblas_backend_find(const char *name) {
  if (name == NULL) return NULL;
  if (strcmp(name, "auto") == 0) return emblas_backend_auto();
  if (strcmp(name, "reference") == 0) return emblas_backend_reference();
  if (strcmp(name, "blas") == 0) return emblas_backend_blas();
  return NULL;
}
