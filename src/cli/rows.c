/* SPDX-License-Identifier: MIT */
/* Models and the rows that go with them. */
#include "rows.h"
#include "text.h"

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

void rows_read_for(const struct loaded_model *loaded, const char *path, const struct io_selection *asked,
                   struct io_table *table) {
  struct io_selection selection = *asked;
  selection.known = (const char *const *)loaded->names;
  selection.known_count = emblas_model_dim(loaded->model);
  rows_read(path, &selection, table);
  rows_check_dimension(loaded, path, table);
}

void rows_say_notes(const struct io_table *table, const char *path) {
  for (size_t i = 0; i < table->note_count; i++) complain("%s: %s", path, table->notes[i]);
}

_Noreturn void rows_refuse(emblas_status status, const struct emblas_report *report, const char *path,
                           const struct io_table *table, size_t first) {
  const char *text = emblas_status_string(status);
  if (report->row == EMBLAS_NOWHERE || report->column == EMBLAS_NOWHERE)
    die(exit_status_of(status), "%s: %s", path, text);
  die(exit_status_of(status), "%s: row %zu, column '%s': %s", path,
      io_table_place(table, first + report->row) + 1, table->names[report->column], text);
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

static void write_field(FILE *stream, const char *text) {
  if (!text[strcspn(text, ",;\t\"\r\n")] && *text != '#') {
    fputs(text, stream);
    return;
  }
  fputc('"', stream);
  for (; *text; text++) {
    if (*text == '"') fputc('"', stream);
    fputc(*text, stream);
  }
  fputc('"', stream);
}

void csv_field(FILE *stream, const char *text) {
  char *clean = isatty(fileno(stream)) ? text_clean(text) : NULL;
  write_field(stream, clean ? clean : text);
  free(clean);
}
