/* SPDX-License-Identifier: MIT */
/* A walk over rows that processes share adds up the same tree as one process does, wherever the shares end.
   Processes are threads here. Many sums of random numbers: another order of additions shows in some of
   them. */
#define _POSIX_C_SOURCE 200809L /* pthread_barrier_t */
#include "walk/walk.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SUMS = 60, MOST = 6 };

/* In (-1, 1). */
static double value(size_t row, size_t sum) {
  uint64_t z = (row * SUMS + sum + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  return (double)((int64_t)(z ^ (z >> 29)) >> 11) * 0x1p-52;
}

struct common {
  struct emblas_processes processes[MOST];
  size_t first[MOST + 1], count;
  pthread_barrier_t barrier;
  double *values[MOST];
};

struct process {
  struct common *common;
  size_t rank;
  double sums[SUMS];
  pthread_t thread;
};

static int add_up(void *context, double *values, size_t length) {
  struct process *process = context;
  struct common *common = process->common;
  double *sums = calloc(length, sizeof *sums);
  common->values[process->rank] = values;
  pthread_barrier_wait(&common->barrier);
  for (size_t p = 0; p < common->count; p++)
    for (size_t i = 0; i < length; i++) sums[i] += common->values[p][i];
  pthread_barrier_wait(&common->barrier);
  memcpy(values, sums, length * sizeof *sums);
  free(sums);
  return 0;
}

static void add_block(void *context, size_t worker, size_t first, size_t count, double *sums) {
  size_t before = *(const size_t *)context;
  (void)worker;
  for (size_t i = first; i < first + count; i++)
    for (size_t s = 0; s < SUMS; s++) sums[s] += value(before + i, s);
}

static void walk(struct emblas_processes *processes, size_t rows, size_t before, double *sums) {
  struct arena arena;
  struct group group;
  struct walk walk;
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  emblas_group_allocate(&group, &arena, processes, 1);
  emblas_walk_allocate(&walk, &arena, rows, SUMS, 1, &group);
  cr_assert_eq(arena.status, EMBLAS_OK);
  memcpy(sums, emblas_walk_run(&walk, rows, 1, SUMS, add_block, &before), SUMS * sizeof *sums);
  cr_assert_eq(walk.status, EMBLAS_OK);
  emblas_arena_free(&arena);
}

static void *run(void *context) {
  struct process *process = context;
  struct common *common = process->common;
  walk(&common->processes[process->rank], common->first[common->count], common->first[process->rank],
       process->sums);
  return NULL;
}

static void share_out(struct common *common, size_t rows, size_t count) {
  size_t leaves = (rows + WALK_LEAF - 1) / WALK_LEAF;
  common->count = count;
  for (size_t p = 1; p < count; p++) {
    size_t least = common->first[p - 1] / WALK_LEAF;
    size_t leaf = p == 3 ? least : least + (size_t)rand() % (leaves - least + 1); /* one process has none */
    common->first[p] = leaf * WALK_LEAF < rows ? leaf * WALK_LEAF : rows;
  }
  common->first[count] = rows;
}

Test(share, any_shares_add_up_the_same_tree) {
  const size_t sizes[] = {1, 1000, 5000, 70000, 150001, 200703, 333333};
  for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
    struct emblas_processes alone = {0};
    double expected[SUMS];
    walk(&alone, sizes[n], 0, expected);
    for (size_t count = 1; count <= MOST; count++) {
      struct common common = {.count = count};
      struct process processes[MOST];
      share_out(&common, sizes[n], count);
      pthread_barrier_init(&common.barrier, NULL, (unsigned)count);
      for (size_t p = 0; p < count; p++) {
        processes[p] = (struct process){.common = &common, .rank = p};
        common.processes[p] = (struct emblas_processes){count, p, common.first, add_up, &processes[p]};
        cr_assert_eq(pthread_create(&processes[p].thread, NULL, run, &processes[p]), 0);
      }
      for (size_t p = 0; p < count; p++) pthread_join(processes[p].thread, NULL);
      pthread_barrier_destroy(&common.barrier);
      for (size_t p = 0; p < count; p++)
        cr_assert_arr_eq(processes[p].sums, expected, sizeof expected, "%zu rows, process %zu of %zu",
                         sizes[n], p, count);
    }
  }
}
