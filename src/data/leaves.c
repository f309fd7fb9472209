/* SPDX-License-Identifier: MIT */
#include "leaves.h"

#include "../base/dispatch.h"
#include "../base/sort.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum {
  LEAVES = 512, /* about as many as this .. */
  LEAST = 16,   /* .. of no fewer rows */
  BUCKETS = 4096,
  ROWS_A_BUCKET = 4,
  BLOCK = 256,
  LANES = 8,
  LINE = 8 /* doubles in a line of the cache */
};

/* ------------------------------------------------------------------ the order */

/* Buckets of equal width; neighbours that hold few rows together make a group. */
struct partition {
  double low, scale; /* bucket: (x - low) scale */
  size_t buckets, groups, few;
  size_t begin[BUCKETS]; /* how many rows a bucket has; of groups where each begins, then where its next row
                            goes */
  uint16_t group[BUCKETS];
};

/* Buckets hold about as many rows where the line is dense. */
static size_t leaf_rows(size_t n) {
  return n / LEAVES > LEAST ? n / LEAVES : LEAST;
}

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
static void widen(size_t n, const double *x, double *low, double *high) {
  double lows[LANES], highs[LANES];
  for (int l = 0; l < LANES; l++) lows[l] = *low, highs[l] = *high;
  for (; n >= LANES; n -= LANES, x += LANES)
    for (int l = 0; l < LANES; l++) {
      lows[l] = x[l] < lows[l] ? x[l] : lows[l];
      highs[l] = x[l] > highs[l] ? x[l] : highs[l];
    }
  for (size_t l = 0; l < n; l++) {
    lows[0] = x[l] < lows[0] ? x[l] : lows[0];
    highs[0] = x[l] > highs[0] ? x[l] : highs[0];
  }
  for (int l = 0; l < LANES; l++) {
    *low = lows[l] < *low ? lows[l] : *low;
    *high = highs[l] > *high ? highs[l] : *high;
  }
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

static void scatter(struct leaves *leaves, const struct frame *frame, const struct emblas_data *data,
                    struct partition *p) {
  double values[BLOCK], weights[BLOCK];
  int32_t bucket[BLOCK];
  struct weighted_rows block = {0, values, weights}, *to = &leaves->rows;
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

/* Leaves are groups, or, where one is large, stretches of it. `begin` is where each group ends by now. */
static void end_leaves(struct leaves *leaves, const struct partition *p, struct sortable room) {
  struct weighted_rows *rows = &leaves->rows;
  for (size_t g = 0, first = 0; g < p->groups; first = p->begin[g++]) {
    size_t n = p->begin[g] - first, *end = leaves->end + leaves->count;
    struct sortable s = {rows->values + first, rows->weights != NULL ? rows->weights + first : NULL};
    if (n <= p->few) {
      *end = p->begin[g];
      leaves->count += n > 0;
      continue;
    }
    size_t stretches = emblas_sort_roughly(n, s, room, p->few, end);
    for (size_t i = 0; i < stretches; i++) end[i] += first;
    leaves->count += stretches;
  }
}

static struct partition equal_buckets(const struct frame *frame, const struct view_summary *summary) {
  struct partition p = {.buckets = 1, .few = leaf_rows(summary->rows)};
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

static emblas_status order(struct leaves *leaves, struct arena *arena, const struct frame *frame,
                           const struct emblas_data *data, const struct view_summary *summary) {
  struct partition p = equal_buckets(frame, summary);
  struct arena transient;
  struct sortable room = {NULL, NULL};
  count_buckets(frame, data, &p);
  size_t largest = make_groups(&p);
  emblas_arena_init(&transient, arena->allocator);
  if (largest > p.few) {
    room.values = emblas_arena_doubles(&transient, largest, 1);
    if (leaves->rows.weights != NULL) room.weights = emblas_arena_doubles(&transient, largest, 1);
  }
  emblas_status status = transient.status;
  if (status == EMBLAS_OK) {
    scatter(leaves, frame, data, &p);
    end_leaves(leaves, &p, room);
  }
  emblas_arena_free(&transient);
  return status;
}

/* ------------------------------------------------------------------ what stands for a leaf */

void emblas_leaves_sort(struct leaves *leaves, size_t leaf) {
  size_t first = leaf_first(leaves, leaf), n = leaves->end[leaf] - first;
  struct weighted_rows *rows = &leaves->rows;
  if (leaves->sorted[leaf]) return;
  emblas_sort(n,
              (struct sortable){rows->values + first, rows->weights != NULL ? rows->weights + first : NULL},
              (struct sortable){leaves->room.values, leaves->room.weights});
  leaves->sorted[leaf] = 1;
}

/* Rows as they are, equal ones merged; in one where no number lies between the ends, near enough. */
static void keep_values(struct leaves *leaves, size_t leaf) {
  const struct weighted_rows *rows = &leaves->rows;
  double *value = leaves->value + leaf * LEAF_POINTS, *weight = leaves->weight + leaf * LEAF_POINTS;
  size_t atoms = 0;
  emblas_leaves_sort(leaves, leaf);
  leaves->mass[leaf] = 0;
  for (size_t i = leaf_first(leaves, leaf); i < leaves->end[leaf]; i++) {
    double one = rows->weights != NULL ? rows->weights[i] : 1;
    if (atoms == 0 || (rows->values[i] != value[atoms - 1] && atoms < LEAF_POINTS)) {
      value[atoms] = rows->values[i];
      weight[atoms++] = 0;
    }
    weight[atoms - 1] += one;
    leaves->mass[leaf] += one;
  }
  leaves->atoms[leaf] = (unsigned char)atoms;
}

static void describe(struct leaves *leaves, size_t leaf, const struct quadrature *quadrature) {
  const struct weighted_rows *rows = &leaves->rows;
  size_t first = leaf_first(leaves, leaf), n = leaves->end[leaf] - first;
  double low = rows->values[first], high = low, moments[QUADRATURE_MOMENTS];
  widen(n, rows->values + first, &low, &high);
  leaves->low[leaf] = low, leaves->high[leaf] = high;
  leaves->sorted[leaf] = low == high;
  leaves->atoms[leaf] = 0;
  struct interval on = interval(low, high);
  if (n <= LEAF_POINTS || !isfinite(on.inverse)) {
    keep_values(leaves, leaf);
    return;
  }
  emblas_quadrature_moments(n, rows->values + first, rows->weights != NULL ? rows->weights + first : NULL,
                            on, moments);
  leaves->mass[leaf] = moments[0];
  emblas_quadrature_spread(quadrature, moments, leaves->weight + leaf * LEAF_POINTS);
}

/* A leaf's points on [-1, 1]; returns how many. */
static size_t leaf_points(const struct leaves *leaves, const struct quadrature *quadrature, size_t leaf,
                          struct interval on, double *t) {
  const double *value = leaves->value + leaf * LEAF_POINTS;
  size_t atoms = leaves->atoms[leaf];
  for (size_t i = 0; i < atoms; i++) t[i] = (value[i] - on.centre) * on.inverse;
  if (atoms > 0) return atoms;
  struct interval own = interval(leaves->low[leaf], leaves->high[leaf]);
  double shift = (own.centre - on.centre) * on.inverse, scale = own.half * on.inverse;
  for (size_t i = 0; i < LEAF_POINTS; i++) t[i] = shift + scale * quadrature->points[i];
  return LEAF_POINTS;
}

void emblas_leaves_moments(const struct leaves *leaves, const struct quadrature *quadrature, size_t first,
                           size_t end, struct interval on, double *moments) {
  enum { TOGETHER = 16 };
  double t[TOGETHER * LEAF_POINTS], w[TOGETHER * LEAF_POINTS], part[QUADRATURE_MOMENTS], mass = 0;
  for (int j = 0; j < QUADRATURE_MOMENTS; j++) moments[j] = 0;
  for (size_t leaf = first; leaf < end;) {
    size_t count = 0;
    for (int i = 0; i < TOGETHER && leaf < end; i++, leaf++) {
      size_t points = leaf_points(leaves, quadrature, leaf, on, t + count);
      memcpy(w + count, leaves->weight + leaf * LEAF_POINTS, points * sizeof *w);
      count += points;
      mass += leaves->mass[leaf];
    }
    emblas_quadrature_moments(count, t, w, (struct interval){0, 1, 1}, part);
    for (int j = 0; j < QUADRATURE_MOMENTS; j++) moments[j] += part[j];
  }
  moments[0] = mass;
}

size_t emblas_leaves_pair(const struct leaves *leaves, const struct quadrature *quadrature, size_t leaf,
                          double *values, double *weights) {
  double low = leaves->low[leaf], high = leaves->high[leaf], mass = leaves->mass[leaf];
  struct interval on = interval(low, high);
  values[0] = low;
  weights[0] = mass;
  if (!isfinite(on.inverse)) return 1;
  double m[QUADRATURE_MOMENTS];
  emblas_leaves_moments(leaves, quadrature, leaf, leaf + 1, on, m);
  double mean = m[1] / mass, second = (m[2] / mass + 1) / 2, third = (m[3] + 3 * m[1]) / (4 * mass);
  double variance = second - mean * mean;
  double skew = third - 3 * mean * second + 2 * mean * mean * mean;
  values[0] = on.centre + on.half * mean;
  if (!(variance > 1e-8)) return 1;
  double lean = skew / (2 * variance), root = sqrt(lean * lean + variance);
  values[0] = fmax(on.centre + on.half * (mean + lean - root), low);
  values[1] = fmin(on.centre + on.half * (mean + lean + root), high);
  weights[1] = mass * (1 - lean / root) / 2;
  weights[0] = mass - weights[1];
  return 2;
}

/* ------------------------------------------------------------------ set-up */

emblas_status emblas_leaves_create(struct leaves *leaves, struct arena *arena, const struct frame *frame,
                                   const struct emblas_data *data, const struct view_summary *summary,
                                   const struct quadrature *quadrature) {
  size_t n = summary->rows, largest = 0, most = 5 * (n / leaf_rows(n) + 1) + 4;
  int weighted = data->weights != NULL;
  *leaves = (struct leaves){.rows.count = n};
  leaves->rows.values = emblas_arena_doubles(arena, n, 1);
  if (weighted) leaves->rows.weights = emblas_arena_doubles(arena, n, 1);
  leaves->end = emblas_arena_take(arena, most, 1, sizeof *leaves->end);
  if (arena->status != EMBLAS_OK) return arena->status;
  emblas_status status = order(leaves, arena, frame, data, summary);
  if (status != EMBLAS_OK) return status;
  for (size_t leaf = 0; leaf < leaves->count; leaf++) {
    size_t rows = leaves->end[leaf] - leaf_first(leaves, leaf);
    largest = rows > largest ? rows : largest;
  }
  double **arrays[] = {&leaves->low, &leaves->high, &leaves->mass};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    *arrays[i] = emblas_arena_doubles(arena, leaves->count, 1);
  leaves->sorted = emblas_arena_take(arena, leaves->count, 1, 1);
  leaves->atoms = emblas_arena_take(arena, leaves->count, 1, 1);
  leaves->value = emblas_arena_doubles(arena, leaves->count, LEAF_POINTS);
  leaves->weight = emblas_arena_doubles(arena, leaves->count, LEAF_POINTS);
  leaves->room.values = emblas_arena_doubles(arena, largest, 1);
  if (weighted) leaves->room.weights = emblas_arena_doubles(arena, largest, 1);
  if (arena->status != EMBLAS_OK) return arena->status;
  for (size_t leaf = 0; leaf < leaves->count; leaf++) describe(leaves, leaf, quadrature);
  return EMBLAS_OK;
}
