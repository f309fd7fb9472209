/* SPDX-License-Identifier: MIT */
/* Memory of one object: taken array by array, given back all at once. Small arrays share a call of the
   allocator, whose calls are what a fit of few rows would else wait for. Sizes are checked, and the first
   failure sticks in `status`, so that a caller takes everything it needs and looks once. */
#ifndef EMBLAS_ARENA_H
#define EMBLAS_ARENA_H

#include <emblas/status.h>

struct arena {
  struct emblas_allocator allocator;
  struct arena_chunk *chunks;
  unsigned char *free; /* what is left of a chunk that small arrays share */
  size_t left, shared; /* bytes; of the next such chunk */
  emblas_status status;
};

/* A hook has both functions, or neither. */
int emblas_allocator_valid(struct emblas_allocator allocator);
/* The hook, or malloc and free where it is empty. */
struct emblas_allocator emblas_allocator_or_default(struct emblas_allocator allocator);

void emblas_arena_init(struct arena *arena, struct emblas_allocator allocator);
/* As many bytes will be taken, or more: what is small beside them shares a chunk. */
void emblas_arena_expect(struct arena *arena, size_t bytes);

/* Uninitialised memory for rows x columns elements, aligned to a cache line; NULL after a failure. */
void *emblas_arena_take(struct arena *arena, size_t rows, size_t columns, size_t element);
double *emblas_arena_doubles(struct arena *arena, size_t rows, size_t columns);
/* `count` vectors of `length`, each from a cache line on, in one go; all NULL after a failure. */
void emblas_arena_vectors(struct arena *arena, size_t count, size_t length, double **vectors);

void emblas_arena_free(struct arena *arena);

/* a * b into *product; non-zero when it does not fit. */
int emblas_size_multiply(size_t a, size_t b, size_t *product);

#endif
