/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_SORT_H
#define EMBLAS_SORT_H

#include <stddef.h>

/* Numbers, and the weights that move with them (NULL: none). */
struct sortable {
  double *values, *weights;
};

/* Sorts values of magnitude below 1e300, ascending, without regard to the sign of zeros. room: as long as
   what is sorted. O(n) for values that are spread out, O(n log n) at worst. */
void emblas_sort(size_t n, struct sortable s, struct sortable room);

/* The same, but no further than into stretches of at most 3/2 `few` values (more only where all of them are
   equal): none is greater than those of the next stretch. ends: room for 2 n / few + 2 numbers; ends[i]
   becomes where stretch i ends. Returns how many there are. */
size_t emblas_sort_roughly(size_t n, struct sortable s, struct sortable room, size_t few, size_t *ends);

#endif
