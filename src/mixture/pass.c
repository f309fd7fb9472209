/* SPDX-License-Identifier: MIT */
#include "pass.h"

#include "../base/sum.h"

#include <math.h>
#include <string.h>

enum { MAX_BLOCK = 1024, MIN_BLOCK = 32, CACHE_DOUBLES = 1 << 16 };

/* Head of a reduction's buffer, before the statistics. A leaf is MAX_BLOCK rows, whatever the block. */
struct leaf {
  double loglik[2]; /* high and low part */
  double magnitude;
  struct emblas_block_sums sums;
};
enum { HEAD = sizeof(struct leaf) / sizeof(double) };

size_t emblas_pass_block_rows(size_t rows, size_t features, size_t components) {
  size_t block = MAX_BLOCK;
  while (block > MIN_BLOCK && (features > CACHE_DOUBLES || block * (features + components) > CACHE_DOUBLES))
    block /= 2;
  return block < rows ? block : rows;
}

/* Roundings of the expanded form are independent from row to row. An error of u B in a logit, B <= limit d,
   becomes about u limit / sqrt(n) of the log-likelihood, relative: with few rows the limit is set so that
   this stays below 8 u, and the log-likelihood of an iteration keeps telling whether it fell. */
static double expansion_limit(const struct emblas_backend *backend, size_t rows, size_t components) {
  if (components == 1) return 0; /* there is no product to share */
  return fmin(backend->expansion_limit, 8 * sqrt((double)rows));
}

void emblas_pass_allocate(struct pass *pass, struct arena *arena, const struct emblas_data *data,
                          const struct frame *frame, const struct emblas_backend *backend,
                          struct gaussian gaussian) {
  *pass = (struct pass){.data = data, .frame = frame, .backend = backend, .gaussian = gaussian};
  struct gaussian *g = &pass->gaussian;
  size_t statistics;
  if (emblas_size_multiply(g->k, g->p, &statistics)) {
    arena->status = EMBLAS_ERROR_SIZE;
    return;
  }
  pass->expansion_limit = expansion_limit(backend, data->rows, g->k);
  pass->block = emblas_pass_block_rows(data->rows, g->p, g->k);
  emblas_gaussian_terms_allocate(g, arena, &pass->terms);
  emblas_gaussian_scratch_allocate(g, arena, pass->block, &pass->scratch);
  pass->x = emblas_arena_doubles(arena, pass->block, g->d);
  pass->phi = emblas_arena_doubles(arena, pass->block, g->p);
  pass->r = emblas_arena_doubles(arena, pass->block, g->k);
  pass->row_loglik = emblas_arena_doubles(arena, pass->block, 1);
  emblas_reduction_allocate(&pass->reduction, arena, HEAD + statistics, data->rows / MAX_BLOCK + 1);
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Adds one block to the leaf. */
static void add_block(struct pass *pass, pass_responsibilities responsibilities, void *context, int moments,
                      size_t first, size_t count) {
  const struct gaussian *g = &pass->gaussian;
  struct leaf *leaf = (struct leaf *)pass->reduction.leaf;
  emblas_frame_load(pass->frame, pass->backend, pass->data, first, count, pass->x);
  if (pass->terms.expanded_count > 0) emblas_gaussian_features(g, count, pass->x, pass->phi);
  responsibilities(pass, context, first, count, &leaf->sums);
  for (size_t i = 0; i < count; i++) {
    double part = view_weight(pass->data, first + i) * pass->row_loglik[i];
    sum_add(leaf->loglik, part);
    leaf->magnitude += fabs(part);
  }
  if (moments)
    emblas_gaussian_moments(g, pass->backend, &pass->terms, count, pass->x, pass->phi, pass->r,
                            pass->reduction.leaf + HEAD, &pass->scratch);
}

void emblas_pass_run(struct pass *pass, pass_responsibilities responsibilities, void *context,
                     int moments) {
  struct reduction *reduction = &pass->reduction;
  size_t rows = pass->data->rows;
  reduction->length = HEAD + (moments ? pass->gaussian.k * pass->gaussian.p : 0);
  emblas_reduction_start(reduction);
  for (size_t leaf = 0; leaf < rows; leaf += MAX_BLOCK) {
    size_t end = least(leaf + MAX_BLOCK, rows);
    memset(reduction->leaf, 0, reduction->length * sizeof *reduction->leaf);
    for (size_t first = leaf; first < end; first += pass->block)
      add_block(pass, responsibilities, context, moments, first, least(pass->block, end - first));
    emblas_reduction_add(reduction);
  }
  emblas_reduction_finish(reduction);
  const struct leaf *total = (const struct leaf *)reduction->leaf;
  pass->loglik = total->loglik[0] + total->loglik[1];
  pass->magnitude = total->magnitude;
  pass->sums = total->sums;
  pass->stats = reduction->leaf + HEAD;
}

void emblas_pass_logits(struct pass *pass, size_t count) {
  emblas_gaussian_logits(&pass->gaussian, pass->backend, &pass->terms, count, pass->x, pass->phi, pass->r,
                         &pass->scratch);
}

void emblas_pass_bayes(struct pass *pass, void *context, size_t first, size_t count,
                       struct emblas_block_sums *sums) {
  (void)context;
  const double *weights = pass->data->weights != NULL ? pass->data->weights + first : NULL;
  emblas_pass_logits(pass, count);
  pass->backend->softmax(count, pass->gaussian.k, pass->r, weights, pass->row_loglik, sums);
}

void emblas_pass_expectation(struct pass *pass, const double *theta) {
  emblas_gaussian_prepare(&pass->gaussian, pass->backend, pass->expansion_limit, theta, &pass->terms,
                          &pass->scratch);
  emblas_pass_run(pass, emblas_pass_bayes, NULL, 1);
  pass->loglik += emblas_gaussian_rounding(&pass->gaussian, &pass->terms, pass->stats);
}
