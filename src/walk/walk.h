/* SPDX-License-Identifier: MIT */
/* Walks over rows. Rows are cut into blocks, blocks make leaves, leaves make chunks, and chunks are shared
   out to threads. How rows are cut depends on their number and on the walk's room alone, and the sums are
   those of a fixed binary tree: any number of threads gives the same bits. A walk knows nothing of what is
   added up. */
#ifndef EMBLAS_WALK_H
#define EMBLAS_WALK_H

#include "reduce.h"

enum {
  WALK_BLOCK = 256, /* rows in a block, at most: what is made of one stays in the cache */
  WALK_LEAF = 1024  /* rows in a leaf: whole blocks */
};

struct walk {
  size_t threads; /* that it has room for */
  size_t max_chunks, max_length;
  double *chunks;               /* max_chunks x max_length: their sums */
  struct reduction *reductions; /* one a thread */
};

/* Room for walks over up to `rows` rows with up to `length` sums, on up to `threads` threads; memory from
   the arena, whose status tells: at most 8 MiB, or 16 length numbers, for chunks, and length log2(rows /
   1024) numbers for each thread. */
void emblas_walk_allocate(struct walk *walk, struct arena *arena, size_t rows, size_t length,
                          size_t threads);

/* Adds what a block has to say to a buffer of sums, of which the first two are one number, its high and its
   low part. `worker` < walk->threads names the thread. */
typedef void (*walk_block)(void *context, size_t worker, size_t first, size_t count, double *sums);

/* Walks all blocks of the rows. products: the work on a row, which decides how many threads are worth
   waking. Returns the `length` sums, valid until the next walk. */
double *emblas_walk_run(struct walk *walk, size_t rows, double products, size_t length, walk_block add,
                        void *context);

#endif
