/* SPDX-License-Identifier: MIT */
/* An allocator that counts, and fails when told to. */
#ifndef TEST_ALLOCATOR_H
#define TEST_ALLOCATOR_H

#include <emblas/status.h>

struct counting_allocator {
  size_t calls;   /* allocations asked for */
  size_t live;    /* blocks not yet released */
  size_t fail_at; /* the call that fails, from 1; 0: none */
  int persistent; /* whether all after it fail too */
};

/* Hooks of this counter, to be put into options. */
struct emblas_allocator counting_hooks(struct counting_allocator *counter);

#endif
