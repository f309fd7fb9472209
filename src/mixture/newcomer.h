/* SPDX-License-Identifier: MIT */
/* Components that a mixture would gain by. Each is found alone, by EM of the two-component mixture of
   itself and all the others, which stay as they are: a walk over one component instead of k (the greedy
   insertion of Verbeek, Vlassis, Kroese, Neural Computation 15, 2003). */
#ifndef EMBLAS_NEWCOMER_H
#define EMBLAS_NEWCOMER_H

#include "pass.h"

/* What a component must have to be sound, and what the rows weigh. */
struct newcomer_limits {
  double least_weight; /* of as many rows as a component needs */
  double total_weight;
};

struct newcomers {
  struct newcomer_limits limits;
  struct components one; /* a mixture of one component */
  size_t size;           /* of its parameters */
  double *theta;         /* of the one that is being found */
  double *next;          /* room for those after an M step */
  double *rest;          /* rows: log density under the mixture */
  double loglik;         /* of the mixture */
  size_t capacity, count;
  double *kept, *gain; /* the best, most gain first: parameters, and what the log-likelihood gains */
  double *old;         /* room for as many */
};

void emblas_newcomers_allocate(struct newcomers *newcomers, struct arena *arena, const struct pass *pass,
                               const struct newcomer_limits *limits);

/* rest and loglik are now those of another mixture: what are those worth now that are kept? */
void emblas_newcomers_weigh(struct newcomers *newcomers, struct pass *pass);

/* Begins with the parameters in theta, and with the rows whose distance is at most the radius, and keeps
   what comes of them if it is sound and one of the best. About six walks over the rows. */
void emblas_newcomers_try(struct newcomers *newcomers, struct pass *pass, const double *distance,
                          double radius);

#endif
