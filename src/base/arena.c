/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdlib.h>

/* Small arrays share chunks: those up to a part of the next chunk's bytes, which are twice those of the
   last one, from the least to the most. */
enum { CACHE_LINE = 64, LEAST_SHARED = 2048, MOST_SHARED = 65536, PART = 4 };

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

int emblas_allocator_valid(struct emblas_allocator allocator) {
  return (allocator.allocate == NULL) == (allocator.release == NULL);
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
  *arena = (struct arena){.allocator = emblas_allocator_or_default(allocator), .shared = LEAST_SHARED};
}

void emblas_arena_expect(struct arena *arena, size_t bytes) {
  arena->shared = bytes < LEAST_SHARED ? LEAST_SHARED : bytes < MOST_SHARED ? bytes : MOST_SHARED;
}

/* `bytes` of the allocator's, from a cache line on. */
static void *take_chunk(struct arena *arena, size_t bytes) {
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

/* As many whole cache lines of a shared chunk. */
static void *take_shared(struct arena *arena, size_t bytes) {
  size_t lines = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
  if (lines > arena->left) {
    void *chunk = take_chunk(arena, arena->shared);
    if (chunk == NULL) return NULL;
    arena->free = chunk;
    arena->left = arena->shared;
    if (arena->shared < MOST_SHARED) arena->shared *= 2;
  }
  void *taken = arena->free;
  arena->free += lines;
  arena->left -= lines;
  return taken;
}

void *emblas_arena_take(struct arena *arena, size_t rows, size_t columns, size_t element) {
  size_t bytes;
  if (arena->status != EMBLAS_OK) return NULL;
  if (emblas_size_multiply(rows, columns, &bytes) || emblas_size_multiply(bytes, element, &bytes) ||
      bytes > SIZE_MAX - 2 * CACHE_LINE) {
    arena->status = EMBLAS_ERROR_SIZE;
    return NULL;
  }
  return bytes <= arena->shared / PART ? take_shared(arena, bytes) : take_chunk(arena, bytes);
}

double *emblas_arena_doubles(struct arena *arena, size_t rows, size_t columns) {
  return emblas_arena_take(arena, rows, columns, sizeof(double));
}

void emblas_arena_vectors(struct arena *arena, size_t count, size_t length, double **vectors) {
  enum { LINE = CACHE_LINE / sizeof(double) };
  size_t stride = length <= SIZE_MAX - LINE ? (length + LINE - 1) / LINE * LINE : length;
  double *first = emblas_arena_doubles(arena, count, stride);
  for (size_t i = 0; i < count; i++) vectors[i] = first != NULL ? first + i * stride : NULL;
}

void emblas_arena_free(struct arena *arena) {
  while (arena->chunks != NULL) {
    struct arena_chunk *next = arena->chunks->next;
    arena->allocator.release(arena->allocator.context, arena->chunks);
    arena->chunks = next;
  }
}
