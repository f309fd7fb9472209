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

enum { HEAD = sizeof(struct emblas_block_sums) / sizeof(double) };

_Static_assert(WALK_BLOCK % BOX_ROWS == 0, "a block is made of whole boxes");

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Of a row: those of the family, and [1, x] of partitions. */
static size_t made_features(const struct components *m) {
  return m->features > 1 + m->d ? m->features : 1 + m->d;
}

static void allocate_worker(struct pass *pass, struct arena *arena, struct pass_worker *worker) {
  const struct components *m = &pass->components;
  size_t p = made_features(m), panels = (p + PANEL - 1) / PANEL, panel = (p + panels - 1) / panels;
  size_t stride = pass->block_rows + PADDING;
  worker->block = (struct block){.stride = stride, .panel = least(panel + PADDING, p)};
  size_t features = worker->block.panel > m->d ? worker->block.panel : m->d + 1;
  worker->room = emblas_rows_room(arena, pass->data, pass->block_rows);
  worker->own = (struct pass_rows){.x = emblas_arena_doubles(arena, m->d, stride),
                                   .phi = emblas_arena_doubles(arena, features, stride)};
  worker->block.r = emblas_arena_doubles(arena, m->k, stride);
  worker->row_loglik = emblas_arena_doubles(arena, stride, 1);
  worker->rows = emblas_arena_doubles(arena, m->d, stride);
  worker->more_rows = emblas_arena_doubles(arena, m->d, stride);
  worker->column = emblas_arena_doubles(arena, stride, 1);
  worker->scratch = m->family->scratch != NULL ? m->family->scratch(m, arena, stride) : NULL;
}

/* With a single leaf there is one worker, and its blocks are few enough to be loaded only once. Features
   are kept where a panel holds them all. */
static void allocate_kept(struct pass *pass, struct arena *arena) {
  const struct pass_worker *worker = &pass->workers[0];
  size_t blocks = (pass->data->rows + WALK_BLOCK - 1) / WALK_BLOCK, stride = worker->block.stride;
  size_t d = pass->components.d, p = pass->components.features;
  int features = p > 0 && worker->block.panel >= p;
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
                          const struct frame *frame, const struct components *components, size_t threads,
                          struct group *group) {
  size_t rows = rows_of_all(data);
  *pass = (struct pass){.data = data,
                        .streams = pass->streams,
                        .weight_exponent = pass->weight_exponent,
                        .frame = frame,
                        .backend = components->backend,
                        .components = *components,
                        .independent = (double)rows};
  struct components *m = &pass->components;
  size_t statistics;
  if (emblas_size_multiply(m->k, m->statistics + m->d + 1, &statistics)) {
    arena->status = EMBLAS_ERROR_SIZE;
    return;
  }
  pass->block_rows = (least(rows, WALK_BLOCK) + PADDING - 1) / PADDING * PADDING;
  size_t pooled = pass->streams ? 2 + m->d * (2 + m->d) : 0, length = HEAD + statistics;
  emblas_walk_allocate(&pass->walk, arena, rows, length > pooled ? length : pooled, threads, group);
  m->family->allocate(m, arena);
  pass->threads = pass->walk.threads;
  pass->workers = emblas_arena_take(arena, pass->threads, 1, sizeof *pass->workers);
  for (size_t i = 0; i < pass->threads && arena->status == EMBLAS_OK; i++)
    allocate_worker(pass, arena, &pass->workers[i]);
  if (rows <= WALK_LEAF && !pass->streams && arena->status == EMBLAS_OK) allocate_kept(pass, arena);
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
  const struct components *m = &pass->components;
  struct visit visit = {pass, add, context};
  return emblas_walk_run(&pass->walk, pass->data->rows,
                         (double)m->k * (double)(m->statistics + EXPONENTIAL), length, visit_block, &visit);
}

/* ------------------------------------------------------------------ the E step */

