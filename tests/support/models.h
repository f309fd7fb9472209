/* SPDX-License-Identifier: MIT */
#ifndef TEST_MODELS_H
#define TEST_MODELS_H

#include <emblas/emblas.h>

/* full, tied, diag and spherical: each geometry, and both of components' own covariances and of one for
   all. Tests whose subject is no part of a covariance model, or that expect something else of each, walk
   over these; what components share of their covariances has tests of its own (unit/test_estimate.c), and
   hard_fits draws from all. */
enum { TEST_MODELS = EMBLAS_SPHERICAL + 1 };

#endif
