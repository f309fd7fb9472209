/* SPDX-License-Identifier: MIT */
#include "kernels.h"

#include <string.h>

/* From this many natural parameters on, a BLAS's packing of the large matrices pays; but not with so many
   features for each component that they are those of full covariances, of which native makes no matrix. */
enum { LARGE = 50000, QUADRATIC = 8 };

/* The features of one dimension, 1, x and x^2, for which native has a pass of its own. */
enum { UNIVARIATE = 3 };

const struct emblas_backend *emblas_backend_auto(size_t k, size_t p) {
  const struct emblas_backend *native = emblas_backend_native(), *blas = emblas_backend_blas();
  if (native != NULL && (blas == NULL || p <= UNIVARIATE || p < LARGE / k || p / QUADRATIC >= k))
    return native;
  return blas != NULL ? blas : emblas_backend_reference();
}

const struct emblas_backend *emblas_backend_find(const char *name) {
  const struct emblas_backend *all[] = {emblas_backend_blas(), emblas_backend_native(),
                                        emblas_backend_reference()};
  const char prefix[] = "native-";
  const struct emblas_native *native;
  if (name == NULL) return NULL;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i] != NULL && strcmp(all[i]->name, name) == 0) return all[i];
  if (strncmp(name, prefix, sizeof prefix - 1) != 0) return NULL;
  for (size_t i = 0; (native = emblas_native_table(i)) != NULL; i++)
    if (strcmp(native->isa, name + sizeof prefix - 1) == 0) return &native->backend;
  return NULL;
}