/* The rows of the block after this one, where they are most of the memory that they lie in. */
static struct emblas_ahead rows_after(const struct pass *pass, size_t first, size_t count) {
  size_t after = first + count, stride = view_stride(pass->data);
  if (after >= pass->data->rows || stride > 2 * pass->data->columns || pass->data->values == NULL)
    return (struct emblas_ahead){NULL, 0};
  size_t rows = least(WALK_BLOCK, pass->data->rows - after) - 1;
  return (struct emblas_ahead){view_row(pass->data, after),
                               (rows * stride + pass->data->columns) * sizeof(double)};
}

void emblas_pass_read(struct pass *pass, struct pass_worker *worker, size_t first, size_t count) {
  struct emblas_data *view = &worker->view;
  emblas_status status = emblas_rows_read(pass->data, first, count, worker->room, view);
  if (status == EMBLAS_OK && pass->data->reader.read != NULL && view->weights != NULL) {
    double *scaled = worker->room + count * pass->data->columns;
    for (size_t i = 0; i < count; i++) scaled[i] = ldexp(view->weights[i], -pass->weight_exponent);
    view->weights = scaled;
  }
  if (status == EMBLAS_OK) return;
  emblas_walk_fail(&pass->walk, (size_t)(worker - pass->workers), status, first);
  memset(worker->room, 0, count * (pass->data->columns + 1) * sizeof *worker->room);
  view->values = worker->room;
  view->stride = pass->data->columns;
  view->weights = NULL;
}

static void load(struct pass *pass, struct pass_worker *worker, size_t first, size_t count,
                 struct emblas_ahead ahead) {
  struct block *block = &worker->block;
  int few = pass->data == pass->few;
  struct pass_rows *rows = few ? &pass->kept[first / WALK_BLOCK] : &worker->own;
  block->rows = count;
  block->x = rows->x;
  block->phi = rows->phi;
  block->made = few ? &rows->made : NULL;
  emblas_pass_read(pass, worker, first, count);
  if (rows->loaded) return;
  emblas_frame_load(pass->frame, pass->backend, &worker->view, 0, count, ahead, block->stride, worker->rows,
                    block->x);
  rows->loaded = few;
}

void emblas_pass_load(struct pass *pass, struct pass_worker *worker, size_t first, size_t count) {
  load(pass, worker, first, count, rows_after(pass, first, count));
}

void emblas_pass_bayes(struct pass *pass, struct pass_worker *worker, const double *weights,
                       double *row_loglik, struct emblas_block_sums *sums) {
  const struct block *block = &worker->block;
  const struct components *m = &pass->components;
  m->family->logits(m, block, worker->scratch);
  pass->backend->softmax(block->rows, block->stride, m->k, block->r, weights, row_loglik, sums);
}

static double *statistics(struct emblas_block_sums *sums) {
  return (double *)(sums + 1);
}

/* By one kernel. What asks for the next rows by itself does so at a better time. */
static void add_sweep(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                      size_t count, double *to) {
  struct emblas_block_sums *sums = (struct emblas_block_sums *)to;
  const struct components *m = &pass->components;
  struct emblas_ahead ahead = rows_after(pass, first, count), none = {NULL, 0};
  int later = *(const enum sweep_kind *)context == SWEEP_AT_ONCE_AND_AHEAD;
  load(pass, worker, first, count, later ? none : ahead);
  m->family->sweep(m, &worker->block, worker->view.weights, later ? ahead : none, statistics(sums), sums,
                   worker->scratch);
}

/* A block of whole boxes: of each the components within reach. */
static void add_boxes(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                      size_t count, double *to) {
  struct emblas_block_sums *sums = (struct emblas_block_sums *)to;
  const struct components *m = &pass->components;
  size_t thread = (size_t)(worker - pass->workers);
  (void)context;
  emblas_pass_load(pass, worker, first, count);
  struct block box = worker->block;
  for (size_t i = 0; i < count; i += BOX_ROWS, box.x += BOX_ROWS) {
    box.rows = least(BOX_ROWS, count - i);
    m->family->boxes->sweep(m, (first + i) / BOX_ROWS, thread, &box,
                            worker->view.weights != NULL ? worker->view.weights + i : NULL,
                            statistics(sums), sums, worker->scratch);
  }
}

