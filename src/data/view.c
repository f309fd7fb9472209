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

/* Unweighted rows without gaps, quickly: ranges alone, of LANES values or more at a time. Returns 0, and no
   more, when a value is not finite. */
static int summarise_ranges(const struct emblas_data *data, struct view_summary *summary) {
  enum { LANES = 8 };
  size_t d = data->columns, whole = data->rows / LANES * LANES;
  const double *x = data->values;
  for (size_t j = 0; j < d; j++) {
    double low[LANES], high[LANES], finite[LANES] = {0};
    for (size_t l = 0; l < LANES; l++) low[l] = high[l] = x[j];
    for (size_t i = 0; i < whole; i += LANES)
      for (size_t l = 0; l < LANES; l++) {
        double value = x[(i + l) * d + j];
        low[l] = value < low[l] ? value : low[l];
        high[l] = value > high[l] ? value : high[l];
        finite[l] += value * 0; /* NaN if it is not */
      }
    for (size_t i = whole; i < data->rows; i++) {
      double value = x[i * d + j];
      low[0] = value < low[0] ? value : low[0];
      high[0] = value > high[0] ? value : high[0];
      finite[0] += value * 0;
    }
    for (size_t l = 1; l < LANES; l++) {
      low[0] = low[l] < low[0] ? low[l] : low[0];
      high[0] = high[l] > high[0] ? high[l] : high[0];
      finite[0] += finite[l];
    }
    if (finite[0] != 0) return 0;
    summary->low[j] = low[0];
    summary->high[j] = high[0];
  }
  summary->rows = data->rows;
  summary->total_weight = (double)data->rows;
  summary->largest_weight = 1;
  return 1;
}

emblas_status emblas_view_summarise(const struct emblas_data *data, struct view_summary *summary,
                                    size_t *row, size_t *column) {
  summary->total_weight = summary->largest_weight = 0;
  summary->rows = 0;
  if (data->weights == NULL && view_stride(data) == data->columns && summarise_ranges(data, summary))
    return EMBLAS_OK;
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
