/* SPDX-License-Identifier: MIT */
/* Mixing weights in unconstrained coordinates: log w_c, softmax back. */
#ifndef EMBLAS_WEIGHTS_H
#define EMBLAS_WEIGHTS_H

#include <stddef.h>

void emblas_weights_to_free(size_t k, const double *weights, double *free);

/* Non-zero where the coordinates stand for no weights. */
int emblas_weights_from_free(size_t k, const double *free, double *weights);

#endif