static void add_densities(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                          size_t count, double *to) {
  (void)context;
  emblas_pass_load(pass, worker, first, count);
  emblas_pass_bayes(pass, worker, worker->view.weights, NULL, (struct emblas_block_sums *)to);
}

static void add_expectation(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                            size_t count, double *to) {
  add_densities(pass, worker, context, first, count, to);
  const struct components *m = &pass->components;
  m->family->accumulate(m, &worker->block, statistics((struct emblas_block_sums *)to), worker->scratch);
}

static void expect(struct pass *pass, pass_block add, enum sweep_kind kind) {
  const struct components *m = &pass->components;
  double *total = emblas_pass_walk(pass, HEAD + m->k * m->statistics, add, &kind);
  struct emblas_block_sums *sums = (struct emblas_block_sums *)total;
  pass->stats = total + HEAD;
  if (m->family->correct != NULL) m->family->correct(m, kind, pass->stats, sums);
  pass->loglik = sums->loglik[0] + sums->loglik[1];
  pass->magnitude = sums->magnitude;
  pass->hard = sums->hard;
  pass->q = sums->q;
}

void emblas_pass_prepare(struct pass *pass, const double *theta) {
  const struct components *m = &pass->components;
  m->family->prepare(m, theta, pass->independent);
}

void emblas_pass_expectation(struct pass *pass, const double *theta) {
  const struct components *m = &pass->components;
  enum sweep_kind kind = m->family->sweep_kind != NULL ? m->family->sweep_kind(m) : SWEEP_IN_STEPS;
  m->family->prepare(m, theta, kind == SWEEP_AT_ONCE ? 0 : pass->independent);
  if (pass->boxed && m->family->boxes->pay(m))
    expect(pass, add_boxes, SWEEP_IN_STEPS);
  else
    expect(pass, kind == SWEEP_IN_STEPS ? add_expectation : add_sweep, kind);
}

void emblas_pass_expectation_about(struct pass *pass, const double *theta, const double *centres) {
  const struct components *m = &pass->components;
  m->family->prepare(m, theta, 0);
  m->family->centre(m, centres);
  expect(pass, add_expectation, SWEEP_IN_STEPS);
}

/* sum_i w_i max_c l_ic, without an exponential: lanes are rows. */
RUN_TIME_DISPATCH
static double largest_logits(size_t n, size_t stride, size_t k, const double *restrict logits,
                             const double *restrict weights, double *restrict most) {
  enum { LANES = 8 };
  double sum[LANES] = {0}, all = 0;
  for (size_t i = 0; i < n; i++) most[i] = -INFINITY;
  for (size_t c = 0; c < k; c++)
    for (size_t i = 0; i < n; i++)
      most[i] = logits[c * stride + i] > most[i] ? logits[c * stride + i] : most[i];
  if (weights != NULL)
    for (size_t i = 0; i < n; i++) most[i] *= weights[i];
  for (size_t i = 0; i + LANES <= n; i += LANES)
    for (size_t l = 0; l < LANES; l++) sum[l] += most[i + l];
  for (size_t i = n / LANES * LANES; i < n; i++) all += most[i];
  return all + (((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7])));
}

static void add_largest_logits(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                               size_t count, double *to) {
  const struct components *m = &pass->components;
  const struct block *block = &worker->block;
  (void)context;
  emblas_pass_load(pass, worker, first, count);
  m->family->logits(m, block, worker->scratch);
  to[0] += largest_logits(count, block->stride, m->k, block->r, worker->view.weights, worker->column);
}

double emblas_pass_hard(struct pass *pass, const double *theta) {
  const struct components *m = &pass->components;
  if (!isnan(pass->hard)) return pass->hard;
  m->family->prepare(m, theta, 0);
  const double *largest = emblas_pass_walk(pass, 2, add_largest_logits, NULL);
  return fmin(largest[0] + largest[1] - pass->loglik, 0);
}
