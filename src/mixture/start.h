/* SPDX-License-Identifier: MIT */
/* Where a fit begins: parameters in the frame, before any E step. */
#ifndef EMBLAS_START_H
#define EMBLAS_START_H

#include "pass.h"

enum { KMEANS_CANDIDATES = 16 };

struct starter {
  enum emblas_start kind;
  uint64_t seed;
  const size_t *labels;             /* EMBLAS_START_LABELS */
  const double *responsibilities;   /* EMBLAS_START_RESPONSIBILITIES */
  const struct emblas_model *model; /* EMBLAS_START_MODEL */
  const struct view_summary *summary;
  double *deviation;  /* d: pooled standard deviation of the scaled columns; 1 for constant ones */
  double *inverse;    /* d: 1 / deviation */
  int whitened;       /* distances between rows are those of the frame, which has whitened them */
  double *candidates; /* KMEANS_CANDIDATES x d: for the next centre */
  double *centres;    /* k x d: in columns of deviation 1 */
  double *nearest;    /* k x (1 + d): makes logits of which the largest is the nearest centre's */
  double *sums;       /* k x (1 + d): weights and sums of a partition's parts */
  double *point;      /* d: room for a mean */
  double *distance;   /* n: squared distance to the nearest centre so far */
};

void emblas_starter_allocate(struct starter *starter, struct arena *arena, const struct pass *pass);

/* The kind of start number `number`: among those of k-means++ are random ones, which look at no rows. */
enum emblas_start emblas_starter_kind(const struct starter *starter, size_t number);

/* Start number `number`, into theta. Only k-means++ starts may find the pass at rows that stand for all of
   them, in a frame of their own. previous: room for parameters. flags: k, 0 before, of components that the
   start has no rows for or holds at the floor. On an error *component may name one. */
emblas_status emblas_starter_parameters(struct starter *starter, struct pass *pass, size_t number,
                                        double *theta, double *previous, unsigned *flags,
                                        size_t *component);

#endif
