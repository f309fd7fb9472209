/* SPDX-License-Identifier: MIT */
#include "partition.h"

#include <math.h>
#include <string.h>

/* Enough to settle what seeding got roughly right; EM does the rest. */
enum { LLOYD_ROUNDS = 4 };

/* Rows in columns of deviation 1: z, d x stride. */
static void standardise(const struct starter *starter, const struct pass *pass, struct pass_worker *worker,
                        size_t first, size_t count, double *z) {
  size_t d = pass->gaussian.d, stride = worker->block.stride;
  emblas_frame_rows(pass->frame, pass->data, first, count, stride, z);
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < count; i++) z[j * stride + i] *= starter->inverse[j];
}

/* With nearest = [-|centre|^2/2, centre], nearest . [1, z] is largest for the nearest centre. */
static void prepare_nearest(struct starter *starter, size_t k, size_t d) {
  for (size_t c = 0; c < k; c++) {
    double *row = starter->nearest + c * (1 + d), squares = 0;
    for (size_t j = 0; j < d; j++) {
      row[1 + j] = starter->centres[c * d + j];
      squares += row[1 + j] * row[1 + j];
    }
    row[0] = -squares / 2;
  }
}

/* The largest entry of each row becomes the row's weight, the others 0; the first of equals wins. */
static void harden(const struct pass *pass, const struct gaussian_block *block, size_t first) {
  for (size_t i = 0; i < block->rows; i++) {
    double *r = block->r + i;
    size_t best = 0;
    for (size_t c = 1; c < pass->gaussian.k; c++)
      if (r[c * block->stride] > r[best * block->stride]) best = c;
    for (size_t c = 0; c < pass->gaussian.k; c++) r[c * block->stride] = 0;
    r[best * block->stride] = view_weight(pass->data, first + i);
  }
}

static void assign_labels(const struct starter *starter, const struct pass *pass,
                          const struct gaussian_block *block, size_t first) {
  for (size_t c = 0; c < pass->gaussian.k; c++)
    memset(block->r + c * block->stride, 0, block->rows * sizeof *block->r);
  for (size_t i = 0; i < block->rows; i++)
    block->r[starter->labels[first + i] * block->stride + i] = view_weight(pass->data, first + i);
}

/* Each row's responsibilities divided by their sum, times the row's weight. The largest is taken out before
   they are added up, so that their sum does not overflow. */
static void assign_responsibilities(const struct starter *starter, const struct pass *pass,
                                    const struct gaussian_block *block, size_t first) {
  size_t k = pass->gaussian.k;
  for (size_t i = 0; i < block->rows; i++) {
    const double *given = starter->responsibilities + (first + i) * k;
    double largest = 0, sum = 0, weight = view_weight(pass->data, first + i);
    for (size_t c = 0; c < k; c++) largest = given[c] > largest ? given[c] : largest;
    for (size_t c = 0; c < k; c++) sum += given[c] / largest;
    for (size_t c = 0; c < k; c++) block->r[c * block->stride + i] = weight * (given[c] / largest / sum);
  }
}

/* Fills block->r and leaves [1, z] in worker->own.phi. */
static void assign(struct starter *starter, struct pass *pass, struct pass_worker *worker, size_t first,
                   size_t count) {
  size_t p = 1 + pass->gaussian.d;
  struct gaussian_block *block = &worker->block;
  block->rows = count;
  for (size_t i = 0; i < count; i++) worker->own.phi[i] = 1;
  standardise(starter, pass, worker, first, count, worker->own.phi + block->stride);
  if (starter->kind == EMBLAS_START_LABELS) {
    assign_labels(starter, pass, block, first);
  } else if (starter->kind == EMBLAS_START_RESPONSIBILITIES) {
    assign_responsibilities(starter, pass, block, first);
  } else {
    pass->backend->logits(count, block->stride, p, pass->gaussian.k, starter->nearest, p, worker->own.phi,
                          block->r, 0);
    harden(pass, block, first);
  }
}

void emblas_partition_statistics(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                                 size_t count, double *sums) {
  assign(context, pass, worker, first, count);
  emblas_pass_load(pass, worker, first, count);
  emblas_gaussian_moments(&pass->gaussian, pass->backend, &pass->terms, &worker->block, sums + 2,
                          &worker->scratch);
}

