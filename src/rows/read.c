/* SPDX-License-Identifier: MIT */
#include "read.h"

double *emblas_rows_room(struct arena *arena, const struct emblas_data *data, size_t rows) {
  return data->reader.read != NULL ? emblas_arena_doubles(arena, data->columns + 1, rows) : NULL;
}

emblas_status emblas_rows_read(const struct emblas_data *data, size_t first, size_t count, double *room,
                               struct emblas_data *rows) {
  *rows = (struct emblas_data){
      .size = data->size, .rows = count, .columns = data->columns, .stride = view_stride(data)};
  if (data->reader.read == NULL) {
    rows->values = view_row(data, first);
    rows->weights = data->weights != NULL ? data->weights + first : NULL;
    return EMBLAS_OK;
  }
  struct emblas_rows read = {.stride = data->columns};
  if (data->reader.read(data->reader.context, first, count, room, &read) != 0 || read.values == NULL ||
      (data->reader.weighted && read.weights == NULL))
    return EMBLAS_ERROR_READ;
  rows->values = read.values;
  rows->stride = read.stride;
  rows->weights = data->reader.weighted ? read.weights : NULL;
  return EMBLAS_OK;
}
