/* SPDX-License-Identifier: MIT */
#include "group.h"

#include <string.h>

enum { STATUSES = 1 - EMBLAS_ERROR_SUM }; /* the last of the list */

void emblas_group_allocate(struct group *group, struct arena *arena,
                           const struct emblas_processes *processes, size_t most) {
  *group = (struct group){.processes = processes};
  if (group_is_shared(group)) group->slots = emblas_arena_doubles(arena, processes->count, most);
}

static emblas_status add_up(struct group *group, double *values, size_t length) {
  const struct emblas_processes *p = group->processes;
  if (p->sum(p->context, values, length) == 0) return EMBLAS_OK;
  group->over = 1;
  return EMBLAS_ERROR_SUM;
}

emblas_status emblas_group_agree(struct group *group, emblas_status status) {
  double counts[STATUSES] = {0}; /* of the processes that have each status: no memory is asked for */
  if (!group_is_shared(group) || group->over) return status;
  counts[-(int)status] = 1;
  emblas_status summed = add_up(group, counts, STATUSES);
  if (summed != EMBLAS_OK) return summed;
  for (int i = 1; i < STATUSES; i++)
    if (counts[i] > 0) {
      group->over = 1;
      return (emblas_status)-i;
    }
  return EMBLAS_OK;
}

emblas_status emblas_group_sum(struct group *group, double *values, size_t length) {
  return group_is_shared(group) ? add_up(group, values, length) : EMBLAS_OK;
}

emblas_status emblas_group_gather(struct group *group, const double *own, size_t length,
                                  const double **all) {
  *all = own;
  if (!group_is_shared(group)) return EMBLAS_OK;
  const struct emblas_processes *p = group->processes;
  memset(group->slots, 0, p->count * length * sizeof *group->slots);
  memcpy(group->slots + p->rank * length, own, length * sizeof *own);
  *all = group->slots;
  return add_up(group, group->slots, p->count * length);
}
