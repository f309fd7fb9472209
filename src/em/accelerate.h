/* SPDX-License-Identifier: MIT */
/* Acceleration of a sequence of EM maps. A method looks at the history of accepted points, in unconstrained
   coordinates, and proposes the next; the loop takes it if its log-likelihood has not fallen, and else the
   plain step. */
#ifndef EMBLAS_ACCELERATE_H
#define EMBLAS_ACCELERATE_H

#include "history.h"

#include <emblas/em.h>

struct accelerator;

struct method {
  /* Writes a candidate from the history; 0: take the plain step. */
  int (*propose)(struct accelerator *a, double *candidate);
  /* What became of the candidate. The history still ends where it was made from. */
  void (*verdict)(struct accelerator *a, int accepted);
};

struct accelerator {
  const struct method *method; /* NULL: plain EM */
  struct emblas_em_model model;
  struct history history;
  int begun;        /* there is a current point */
  int settling;     /* the end seems near: plain steps, to measure what they gain */
  size_t plain;     /* plain steps since the last candidate */
  double radius;    /* longest step in the span of the history: of emblas_subspace */
  double length;    /* of the last candidate's step there */
  int limited;      /* it was as long as the radius */
  double curvature; /* a plain step gains at most about this times |f|^2; NAN: unknown */
  double ritz;      /* the rate in the present history */
  double climbed;   /* gained since some direction was seen to grow */
  size_t stuck;     /* steps that gained nothing while some direction grows */
  double rate;      /* the slowest rate of convergence seen lately; 1 or more: none */
  double tolerance; /* of the stop rule */
  double *x, *f;    /* room for the next point */
  double *free;     /* the candidate, in unconstrained coordinates */
  double *theta;    /* and as parameters */
};

/* Memory from the arena, whose status tells. */
void emblas_accelerator_init(struct accelerator *a, struct arena *arena,
                             const struct emblas_em_model *model, const struct emblas_em_options *options);

/* A candidate for the next point; NULL: take the plain step. */
const double *emblas_accelerator_propose(struct accelerator *a);

/* Whether the candidate was taken. */
void emblas_accelerator_verdict(struct accelerator *a, int accepted);

/* The loop has moved on, by a plain step or to a candidate, and gained so much; next = M(theta). */
struct accelerator_move {
  const double *theta, *next;
  double gain, rounding; /* of the log-likelihood */
  int proposed;
};
/* Returns the log-likelihood still to gain, projected; INFINITY while unknown. */
double emblas_accelerator_move(struct accelerator *a, const struct accelerator_move *move);

/* A rate by which a direction grows rather than converges slowly. */
static const double GROWING = 1.001;

extern const struct method emblas_squarem, emblas_anderson, emblas_subspace;

/* The largest rate at which a direction in the span of the history converges. */
double emblas_subspace_rate(struct history *h);

#endif
