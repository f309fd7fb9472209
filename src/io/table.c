/* SPDX-License-Identifier: MIT */
/* Tables of numbers, whatever file they come from. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *io_value_problem(double value, size_t slot, enum io_content content) {
  if (!isfinite(value)) return "is not a finite number";
  if (slot == IO_WEIGHT && value < 0.0) return "is a negative weight";
  /* 2^53: from there on a double does not tell an integer from the next */
  if (content == IO_LABELS && !(value >= 0.0 && value < 9007199254740992.0 && value == floor(value)))
    return "is not a label (0, 1, 2, ...)";
  return NULL;
}

void io_table_put(struct io_table *table, size_t row, size_t slot, double value) {
  if (slot == IO_WEIGHT)
    table->weights[row] = value;
  else if (slot != IO_UNUSED)
    table->values[row * table->columns + slot] = value;
}

int io_table_name(struct io_table *table, const struct io_plan *plan, const char *const *names) {
  table->names = calloc(plan->selected, sizeof *table->names);
  if (!table->names) return -1;
  for (size_t c = 0; c < plan->columns; c++) {
    size_t slot = plan->slot[c];
    char numbered[32];

    if (slot == IO_UNUSED || slot == IO_WEIGHT) continue;
    snprintf(numbered, sizeof numbered, "x%zu", c + 1);
    table->names[slot] = strdup(names && names[c][0] ? names[c] : numbered);
    if (!table->names[slot]) return -1;
  }
  return 0;
}

void io_names_free(char **names, size_t count) {
  for (size_t i = 0; names && i < count; i++) free(names[i]);
  free(names);
}

void io_table_free(struct io_table *table) {
  free(table->values);
  free(table->weights);
  io_names_free(table->names, table->columns);
  *table = (struct io_table){0};
}

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text);

  return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static bool is_hdf5(const char *path) {
  return strstr(path, ".h5:") || strstr(path, ".hdf5:") || ends_with(path, ".h5") ||
         ends_with(path, ".hdf5");
}

/* NumPy's files are known by their first byte, which begins no text, so that they also come through a
   pipe's end or under another name. */
static bool is_npy(FILE *stream, const char *path) {
  int first = getc(stream);

  ungetc(first, stream);
  return first == 0x93 || (first != EOF && ends_with(path, ".npy"));
}

static int check_weights(const struct io_table *table, const char *file, struct io_error *error) {
  for (size_t i = 0; i < table->rows; i++)
    if (table->weights[i] > 0.0) return 0;
  return io_fail(error, "%s: all weights are zero", file);
}

static int read_table(const char *path, const struct io_selection *selection, enum io_content content,
                      struct io_table *table, struct io_error *error) {
  struct io_source source = {.selection = selection, .content = content};
  struct io_table read = {0};
  int result;

  if (is_hdf5(path)) return io_fail(error, "%s: HDF5 input is not in this build", path);
  source.stream = io_open(path, &source.name, error);
  if (!source.stream) return -1;
  result =
      is_npy(source.stream, path) ? io_npy_read(&source, &read, error) : io_csv_read(&source, &read, error);
  io_close(source.stream);
  if (result == 0 && read.weights) result = check_weights(&read, source.name, error);
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
  for (size_t i = 0; i < table.rows; i++) read[i] = (size_t)table.values[i];
  *labels = read;
  *count = table.rows;
  io_table_free(&table);
  return 0;
}
