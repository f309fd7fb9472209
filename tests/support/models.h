/* SPDX-License-Identifier: MIT */
#ifndef TEST_MODELS_H
#define TEST_MODELS_H

#include <emblas/emblas.h>

/* full, tied, diag and spherical: each geometry, and both of components' own covariances and of one for
   all. Tests whose subject is no part of a covariance model, or that expect something else of each, walk
   over these; what components share of their covariances has tests of its own (unit/test_estimate.c), and
   hard_fits draws from all. */
enum { TEST_MODELS = EMBLAS_SPHERICAL + 1 };

/* Are lengths along different columns compared? A sphere is one only while all columns have one unit; and
   so it is with eigenvectors, or eigenvalues, that are the same in all components, unless both are. */
static inline int wants_one_unit(enum emblas_covariance covariance) {
  const char *shape = emblas_covariance_mclust(covariance, 2) + 1, *orientation = shape + 1;
  if (*shape == 'I') return 1;
  return *orientation != 'I' && (*shape == 'E') != (*orientation == 'E');
}

#endif
