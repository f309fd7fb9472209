/* SPDX-License-Identifier: MIT */
/* The first look at the caller's rows: is every value finite, every weight valid, which range has each
 * column? */
#ifndef EMBLAS_VIEW_H
#define EMBLAS_VIEW_H

#include <emblas/emblas.h>

static inline size_t view_stride(const struct emblas_data *data) {
  return data->stride != 0 ? data->stride : data->columns;
}
static inline const double *view_row(const struct emblas_data *data, size_t row) {
  return data->values + row * view_stride(data);
}
static inline double view_weight(const struct emblas_data *data, size_t row) {
  return data->weights != NULL ? data->weights[row] : 1.0;
}

struct view_summary {
  double *low, *high;  /* each column's range over the rows with positive weight; caller's memory */
  double total_weight; /* sum of the weights */
  double largest_weight;
  size_t rows; /* rows with positive weight */
};

/* The field of a caller's view that is missing or out of range, as "data.rows"; NULL: none is. Static. */
const char *emblas_view_fault(const struct emblas_data *data);
/* EMBLAS_ERROR_SIZE where the values of a view without fault are more than memory can address. */
emblas_status emblas_view_size(const struct emblas_data *data);

/* Are the values of rows first .. first + count finite? */
int emblas_view_finite(const struct emblas_data *data, size_t first, size_t count);

/* Looks at rows that may be some of many: fills the summary, in which all may have no weight. On failure
   *row and *column say where. */
emblas_status emblas_view_look(const struct emblas_data *data, struct view_summary *summary, size_t *row,
                               size_t *column);
/* Is there weight, and not too much of it? */
emblas_status emblas_view_weigh(const struct view_summary *summary);

/* One pass over all values. On failure *row and *column say where (or keep EMBLAS_NOWHERE). */
emblas_status emblas_view_summarise(const struct emblas_data *data, struct view_summary *summary,
                                    size_t *row, size_t *column);

#endif
