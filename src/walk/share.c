/* SPDX-License-Identifier: MIT */
#include "share.h"

#include <string.h>

/* Numbers that go through the hook in one call. */
enum { PIECE = 1 << 22 };

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Appends a node, or counts it where there is no room yet. */
static void append(struct share *share, struct node node) {
  if (share->nodes != NULL) share->nodes[share->count] = node;
  share->count++;
}

/* The part of a chunk from `first` to `last`: branches as large as their place in the tree allows. */
static void divide(struct share *share, size_t chunk, size_t begin, size_t end, size_t first, size_t last) {
  if (first == begin && last == end) {
    append(share, (struct node){chunk, first, last - first, 1});
    return;
  }
  while (first < last) {
    size_t place = first - begin, leaves = 1;
    while (leaves <= (last - first) / 2 && (place & leaves) == 0) leaves *= 2;
    append(share, (struct node){chunk, first, leaves, 0});
    first += leaves;
  }
}

static void list_nodes(struct share *share, size_t chunk_leaves, size_t leaf_rows) {
  const struct emblas_processes *p = share->group->processes;
  share->count = 0;
  for (size_t process = 0; process < p->count; process++) {
    size_t first = p->first[process] / leaf_rows,
           last = (p->first[process + 1] + leaf_rows - 1) / leaf_rows;
    size_t all = (p->first[p->count] + leaf_rows - 1) / leaf_rows;
    if (process == p->rank) share->first = share->count;
    if (p->first[process] == p->first[process + 1]) last = first; /* it has none, even of the last leaf */
    for (size_t chunk = first / chunk_leaves; chunk * chunk_leaves < last && first < last; chunk++) {
      size_t begin = chunk * chunk_leaves, end = least(begin + chunk_leaves, all);
      divide(share, chunk, begin, end, begin < first ? first : begin, least(end, last));
    }
    if (process == p->rank) share->last = share->count;
  }
}

void emblas_share_allocate(struct share *share, struct arena *arena, struct group *group,
                           size_t chunk_leaves, size_t leaf_rows) {
  *share = (struct share){.group = group};
  list_nodes(share, chunk_leaves, leaf_rows);
  share->nodes = emblas_arena_take(arena, share->count, 1, sizeof *share->nodes);
  if (arena->status == EMBLAS_OK) list_nodes(share, chunk_leaves, leaf_rows);
}

static emblas_status add_up(const struct share *share, double *values, size_t length) {
  for (size_t at = 0; at < length; at += PIECE) {
    emblas_status status = emblas_group_sum(share->group, values + at, least(PIECE, length - at));
    if (status != EMBLAS_OK) return status;
  }
  return EMBLAS_OK;
}

emblas_status emblas_share_sum(const struct share *share, emblas_status status, struct reduction *reduction,
                               size_t length, double *sums) {
  status = emblas_group_agree(share->group, status);
  if (status == EMBLAS_OK) status = add_up(share, sums, share->count * length);
  if (status != EMBLAS_OK) return status;
  for (size_t i = 0; i < share->count;) {
    size_t chunk = share->nodes[i].chunk;
    double *sum = sums + chunk * length;
    if (share->nodes[i].whole) {
      memmove(sum, sums + i++ * length, length * sizeof *sum);
      continue;
    }
    emblas_reduction_start(reduction);
    for (; i < share->count && share->nodes[i].chunk == chunk; i++) {
      memcpy(reduction->leaf, sums + i * length, length * sizeof *sum);
      emblas_reduction_add(reduction, share->nodes[i].leaves);
    }
    emblas_reduction_finish(reduction);
    memcpy(sum, reduction->leaf, length * sizeof *sum);
  }
  return EMBLAS_OK;
}
