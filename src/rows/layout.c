/* SPDX-License-Identifier: MIT */
/* A reader of numbers in memory. */
#include <emblas/data.h>

static const void *number_at(const struct emblas_layout *layout, size_t row, size_t column) {
  static const size_t sizes[] = {sizeof(double), sizeof(float), sizeof(int32_t)};
  size_t size = sizes[layout->number];
  const char *begin = layout->table != NULL
                          ? layout->table[row]
                          : (const char *)layout->values + row * layout->row_stride * size;
  return begin + column * layout->column_stride * size;
}

static double value_at(const struct emblas_layout *layout, size_t row, size_t column) {
  const void *number = number_at(layout, row, column);
  switch (layout->number) {
  case EMBLAS_FLOAT32:
    return (double)*(const float *)number;
  case EMBLAS_INT32:
    return (double)*(const int32_t *)number;
  default:
    return *(const double *)number;
  }
}

/* Column by column where these lie one after the other in memory. */
static int read(void *context, size_t first, size_t count, double *room, struct emblas_rows *rows) {
  const struct emblas_layout *layout = context;
  size_t d = layout->columns;
  if (layout->column_stride > layout->row_stride && layout->table == NULL)
    for (size_t j = 0; j < d; j++)
      for (size_t i = 0; i < count; i++) room[i * d + j] = value_at(layout, first + i, j);
  else
    for (size_t i = 0; i < count; i++)
      for (size_t j = 0; j < d; j++) room[i * d + j] = value_at(layout, first + i, j);
  rows->values = room;
  rows->weights = layout->weights != NULL ? layout->weights + first : NULL;
  return 0;
}

struct emblas_reader emblas_layout_reader(const struct emblas_layout *layout) {
  return (struct emblas_reader){read, (void *)layout, layout->weights != NULL};
}
