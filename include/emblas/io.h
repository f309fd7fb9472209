/* SPDX-License-Identifier: MIT */
/**
 * @file io.h
 * Files for emblas: models as JSON, tables of data from CSV and NPY.
 *
 * These functions are a library of their own, libemblas-io (pkg-config emblas-io; a shared library, which
 * needs libcsv): the library of emblas.h never opens a file. They are what the program `emblas` reads and
 * writes with, so that a model which the program fitted can be used by a C program, and the other way
 * round.
 *
 * Errors: each function returns EMBLAS_OK, EMBLAS_ERROR_FILE or EMBLAS_ERROR_MEMORY, and in the last two
 * cases leaves one line of text, without a line end, in the error: what is wrong and where, as in
 * "data.csv:8:2: 'abc' is not a number". On failure other outputs are as they were.
 *
 * Memory: what a function hands out comes from malloc(), and is given back by the function that is named
 * with it.
 *
 * Threads: the functions share nothing and change nothing of the process (locale, umask, working
 * directory), so that any number of them may run at once. Decimal points are points, whatever the locale
 * is.
 */
#ifndef EMBLAS_IO_H
#define EMBLAS_IO_H

#include <emblas/emblas.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What went wrong: one line of printable UTF-8 text, shortened where it would not fit. */
struct emblas_file_error {
  char text[1024];
};

/** @name Models
 * The format is described in emblas-model(5). Numbers are written with as many digits as it takes to read
 * the same bits again. Names of columns are UTF-8 strings, one for each dimension.
 * @{ */

/** Writes a model to a file. The file is replaced in one step: after a failure the old one is still there.
 *  @param path   the file; "-" is standard output
 *  @param names  dim names of columns; NULL: the file has none
 *  @param error  where the message goes; NULL: nowhere */
EMBLAS_API emblas_status emblas_model_save(const char *path, const struct emblas_model *model,
                                           const char *const *names, struct emblas_file_error *error);

/** Reads a model from a file.
 *  @param path   the file; "-" is standard input
 *  @param model  receives the model, which emblas_model_free() frees
 *  @param names  receives dim names, which emblas_names_free() frees, or NULL where the file has none; may
 * be NULL */
EMBLAS_API emblas_status emblas_model_load(const char *path, struct emblas_model **model, char ***names,
                                           struct emblas_file_error *error);

/** The text that emblas_model_save() writes, as a string.
 *  @param text  receives a string that ends in a line end and a zero, which free() frees */
EMBLAS_API emblas_status emblas_model_to_json(const struct emblas_model *model, const char *const *names,
                                              char **text, struct emblas_file_error *error);

/** As emblas_model_load(), from `length` bytes of text. Messages call it "model". */
EMBLAS_API emblas_status emblas_model_from_json(const char *text, size_t length,
                                                struct emblas_model **model, char ***names,
                                                struct emblas_file_error *error);

/** Frees names of columns; NULL is allowed. */
EMBLAS_API void emblas_names_free(char **names, size_t count);
/** @} */

/** @name Tables
 * @{ */

/** How the text of a table is read; everything is optional. */
struct emblas_table_options {
  size_t size; /**< sizeof of the struct; set by emblas_table_options_init() */
  /** The columns that are taken, in this order: names and numbers from 1 on, set apart by commas; 2:5 is a
   * range, a list of items that begin with '-' leaves these out; names in quotation marks may hold commas.
   * NULL: all columns of numbers but the weights. */
  const char *columns;
  const char *weights; /**< name or number of the column of observation weights; NULL: there is none */
  int drop_missing;    /**< non-zero leaves rows with a missing value out; 0 makes them an error */
  const char *missing; /**< comma list of further words for a missing value beside nothing, NA, N/A, NaN,
                          null, none,
                            ., * and ?; NULL: none */
  char separator;      /**< between fields; ' ': blanks and tabs; 0: as the first lines suggest */
  char decimal;        /**< '.' or ','; 0: as the first lines suggest */
  int header; /**< 1: the first line holds names; -1: it holds values; 0: as the first lines suggest */
};
EMBLAS_API void emblas_table_options_init(struct emblas_table_options *options, size_t size);

/** A table of numbers, row by row, as struct emblas_data takes it. */
struct emblas_table {
  size_t rows, columns;
  double *values;  /**< rows x columns, finite */
  double *weights; /**< rows, not below 0; NULL where none were asked for */
  char **names;    /**< columns: those of the header, or x1, x2, .. */
  size_t *places;  /**< rows: which row of the file, from 0, each is; NULL where none was left out */
  char **notes;    /**< note_count lines: what was decided or left out, such as columns of words */
  size_t note_count;
};

/** Reads a table: text (CSV and its kin, also in UTF-16 or compressed by gzip) or .npy. Memory for the
 * values is at most half as much again as they take; time is that of one pass over the file.
 *  @param path     the file; "-" is standard input
 *  @param options  NULL: as after emblas_table_options_init()
 *  @param table    receives the table, which emblas_table_clear() frees */
EMBLAS_API emblas_status emblas_table_read(const char *path, const struct emblas_table_options *options,
                                           struct emblas_table *table, struct emblas_file_error *error);

/** Frees what a table holds and makes it an empty one. */
EMBLAS_API void emblas_table_clear(struct emblas_table *table);
/** @} */

#ifdef __cplusplus
}
#endif

#endif
