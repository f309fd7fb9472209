/* SPDX-License-Identifier: MIT */
#include "pass.h"

#include "../base/dispatch.h"

#include <math.h>
#include <string.h>

enum {
  PADDING = 8, /* keeps columns of a block from falling into the same places of the cache */
  PANEL = 160, /* features in a panel, about: with it and the responsibilities a block stays in the cache */
  EXPONENTIAL = 16 /* the work of an exponential, in products */
};

_Static_assert(WALK_BLOCK % BOX_ROWS == 0, "a block is made of whole boxes");

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Roundings of the expanded form are independent from row to row. An error of u B in a logit, B <= limit d,
   becomes about u limit / sqrt(n) of the log-likelihood, relative: with few rows the limit is set so that
   this stays below 8 u, and the log-likelihood of an iteration keeps telling whether it fell. */
static double expansion_limit(const struct emblas_backend *backend, size_t rows, size_t components) {
  if (components == 1) return 0; /* there is no product to share */
  return fmin(backend->expansion_limit, 8 * sqrt((double)rows));
}

static int univariate(const struct pass *pass) {
  return pass->gaussian.d == 1 && pass->backend->univariate != NULL;
}

static int quadratic(const struct pass *pass) {
  return pass->gaussian.geometry == GEOMETRY_FULL && pass->backend->quadratic != NULL;
}

/* Those that are made of a block of rows; full covariances need none, but partitions [1, x]. */
static size_t made_features(const struct gaussian *g) {
  return g->geometry == GEOMETRY_FULL ? 1 + g->d : g->p;
}

static void allocate_worker(struct pass *pass, struct arena *arena, struct pass_worker *worker) {
  const struct gaussian *g = &pass->gaussian;
  size_t p = made_features(g), panels = (p + PANEL - 1) / PANEL, panel = (p + panels - 1) / panels;
  size_t stride = pass->block_rows + PADDING;
  worker->block = (struct gaussian_block){.stride = stride, .panel = least(panel + PADDING, p)};
  size_t features = worker->block.panel > g->d ? worker->block.panel : g->d + 1;
  worker->own = (struct pass_rows){.x = emblas_arena_doubles(arena, g->d, stride),
                                   .phi = emblas_arena_doubles(arena, features, stride)};
  worker->block.r = emblas_arena_doubles(arena, g->k, stride);
  worker->row_loglik = emblas_arena_doubles(arena, stride, 1);
  emblas_gaussian_scratch_allocate(g, arena, stride, &worker->scratch);
}

/* With a single leaf there is one worker, and its blocks are few enough to be loaded only once. Features
   are kept where a panel holds them all. */
static void allocate_kept(struct pass *pass, struct arena *arena) {
  const struct pass_worker *worker = &pass->workers[0];
  size_t blocks = (pass->data->rows + WALK_BLOCK - 1) / WALK_BLOCK, stride = worker->block.stride;
  size_t d = pass->gaussian.d, p = pass->gaussian.p;
  int features = pass->gaussian.geometry != GEOMETRY_FULL && worker->block.panel >= p;
  pass->kept = emblas_arena_take(arena, blocks, 1, sizeof *pass->kept);
  double *x = emblas_arena_doubles(arena, blocks * d, stride);
  double *phi = features ? emblas_arena_doubles(arena, blocks * p, stride) : NULL;
  if (arena->status != EMBLAS_OK) return;
  for (size_t i = 0; i < blocks; i++)
    pass->kept[i] = (struct pass_rows){.x = x + i * d * stride,
                                       .phi = features ? phi + i * p * stride : worker->own.phi};
  pass->few = pass->data;
}

void emblas_pass_allocate(struct pass *pass, struct arena *arena, const struct emblas_data *data,
                          const struct frame *frame, const struct emblas_backend *backend,
                          struct gaussian gaussian, size_t threads) {
  *pass = (struct pass){.data = data, .frame = frame, .backend = backend, .gaussian = gaussian};
  const struct gaussian *g = &pass->gaussian;
  size_t statistics;
  if (emblas_size_multiply(g->k, g->p + g->d + 1, &statistics)) {
    arena->status = EMBLAS_ERROR_SIZE;
    return;
  }
  pass->expansion_limit = expansion_limit(backend, data->rows, g->k);
  pass->block_rows = (least(data->rows, WALK_BLOCK) + PADDING - 1) / PADDING * PADDING;
  emblas_walk_allocate(&pass->walk, arena, data->rows,
                       sizeof(struct emblas_block_sums) / sizeof(double) + statistics, threads);
  emblas_gaussian_terms_allocate(g, arena, &pass->terms);
  pass->threads = pass->walk.threads;
  pass->workers = emblas_arena_take(arena, pass->threads, 1, sizeof *pass->workers);
  for (size_t i = 0; i < pass->threads && arena->status == EMBLAS_OK; i++)
    allocate_worker(pass, arena, &pass->workers[i]);
  if (data->rows <= WALK_LEAF && arena->status == EMBLAS_OK) allocate_kept(pass, arena);
}

