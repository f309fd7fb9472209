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
  struct io_selection staying = *selection;
  if (!staying.stay_from) staying.stay_from = ROWS_STAY_FROM;
  if (io_table_read(path, &staying, table, &error) != 0) die_of_file(&error);
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
  if (status == EMBLAS_ERROR_READ && report->row != EMBLAS_NOWHERE)
    die(EXIT_DATA, "%s: row %zu cannot be read any more", path, first + report->row + 1);
  if (report->row == EMBLAS_NOWHERE || report->column == EMBLAS_NOWHERE)
    die(exit_status_of(status), "%s: %s", path, text);
  die(exit_status_of(status), "%s: row %zu, column '%s': %s", path,
      io_table_place(table, first + report->row) + 1, table->names[report->column], text);
}

size_t rows_that_count(const struct io_table *table) {
  size_t rows = 0;
  if (table->array) return table->rows; /* as far as is known */
  for (size_t i = 0; i < table->rows; i++) rows += !table->weights || table->weights[i] > 0;
  return rows;
}

struct emblas_data rows_data(const struct io_table *table) {
  struct emblas_data data;
  emblas_data_init(&data, sizeof data);
  data.values = table->values;
  data.weights = table->weights;
  if (table->array) data.reader = io_array_reader(table->array);
  data.rows = table->rows;
  data.columns = table->columns;
  return data;
}

/* Of rows that stay in their file, as many as a reader hands out at a time. room: (columns + 1) x count. */
static struct emblas_rows read_some(const struct io_table *table, const char *path, size_t first,
                                    size_t count, double *room) {
  struct emblas_reader reader = io_array_reader(table->array);
  struct emblas_rows rows = {.stride = table->columns};
  if (reader.read(reader.context, first, count, room, &rows) != 0)
    die(EXIT_DATA, "%s: row %zu cannot be read any more", path, first + 1);
  return rows;
}

static double *allocate_some(const struct io_table *table) {
  return allocate((table->columns + 1) * EMBLAS_ROWS_TOGETHER, sizeof(double));
}

static size_t lesser(size_t a, size_t b) {
  return a < b ? a : b;
}

double rows_weight(const struct io_table *table, const char *path) {
  double total = 0, *room;
  for (size_t i = 0; i < table->rows && table->weights; i++) total += table->weights[i];
  if (table->weights) return total;
  if (!table->array || !io_array_reader(table->array).weighted) return (double)table->rows;
  room = allocate_some(table);
  for (size_t first = 0, count; first < table->rows; first += count) {
    count = lesser(table->rows - first, EMBLAS_ROWS_TOGETHER);
    struct emblas_rows rows = read_some(table, path, first, count, room);
    for (size_t i = 0; i < count; i++) total += rows.weights[i];
  }
  free(room);
  return total;
}

const double *rows_chunk(const struct io_table *table, const char *path, size_t first, size_t count,
                         double *room) {
  size_t d = table->columns;
  if (!table->array) return table->values + first * d;
  double *some = allocate_some(table);
  for (size_t at = 0, more; at < count; at += more) {
    more = lesser(count - at, EMBLAS_ROWS_TOGETHER);
    memcpy(room + at * d, read_some(table, path, first + at, more, some).values, more * d * sizeof *room);
  }
  free(some);
  return room;
}

double *rows_some(const struct io_table *table, const char *path, size_t most, size_t *count) {
  size_t d = table->columns;
  *count = table->rows;
  if (!table->array) return NULL;
  *count = lesser(table->rows, most);
  double *values = allocate(*count * d, sizeof *values), *room = allocate_some(table);
  for (size_t i = 0; i < *count; i++) {
    size_t row = (size_t)((double)i * ((double)table->rows / (double)*count));
    memcpy(values + i * d, read_some(table, path, row, 1, room).values, d * sizeof *values);
  }
  free(room);
  return values;
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
