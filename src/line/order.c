/* SPDX-License-Identifier: MIT */
#include "order.h"

#include "../base/dispatch.h"
#include "../base/sort.h"

#include <stdint.h>
#include <string.h>

enum {
  BUCKETS = 4096,
  ROWS_A_BUCKET = 4,
  BLOCK = 256,
  LINE = 8 /* doubles in a line of the cache */
};

/* Buckets of equal width; neighbours that hold few rows together make a group. */
struct partition {
  double low, scale; /* bucket: (x - low) scale */
  size_t buckets, groups, few;
  size_t begin[BUCKETS]; /* how many rows a bucket has; of groups where each begins, then where its next row
                            goes */
  uint16_t group[BUCKETS];
};

/* A block of rows in the frame, in to->values; those of weight 0 left out. */
static size_t load(const struct frame *frame, const struct emblas_data *data, size_t first,
                   struct weighted_rows *to) {
  size_t count = data->rows - first < BLOCK ? data->rows - first : BLOCK, kept = 0;
  emblas_frame_rows(frame, data, first, count, count, to->values);
  if (data->weights == NULL) return count;
  for (size_t i = 0; i < count; i++) {
    to->values[kept] = to->values[i];
    to->weights[kept] = data->weights[first + i];
    kept += data->weights[first + i] != 0;
  }
  return kept;
}

RUN_TIME_DISPATCH
static void find_buckets(size_t n, const double *x, double low, double scale, int32_t *bucket) {
  for (size_t i = 0; i < n; i++) bucket[i] = (int32_t)((x[i] - low) * scale);
}

static void count_buckets(const struct frame *frame, const struct emblas_data *data, struct partition *p) {
  double values[BLOCK], weights[BLOCK];
  int32_t bucket[BLOCK];
  struct weighted_rows block = {0, values, weights};
  memset(p->begin, 0, sizeof p->begin);
  for (size_t first = 0; first < data->rows; first += BLOCK) {
    size_t count = load(frame, data, first, &block);
    find_buckets(count, values, p->low, p->scale, bucket);
    for (size_t i = 0; i < count; i++) p->begin[bucket[i]]++;
  }
}

/* Groups of up to `few` rows, or of one bucket that holds more. Returns the size of the largest. */
static size_t make_groups(struct partition *p) {
  size_t sum = 0, size = 0, largest = 0;
  p->groups = 0;
  for (size_t b = 0; b < p->buckets; b++) {
    size_t count = p->begin[b]; /* groups are no more than the buckets so far */
    if (b == 0 || (size > 0 && size + count > p->few)) {
      p->begin[p->groups++] = sum;
      size = 0;
    }
    p->group[b] = (uint16_t)(p->groups - 1);
    size += count;
    sum += count;
    largest = size > largest ? size : largest;
  }
  return largest;
}

/* A group's next line of the cache is asked for a line ahead: rows go to hundreds of places by turns, and
   would wait for each. */
static inline void put(double *to, size_t at, double value) {
  to[at] = value;
#if defined(__GNUC__)
  if (at % LINE == 0) __builtin_prefetch(to + at + LINE, 1);
#endif
}

static void scatter(struct weighted_rows *to, const struct frame *frame, const struct emblas_data *data,
                    struct partition *p) {
  double values[BLOCK], weights[BLOCK];
  int32_t bucket[BLOCK];
  struct weighted_rows block = {0, values, weights};
  for (size_t first = 0; first < data->rows; first += BLOCK) {
    size_t count = load(frame, data, first, &block);
    find_buckets(count, values, p->low, p->scale, bucket);
    for (size_t i = 0; i < count; i++) {
      size_t at = p->begin[p->group[bucket[i]]]++;
      put(to->values, at, values[i]);
      if (to->weights != NULL) put(to->weights, at, weights[i]);
    }
  }
}

/* Stretches are groups, or, where one is large, parts of it. `begin` is where each group ends by now. */
static size_t end_stretches(const struct weighted_rows *rows, const struct partition *p,
                            struct sortable room, size_t *end) {
  size_t count = 0;
  for (size_t g = 0, first = 0; g < p->groups; first = p->begin[g++]) {
    size_t n = p->begin[g] - first;
    struct sortable s = {rows->values + first, rows->weights != NULL ? rows->weights + first : NULL};
    if (n <= p->few) {
      end[count] = p->begin[g];
      count += n > 0;
      continue;
    }
    size_t parts = emblas_sort_roughly(n, s, room, p->few, end + count);
    for (size_t i = 0; i < parts; i++) end[count + i] += first;
    count += parts;
  }
  return count;
}

static struct partition equal_buckets(const struct frame *frame, const struct view_summary *summary,
                                      size_t few) {
  struct partition p = {.buckets = 1, .few = few};
  struct emblas_data ends = {.values = summary->low, .rows = 1, .columns = 1};
  double high;
  emblas_frame_rows(frame, &ends, 0, 1, 1, &p.low);
  ends.values = summary->high;
  emblas_frame_rows(frame, &ends, 0, 1, 1, &high);
  while (p.buckets < BUCKETS && p.buckets * ROWS_A_BUCKET < summary->rows) p.buckets *= 2;
  p.scale = high > p.low ? (double)p.buckets * (1 - 0x1p-50) / (high - p.low) : 0;
  if (!(p.scale < 1e300)) p.scale = 0;
  return p;
}

emblas_status emblas_order_rows(struct arena *arena, const struct frame *frame,
                                const struct emblas_data *data, const struct view_summary *summary,
                                size_t few, struct weighted_rows *rows, size_t **end, size_t *stretches) {
  size_t n = summary->rows;
  int weighted = data->weights != NULL;
  *rows = (struct weighted_rows){.count = n, .values = emblas_arena_doubles(arena, n, 1)};
  if (weighted) rows->weights = emblas_arena_doubles(arena, n, 1);
  *end = emblas_arena_take(arena, 5 * (n / few + 1) + 4, 1, sizeof **end);
  if (arena->status != EMBLAS_OK) return arena->status;

  struct partition p = equal_buckets(frame, summary, few);
  struct arena transient;
  struct sortable room = {NULL, NULL};
  count_buckets(frame, data, &p);
  size_t largest = make_groups(&p);
  emblas_arena_init(&transient, arena->allocator);
  if (largest > p.few) {
    room.values = emblas_arena_doubles(&transient, largest, 1);
    if (weighted) room.weights = emblas_arena_doubles(&transient, largest, 1);
  }
  emblas_status status = transient.status;
  if (status == EMBLAS_OK) {
    scatter(rows, frame, data, &p);
    *stretches = end_stretches(rows, &p, room, *end);
  }
  emblas_arena_free(&transient);
  return status;
}
