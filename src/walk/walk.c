/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include "../base/parallel.h"

#include <string.h>

enum {
  MAX_CHUNKS = 64, /* shares of work for the threads .. */
  MIN_CHUNKS = 16,
  CHUNK_MEMORY = 1 << 20, /* .. in doubles, while there are more than the least */
  THREAD_WORK = 1 << 20   /* products that a thread must have to do for it to be worth waking */
};

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static size_t leaves_of(size_t rows) {
  return (rows + WALK_LEAF - 1) / WALK_LEAF;
}

static size_t leaves_of_chunk(const struct walk *walk, size_t rows) {
  return (leaves_of(rows) + walk->max_chunks - 1) / walk->max_chunks;
}

static int is_shared(const struct walk *walk) {
  return walk->share.group != NULL;
}

void emblas_walk_allocate(struct walk *walk, struct arena *arena, size_t rows, size_t length,
                          size_t threads, struct group *group) {
  size_t chunks = CHUNK_MEMORY / length;
  if (chunks < MIN_CHUNKS) chunks = MIN_CHUNKS;
  *walk = (struct walk){.max_length = length, .row = EMBLAS_NOWHERE};
  walk->max_chunks = least(least(chunks, MAX_CHUNKS), leaves_of(rows));
  walk->threads = least(threads, walk->max_chunks);
  if (group != NULL && group_is_shared(group))
    emblas_share_allocate(&walk->share, arena, group, leaves_of_chunk(walk, rows), WALK_LEAF);
  size_t sums =
      is_shared(walk) && walk->share.count > walk->max_chunks ? walk->share.count : walk->max_chunks;
  walk->chunks = emblas_arena_doubles(arena, sums, length);
  walk->faults = emblas_arena_take(arena, walk->threads, 1, sizeof *walk->faults);
  walk->reductions = emblas_arena_take(arena, walk->threads, 1, sizeof *walk->reductions);
  for (size_t i = 0; i < walk->threads && arena->status == EMBLAS_OK; i++)
    emblas_reduction_allocate(&walk->reductions[i], arena, length, rows / WALK_LEAF + 1);
}

void emblas_walk_fail(struct walk *walk, size_t worker, emblas_status status, size_t row) {
  struct walk_fault *fault = &walk->faults[worker];
  if (fault->status == EMBLAS_OK || row < fault->row) *fault = (struct walk_fault){status, row};
}

/* One run of a walk. */
struct run {
  struct walk *walk;
  size_t rows, length, chunk_leaves;
  size_t before; /* rows of processes before this one: blocks count their own */
  walk_block add;
  void *context;
};

/* Leaves, block by block, added up as a tree. */
static struct reduction *add_leaves(const struct run *run, size_t worker, size_t first_leaf,
                                    size_t leaves) {
  struct reduction *reduction = &run->walk->reductions[worker];
  size_t start = first_leaf * WALK_LEAF, end = least(start + leaves * WALK_LEAF, run->rows);
  reduction->length = run->length;
  emblas_reduction_start(reduction);
  for (size_t leaf = start; leaf < end; leaf += WALK_LEAF) {
    size_t leaf_end = least(leaf + WALK_LEAF, end);
    memset(reduction->leaf, 0, run->length * sizeof *reduction->leaf);
    for (size_t first = leaf; first < leaf_end; first += WALK_BLOCK)
      run->add(run->context, worker, first - run->before, least(WALK_BLOCK, leaf_end - first),
               reduction->leaf);
    emblas_reduction_add(reduction, 1);
  }
  return reduction;
}

static void add_chunk(void *context, size_t worker, size_t chunk) {
  const struct run *run = context;
  struct reduction *reduction = add_leaves(run, worker, chunk * run->chunk_leaves, run->chunk_leaves);
  emblas_reduction_finish(reduction);
  memcpy(run->walk->chunks + chunk * run->length, reduction->leaf, run->length * sizeof *reduction->leaf);
}

/* A whole chunk, or a branch of its tree. */
static void add_node(void *context, size_t worker, size_t own) {
  const struct run *run = context;
  size_t index = run->walk->share.first + own;
  const struct node *node = &run->walk->share.nodes[index];
  struct reduction *reduction = add_leaves(run, worker, node->first, node->leaves);
  const double *sum = reduction->leaf;
  if (node->whole)
    emblas_reduction_finish(reduction);
  else
    sum = emblas_reduction_branch(reduction, node->leaves);
  memcpy(run->walk->chunks + index * run->length, sum, run->length * sizeof *sum);
}

/* The first row that a thread could not add. */
static emblas_status find_fault(struct walk *walk) {
  emblas_status status = EMBLAS_OK;
  for (size_t i = 0; i < walk->threads; i++)
    if (walk->faults[i].status != EMBLAS_OK && (status == EMBLAS_OK || walk->faults[i].row < walk->row)) {
      status = walk->faults[i].status;
      walk->row = walk->faults[i].row;
    }
  return status;
}

static size_t useful_threads(const struct walk *walk, size_t rows, double products) {
  double work = (double)rows * products / THREAD_WORK;
  return work < (double)walk->threads ? (size_t)work + 1 : walk->threads;
}

/* The chunks of rows that are all here. */
static void run_chunks(struct run *run, double products, size_t chunks) {
  emblas_parallel_run(useful_threads(run->walk, run->rows, products), chunks, add_chunk, run);
  run->walk->status = find_fault(run->walk);
}

/* The part of this process, and what all have of it. */
static void run_share(struct run *run, double products) {
  struct walk *walk = run->walk;
  const struct share *share = &walk->share;
  const struct emblas_processes *p = share->group->processes;
  size_t own = p->first[p->rank + 1] - p->first[p->rank];
  run->before = p->first[p->rank];
  memset(walk->chunks, 0, share->count * run->length * sizeof *walk->chunks);
  emblas_parallel_run(useful_threads(walk, own, products), share->last - share->first, add_node, run);
  emblas_status status = find_fault(walk);
  if (status != EMBLAS_OK && walk->row != EMBLAS_NOWHERE) walk->row += run->before;
  walk->reductions[0].length = run->length;
  walk->status = emblas_share_sum(share, status, &walk->reductions[0], run->length, walk->chunks);
}

double *emblas_walk_run(struct walk *walk, size_t rows, double products, size_t length, walk_block add,
                        void *context) {
  if (is_shared(walk)) rows = walk->share.group->processes->first[walk->share.group->processes->count];
  size_t chunk_leaves = leaves_of_chunk(walk, rows);
  size_t chunks = (leaves_of(rows) + chunk_leaves - 1) / chunk_leaves;
  struct run run = {walk, rows, length, chunk_leaves, 0, add, context};
  memset(walk->faults, 0, walk->threads * sizeof *walk->faults);
  if (walk->status == EMBLAS_OK && is_shared(walk)) run_share(&run, products);
  if (walk->status == EMBLAS_OK && !is_shared(walk)) run_chunks(&run, products, chunks);
  if (walk->status != EMBLAS_OK) memset(walk->chunks, 0, length * sizeof *walk->chunks);
  if (chunks == 1 || walk->status != EMBLAS_OK) return walk->chunks;
  struct reduction *reduction = &walk->reductions[0];
  reduction->length = length;
  emblas_reduction_start(reduction);
  for (size_t chunk = 0; chunk < chunks; chunk++) {
    memcpy(reduction->leaf, walk->chunks + chunk * length, length * sizeof *reduction->leaf);
    emblas_reduction_add(reduction, 1);
  }
  emblas_reduction_finish(reduction);
  return reduction->leaf;
}
