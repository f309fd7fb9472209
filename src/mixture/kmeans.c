/* SPDX-License-Identifier: MIT */
#include "kmeans.h"

#include "../base/dispatch.h"
#include "partition.h"

#include <math.h>
#include <string.h>

enum { MOST_ROUNDS = 100 };

/* Lloyd's rounds end when one takes less than this part off the sum of squares. */
static const double settled = 1e-4;

/* What walks over the rows measure distances to. */
struct candidates {
  struct starter *starter;
  size_t count;
  const double *centre; /* count x d */
  int first;            /* no row has a distance yet */
};

RUN_TIME_DISPATCH
static void squares(size_t d, size_t count, size_t stride, const double *restrict z, const double *centre,
                    double *restrict square) {
  memset(square, 0, count * sizeof *square);
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < count; i++) {
      double offset = z[j * stride + i] - centre[j];
      square[i] += offset * offset;
    }
}

/* A pass_block: for each candidate what the sum of the distances would be. */
static void try_candidates(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                           size_t count, double *sums) {
  const struct candidates *candidates = context;
  size_t d = pass->components.d, stride = worker->block.stride;
  double *z = worker->rows, *square = worker->column;
  const double *nearest = candidates->starter->distance + first;
  emblas_partition_rows(candidates->starter, pass, worker, first, count, z);
  for (size_t c = 0; c < candidates->count; c++) {
    squares(d, count, stride, z, candidates->centre + c * d, square);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
      sum += view_weight(pass->data, first + i) * (square[i] < nearest[i] ? square[i] : nearest[i]);
    sums[2 + c] += sum;
  }
}

/* A pass_block: lowers the distances to the new centre and adds them up. */
static void lower_distances(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                            size_t count, double *sums) {
  const struct candidates *new_centre = context;
  double *z = worker->rows, *square = worker->column;
  double *nearest = new_centre->starter->distance + first;
  emblas_partition_rows(new_centre->starter, pass, worker, first, count, z);
  squares(pass->components.d, count, worker->block.stride, z, new_centre->centre, square);
  for (size_t i = 0; i < count; i++) {
    if (new_centre->first || square[i] < nearest[i]) nearest[i] = square[i];
    sums[0] += view_weight(pass->data, first + i) * nearest[i];
  }
}

size_t emblas_draw_row(const struct pass *pass, const double *share, double total, struct random *random) {
  double target = emblas_random_uniform(random) * total, sum = 0;
  size_t last = 0;
  for (size_t i = 0; i < pass->data->rows; i++) {
    double part = view_weight(pass->data, i) * (share != NULL ? share[i] : 1);
    if (part == 0) continue;
    last = i;
    sum += part;
    if (sum > target) break;
  }
  return last;
}

static void copy_row(const struct starter *starter, struct pass *pass, size_t row, double *centre) {
  struct pass_worker *worker = &pass->workers[0];
  emblas_partition_rows(starter, pass, worker, row, 1, worker->rows);
  for (size_t j = 0; j < pass->components.d; j++) centre[j] = worker->rows[j * worker->block.stride];
}

/* The best of a few rows becomes centre c. */
static void choose_centre(struct starter *starter, struct pass *pass, size_t c, double total,
                          struct random *random) {
  size_t d = pass->components.d, count = 2 + (size_t)log((double)pass->components.k), best = 0;
  double *centre = starter->candidates;
  if (count > KMEANS_CANDIDATES) count = KMEANS_CANDIDATES;
  for (size_t i = 0; i < count; i++)
    copy_row(starter, pass, emblas_draw_row(pass, starter->distance, total, random), centre + i * d);
  struct candidates candidates = {starter, count, centre, 0};
  const double *sum = emblas_pass_walk(pass, 2 + count, try_candidates, &candidates) + 2;
  for (size_t i = 1; i < count; i++)
    if (sum[i] < sum[best]) best = i;
  memcpy(starter->centres + c * d, centre + best * d, d * sizeof *centre);
}

/* Returns the sum of the rows' distances. */
static double seed(struct starter *starter, struct pass *pass, struct random *random) {
  size_t d = pass->components.d;
  double total = 0;
  for (size_t c = 0; c < pass->components.k; c++) {
    double *centre = starter->centres + c * d;
    /* Once every row lies on a centre, further centres repeat rows; their parts stay empty. */
    if (c > 0 && total > 0)
      choose_centre(starter, pass, c, total, random);
    else
      copy_row(starter, pass, emblas_draw_row(pass, NULL, starter->summary->total_weight, random), centre);
    struct candidates new_centre = {starter, 1, centre, c == 0};
    total = emblas_pass_walk(pass, 2, lower_distances, &new_centre)[0];
  }
  return total;
}

void emblas_kmeans(struct starter *starter, struct pass *pass, struct random *random) {
  const struct components *m = &pass->components;
  double total = seed(starter, pass, random), before = total, first = 0;
  emblas_partition_prepare(starter, m->k, m->d);
  for (int round = 0; round < MOST_ROUNDS; round++) {
    double nearness = emblas_partition_means(starter, pass);
    emblas_partition_prepare(starter, m->k, m->d);
    if (round == 0) first = nearness;
    double left = total - 2 * (nearness - first);
    if (round > 0 && before - left <= settled * left) break;
    before = left;
  }
}
