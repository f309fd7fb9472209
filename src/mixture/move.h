/* SPDX-License-Identifier: MIT */
/* From one optimum towards another: a component is taken away and put where it may do more good. */
#ifndef EMBLAS_MOVE_H
#define EMBLAS_MOVE_H

#include "../base/random.h"
#include "newcomer.h"

/* Where moves begin, and room for them. */
struct mover {
  struct newcomer_limits limits;
  const double *theta; /* the parameters that components are moved away from */
  size_t suspect;      /* a component that must go first, or k */
  double *loss;        /* k: what the log-likelihood loses without each of them, about */
  double *distance;    /* n: of the rows from the one that is drawn */
  double *sorted;      /* n: room to select one of them */
  double *row;         /* d */
  int newcoming;       /* rows are so few that walks over one component cost next to nothing, and no
                          component depends on others: there are .. */
  struct newcomers newcomers;
  int tried; /* any of them */
};

void emblas_mover_allocate(struct mover *mover, struct arena *arena, const struct pass *pass,
                           const struct newcomer_limits *limits);

/* Sets theta, which must stay as it is, and suspect. */
void emblas_mover_begin(struct mover *mover, struct pass *pass, const double *theta, size_t suspect);

/* Parameters to go on from, into out. Either the moved component has the m rows nearest to one that is
   drawn, and the others share the rest as the mixture has it; by an M step. m is drawn, too, between 2 (d +
   1) and n / k. Or it becomes one of the best newcomers. spare, flags: room for parameters and component
   flags. The pass points at the rows that it did when the moves began. */
void emblas_mover_move(struct mover *mover, struct pass *pass, struct random *random, double *out,
                       double *spare, unsigned *flags);

#endif
