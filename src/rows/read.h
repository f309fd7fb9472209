/* SPDX-License-Identifier: MIT */
/* Rows wherever they come from: a few at a time, as a view of memory. */
#ifndef EMBLAS_READ_H
#define EMBLAS_READ_H

#include "../base/arena.h"
#include "view.h"

/* Are rows not all in memory here? */
static inline int rows_come_in_pieces(const struct emblas_data *data) {
  return data->reader.read != NULL || data->processes.count > 0;
}
static inline int rows_have_weights(const struct emblas_data *data) {
  return data->reader.read != NULL ? data->reader.weighted : data->weights != NULL;
}
/* Of all processes. */
static inline size_t rows_of_all(const struct emblas_data *data) {
  return data->processes.count > 0 ? data->processes.first[data->processes.count] : data->rows;
}
/* Before those of this process. */
static inline size_t rows_before(const struct emblas_data *data) {
  return data->processes.count > 0 ? data->processes.first[data->processes.rank] : 0;
}

/* Room for `rows` rows of a reader; NULL for data that need none. */
double *emblas_rows_room(struct arena *arena, const struct emblas_data *data, size_t rows);

/* Rows first .. first + count of this process as data of their own, which borrow `room`. EMBLAS_ERROR_READ
   when the reader fails. */
emblas_status emblas_rows_read(const struct emblas_data *data, size_t first, size_t count, double *room,
                               struct emblas_data *rows);

#endif
