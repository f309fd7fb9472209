/* SPDX-License-Identifier: MIT */
#ifndef TEST_QUAD_COVARIANCE_H
#define TEST_QUAD_COVARIANCE_H

#include "real.h"
#include <stddef.h>

/* Scatter matrices, k x d x d, become the most likely covariances of the model that mclust's letters name;
   share: of the rows, adding up to 1. axes, d x d: those before, one a row, where components share them;
   then the new ones. */
void quad_constrain(const char *letters, size_t k, size_t d, const real *share, real *covariances,
                    real *axes);

#endif
