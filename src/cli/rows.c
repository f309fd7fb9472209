/* SPDX-License-Identifier: MIT */
/* Models and the rows that go with them. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void model_load(const char *path, struct loaded_model *loaded) {
  struct io_error error;
  *loaded = (struct loaded_model){.path = path};
  if (io_model_read(path, &loaded->model, &loaded->names, &error) != 0) die_of_file(&error);
  if (loaded->names) return;
  size_t dim = emblas_model_dim(loaded->model);
  loaded->names = allocate(dim, sizeof *loaded->names);
  for (size_t j = 0; j < dim; j++) loaded->names[j] = print_string("x%zu", j + 1);
}

void model_unload(struct loaded_model *loaded) {
  if (loaded->model) io_names_free(loaded->names, emblas_model_dim(loaded->model));
  emblas_model_free(loaded->model);
}

void rows_read(const char *path, const struct io_selection *selection, struct io_table *table) {
  struct io_error error;
  if (strstr(path, ".h5:") || strstr(path, ".hdf5:")) {
    die(EXIT_USAGE, "%s: HDF5 input is not in this version", path);
  }
  if (io_table_read(path, selection, table, &error) != 0) die_of_file(&error);
}

void rows_check_dimension(const struct loaded_model *loaded, const char *path,
                          const struct io_table *table) {
  size_t dim = emblas_model_dim(loaded->model);
  if (dim != table->columns) {
    die(EXIT_DATA, "%s has %zu column%s, %s has %zu", loaded->path, dim, dim == 1 ? "" : "s", path,
        table->columns);
  }
}

/* ---- the model's columns by name ---- */

/* The number in a name that stands for a column without one: 3 for "x3"; 0 for other names. */
static unsigned long column_number(const char *name) {
  char *end;
  if (name[0] != 'x' || name[1] < '1' || name[1] > '9') return 0;
  unsigned long number = strtoul(name + 1, &end, 10);
  return *end ? 0 : number;
}

/* x1, x2, .. in their order: nothing but a count. */
static int say_nothing(char *const *names, size_t dim) {
  for (size_t j = 0; j < dim; j++) {
    if (column_number(names[j]) != j + 1) return 0;
  }
  return 1;
}

/* The comma list that selects names, or the numbers that they stand for. */
static char *selection_of(char *const *names, size_t dim, int numbered) {
  char *list = print_string("%s", names[0] + (numbered ? 1 : 0));
  for (size_t j = 1; j < dim; j++) {
    char *longer = print_string("%s,%s", list, names[j] + (numbered ? 1 : 0));
    free(list);
    list = longer;
  }
  return list;
}

static int all_numbered(char *const *names, size_t dim) {
  for (size_t j = 0; j < dim; j++) {
    if (!column_number(names[j])) return 0;
  }
  return 1;
}

/* Standard input can be read a second time afterwards: what comes through a pipe is kept in a file. */
static void make_stdin_seekable(void) {
  struct io_error error;
  if (lseek(STDIN_FILENO, 0, SEEK_CUR) >= 0) return;
  FILE *copy = io_spool(stdin, "<standard input>", &error);
  if (!copy) die_of_file(&error);
  if (dup2(fileno(copy), STDIN_FILENO) < 0) die(EXIT_FAILED, "temporary file: %s", strerror(errno));
  fclose(copy);
  rewind(stdin);
}

static int read_selected(const char *path, const char *columns, const char *weights, struct io_table *table,
                         struct io_error *error) {
  struct io_selection selection = {.columns = columns, .weights = weights};
  if (strcmp(path, "-") == 0) rewind(stdin);
  return io_table_read(path, &selection, table, error);
}

/* 0, or -1 with the reason why the first choice, by name, is not to be had. */
static int read_by_name(const struct loaded_model *loaded, const char *path, const char *weights,
                        struct io_table *table, struct io_error *error) {
  size_t dim = emblas_model_dim(loaded->model);
  struct io_error ignored;
  char *names = selection_of(loaded->names, dim, 0);
  int result = read_selected(path, names, weights, table, error);
  free(names);
  if (result != 0 && all_numbered(loaded->names, dim)) {
    char *numbers = selection_of(loaded->names, dim, 1);
    result = read_selected(path, numbers, weights, table, &ignored);
    free(numbers);
  }
  return result;
}

void rows_read_for(const struct loaded_model *loaded, const char *path, const char *weights,
                   struct io_table *table) {
  struct io_selection rest = {.weights = weights};
  struct io_error error, ignored;
  if (say_nothing(loaded->names, emblas_model_dim(loaded->model))) {
    rows_read(path, &rest, table);
  } else {
    if (strcmp(path, "-") == 0) make_stdin_seekable();
    if (read_by_name(loaded, path, weights, table, &error) != 0 &&
        read_selected(path, NULL, weights, table, &ignored) != 0) {
      die_of_file(&error);
    }
  }
  rows_check_dimension(loaded, path, table);
}

size_t rows_that_count(const struct io_table *table) {
  size_t rows = 0;
  for (size_t i = 0; i < table->rows; i++) rows += !table->weights || table->weights[i] > 0;
  return rows;
}

struct emblas_data rows_data(const struct io_table *table) {
  struct emblas_data data;
  emblas_data_init(&data, sizeof data);
  data.values = table->values;
  data.weights = table->weights;
  data.rows = table->rows;
  data.columns = table->columns;
  return data;
}

void csv_name(FILE *stream, const char *name) {
  if (!name[strcspn(name, ",;\t\"\r\n")]) {
    fputs(name, stream);
    return;
  }
  fputc('"', stream);
  for (; *name; name++) {
    if (*name == '"') fputc('"', stream);
    fputc(*name, stream);
  }
  fputc('"', stream);
}