/* ------------------------------------------------------------------ the walk */

/* A block on its way from the walk to what is done with it. */
struct visit {
  struct pass *pass;
  pass_block add;
  void *context;
};

static void visit_block(void *context, size_t worker, size_t first, size_t count, double *sums) {
  const struct visit *visit = context;
  visit->add(visit->pass, &visit->pass->workers[worker], visit->context, first, count, sums);
}

double *emblas_pass_walk(struct pass *pass, size_t length, pass_block add, void *context) {
  const struct gaussian *g = &pass->gaussian;
  struct visit visit = {pass, add, context};
  return emblas_walk_run(&pass->walk, pass->data->rows, (double)g->k * (double)(g->p + EXPONENTIAL), length,
                         visit_block, &visit);
}

/* ------------------------------------------------------------------ the E step */

/* The rows of the block after this one, where they are most of the memory that they lie in. */
static struct emblas_ahead rows_after(const struct pass *pass, size_t first, size_t count) {
  size_t after = first + count, stride = view_stride(pass->data);
  if (after >= pass->data->rows || stride > 2 * pass->data->columns) return (struct emblas_ahead){NULL, 0};
  size_t rows = least(WALK_BLOCK, pass->data->rows - after) - 1;
  return (struct emblas_ahead){view_row(pass->data, after),
                               (rows * stride + pass->data->columns) * sizeof(double)};
}

static void load(struct pass *pass, struct pass_worker *worker, size_t first, size_t count,
                 struct emblas_ahead ahead) {
  struct gaussian_block *block = &worker->block;
  int few = pass->data == pass->few;
  struct pass_rows *rows = few ? &pass->kept[first / WALK_BLOCK] : &worker->own;
  block->rows = count;
  block->x = rows->x;
  block->phi = rows->phi;
  block->made = few ? &rows->made : NULL;
  if (rows->loaded) return;
  emblas_frame_load(pass->frame, pass->backend, pass->data, first, count, ahead, block->stride,
                    worker->scratch.rows, block->x);
  rows->loaded = few;
}

void emblas_pass_load(struct pass *pass, struct pass_worker *worker, size_t first, size_t count) {
  load(pass, worker, first, count, rows_after(pass, first, count));
}

void emblas_pass_bayes(struct pass *pass, struct pass_worker *worker, const double *weights,
                       double *row_loglik, struct emblas_block_sums *sums) {
  const struct gaussian_block *block = &worker->block;
  emblas_gaussian_logits(&pass->gaussian, pass->backend, &pass->terms, block, &worker->scratch);
  pass->backend->softmax(block->rows, block->stride, pass->gaussian.k, block->r, weights, row_loglik, sums);
}

static double *statistics(struct emblas_block_sums *sums) {
  return (double *)(sums + 1);
}

static void add_univariate(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                           size_t count, double *to) {
  struct emblas_block_sums *sums = (struct emblas_block_sums *)to;
  (void)context;
  emblas_pass_load(pass, worker, first, count);
  pass->backend->univariate(count, pass->gaussian.k, worker->block.x, pass_weights(pass, first),
                            pass->terms.univariate, statistics(sums), sums, worker->scratch.univariate);
}

static void add_quadratic(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                          size_t count, double *to) {
  struct emblas_block_sums *sums = (struct emblas_block_sums *)to;
  struct emblas_normals normals = emblas_gaussian_normals(&pass->gaussian, &pass->terms);
  const struct gaussian_block *block = &worker->block;
  (void)context;
  load(pass, worker, first, count, (struct emblas_ahead){NULL, 0});
  pass->backend->quadratic(count, block->stride, &normals, block->x, pass_weights(pass, first),
                           rows_after(pass, first, count), block->r, worker->scratch.quadratic,
                           statistics(sums), sums);
}

