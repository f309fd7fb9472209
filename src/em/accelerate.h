/* SPDX-License-Identifier: MIT */
/* Acceleration of a sequence of EM maps. A method looks at the history of accepted points, in unconstrained
   coordinates, and proposes the next; the loop takes it if its log-likelihood has not fallen, and else the
   plain step. */
#ifndef EMBLAS_ACCELERATE_H
#define EMBLAS_ACCELERATE_H

#include "spectrum.h"

#include <emblas/em.h>

struct accelerator;

/* In coordinates that the model's metric has whitened at the current point. */
struct method {
  void (*begin)(struct accelerator *a);
  /* Writes a step from the current point; 0: take the plain step. */
  int (*propose)(struct accelerator *a, double *step);
  /* Is the residual at its end, in the metric of the current point, too far from what was foretold? */
  int (*misses)(struct accelerator *a, const double *residual);
  /* What became of it. When it is rejected the history still ends where it was made from. When it was taken
     and gained more than rounding: how much, per observation. All but propose() may be NULL. */
  void (*rejected)(struct accelerator *a);
  void (*accepted)(struct accelerator *a, double gained);
  int selective; /* changes that the spectrum leaves out are forgotten */
};

struct accelerator {
  const struct method *method; /* NULL: plain EM */
  struct emblas_em_model model;
  int begun;               /* there is a current point */
  int settling;            /* the end seems near: plain steps, to measure what they gain */
  size_t plain;            /* plain steps since the last candidate */
  double radius;           /* longest step in the span of the history: of emblas_subspace */
  double length;           /* of the last candidate's step there */
  double drift;            /* how far off EM's path a candidate may end; INFINITY: there is no limit */
  double stride;           /* how many EM steps the next candidate may stand for */
  size_t steps;            /* that the last one stands for; 0: it is not one along the path */
  double *moved;           /* room for the distances of all blocks */
  double foretold;         /* what it should gain, per observation */
  int limited;             /* it was as long as the radius */
  double observations;     /* a gain per observation is this many nats; 0: unknown */
  double climbed;          /* gained since some direction was seen to grow */
  double gained;           /* by the last step, or what rounding may hide of it */
  int flat;                /* some direction may be flat, or grow, for all that is known of it */
  size_t stuck;            /* steps that gained nothing while some direction grows */
  double rate;             /* the slowest rate of convergence seen lately; 1 or more: none */
  double overshoot;        /* a curvature above 1 + this much: J is as much below 0, and what a step leaves
                              is its square, whatever its sign */
  double tolerance;        /* of the stop rule */
  const double *at;        /* the parameters of the current point */
  const double *mapped;    /* M of them */
  double *first;           /* those of the first point */
  double *x, *f;           /* the current point and its residual, in free coordinates */
  double *next_x, *next_f; /* room for the next */
  double *ahead;           /* M(x) of the current one */
  double *step;            /* the candidate */
  double *residual;        /* that its step in the span leaves */
  double *theta;           /* and its parameters */
  struct history history;
  struct spectrum spectrum; /* of the history; large, and so neither cleared nor copied */
};

/* Memory from the arena, whose status tells. */
void emblas_accelerator_init(struct accelerator *a, struct arena *arena,
                             const struct emblas_em_model *model, const struct emblas_em_options *options);

/* A candidate for the next point; NULL: take the plain step. */
const double *emblas_accelerator_propose(struct accelerator *a);

/* next = M(candidate): is it so far from what was foretold that the candidate is not to be taken? */
int emblas_accelerator_misses(struct accelerator *a, const double *next);

/* The candidate was not taken. */
void emblas_accelerator_reject(struct accelerator *a);

/* The loop has moved on, by a plain step or to a candidate, and gained so much; next = M(theta). Both vectors
   are borrowed until the next move. */
struct accelerator_move {
  const double *theta, *next;
  double gain, rounding; /* of the log-likelihood */
  int proposed;
};
/* Returns the log-likelihood still to gain, projected; INFINITY while unknown. */
double emblas_accelerator_move(struct accelerator *a, const struct accelerator_move *move);

/* How far a change, in whitened coordinates, moves the block that it moves most. */
double emblas_accelerator_farthest(struct accelerator *a, const double *change);

/* A step along the path of plain EM, or 0; whether it missed; and what follows when it was not taken. */
int emblas_path_propose(struct accelerator *a, double *step);
int emblas_path_misses(struct accelerator *a, const double *residual);
void emblas_path_rejected(struct accelerator *a);

extern const struct method emblas_squarem, emblas_anderson, emblas_subspace;

#endif
