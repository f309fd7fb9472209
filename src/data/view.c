/* SPDX-License-Identifier: MIT */
#include "view.h"

#include "../base/arena.h"

#include <math.h>
#include <string.h>

void emblas_data_init(struct emblas_data *data, size_t size) {
  memset(data, 0, size);
  data->size = size;
}

emblas_status emblas_view_check(const struct emblas_data *data) {
  size_t elements;
  if (data == NULL || data->size < sizeof *data || data->values == NULL) return EMBLAS_ERROR_ARGUMENT;
  if (data->rows == 0 || data->columns == 0) return EMBLAS_ERROR_ARGUMENT;
  if (data->stride != 0 && data->stride < data->columns) return EMBLAS_ERROR_ARGUMENT;
  if (emblas_size_multiply(data->rows, view_stride(data), &elements) ||
      elements > SIZE_MAX / sizeof(double))
    return EMBLAS_ERROR_SIZE;
  return EMBLAS_OK;
}

static emblas_status summarise_row(const struct emblas_data *data, size_t row, struct view_summary *summary,
                                   size_t *column) {
  const double *x = view_row(data, row);
  double weight = view_weight(data, row);
  if (!isfinite(weight) || weight < 0) return EMBLAS_ERROR_WEIGHT;
  for (size_t j = 0; j < data->columns; j++)
    if (!isfinite(x[j])) {
      *column = j;
      return EMBLAS_ERROR_NOT_FINITE;
    }
  if (weight == 0) return EMBLAS_OK;
  for (size_t j = 0; j < data->columns; j++) {
    if (summary->rows == 0 || x[j] < summary->low[j]) summary->low[j] = x[j];
    if (summary->rows == 0 || x[j] > summary->high[j]) summary->high[j] = x[j];
  }
  summary->rows++;
  summary->total_weight += weight;
  if (weight > summary->largest_weight) summary->largest_weight = weight;
  return EMBLAS_OK;
}

emblas_status emblas_view_summarise(const struct emblas_data *data, struct view_summary *summary,
                                    size_t *row, size_t *column) {
  summary->total_weight = summary->largest_weight = 0;
  summary->rows = 0;
  for (size_t i = 0; i < data->rows; i++) {
    emblas_status status = summarise_row(data, i, summary, column);
    if (status != EMBLAS_OK) {
      *row = i;
      return status;
    }
  }
  /* Log-likelihoods are weighted sums and must be representable too. */
  return summary->rows > 0 && summary->total_weight < 1e280 ? EMBLAS_OK : EMBLAS_ERROR_WEIGHT;
}
