/* SPDX-License-Identifier: MIT */
/* Threads: OpenMP's, where the build has it. Never more at a time, in all fits of the process together,
   than the machine has processors: fits that run side by side in a host's own threads share them. In the
   child of a fork there is one: OpenMP's other threads did not come along. */
#ifndef EMBLAS_PARALLEL_H
#define EMBLAS_PARALLEL_H

#include <stddef.h>

/* How many threads a call that asks for `wanted` may use at most; 0 asks for what OpenMP would take. Inside
   a parallel region of the host, and in the child of a fork: one. At least 1. */
size_t emblas_parallel_limit(size_t wanted);

/* Runs task(context, worker, index) for every index < tasks, in any order, on at most `threads` threads.
   `worker` < threads names the thread: its room is used by one task at a time. */
typedef void (*emblas_parallel_task)(void *context, size_t worker, size_t index);
void emblas_parallel_run(size_t threads, size_t tasks, emblas_parallel_task task, void *context);

#endif
