/* SPDX-License-Identifier: MIT */
/* What a fit has to know of rows before its first map, where they are walked over as they come: from
   memory, from a reader, in several processes. */
#ifndef EMBLAS_STREAM_H
#define EMBLAS_STREAM_H

#include "pass.h"

/* Numbers that each process has to say at a time. */
static inline size_t stream_says(size_t d) {
  return 2 * d + 2;
}

/* Leaves of this process. */
static inline size_t stream_leaves(const struct emblas_data *data) {
  return (data->rows + WALK_LEAF - 1) / WALK_LEAF;
}

/* As emblas_view_summarise() and emblas_family_check(), of the rows of all processes; summary->low and high
   are the caller's. counts: NULL, or one for each leaf of this process, which receives how many of its rows
   have weight. The place of a fault is told to the process that has it. One pass over the rows. */
emblas_status emblas_stream_summarise(const struct emblas_data *data, const struct family *family,
                                      struct emblas_allocator allocator, size_t threads,
                                      struct group *group, struct view_summary *summary,
                                      unsigned short *counts, size_t *row, size_t *column);

/* `wanted` rows, one of each of as many stretches, or all there are where these are fewer; the same in all
   processes. counts: as above, of rows with weights, of which those of weight 0 are left aside; else NULL.
   Memory from the arena. */
emblas_status emblas_stream_sample(const struct emblas_data *data, const unsigned short *counts,
                                   size_t wanted, uint64_t seed, struct arena *arena, struct group *group,
                                   struct emblas_data *sample);

/* The pooled moments of the frame, on all rows. */
void emblas_stream_pool(struct pass *pass, struct frame *frame, const struct emblas_data *sample,
                        double sample_weight, double total_weight, const struct frame_workspace *work);

#endif
