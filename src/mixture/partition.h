/* SPDX-License-Identifier: MIT */
/* Hard partitions of the rows, by given labels or by the nearest of k centres, and k-means on them.
   Distances are Euclidean in columns of standard deviation 1. */
#ifndef EMBLAS_PARTITION_H
#define EMBLAS_PARTITION_H

#include "../base/random.h"
#include "start.h"

/* A pass_block: adds the statistics of the parts, about what the family was centred at. context: the
   starter. */
void emblas_partition_statistics(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                                 size_t count, double *sums);

/* One walk over the rows: starter->sums of the parts, and the centres moved to their means. Returns sum_i
   w_i (z_i . c - |c|^2 / 2), c the nearest of the prepared centres: half of what the squares are less than
   those about 0. */
double emblas_partition_means(struct starter *starter, struct pass *pass);

/* Rows first .. first + count in the coordinates of the partition: z, d x stride. */
void emblas_partition_rows(const struct starter *starter, struct pass *pass, struct pass_worker *worker,
                           size_t first, size_t count, double *z);

/* starter->nearest from starter->centres. */
void emblas_partition_prepare(struct starter *starter, size_t k, size_t d);

#endif
