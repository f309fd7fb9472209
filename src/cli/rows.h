/* SPDX-License-Identifier: MIT */
/* Models and the rows that go with them. Every function exits with a message when a file is bad. */
#ifndef EMBLAS_CLI_ROWS_H
#define EMBLAS_CLI_ROWS_H

#include "cli.h"

struct loaded_model {
  const char *path;
  struct emblas_model *model;
  char **names; /* one a column; x1, x2, .. where the file has none */
};
void model_load(const char *path, struct loaded_model *loaded);
void model_unload(struct loaded_model *loaded);

/* The options of how DATA is read, for argp's children; its input is a struct io_format (table_options.c).
 */
extern const struct argp table_argp;

/* Values of so many bytes stay in a .npy, and are read in every pass over them. */
#define ROWS_STAY_FROM ((size_t)1 << 30)

/* The rows of a file. Where the selection does not say which files stay where they are, ROWS_STAY_FROM
 * does. */
void rows_read(const char *path, const struct io_selection *selection, struct io_table *table);
/* The model's columns of a file: by their names where it has a header, else as they stand beside the
   weights, and then they must be as many as the model has. asked: the format, and the weights. */
void rows_read_for(const struct loaded_model *loaded, const char *path, const struct io_selection *asked,
                   struct io_table *table);
/* What the reader decided or left out, on standard error. */
void rows_say_notes(const struct io_table *table, const char *path);
void rows_check_dimension(const struct loaded_model *loaded, const char *path,
                          const struct io_table *table);

/* Exits: the library refuses the rows, of which the first stands at `first` in the table. Names row and
   column where the report does. */
_Noreturn void rows_refuse(emblas_status status, const struct emblas_report *report, const char *path,
                           const struct io_table *table, size_t first);

/* The rows as the library takes them. */
struct emblas_data rows_data(const struct io_table *table);
/* How many rows there are, weights of 0 aside; all of them where they stay in their file. */
size_t rows_that_count(const struct io_table *table);
/* The sum of the weights. */
double rows_weight(const struct io_table *table, const char *path);

/* Rows first .. first + count of the table: in it, or in room, columns x count. */
const double *rows_chunk(const struct io_table *table, const char *path, size_t first, size_t count,
                         double *room);
/* At most so many rows, from all over the table, and how many: a malloc'ed array where they stay in their
   file, else NULL. */
double *rows_some(const struct io_table *table, const char *path, size_t most, size_t *count);

/* A text as a CSV field, quoted where it has to be; made printable on a terminal. */
void csv_field(FILE *stream, const char *text);

#endif
