/* SPDX-License-Identifier: MIT */
/* Problems drawn at random: rows, a mixture to fit to them, and one start. */
#ifndef DRAW_H
#define DRAW_H

#include "problems.h"

#include <emblas/emblas.h>

enum start_kind { FROM_LABELS, FROM_MODEL, FROM_KMEANSPP, FROM_RANDOM, START_KINDS };

struct problem {
  struct rows rows; /* with labels that a start may begin from */
  size_t k;
  enum emblas_covariance covariance;
  double separation; /* of a generated mixture's components, in deviations; 0: a set of data/ */
  enum start_kind start;
  struct emblas_model *model; /* that FROM_MODEL begins with, else NULL */
  uint64_t seed;              /* of the two random starts */
};

/* The same seed draws the same problem. covariances: of the first so many models. */
struct problem problem_draw(uint64_t seed, size_t covariances);
void problem_free(struct problem *problem);

/* One run from the problem's start: the rest of the options are the defaults, but for compression (none)
   and threads (one). */
struct emblas_options problem_options(const struct problem *problem);

#endif
