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

void emblas_walk_allocate(struct walk *walk, struct arena *arena, size_t rows, size_t length,
                          size_t threads) {
  size_t chunks = CHUNK_MEMORY / length;
  if (chunks < MIN_CHUNKS) chunks = MIN_CHUNKS;
  *walk = (struct walk){.max_length = length};
  walk->max_chunks = least(least(chunks, MAX_CHUNKS), leaves_of(rows));
  walk->threads = least(threads, walk->max_chunks);
  walk->chunks = emblas_arena_doubles(arena, walk->max_chunks, length);
  walk->reductions = emblas_arena_take(arena, walk->threads, 1, sizeof *walk->reductions);
  for (size_t i = 0; i < walk->threads && arena->status == EMBLAS_OK; i++)
    emblas_reduction_allocate(&walk->reductions[i], arena, length, rows / WALK_LEAF + 1);
}

/* One run of a walk. */
struct run {
  struct walk *walk;
  size_t rows, length, chunk_leaves;
  walk_block add;
  void *context;
};

/* One chunk: its leaves, block by block, added up as a tree. */
static void add_chunk(void *context, size_t worker, size_t chunk) {
  const struct run *run = context;
  struct reduction *reduction = &run->walk->reductions[worker];
  size_t start = chunk * run->chunk_leaves * WALK_LEAF;
  size_t end = least(start + run->chunk_leaves * WALK_LEAF, run->rows);
  reduction->length = run->length;
  emblas_reduction_start(reduction);
  for (size_t leaf = start; leaf < end; leaf += WALK_LEAF) {
    size_t leaf_end = least(leaf + WALK_LEAF, end);
    memset(reduction->leaf, 0, run->length * sizeof *reduction->leaf);
    for (size_t first = leaf; first < leaf_end; first += WALK_BLOCK)
      run->add(run->context, worker, first, least(WALK_BLOCK, leaf_end - first), reduction->leaf);
    emblas_reduction_add(reduction);
  }
  emblas_reduction_finish(reduction);
  memcpy(run->walk->chunks + chunk * run->length, reduction->leaf, run->length * sizeof *reduction->leaf);
}

static size_t useful_threads(const struct walk *walk, size_t rows, double products) {
  double work = (double)rows * products / THREAD_WORK;
  return work < (double)walk->threads ? (size_t)work + 1 : walk->threads;
}

double *emblas_walk_run(struct walk *walk, size_t rows, double products, size_t length, walk_block add,
                        void *context) {
  size_t leaves = leaves_of(rows), chunk_leaves = (leaves + walk->max_chunks - 1) / walk->max_chunks;
  size_t chunks = (leaves + chunk_leaves - 1) / chunk_leaves;
  struct run run = {walk, rows, length, chunk_leaves, add, context};
  emblas_parallel_run(useful_threads(walk, rows, products), chunks, add_chunk, &run);
  if (chunks == 1) return walk->chunks;
  struct reduction *reduction = &walk->reductions[0];
  reduction->length = length;
  emblas_reduction_start(reduction);
  for (size_t chunk = 0; chunk < chunks; chunk++) {
    memcpy(reduction->leaf, walk->chunks + chunk * length, length * sizeof *reduction->leaf);
    emblas_reduction_add(reduction);
  }
  emblas_reduction_finish(reduction);
  return reduction->leaf;
}
