/* SPDX-License-Identifier: MIT */
#include "partition.h"

#include "../base/dispatch.h"

#include <math.h>
#include <string.h>

void emblas_partition_rows(const struct starter *starter, struct pass *pass, struct pass_worker *worker,
                           size_t first, size_t count, double *z) {
  size_t d = pass->components.d, stride = worker->block.stride;
  emblas_pass_read(pass, worker, first, count);
  if (starter->whitened) {
    emblas_frame_load(pass->frame, pass->backend, &worker->view, 0, count, (struct emblas_ahead){NULL, 0},
                      stride, worker->more_rows, z);
    return;
  }
  emblas_frame_rows(pass->frame, &worker->view, 0, count, stride, z);
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < count; i++) z[j * stride + i] *= starter->inverse[j];
}

/* With nearest = [-|centre|^2/2, centre], nearest . [1, z] is largest for the nearest centre. */
void emblas_partition_prepare(struct starter *starter, size_t k, size_t d) {
  for (size_t c = 0; c < k; c++) {
    double *row = starter->nearest + c * (1 + d), squares = 0;
    for (size_t j = 0; j < d; j++) {
      row[1 + j] = starter->centres[c * d + j];
      squares += row[1 + j] * row[1 + j];
    }
    row[0] = -squares / 2;
  }
}

/* The largest of the first entries of rows, and whose it is; the first of equals wins. Lanes are rows. */
RUN_TIME_DISPATCH
static void find_largest(size_t rows, size_t stride, size_t k, const double *restrict r,
                         double *restrict most, double *restrict best) {
  for (size_t i = 0; i < rows; i++) most[i] = r[i], best[i] = 0;
  for (size_t c = 1; c < k; c++) {
    const double *restrict own = r + c * stride;
    double number = (double)c;
    for (size_t i = 0; i < rows; i++) {
      best[i] = own[i] > most[i] ? number : best[i];
      most[i] = own[i] > most[i] ? own[i] : most[i];
    }
  }
}

/* The largest entry of each row becomes the row's weight, the others 0. */
static double harden(const struct pass *pass, struct pass_worker *worker) {
  const struct block *block = &worker->block;
  double sum = 0, *most = worker->column, *best = worker->row_loglik;
  find_largest(block->rows, block->stride, pass->components.k, block->r, most, best);
  for (size_t c = 0; c < pass->components.k; c++)
    memset(block->r + c * block->stride, 0, block->rows * sizeof *block->r);
  for (size_t i = 0; i < block->rows; i++) {
    double weight = view_weight(&worker->view, i);
    sum += weight * most[i];
    block->r[(size_t)best[i] * block->stride + i] = weight;
  }
  return sum;
}

static void assign_labels(const struct starter *starter, const struct pass *pass,
                          const struct pass_worker *worker, size_t first) {
  const struct block *block = &worker->block;
  for (size_t c = 0; c < pass->components.k; c++)
    memset(block->r + c * block->stride, 0, block->rows * sizeof *block->r);
  for (size_t i = 0; i < block->rows; i++)
    block->r[starter->labels[first + i] * block->stride + i] = view_weight(&worker->view, i);
}

/* Each row's responsibilities divided by their sum, times the row's weight. The largest is taken out before
   they are added up, so that their sum does not overflow. */
static void assign_responsibilities(const struct starter *starter, const struct pass *pass,
                                    const struct pass_worker *worker, size_t first) {
  const struct block *block = &worker->block;
  size_t k = pass->components.k;
  for (size_t i = 0; i < block->rows; i++) {
    const double *given = starter->responsibilities + (first + i) * k;
    double largest = 0, sum = 0, weight = view_weight(&worker->view, i);
    for (size_t c = 0; c < k; c++) largest = given[c] > largest ? given[c] : largest;
    for (size_t c = 0; c < k; c++) sum += given[c] / largest;
    for (size_t c = 0; c < k; c++) block->r[c * block->stride + i] = weight * (given[c] / largest / sum);
  }
}

/* Fills block->r and leaves [1, z] in worker->own.phi. Returns what harden() does. */
static double assign(struct starter *starter, struct pass *pass, struct pass_worker *worker, size_t first,
                     size_t count) {
  size_t p = 1 + pass->components.d;
  struct block *block = &worker->block;
  block->rows = count;
  for (size_t i = 0; i < count; i++) worker->own.phi[i] = 1;
  emblas_partition_rows(starter, pass, worker, first, count, worker->own.phi + block->stride);
  if (starter->kind == EMBLAS_START_LABELS) {
    assign_labels(starter, pass, worker, first);
  } else if (starter->kind == EMBLAS_START_RESPONSIBILITIES) {
    assign_responsibilities(starter, pass, worker, first);
  } else {
    pass->backend->logits(count, block->stride, p, pass->components.k, starter->nearest, p, worker->own.phi,
                          block->r, 0);
    return harden(pass, worker);
  }
  return 0;
}

void emblas_partition_statistics(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                                 size_t count, double *sums) {
  assign(context, pass, worker, first, count);
  emblas_pass_load(pass, worker, first, count);
  const struct components *m = &pass->components;
  m->family->accumulate(m, &worker->block, sums + 2, worker->scratch);
}

/* A pass_block: sums of the parts' weights and rows, k x (1 + d). */
static void add_means(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                      size_t count, double *sums) {
  const struct block *block = &worker->block;
  size_t p = 1 + pass->components.d;
  sums[0] += assign(context, pass, worker, first, count);
  pass->backend->moments(count, block->stride, p, pass->components.k, block->r, worker->own.phi, sums + 2,
                         p);
}

double emblas_partition_means(struct starter *starter, struct pass *pass) {
  const struct components *m = &pass->components;
  size_t p = 1 + m->d;
  const double *total = emblas_pass_walk(pass, 2 + m->k * p, add_means, starter), *sums = total + 2;
  double nearness = total[0] + total[1];
  memcpy(starter->sums, sums, m->k * p * sizeof *sums);
  for (size_t c = 0; c < m->k; c++) {
    const double *sum = starter->sums + c * p;
    for (size_t j = 0; j < m->d && sum[0] > 0; j++) starter->centres[c * m->d + j] = sum[1 + j] / sum[0];
  }
  return nearness;
}
