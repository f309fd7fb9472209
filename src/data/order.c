/* SPDX-License-Identifier: MIT */
#include "order.h"

#include "../base/sort.h"

static void load(struct weighted_rows *rows, const struct frame *frame, const struct emblas_data *data) {
  if (data->weights == NULL) {
    emblas_frame_rows(frame, data, 0, data->rows, data->rows, rows->values);
    rows->count = data->rows;
    return;
  }
  for (size_t i = 0; i < data->rows; i++) {
    if (data->weights[i] == 0) continue;
    emblas_frame_rows(frame, data, i, 1, 1, &rows->values[rows->count]);
    rows->weights[rows->count++] = data->weights[i];
  }
}

emblas_status emblas_order_rows(struct weighted_rows *rows, struct arena *arena, const struct frame *frame,
                                const struct emblas_data *data, size_t few, size_t *ends,
                                size_t *stretches) {
  size_t n = data->rows, count;
  int weighted = data->weights != NULL;
  struct arena transient;
  emblas_arena_init(&transient, arena->allocator);
  *rows = (struct weighted_rows){.values = emblas_arena_doubles(arena, n, 1),
                                 .weights = weighted ? emblas_arena_doubles(arena, n, 1) : NULL};
  struct sortable room = {emblas_arena_doubles(&transient, n, 1),
                          weighted ? emblas_arena_doubles(&transient, n, 1) : NULL};
  if (ends == NULL) ends = emblas_arena_take(&transient, 2 * n / few + 2, 1, sizeof *ends);
  emblas_status status = arena->status != EMBLAS_OK ? arena->status : transient.status;
  if (status == EMBLAS_OK) {
    load(rows, frame, data);
    count =
        emblas_sort_roughly(rows->count, (struct sortable){rows->values, rows->weights}, room, few, ends);
    if (stretches != NULL) *stretches = count;
  }
  emblas_arena_free(&transient);
  return status;
}
