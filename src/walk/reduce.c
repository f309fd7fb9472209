/* SPDX-License-Identifier: MIT */
#include "reduce.h"

#include "../base/sum.h"

#include <string.h>

void emblas_reduction_allocate(struct reduction *reduction, struct arena *arena, size_t length,
                               size_t max_leaves) {
  *reduction = (struct reduction){.length = length, .levels = 1};
  while (max_leaves >> reduction->levels != 0) reduction->levels++;
  reduction->slots = emblas_arena_doubles(arena, reduction->levels, length);
  reduction->leaf = emblas_arena_doubles(arena, length, 1);
}

void emblas_reduction_start(struct reduction *reduction) {
  reduction->leaves = 0;
}

static void add(size_t length, double *sum, const double *more) {
  sum_add(sum, more[0]);
  sum[1] += more[1];
  for (size_t i = 2; i < length; i++) sum[i] += more[i];
}

static size_t level_of(size_t leaves) {
  size_t level = 0;
  while (leaves >> level > 1) level++;
  return level;
}

void emblas_reduction_add(struct reduction *reduction, size_t leaves) {
  double *carry = reduction->leaf;
  size_t level = level_of(leaves);
  /* As in counting: each slot that is taken joins the carry and moves up. */
  for (; reduction->leaves >> level & 1; level++) {
    double *slot = reduction->slots + level * reduction->length;
    add(reduction->length, slot, carry);
    carry = slot;
  }
  memcpy(reduction->slots + level * reduction->length, carry, reduction->length * sizeof *carry);
  reduction->leaves += leaves;
}

const double *emblas_reduction_branch(const struct reduction *reduction, size_t leaves) {
  return reduction->slots + level_of(leaves) * reduction->length;
}

void emblas_reduction_finish(struct reduction *reduction) {
  memset(reduction->leaf, 0, reduction->length * sizeof *reduction->leaf);
  for (size_t level = 0; level < reduction->levels; level++)
    if (reduction->leaves >> level & 1)
      add(reduction->length, reduction->leaf, reduction->slots + level * reduction->length);
}
