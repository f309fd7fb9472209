/* SPDX-License-Identifier: MIT */
/* Rows that occur more than once become one row of their weights' sum. */
#ifndef EMBLAS_DUPLICATES_H
#define EMBLAS_DUPLICATES_H

#include "../base/arena.h"
#include "view.h"

/* merged: each different row once (-0 equals 0), in the order of their first occurrence, without those of
   weight 0; memory from the arena. merged->rows is 0 when a sample, or the end, shows less than two rows to
   each: nothing is allocated for the sample. O(n d). */
emblas_status emblas_duplicates_merge(const struct emblas_data *data, struct arena *arena,
                                      struct emblas_data *merged);

#endif
