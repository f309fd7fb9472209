/* SPDX-License-Identifier: MIT */
/* Rows, weights and options that are hard on digits, drawn from a seed. */
#ifndef TEST_HARD_DATA_H
#define TEST_HARD_DATA_H

#include <emblas/emblas.h>

enum { HARD_ROWS = 6000, HARD_VALUES = 8192, HARD_COMPONENTS = 6 };

struct hard_problem {
  struct emblas_data data;
  struct emblas_options options; /* the backend's name is in options.backend->name */
  double values[HARD_VALUES];
  double weights[HARD_ROWS];
  size_t labels[HARD_ROWS];
};

/* The same problem for the same seed, wherever it is made. */
void hard_problem_draw(struct hard_problem *problem, uint64_t seed);

#endif
