/* SPDX-License-Identifier: MIT */
#include "leaves.h"

#include "../base/dispatch.h"
#include "../base/sort.h"

#include <math.h>
#include <string.h>

enum {
  LEAVES = 512, /* about as many as this .. */
  LEAST = 16,   /* .. of no fewer rows */
  LANES = 8
};

/* Buckets hold about as many rows where the line is dense. */
static size_t leaf_rows(size_t n) {
  return n / LEAVES > LEAST ? n / LEAVES : LEAST;
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
  size_t n = summary->rows, largest = 0;
  int weighted = data->weights != NULL;
  emblas_status status = emblas_order_rows(arena, frame, data, summary, leaf_rows(n), &leaves->rows,
                                           &leaves->end, &leaves->count);
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