/* A pass_block: sums of the parts' weights and rows, k x (1 + d). */
static void add_means(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                      size_t count, double *sums) {
  const struct gaussian_block *block = &worker->block;
  size_t p = 1 + pass->gaussian.d;
  assign(context, pass, worker, first, count);
  pass->backend->moments(count, block->stride, p, pass->gaussian.k, block->r, worker->own.phi, sums + 2, p);
}

void emblas_partition_means(struct starter *starter, struct pass *pass) {
  const struct gaussian *g = &pass->gaussian;
  size_t p = 1 + g->d;
  /* The first two sums of a walk are one number, which is not needed here. */
  const double *sums = emblas_pass_walk(pass, 2 + g->k * p, add_means, starter) + 2;
  memcpy(starter->sums, sums, g->k * p * sizeof *sums);
  for (size_t c = 0; c < g->k; c++) {
    const double *sum = starter->sums + c * p;
    for (size_t j = 0; j < g->d && sum[0] > 0; j++) starter->centres[c * g->d + j] = sum[1 + j] / sum[0];
  }
}

/* What add_centre() hands to its walk. */
struct new_centre {
  struct starter *starter;
  const double *centre;
  int first;
};

/* A pass_block: lowers the distances to the new centre and adds them up. */
static void lower_distances(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                            size_t count, double *sums) {
  const struct new_centre *new_centre = context;
  size_t d = pass->gaussian.d, stride = worker->block.stride;
  double *z = worker->scratch.rows, *square = worker->scratch.column;
  double *nearest = new_centre->starter->distance + first;
  standardise(new_centre->starter, pass, worker, first, count, z);
  memset(square, 0, count * sizeof *square);
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < count; i++) {
      double offset = z[j * stride + i] - new_centre->centre[j];
      square[i] += offset * offset;
    }
  for (size_t i = 0; i < count; i++) {
    if (new_centre->first || square[i] < nearest[i]) nearest[i] = square[i];
    sums[0] += view_weight(pass->data, first + i) * nearest[i];
  }
}

/* Makes row `row` centre c and lowers the distances to it. Returns the weighted sum of the distances. */
static double add_centre(struct starter *starter, struct pass *pass, size_t c, size_t row) {
  struct pass_worker *worker = &pass->workers[0];
  size_t d = pass->gaussian.d;
  double *centre = starter->centres + c * d;
  standardise(starter, pass, worker, row, 1, worker->scratch.rows);
  for (size_t j = 0; j < d; j++) centre[j] = worker->scratch.rows[j * worker->block.stride];
  struct new_centre new_centre = {starter, centre, c == 0};
  return emblas_pass_walk(pass, 2, lower_distances, &new_centre)[0];
}

/* A row drawn with probability proportional to weight times distance (NULL: weight alone). */
static size_t draw_row(const struct pass *pass, const double *distance, double total,
                       struct random *random) {
  double target = emblas_random_uniform(random) * total, sum = 0;
  size_t last = 0;
  for (size_t i = 0; i < pass->data->rows; i++) {
    double part = view_weight(pass->data, i) * (distance != NULL ? distance[i] : 1);
    if (part == 0) continue;
    last = i;
    sum += part;
    if (sum > target) break;
  }
  return last;
}

void emblas_partition_kmeans(struct starter *starter, struct pass *pass, struct random *random) {
  const struct gaussian *g = &pass->gaussian;
  double total = 0;
  for (size_t c = 0; c < g->k; c++) {
    /* Once every row lies on a centre, further centres repeat rows; their parts stay empty. */
    int spread = c > 0 && total > 0;
    size_t row = draw_row(pass, spread ? starter->distance : NULL,
                          spread ? total : starter->summary->total_weight, random);
    total = add_centre(starter, pass, c, row);
  }
  prepare_nearest(starter, g->k, g->d);
  for (int round = 0; round < LLOYD_ROUNDS; round++) {
    emblas_partition_means(starter, pass);
    prepare_nearest(starter, g->k, g->d);
  }
}
