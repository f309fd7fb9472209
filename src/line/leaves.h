/* SPDX-License-Identifier: MIT */
/* Rows of one column in the order of some hundred leaves: stretches of the line that hold about as many
   rows each. Of each leaf a few points are kept that have its moments. */
#ifndef EMBLAS_LEAVES_H
#define EMBLAS_LEAVES_H

#include "order.h"
#include "quadrature.h"

enum { LEAF_POINTS = QUADRATURE_MOMENTS };

struct leaves {
  struct weighted_rows rows; /* in order of the leaves */
  size_t count;
  size_t *end;           /* where each ends in rows */
  double *low, *high;    /* least and greatest value */
  double *mass;          /* sum of the weights */
  unsigned char *sorted; /* its rows are ascending */
  unsigned char *atoms;  /* how many different values it has, or 0 for more than LEAF_POINTS */
  /* LEAF_POINTS each: values, ascending, and their weights; without atoms, the signed measure on
     quadrature->points of [low, high], and no values. */
  double *value, *weight;
  struct weighted_rows room; /* to sort the rows of a leaf in */
};

/* summary: of the data. Rows of weight 0 are left out. Memory from the arena: 8 n bytes, 16 n with weights,
   besides that of the leaves; and for the time of the call as much again, where most rows lie close
   together. */
emblas_status emblas_leaves_create(struct leaves *leaves, struct arena *arena, const struct frame *frame,
                                   const struct emblas_data *data, const struct view_summary *summary,
                                   const struct quadrature *quadrature);

static inline size_t leaf_first(const struct leaves *leaves, size_t leaf) {
  return leaf > 0 ? leaves->end[leaf - 1] : 0;
}

void emblas_leaves_sort(struct leaves *leaves, size_t leaf);

/* Adds the moments of leaves first .. end, on an interval that holds them. */
void emblas_leaves_moments(const struct leaves *leaves, const struct quadrature *quadrature, size_t first,
                           size_t end, struct interval on, double *moments);

/* At most two points with a leaf's mass, mean, variance and skewness; returns how many. */
size_t emblas_leaves_pair(const struct leaves *leaves, const struct quadrature *quadrature, size_t leaf,
                          double *values, double *weights);

#endif