/* A block of whole boxes: of each the components within reach. */
static void add_nearby(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                       size_t count, double *to) {
  struct emblas_block_sums *sums = (struct emblas_block_sums *)to;
  struct nearby_room *room = &pass->nearby->rooms[worker - pass->workers];
  const struct emblas_backend *backend = pass->backend;
  struct gaussian_scratch *scratch = &worker->scratch;
  (void)context;
  emblas_pass_load(pass, worker, first, count);
  struct gaussian_block box = worker->block;
  for (size_t i = 0; i < count; i += BOX_ROWS, box.x += BOX_ROWS) {
    const double *weights = pass_weights(pass, first + i);
    struct gaussian near =
        emblas_nearby_select(pass->nearby, &pass->gaussian, &pass->terms, (first + i) / BOX_ROWS, room);
    box.rows = least(BOX_ROWS, count - i);
    if (quadratic(pass)) {
      struct emblas_normals normals = emblas_gaussian_normals(&near, &room->terms);
      backend->quadratic(box.rows, box.stride, &normals, box.x, weights, (struct emblas_ahead){NULL, 0},
                         box.r, scratch->quadratic, room->stats, sums);
    } else {
      emblas_gaussian_logits(&near, backend, &room->terms, &box, scratch);
      backend->softmax(box.rows, box.stride, near.k, box.r, weights, NULL, sums);
      emblas_gaussian_moments(&near, backend, &room->terms, &box, room->stats, scratch);
    }
    emblas_nearby_add(&pass->gaussian, &near, room, statistics(sums));
  }
}

static void add_densities(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                          size_t count, double *to) {
  (void)context;
  emblas_pass_load(pass, worker, first, count);
  emblas_pass_bayes(pass, worker, pass_weights(pass, first), NULL, (struct emblas_block_sums *)to);
}

static void add_expectation(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                            size_t count, double *to) {
  add_densities(pass, worker, context, first, count, to);
  emblas_gaussian_moments(&pass->gaussian, pass->backend, &pass->terms, &worker->block,
                          statistics((struct emblas_block_sums *)to), &worker->scratch);
}

enum { HEAD = sizeof(struct emblas_block_sums) / sizeof(double) };

static void expect(struct pass *pass, pass_block add) {
  const struct gaussian *g = &pass->gaussian;
  double *total = emblas_pass_walk(pass, HEAD + g->k * g->p, add, NULL);
  const struct emblas_block_sums *sums = (const struct emblas_block_sums *)total;
  pass->stats = total + HEAD;
  pass->loglik = sums->loglik[0] + sums->loglik[1] + emblas_gaussian_rounding(g, &pass->terms, pass->stats);
  pass->magnitude = sums->magnitude;
  pass->hard = sums->hard;
  pass->q = add == add_univariate ? emblas_gaussian_univariate_q(g, &pass->terms, pass->stats) : sums->q;
}

void emblas_pass_expectation(struct pass *pass, const double *theta) {
  emblas_gaussian_prepare(&pass->gaussian, pass->backend, univariate(pass) ? 0 : pass->expansion_limit,
                          theta, &pass->terms);
  int near = pass->nearby != NULL && emblas_nearby_prepare(pass->nearby, &pass->gaussian, &pass->terms);
  expect(pass, near               ? add_nearby
               : univariate(pass) ? add_univariate
               : quadratic(pass)  ? add_quadratic
                                  : add_expectation);
}

void emblas_pass_expectation_about(struct pass *pass, const double *theta, const double *centres) {
  emblas_gaussian_prepare(&pass->gaussian, pass->backend, 0, theta, &pass->terms);
  emblas_gaussian_centre(&pass->gaussian, centres, &pass->terms);
  expect(pass, add_expectation);
}

/* sum_i w_i max_c l_ic, without an exponential: lanes are rows. */
RUN_TIME_DISPATCH
static double largest_logits(size_t n, size_t k, const double *restrict x, const double *restrict weights,
                             const double *terms, double *restrict most) {
  enum { LANES = 8 };
  double sum[LANES] = {0}, all = 0;
  for (size_t i = 0; i < n; i++) most[i] = -INFINITY;
  for (size_t c = 0; c < k; c++) {
    double mean = terms[3 * c], curvature = terms[3 * c + 1], constant = terms[3 * c + 2];
    for (size_t i = 0; i < n; i++) {
      double logit = constant + curvature * ((x[i] - mean) * (x[i] - mean));
      most[i] = logit > most[i] ? logit : most[i];
    }
  }
  if (weights != NULL)
    for (size_t i = 0; i < n; i++) most[i] *= weights[i];
  for (size_t i = 0; i + LANES <= n; i += LANES)
    for (size_t l = 0; l < LANES; l++) sum[l] += most[i + l];
  for (size_t i = n / LANES * LANES; i < n; i++) all += most[i];
  return all + (((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7])));
}

static void add_largest_logits(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                               size_t count, double *to) {
  (void)context;
  emblas_pass_load(pass, worker, first, count);
  to[0] += largest_logits(count, pass->gaussian.k, worker->block.x, pass_weights(pass, first),
                          pass->terms.univariate, worker->block.r);
}

double emblas_pass_hard(struct pass *pass, const double *theta) {
  if (!univariate(pass)) return pass->hard;
  emblas_gaussian_prepare(&pass->gaussian, pass->backend, 0, theta, &pass->terms);
  const double *largest = emblas_pass_walk(pass, 2, add_largest_logits, NULL);
  return fmin(largest[0] + largest[1] - pass->loglik, 0);
}
