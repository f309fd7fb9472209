/* SPDX-License-Identifier: MIT */
#include "partition.h"

#include <math.h>
#include <string.h>

/* Enough to settle what seeding got roughly right; EM does the rest. */
enum { LLOYD_ROUNDS = 4 };

/* A row in columns of deviation 1: z (count x d) of the scratch. */
static double *standardised_rows(const struct starter *starter, struct pass *pass, size_t first,
                                 size_t count) {
  size_t d = pass->gaussian.d;
  double *z = pass->scratch.rows;
  emblas_frame_rows(pass->frame, pass->data, first, count, z);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < d; j++) z[i * d + j] *= starter->inverse[j];
  return z;
}

/* phi = [1, z]: with nearest = [-|centre|^2/2, centre], phi' nearest is largest for the nearest centre. */
static void linear_features(size_t count, size_t d, const double *z, double *phi) {
  for (size_t i = 0; i < count; i++) {
    *phi++ = 1;
    for (size_t j = 0; j < d; j++) *phi++ = *z++;
  }
}

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
static void harden(const struct pass *pass, size_t first, size_t count) {
  size_t k = pass->gaussian.k;
  for (size_t i = 0; i < count; i++) {
    double *row = pass->r + i * k;
    size_t best = 0;
    for (size_t c = 1; c < k; c++)
      if (row[c] > row[best]) best = c;
    memset(row, 0, k * sizeof *row);
    row[best] = view_weight(pass->data, first + i);
  }
}

static void assign_labels(const struct starter *starter, const struct pass *pass, size_t first,
                          size_t count) {
  size_t k = pass->gaussian.k;
  memset(pass->r, 0, count * k * sizeof *pass->r);
  for (size_t i = 0; i < count; i++)
    pass->r[i * k + starter->labels[first + i]] = view_weight(pass->data, first + i);
}

/* Fills pass->r and leaves [1, z] in pass->phi. */
static void assign(struct starter *starter, struct pass *pass, size_t first, size_t count) {
  const struct gaussian *g = &pass->gaussian;
  linear_features(count, g->d, standardised_rows(starter, pass, first, count), pass->phi);
  if (starter->kind == EMBLAS_START_LABELS) {
    assign_labels(starter, pass, first, count);
  } else {
    pass->backend->logits(count, 1 + g->d, g->k, pass->phi, starter->nearest, pass->r);
    harden(pass, first, count);
  }
}

void emblas_partition_responsibilities(struct pass *pass, void *context, size_t first, size_t count,
                                       struct emblas_block_sums *sums) {
  (void)sums;
  memset(pass->row_loglik, 0, count * sizeof *pass->row_loglik); /* a partition has no density */
  assign(context, pass, first, count);
}

void emblas_partition_means(struct starter *starter, struct pass *pass) {
  const struct gaussian *g = &pass->gaussian;
  size_t p = 1 + g->d;
  struct reduction *reduction = &pass->reduction;
  reduction->length = 2 + g->k * p; /* less than in a pass */
  emblas_reduction_start(reduction);
  for (size_t first = 0; first < pass->data->rows; first += pass->block) {
    size_t left = pass->data->rows - first, count = left < pass->block ? left : pass->block;
    assign(starter, pass, first, count);
    memset(reduction->leaf, 0, reduction->length * sizeof *reduction->leaf);
    pass->backend->moments(count, p, g->k, pass->r, pass->phi, reduction->leaf + 2);
    emblas_reduction_add(reduction);
  }
  emblas_reduction_finish(reduction);
  memcpy(starter->sums, reduction->leaf + 2, g->k * p * sizeof *starter->sums);
  for (size_t c = 0; c < g->k; c++) {
    const double *sum = starter->sums + c * p;
    for (size_t j = 0; j < g->d && sum[0] > 0; j++) starter->centres[c * g->d + j] = sum[1 + j] / sum[0];
  }
}

/* Makes row `row` centre c and lowers the distances to it. Returns the weighted sum of the distances. */
static double add_centre(struct starter *starter, struct pass *pass, size_t c, size_t row) {
  size_t d = pass->gaussian.d;
  double *centre = starter->centres + c * d, total = 0;
  memcpy(centre, standardised_rows(starter, pass, row, 1), d * sizeof *centre);
  for (size_t first = 0; first < pass->data->rows; first += pass->block) {
    size_t left = pass->data->rows - first, count = left < pass->block ? left : pass->block;
    const double *z = standardised_rows(starter, pass, first, count);
    for (size_t i = 0; i < count; i++) {
      double square = 0, *least = &starter->distance[first + i];
      for (size_t j = 0; j < d; j++) square += (z[i * d + j] - centre[j]) * (z[i * d + j] - centre[j]);
      if (c == 0 || square < *least) *least = square;
      total += view_weight(pass->data, first + i) * *least;
    }
  }
  return total;
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
