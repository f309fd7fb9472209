/* SPDX-License-Identifier: MIT */
/* A walk's tree of sums, shared out to processes. Where the rows of a process end within a chunk, each
   process adds up those branches of the chunk's tree of which it has all leaves: the nodes. The array of
   all nodes goes through the group's sum, and every process makes the chunks' sums of it. */
#ifndef EMBLAS_SHARE_H
#define EMBLAS_SHARE_H

#include "group.h"
#include "reduce.h"

/* `leaves` leaves from `first` on, counted over all processes: a power of two, or a whole chunk. */
struct node {
  size_t chunk, first, leaves;
  int whole;
};

struct share {
  struct group *group; /* NULL: all rows are here */
  struct node *nodes;  /* of all processes, in the order of their leaves */
  size_t count;
  size_t first, last; /* this process has these */
};

/* Memory from the arena. */
void emblas_share_allocate(struct share *share, struct arena *arena, struct group *group,
                           size_t chunk_leaves, size_t leaf_rows);

/* The sums of this process's nodes, which stand in their places of sums (count x length), become those of
   all chunks, one after the other. `status` is that of this process; EMBLAS_OK when all have done their
   part. */
emblas_status emblas_share_sum(const struct share *share, emblas_status status, struct reduction *reduction,
                               size_t length, double *sums);

#endif
