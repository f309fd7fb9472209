/* SPDX-License-Identifier: MIT */
/* What processes say to each other, by the one hook that adds up arrays. Each conversation begins with the
   status of every process, so that an error of one ends it in all: nobody waits for one that has left. */
#ifndef EMBLAS_GROUP_H
#define EMBLAS_GROUP_H

#include "../base/arena.h"
#include <emblas/data.h>

struct group {
  const struct emblas_processes *processes; /* count 0: this one, alone */
  double *slots;                            /* one a process, and more: room for what each has to say */
  int over;                                 /* an error has ended the conversation */
};

/* Room for up to `most` numbers of each process at a time. */
void emblas_group_allocate(struct group *group, struct arena *arena,
                           const struct emblas_processes *processes, size_t most);

static inline int group_is_shared(const struct group *group) {
  return group->processes != NULL && group->processes->count > 0;
}

/* Every process calls it, with its own status: the first error of the list that one of them has, or
   EMBLAS_OK. Needs no memory, so that a process that has none can say so; room is not asked for before the
   first gather. */
emblas_status emblas_group_agree(struct group *group, emblas_status status);

/* Adds up numbers of which each process has its own, and zeros. */
emblas_status emblas_group_sum(struct group *group, double *values, size_t length);

/* What each process has to say, in their order: length numbers each, valid until the next call. Alone: own.
 */
emblas_status emblas_group_gather(struct group *group, const double *own, size_t length,
                                  const double **all);

#endif
