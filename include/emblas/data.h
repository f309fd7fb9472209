/* SPDX-License-Identifier: MIT */
/**
 * @file data.h
 * Rows: in memory, from a reader, and shared out to processes.
 */
#ifndef EMBLAS_DATA_H
#define EMBLAS_DATA_H

#include <emblas/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** So many rows are never divided between two processes, and a reader is asked for no more at a time. */
#define EMBLAS_ROWS_TOGETHER 1024

/** Rows that a reader hands out: row i, column j at values[i * stride + j]. They are the reader's, or in
 * its room, and stay as they are until the thread that asked asks again. */
struct emblas_rows {
  const double *values;
  size_t stride;         /**< doubles from row to row, >= columns; as it comes to the reader: columns */
  const double *weights; /**< one a row, where the reader is a weighted one */
};

/**
 * Hands out rows first .. first + count, in double precision. room: (columns + 1) count doubles, aligned to
 * a cache line, for the values, and after them the weights, of a reader that does not have them in memory.
 * Called from several threads at once, in every pass over the rows, and now and then for single ones; count
 * is at most EMBLAS_ROWS_TOGETHER. Returns 0, or another number when the rows cannot be read: the call of
 * the library then ends with EMBLAS_ERROR_READ, and the report names the first such row.
 */
typedef int (*emblas_read_function)(void *context, size_t first, size_t count, double *room,
                                    struct emblas_rows *rows);

/** Where rows come from that are not doubles in memory, one row after the other. */
struct emblas_reader {
  emblas_read_function read; /**< default NULL: there is none */
  void *context;
  int weighted; /**< non-zero: rows come with weights */
};

/**
 * Several processes that fit one model to the rows of all of them: every process makes the same call with
 * the same options, and gets the same model and report, the same bits as one process would with all rows
 * and EMBLAS_COMPRESS_STREAM, for any number of processes and of threads. Rows of a report are counted over
 * all processes. An error of one process ends the call in all, with the same status; the place of a bad row
 * is told to the process that has it.
 * <emblas/mpi.h> fills this.
 */
struct emblas_processes {
  size_t count; /**< how many there are; default 0: this one, alone */
  size_t rank;  /**< which one this is, from 0 */
  /** count + 1 numbers, the same in every process: process p has rows first[p] .. first[p + 1] of all.
   * They begin with 0, and all that are not the number of all rows are multiples of EMBLAS_ROWS_TOGETHER. A
   * process may have no rows. */
  const size_t *first;
  /** Adds up an array over all processes, in place, so that all have the same sums. Of each entry no more
   * than one process has another number than 0, or all have small integers, so that the order of the sum is
   * of no account. Called from the thread that called the library. Returns 0, or another number when it
   * failed (EMBLAS_ERROR_SUM). */
  int (*sum)(void *context, double *values, size_t length);
  void *context;
};

/**
 * Observations: a view of what the caller keeps, unchanged during a call. Either `values` or a reader.
 *
 * Rows of a reader, of several processes, or with EMBLAS_COMPRESS_STREAM are walked over as they come, in
 * every pass; no copy of them is made, but for a sample on which starts are tried. The memory of a fit is
 * then some 100 sums of k d^2 numbers, and the sample. The bits are the same wherever the rows come from.
 */
struct emblas_data {
  size_t size;          /**< sizeof(struct emblas_data), set by init */
  const double *values; /**< row i, column j at values[i * stride + j]; finite */
  size_t rows;          /**< n >= 1; of several processes: this one's own, and 0 where it has none */
  size_t columns;       /**< d >= 1 */
  size_t stride;        /**< doubles from row to row, >= columns; default 0: columns */
  const double
      *weights; /**< n observation weights, >= 0, not all 0, sum below 1e280; default NULL: all 1 */
  struct emblas_reader reader;       /**< in place of values and weights */
  struct emblas_processes processes; /**< default: one */
};
EMBLAS_API void emblas_data_init(struct emblas_data *data, size_t size);

/* --------------------------------------------------------------- layouts */

/** What the numbers of a layout are. Values are converted exactly. */
enum emblas_number { EMBLAS_FLOAT64 = 0, EMBLAS_FLOAT32 = 1, EMBLAS_INT32 = 2 };

/**
 * Numbers in memory that are no rows of doubles: single precision, columns one after the other (Fortran,
 * R), every other column, rows each at a place of its own.
 *
 *     struct emblas_layout layout = {.values = x, .row_stride = 1, .column_stride = n, .columns = d};
 *     data.rows = n, data.columns = d, data.reader = emblas_layout_reader(&layout);
 */
struct emblas_layout {
  enum emblas_number number;
  const void *values;       /**< row i, column j: number i * row_stride + j * column_stride of these .. */
  const void *const *table; /**< .. or, where it is not NULL, number j * column_stride from table[i] on */
  size_t row_stride;        /**< numbers from row to row */
  size_t column_stride;     /**< numbers from column to column */
  size_t columns;           /**< as the data's */
  const double *weights;    /**< of the rows, or NULL */
};
/** A reader of the layout, which the caller keeps. */
EMBLAS_API struct emblas_reader emblas_layout_reader(const struct emblas_layout *layout);

#ifdef __cplusplus
}
#endif
#endif
