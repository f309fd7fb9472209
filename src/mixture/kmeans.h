/* SPDX-License-Identifier: MIT */
/* k-means: greedy k-means++ seeding and Lloyd's rounds, in the starter's coordinates. */
#ifndef EMBLAS_KMEANS_H
#define EMBLAS_KMEANS_H

#include "../base/random.h"
#include "start.h"

/* starter->centres: k-means++ seeding (Arthur, Vassilvitskii 2007) that takes the best of a few rows drawn
   for each centre, then rounds of Lloyd's until nothing moves or their number is used up. */
void emblas_kmeans(struct starter *starter, struct pass *pass, struct random *random);

/* A row drawn with probability proportional to weight times share (NULL: weight alone), which add up to
 * total. */
size_t emblas_draw_row(const struct pass *pass, const double *share, double total, struct random *random);

#endif
