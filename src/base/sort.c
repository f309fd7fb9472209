/* SPDX-License-Identifier: MIT */
/* Values go into buckets of equal width, and those of a bucket are sorted in the same way, in cache by
   then. Few are sorted by insertion. Where buckets of equal width do not divide the values (they crowd in
   one of them), a radix sort of their bits does. */
#include "sort.h"

#include <stdint.h>
#include <string.h>

enum {
  FEW = 20,           /* sorted by insertion */
  MAX_BUCKETS = 2048, /* of one level; recursion is shallow, since none may hold much of all */
  PER_BUCKET = 4,
  DIGIT_BITS = 8
};

static inline struct sortable from(struct sortable s, size_t first) {
  return (struct sortable){s.values + first, s.weights != NULL ? s.weights + first : NULL};
}

static inline void move(struct sortable to, size_t at, struct sortable s, size_t i) {
  to.values[at] = s.values[i];
  if (s.weights != NULL) to.weights[at] = s.weights[i];
}

static void copy(size_t n, struct sortable to, struct sortable s) {
  memcpy(to.values, s.values, n * sizeof *to.values);
  if (s.weights != NULL) memcpy(to.weights, s.weights, n * sizeof *to.weights);
}

static void insert(size_t n, struct sortable s) {
  for (size_t i = 1; i < n; i++) {
    double value = s.values[i], weight = s.weights != NULL ? s.weights[i] : 0;
    size_t at = i;
    for (; at > 0 && s.values[at - 1] > value; at--) move(s, at, s, at - 1);
    s.values[at] = value;
    if (s.weights != NULL) s.weights[at] = weight;
  }
}

/* A double's bits have the order of their values once negative ones are complemented and the others get
   their sign bit set. Without a branch: signs are unpredictable. -0 counts as 0. */
static inline uint64_t key_of(double value) {
  uint64_t bits;
  value += 0.0;
  memcpy(&bits, &value, sizeof bits);
  return bits ^ ((0 - (bits >> 63)) | UINT64_C(1) << 63);
}

/* Least significant digit first. The result is in `s`: the number of digits is even. */
static void radix_sort(size_t n, struct sortable s, struct sortable room) {
  for (int shift = 0; shift < 64; shift += DIGIT_BITS) {
    size_t begin[1 << DIGIT_BITS] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++) begin[key_of(s.values[i]) >> shift & ((1 << DIGIT_BITS) - 1)]++;
    for (size_t b = 0; b < sizeof begin / sizeof *begin; b++) {
      size_t count = begin[b];
      begin[b] = sum;
      sum += count;
    }
    for (size_t i = 0; i < n; i++)
      move(room, begin[key_of(s.values[i]) >> shift & ((1 << DIGIT_BITS) - 1)]++, s, i);
    struct sortable swap = s;
    s = room;
    room = swap;
  }
}

static void range(size_t n, const double *values, double *low, double *high) {
  double l = values[0], h = values[0];
  for (size_t i = 1; i < n; i++) {
    l = values[i] < l ? values[i] : l;
    h = values[i] > h ? values[i] : h;
  }
  *low = l, *high = h;
}

/* Where each bucket begins, from the counts. Returns the largest count. */
static size_t place(size_t buckets, size_t *counts) {
  size_t sum = 0, largest = 0;
  for (size_t b = 0; b < buckets; b++) {
    size_t count = counts[b];
    largest = count > largest ? count : largest;
    counts[b] = sum;
    sum += count;
  }
  return largest;
}

/* What is done with values that are few enough. */
struct depth {
  size_t few, count, open,
      sorted;   /* open: where the stretch that grows began; sorted: where it ends so far */
  size_t *ends; /* NULL: sort to the end */
};

static void close_stretch(struct depth *depth) {
  if (depth->sorted == depth->open) return;
  depth->ends[depth->count++] = depth->sorted;
  depth->open = depth->sorted;
}

/* The next n values are in place: they join the stretch, until it is half as long as it may be. */
static void settle(struct depth *depth, size_t n) {
  int alone = n > depth->few; /* all equal */
  if (alone) close_stretch(depth);
  depth->sorted += n;
  if (alone || depth->sorted - depth->open >= (depth->few + 1) / 2) close_stretch(depth);
}

/* Sorted values: equal ones stay together. */
static void settle_sorted(struct depth *depth, size_t n, const double *values) {
  for (size_t first = 0, end; first < n; first = end) {
    for (end = first + 1; end < n && values[end] == values[first];) end++;
    settle(depth, end - first);
  }
}

static void sort(size_t n, struct sortable s, struct sortable room, int in_room, struct depth *depth);

/* More than a few values in [low, high]; the result goes to `s`, or to `room` when in_room. */
static void bucket_sort(size_t n, struct sortable s, struct sortable room, double low, double high,
                        int in_room, struct depth *depth) {
  size_t end[MAX_BUCKETS], buckets = 1, first = 0;
  size_t per_bucket = depth->ends != NULL ? (depth->few + 1) / 2 : PER_BUCKET;
  while (buckets < MAX_BUCKETS && buckets * per_bucket < n) buckets *= 2;
  double scale = (double)buckets * (1 - 0x1p-50) / (high - low);
  memset(end, 0, buckets * sizeof *end);
  for (size_t i = 0; i < n && scale < 1e300; i++) end[(uint32_t)((s.values[i] - low) * scale)]++;
  size_t largest = place(buckets, end);
  if (!(scale < 1e300) || largest > n / 2 + 1 || (buckets > 64 && largest > n / 8)) {
    radix_sort(n, s, room);
    if (in_room) copy(n, room, s);
    if (depth->ends != NULL) settle_sorted(depth, n, in_room ? room.values : s.values);
    return;
  }
  for (size_t i = 0; i < n; i++) move(room, end[(uint32_t)((s.values[i] - low) * scale)]++, s, i);
  for (size_t b = 0; b < buckets; first = end[b++])
    if (end[b] > first) sort(end[b] - first, from(room, first), from(s, first), !in_room, depth);
}

static void sort(size_t n, struct sortable s, struct sortable room, int in_room, struct depth *depth) {
  double low, high;
  if (n > depth->few) {
    range(n, s.values, &low, &high);
    if (low < high) {
      bucket_sort(n, s, room, low, high, in_room, depth);
      return;
    }
  } else if (depth->ends == NULL) {
    insert(n, s);
  }
  if (in_room) copy(n, room, s);
  if (depth->ends != NULL) settle(depth, n);
}

void emblas_sort(size_t n, struct sortable s, struct sortable room) {
  struct depth depth = {.few = FEW};
  if (s.weights == NULL) room.weights = NULL; /* the two take turns */
  sort(n, s, room, 0, &depth);
}

size_t emblas_sort_roughly(size_t n, struct sortable s, struct sortable room, size_t few, size_t *ends) {
  struct depth depth = {.few = few, .ends = ends};
  if (s.weights == NULL) room.weights = NULL;
  sort(n, s, room, 0, &depth);
  close_stretch(&depth);
  return depth.count;
}
