/* SPDX-License-Identifier: MIT */
/* Sums of buffers in the order of a fixed binary tree: leaf i is the i-th stretch of rows, whoever computed
   it. The tree is shallow, so that rounding grows with log n, and its shape depends on the number of leaves
   alone. The first two doubles of a buffer are one number, its high and its low part, and are added without
   loss. */
#ifndef EMBLAS_REDUCE_H
#define EMBLAS_REDUCE_H

#include "../base/arena.h"

struct reduction {
  size_t length; /* doubles in a buffer */
  size_t levels;
  size_t leaves; /* added so far */
  double *slots; /* levels x length: slot l holds the sum of 2^l leaves while bit l of `leaves` is set */
  double *leaf;  /* the next leaf, for the caller to fill */
};

void emblas_reduction_allocate(struct reduction *reduction, struct arena *arena, size_t length,
                               size_t max_leaves);
void emblas_reduction_start(struct reduction *reduction);
/* Adds the leaf; or, where it holds the sum of more leaves, these: a power of two that divides the number
   of those added so far, so that they are a branch of the tree. */
void emblas_reduction_add(struct reduction *reduction, size_t leaves);
/* The sum of so many leaves, a power of two, of which no others were added. */
const double *emblas_reduction_branch(const struct reduction *reduction, size_t leaves);
/* The sum of all leaves (at least one), in `leaf`. */
void emblas_reduction_finish(struct reduction *reduction);

#endif
