/* SPDX-License-Identifier: MIT */
/* Tables and labels from files: which reader a file is for, and what holds for every file. */
#include "h5.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text);

  return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* NumPy's files are known by their first byte, which begins no text, so that they also come through a
   pipe's end or under another name. */
static bool is_npy(const struct io_input *input, const char *path) {
  return input->length > 0 && (input->chunk[0] == '\x93' || ends_with(path, ".npy"));
}

static int check_weights(const struct io_table *table, const char *file, struct io_error *error) {
  for (size_t i = 0; i < table->rows; i++)
    if (table->weights[i] > 0.0) return 0;
  return io_fail(error, "%s: all weights are zero", file);
}

/* What holds for every file, once its rows are there. */
static int complete(struct io_table *table, const struct io_source *source, struct io_error *error) {
  table->file_rows = table->rows;
  if (source->selection->format.drop_missing && io_table_drop_missing(table, source->name, error) != 0)
    return -1;
  return table->weights ? check_weights(table, source->name, error) : 0;
}

static int read_input(struct io_input *input, const char *path, const struct io_selection *selection,
                      enum io_content content, struct io_table *table, struct io_error *error) {
  struct io_source source = {input, input->name, selection, content};

  if (io_recognise(input, error) != 0) return -1;
  if (is_npy(input, path) && (selection->text_column || selection->copy))
    return io_fail(error, "%s: .npy holds numbers alone, not the text of columns", input->name);
  if ((is_npy(input, path) ? io_npy_read : io_csv_read)(&source, table, error) != 0) return -1;
  return complete(table, &source, error);
}

static int read_dataset(const char *path, const struct io_selection *selection, enum io_content content,
                        struct io_table *table, struct io_error *error) {
  struct io_source source = {NULL, path, selection, content};

  if (selection->text_column || selection->copy)
    return io_fail(error, "%s: HDF5 holds numbers alone, not the text of columns", path);
  if (io_hdf5_read(path, &source, table, error) != 0) return -1;
  return complete(table, &source, error);
}

static int read_table(const char *path, const struct io_selection *selection, enum io_content content,
                      struct io_table *table, struct io_error *error) {
  struct io_table read = {0};
  struct io_input input;
  int result;

  if (io_hdf5_named(path)) {
    result = read_dataset(path, selection, content, &read, error);
  } else {
    if (io_input_open(&input, path, error) != 0) return -1;
    result = read_input(&input, path, selection, content, &read, error);
    io_input_close(&input);
  }
  if (result == 0)
    *table = read;
  else
    io_table_free(&read);
  return result;
}

int io_table_read(const char *path, const struct io_selection *selection, struct io_table *table,
                  struct io_error *error) {
  static const struct io_selection all = {0};

  return read_table(path, selection ? selection : &all, IO_VALUES, table, error);
}

int io_labels_read(const char *path, size_t **labels, size_t *count, struct io_error *error) {
  static const struct io_selection all = {0};
  struct io_table table;
  size_t *read;

  if (read_table(path, &all, IO_LABELS, &table, error) != 0) return -1;
  read = malloc(table.rows * sizeof *read);
  if (!read || table.columns != 1) {
    if (table.columns != 1)
      io_fail(error, "%s: one column of labels expected, %zu found", path, table.columns);
    else
      io_fail_memory(error, path);
    free(read);
    io_table_free(&table);
    return -1;
  }
  for (size_t i = 0; i < table.rows; i++)
    read[i] = isnan(table.values[i]) ? IO_NO_LABEL : (size_t)table.values[i];
  *labels = read;
  *count = table.rows;
  io_table_free(&table);
  return 0;
}

/* The column named r0, r1, .. of this number; the count of columns when there is none. */
static size_t find_responsibility(const struct io_table *table, size_t number) {
  char name[32];
  size_t column = 0;

  snprintf(name, sizeof name, "r%zu", number);
  while (column < table->columns && strcmp(table->names[column], name) != 0) column++;
  return column;
}

/* Moves r0, r1, .. to the front of each row, in this order; other columns are dropped. */
static int keep_responsibilities(struct io_table *table, size_t count) {
  double *kept = calloc(table->rows, count * sizeof *kept);

  if (!kept) return -1;
  for (size_t c = 0; c < count; c++) {
    size_t column = find_responsibility(table, c);

    for (size_t i = 0; i < table->rows; i++)
      kept[i * count + c] = table->values[i * table->columns + column];
  }
  free(table->values);
  table->values = kept;
  return 0;
}

int io_responsibilities_read(const char *path, double **responsibilities, size_t *rows, size_t *count,
                             struct io_error *error) {
  static const struct io_selection all = {0};
  struct io_table table;
  size_t named = 0;

  if (read_table(path, &all, IO_RESPONSIBILITIES, &table, error) != 0) return -1;
  while (find_responsibility(&table, named) < table.columns) named++;
  if (named > 0 && keep_responsibilities(&table, named) != 0) {
    io_table_free(&table);
    return io_fail_memory(error, path);
  }
  *responsibilities = table.values;
  *rows = table.rows;
  *count = named > 0 ? named : table.columns;
  table.values = NULL;
  io_table_free(&table);
  return 0;
}
