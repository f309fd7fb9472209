/* SPDX-License-Identifier: MIT */
#include "allocator.h"

#include <stdlib.h>
#include <string.h>

static void *allocate(void *context, size_t bytes) {
  struct counting_allocator *counter = context;
  size_t call = ++counter->calls;
  if (counter->fail_at && (call == counter->fail_at || (counter->persistent && call > counter->fail_at)))
    return NULL;
  void *memory = malloc(bytes ? bytes : 1);
  if (!memory) return NULL;
  counter->live++;
  memset(memory, 0xa5, bytes); /* what is not initialised shows */
  return memory;
}

static void release(void *context, void *memory) {
  struct counting_allocator *counter = context;
  if (memory) counter->live--;
  free(memory);
}

struct emblas_allocator counting_hooks(struct counting_allocator *counter) {
  return (struct emblas_allocator){allocate, release, counter};
}
