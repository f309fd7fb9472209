/* SPDX-License-Identifier: MIT */
#include "parallel.h"

#if defined(_OPENMP)

#include <omp.h>
#include <stdatomic.h>

/* Threads that fits of this process are using now. It decides how many take part, never what comes out. */
static atomic_int busy;

/* Whether this process came of a fork. A child has one thread, its parent's, but gcc's OpenMP believes that
   the parent's team lives on, and waits for it for ever. Whether there was one cannot be asked. */
static atomic_int forked;

#if defined(__unix__) || defined(__APPLE__)

#include <pthread.h>

static void remember_fork(void) {
  atomic_store(&forked, 1);
}

/* At loading, for the parent's team may be the work of others. Unloading takes the handler back. */
__attribute__((constructor)) static void watch_forks(void) {
  pthread_atfork(NULL, NULL, remember_fork);
}

#endif

size_t emblas_parallel_limit(size_t wanted) {
  if (atomic_load(&forked) || omp_in_parallel()) return 1;
  return wanted > 0 ? wanted : (size_t)omp_get_max_threads();
}

/* One for the caller, and further ones up to the wanted number while all fits together have no more than
   there are processors, or than this one alone asks for. */
static int take(int wanted) {
  int now = atomic_fetch_add(&busy, 1) + 1, granted = 1;
  if (wanted == 1) return granted; /* to ask for the number of processors is a system call */
  int processors = omp_get_num_procs(), most = wanted > processors ? wanted : processors;
  while (granted < wanted && now < most)
    if (atomic_compare_exchange_weak(&busy, &now, now + 1)) granted++, now++;
  return granted;
}

static void give_back(int granted) {
  atomic_fetch_sub(&busy, granted);
}

void emblas_parallel_run(size_t threads, size_t tasks, emblas_parallel_task task, void *context) {
  int wanted = (int)(threads < tasks ? threads : tasks), granted = take(atomic_load(&forked) ? 1 : wanted);
  if (granted == 1) {
    for (size_t index = 0; index < tasks; index++) task(context, 0, index);
  } else {
#pragma omp parallel for num_threads(granted) schedule(dynamic, 1)
    for (size_t index = 0; index < tasks; index++) task(context, (size_t)omp_get_thread_num(), index);
  }
  give_back(granted);
}

#else

size_t emblas_parallel_limit(size_t wanted) {
  (void)wanted;
  return 1;
}

void emblas_parallel_run(size_t threads, size_t tasks, emblas_parallel_task task, void *context) {
  (void)threads;
  for (size_t index = 0; index < tasks; index++) task(context, 0, index);
}

#endif
