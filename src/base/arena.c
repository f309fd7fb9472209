/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdlib.h>

enum { CACHE_LINE = 64 };

/* Stands at the start of each block from the allocator; the elements follow at the next cache line. */
struct arena_chunk {
  struct arena_chunk *next;
};

static void *default_allocate(void *context, size_t bytes) {
  (void)context;
  return malloc(bytes);
}

static void default_release(void *context, void *memory) {
  (void)context;
  free(memory);
}

struct emblas_allocator emblas_allocator_or_default(struct emblas_allocator allocator) {
  if (allocator.allocate != NULL) return allocator;
  return (struct emblas_allocator){default_allocate, default_release, NULL};
}

int emblas_size_multiply(size_t a, size_t b, size_t *product) {
  if (b != 0 && a > SIZE_MAX / b) return 1;
  *product = a * b;
  return 0;
}

void emblas_arena_init(struct arena *arena, struct emblas_allocator allocator) {
  *arena = (struct arena){emblas_allocator_or_default(allocator), NULL, EMBLAS_OK};
}

void *emblas_arena_take(struct arena *arena, size_t rows, size_t columns, size_t element) {
  size_t bytes;
  if (arena->status != EMBLAS_OK) return NULL;
  if (emblas_size_multiply(rows, columns, &bytes) || emblas_size_multiply(bytes, element, &bytes) ||
      bytes > SIZE_MAX - 2 * CACHE_LINE) {
    arena->status = EMBLAS_ERROR_SIZE;
    return NULL;
  }
  struct arena_chunk *chunk = arena->allocator.allocate(arena->allocator.context, bytes + 2 * CACHE_LINE);
  if (chunk == NULL) {
    arena->status = EMBLAS_ERROR_MEMORY;
    return NULL;
  }
  chunk->next = arena->chunks;
  arena->chunks = chunk;
  uintptr_t after = (uintptr_t)chunk + sizeof *chunk;
  return (void *)((after + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

double *emblas_arena_doubles(struct arena *arena, size_t rows, size_t columns) {
  return emblas_arena_take(arena, rows, columns, sizeof(double));
}

void emblas_arena_free(struct arena *arena) {
  while (arena->chunks != NULL) {
    struct arena_chunk *next = arena->chunks->next;
    arena->allocator.release(arena->allocator.context, arena->chunks);
    arena->chunks = next;
  }
}
