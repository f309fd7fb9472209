/* SPDX-License-Identifier: MIT */
#include "boxes.h"

#include "../base/random.h"
#include "view.h"

#include <string.h>

enum { LOAD = 256 }; /* rows that are brought into the frame together */

/* The rows while they are put in order. */
struct rows {
  size_t d;
  double *values, *weights; /* n x d; n, or NULL */
  struct random random;     /* draws pivots: no order of the rows makes a selection slow */
};

static emblas_status load(struct rows *to, struct arena *arena, const struct frame *frame,
                          const struct emblas_backend *backend, const struct emblas_data *data) {
  size_t d = frame->d, at = 0;
  struct arena transient;
  emblas_arena_init(&transient, arena->allocator);
  double *block = emblas_arena_doubles(&transient, d, LOAD),
         *scratch = emblas_arena_doubles(&transient, d, LOAD);
  for (size_t first = 0; first < data->rows && transient.status == EMBLAS_OK; first += LOAD) {
    size_t count = data->rows - first < LOAD ? data->rows - first : LOAD;
    emblas_frame_load(frame, backend, data, first, count, (struct emblas_ahead){NULL, 0}, LOAD, scratch,
                      block);
    for (size_t i = 0; i < count; i++) {
      double weight = view_weight(data, first + i);
      if (weight == 0) continue;
      for (size_t j = 0; j < d; j++) to->values[at * d + j] = block[j * LOAD + i];
      if (to->weights != NULL) to->weights[at] = weight;
      at++;
    }
  }
  emblas_status status = transient.status;
  emblas_arena_free(&transient);
  return status;
}

static void swap(const struct rows *rows, size_t a, size_t b) {
  double *x = rows->values + a * rows->d, *y = rows->values + b * rows->d;
  for (size_t j = 0; j < rows->d; j++) {
    double value = x[j];
    x[j] = y[j];
    y[j] = value;
  }
  if (rows->weights == NULL) return;
  double weight = rows->weights[a];
  rows->weights[a] = rows->weights[b];
  rows->weights[b] = weight;
}

/* Rows first .. end become such that those before `middle` have no larger value in the column than those
   from there on (Hoare's find). */
static void part(struct rows *rows, size_t first, size_t end, size_t middle, size_t column) {
  const double *x = rows->values + column;
  size_t d = rows->d, low = first, high = end - 1;
  while (low < high) {
    double pivot = x[(low + (size_t)(emblas_random_uniform(&rows->random) * (double)(high - low))) * d];
    size_t i = low, j = high;
    for (;;) {
      while (x[i * d] < pivot) i++;
      while (x[j * d] > pivot) j--;
      if (i >= j) break;
      swap(rows, i++, j--);
    }
    if (middle <= j) /* low .. j are at most the pivot, the others at least */
      high = j;
    else
      low = j + 1;
  }
}

static void range(const struct rows *rows, size_t first, size_t end, double *low, double *high) {
  const double *x = rows->values + first * rows->d;
  memcpy(low, x, rows->d * sizeof *low);
  memcpy(high, x, rows->d * sizeof *high);
  for (size_t i = first; i < end; i++, x += rows->d)
    for (size_t j = 0; j < rows->d; j++) {
      low[j] = x[j] < low[j] ? x[j] : low[j];
      high[j] = x[j] > high[j] ? x[j] : high[j];
    }
}

/* low, high: room for d. */
static void split(struct rows *rows, size_t first, size_t end, double *low, double *high) {
  while (end - first > BOX_ROWS) {
    size_t boxes = (end - first + BOX_ROWS - 1) / BOX_ROWS, middle = first + boxes / 2 * BOX_ROWS,
           widest = 0;
    range(rows, first, end, low, high);
    for (size_t j = 1; j < rows->d; j++)
      if (high[j] - low[j] > high[widest] - low[widest]) widest = j;
    if (high[widest] > low[widest]) part(rows, first, end, middle, widest);
    split(rows, first, middle, low, high);
    first = middle;
  }
}

emblas_status emblas_boxes_create(struct boxes *boxes, struct arena *arena, const struct frame *frame,
                                  const struct emblas_backend *backend, const struct emblas_data *data,
                                  size_t rows) {
  size_t d = frame->d, count = (rows + BOX_ROWS - 1) / BOX_ROWS;
  struct rows own = {.d = d, .values = emblas_arena_doubles(arena, rows, d)};
  if (data->weights != NULL) own.weights = emblas_arena_doubles(arena, rows, 1);
  double *centre = emblas_arena_doubles(arena, count, d), *half = emblas_arena_doubles(arena, count, d);
  if (arena->status != EMBLAS_OK) return arena->status;
  emblas_status status = load(&own, arena, frame, backend, data);
  if (status != EMBLAS_OK) return status;
  emblas_random_seed(&own.random, 1, 0);
  split(&own, 0, rows, centre, half);
  for (size_t b = 0; b < count; b++) {
    size_t first = b * BOX_ROWS, end = first + BOX_ROWS < rows ? first + BOX_ROWS : rows;
    double *low = half + b * d, *high = centre + b * d;
    range(&own, first, end, low, high);
    for (size_t j = 0; j < d; j++) {
      double least = low[j], most = high[j];
      centre[b * d + j] = least / 2 + most / 2;
      half[b * d + j] = most / 2 - least / 2;
    }
  }
  *boxes = (struct boxes){.count = count, .centre = centre, .half = half};
  emblas_data_init(&boxes->rows, sizeof boxes->rows);
  boxes->rows.values = own.values;
  boxes->rows.weights = own.weights;
  boxes->rows.rows = rows;
  boxes->rows.columns = d;
  return EMBLAS_OK;
}
