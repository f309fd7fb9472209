/* SPDX-License-Identifier: MIT */
#ifndef QUAD_BACKEND_H
#define QUAD_BACKEND_H

#include <emblas/backend.h>

/* The formulas of <emblas/backend.h> evaluated naively in 113 bits and rounded once: what the reference
   kernels are checked against. */
extern const struct emblas_backend quad_backend;

#endif
