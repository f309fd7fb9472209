/* SPDX-License-Identifier: MIT */
#include "view.h"

#include "../base/arena.h"
#include "../base/dispatch.h"
#include "../base/finite.h"
#include "../base/sized.h"

#include <stdint.h>
#include <string.h>

void emblas_data_init(struct emblas_data *data, size_t size) {
  struct emblas_data defaults = {.size = size};
  sized_init(data, size, &defaults, sizeof defaults);
}

static const char *processes_fault(const struct emblas_data *data) {
  const struct emblas_processes *p = &data->processes;
  if (p->count == 0) return NULL;
  if (p->rank >= p->count) return "data.processes.rank";
  if (p->sum == NULL) return "data.processes.sum";
  if (p->first == NULL || p->first[0] != 0 || p->first[p->count] == 0) return "data.processes.first";
  for (size_t i = 0; i < p->count; i++)
    if (p->first[i + 1] < p->first[i] ||
        (p->first[i] % EMBLAS_ROWS_TOGETHER != 0 && p->first[i] != p->first[p->count]))
      return "data.processes.first";
  return p->first[p->rank + 1] - p->first[p->rank] == data->rows ? NULL : "data.rows";
}

const char *emblas_view_fault(const struct emblas_data *data) {
  if (data == NULL) return "data";
  if (data->size != sizeof *data) return "data.size";
  const char *fault = processes_fault(data);
  if (fault != NULL) return fault;
  if ((data->values == NULL) == (data->reader.read == NULL) && data->rows > 0)
    return data->values == NULL ? "data.values" : "data.reader";
  if (data->rows == 0 && data->processes.count == 0) return "data.rows";
  if (data->columns == 0) return "data.columns";
  return data->stride == 0 || data->stride >= data->columns ? NULL : "data.stride";
}

emblas_status emblas_view_size(const struct emblas_data *data) {
  size_t elements;
  if (emblas_size_multiply(data->rows, view_stride(data), &elements) ||
      elements > SIZE_MAX / sizeof(double))
    return EMBLAS_ERROR_SIZE;
  return EMBLAS_OK;
}

RUN_TIME_DISPATCH
static int all_finite(size_t n, const double *x) {
  uint64_t any = 0;
  for (size_t i = 0; i < n; i++) any |= not_finite(x + i);
  return any >> 63 == 0;
}

static emblas_status summarise_row(const struct emblas_data *data, size_t row, struct view_summary *summary,
                                   size_t *column) {
  const double *x = view_row(data, row);
  if (data->weights != NULL && not_finite(data->weights + row) >> 63) return EMBLAS_ERROR_WEIGHT;
  double weight = view_weight(data, row);
  if (weight < 0) return EMBLAS_ERROR_WEIGHT;
  for (size_t j = 0; j < data->columns; j++)
    if (not_finite(x + j) >> 63) {
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

int emblas_view_finite(const struct emblas_data *data, size_t first, size_t count) {
  if (view_stride(data) == data->columns) return all_finite(count * data->columns, view_row(data, first));
  for (size_t i = first; i < first + count; i++)
    if (!all_finite(data->columns, view_row(data, i))) return 0;
  return 1;
}

/* Lowest and highest of each column of rows without gaps, LANES values or more at a time. */
static void widen_ranges(size_t rows, size_t d, const double *x, double *low, double *high) {
  enum { LANES = 8 };
  size_t whole = rows / LANES * LANES;
  for (size_t j = 0; j < d; j++) {
    double lows[LANES], highs[LANES];
    for (size_t l = 0; l < LANES; l++) lows[l] = low[j], highs[l] = high[j];
    for (size_t i = 0; i < whole; i += LANES)
      for (size_t l = 0; l < LANES; l++) {
        double value = x[(i + l) * d + j];
        lows[l] = value < lows[l] ? value : lows[l];
        highs[l] = value > highs[l] ? value : highs[l];
      }
    for (size_t i = whole; i < rows; i++) {
      double value = x[i * d + j];
      lows[0] = value < lows[0] ? value : lows[0];
      highs[0] = value > highs[0] ? value : highs[0];
    }
    for (size_t l = 0; l < LANES; l++) {
      low[j] = lows[l] < low[j] ? lows[l] : low[j];
      high[j] = highs[l] > high[j] ? highs[l] : high[j];
    }
  }
}

/* Unweighted rows without gaps, quickly: ranges alone, of as many rows at a time as a cache holds. Returns
   0, and no more, when a value is not finite. */
static int summarise_ranges(const struct emblas_data *data, struct view_summary *summary) {
  enum { TOGETHER = 2048 };
  size_t n = data->rows, d = data->columns, most = d < TOGETHER ? TOGETHER / d : 1;
  for (size_t first = 0; first < n; first += most) {
    size_t count = n - first < most ? n - first : most;
    const double *x = view_row(data, first);
    if (!all_finite(count * d, x)) return 0;
    if (first == 0) {
      memcpy(summary->low, x, d * sizeof *x);
      memcpy(summary->high, x, d * sizeof *x);
    }
    widen_ranges(count, d, x, summary->low, summary->high);
  }
  summary->rows = n;
  summary->total_weight = (double)n;
  summary->largest_weight = 1;
  return 1;
}

emblas_status emblas_view_look(const struct emblas_data *data, struct view_summary *summary, size_t *row,
                               size_t *column) {
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
  return EMBLAS_OK;
}

emblas_status emblas_view_weigh(const struct view_summary *summary) {
  /* Log-likelihoods are weighted sums and must be representable too. */
  return summary->rows > 0 && summary->total_weight < 1e280 ? EMBLAS_OK : EMBLAS_ERROR_WEIGHT;
}

emblas_status emblas_view_summarise(const struct emblas_data *data, struct view_summary *summary,
                                    size_t *row, size_t *column) {
  emblas_status status = emblas_view_look(data, summary, row, column);
  return status == EMBLAS_OK ? emblas_view_weigh(summary) : status;
}
