/* SPDX-License-Identifier: MIT */
/* Walks over rows. Rows are cut into blocks, blocks make leaves, leaves make chunks, and chunks are shared
   out to threads. How rows are cut depends on their number and on the walk's room alone, and the sums are
   those of a fixed binary tree: any number of threads gives the same bits. A walk knows nothing of what is
   added up. */
#ifndef EMBLAS_WALK_H
#define EMBLAS_WALK_H

#include "reduce.h"
#include "share.h"

enum {
  WALK_BLOCK = 256,                /* rows in a block, at most: what is made of one stays in the cache */
  WALK_LEAF = EMBLAS_ROWS_TOGETHER /* rows in a leaf: whole blocks */
};

/* What a thread could not do. */
struct walk_fault {
  emblas_status status;
  size_t row;
};

struct walk {
  size_t threads; /* that it has room for */
  size_t max_chunks, max_length;
  double *chunks;               /* max_chunks, or of several processes nodes, x max_length: their sums */
  struct reduction *reductions; /* one a thread */
  struct walk_fault *faults;    /* one a thread */
  struct share share;           /* of several processes */
  emblas_status status;         /* once a walk has failed, all that follow say nothing but this .. */
  size_t row;                   /* .. and where it was, or EMBLAS_NOWHERE */
};

/* Room for walks over up to `rows` rows with up to `length` sums, on up to `threads` threads; memory from
   the arena, whose status tells: at most 8 MiB, or 16 length numbers, for chunks, and length log2(rows /
   1024) numbers for each thread. group: NULL, or the processes that the rows are shared out to; then all
   walks are over the rows of all of them, and there is room for the nodes of share.h besides. */
void emblas_walk_allocate(struct walk *walk, struct arena *arena, size_t rows, size_t length,
                          size_t threads, struct group *group);

/* For a block that cannot be added: the walk goes on, and ends with this status. */
void emblas_walk_fail(struct walk *walk, size_t worker, emblas_status status, size_t row);

/* Adds what a block has to say to a buffer of sums, of which the first two are one number, its high and its
   low part. `worker` < walk->threads names the thread. */
typedef void (*walk_block)(void *context, size_t worker, size_t first, size_t count, double *sums);

/* Walks all blocks of the rows of this process, and adds up those of all. products: the work on a row,
   which decides how many threads are worth waking. Returns the `length` sums, valid until the next walk;
   they are 0 where walk->status is an error. */
double *emblas_walk_run(struct walk *walk, size_t rows, double products, size_t length, walk_block add,
                        void *context);

#endif
