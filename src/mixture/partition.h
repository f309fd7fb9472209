/* SPDX-License-Identifier: MIT */
/* Hard partitions of the rows, by given labels or by the nearest of k centres, and k-means on them.
   Distances are Euclidean in columns of standard deviation 1. */
#ifndef EMBLAS_PARTITION_H
#define EMBLAS_PARTITION_H

#include "../base/random.h"
#include "start.h"

/* A pass_block: adds the Gaussian statistics of the parts, about the centres of pass->terms. context: the
   starter. */
void emblas_partition_statistics(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                                 size_t count, double *sums);

/* One walk over the rows: starter->sums of the parts, and the centres moved to their means. */
void emblas_partition_means(struct starter *starter, struct pass *pass);

/* k-means++ seeding (Arthur, Vassilvitskii 2007) and a few Lloyd rounds: starter->centres. */
void emblas_partition_kmeans(struct starter *starter, struct pass *pass, struct random *random);

#endif
