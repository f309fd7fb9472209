/* SPDX-License-Identifier: MIT */
/* A table that is being filled, whatever file it comes from. */
#include "internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *io_value_problem(double value, size_t slot, enum io_content content) {
  if (!isfinite(value)) return "is not a finite number";
  if (slot == IO_WEIGHT && value < 0.0) return "is a negative weight";
  /* 2^53: from there on a double does not tell an integer from the next */
  if (content == IO_LABELS && !(value >= 0.0 && value < 9007199254740992.0 && value == floor(value)))
    return "is not a label (0, 1, 2, ...)";
  if (content == IO_RESPONSIBILITIES && value < 0.0) return "is not a responsibility (0 or more)";
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

int io_table_note(struct io_table *table, const char *format, ...) {
  char **notes = realloc(table->notes, (table->note_count + 1) * sizeof *notes);
  va_list arguments;
  int length;

  if (!notes) return -1;
  table->notes = notes;
  va_start(arguments, format);
  length = vasprintf(&notes[table->note_count], format, arguments);
  va_end(arguments);
  if (length < 0) return -1;
  io_make_printable(notes[table->note_count++]);
  return 0;
}

int io_texts_add(struct io_texts *texts, const char *text, size_t length) {
  char *room = io_grow(texts->text, texts->used + length + 1, &texts->text_capacity, 1);
  size_t *begins;

  if (!room) return -1;
  texts->text = room;
  begins = io_grow(texts->begins, texts->count + 1, &texts->begin_capacity, sizeof *begins);
  if (!begins) return -1;
  texts->begins = begins;
  begins[texts->count++] = texts->used;
  memcpy(room + texts->used, text, length);
  texts->used += length;
  room[texts->used++] = '\0';
  return 0;
}

static bool row_is_missing(const struct io_table *table, size_t row) {
  const double *values = table->values + row * table->columns;

  if (table->weights && isnan(table->weights[row])) return true;
  for (size_t j = 0; j < table->columns; j++)
    if (isnan(values[j])) return true;
  return false;
}

static void move_row(struct io_table *table, size_t to, size_t from) {
  memmove(table->values + to * table->columns, table->values + from * table->columns,
          table->columns * sizeof *table->values);
  if (table->weights) table->weights[to] = table->weights[from];
  table->places[to] = from;
}

int io_table_drop_missing(struct io_table *table, const char *file, struct io_error *error) {
  size_t rows = table->rows, first = 0, kept;

  while (first < rows && !row_is_missing(table, first)) first++;
  if (first == rows) return 0;
  table->places = malloc(rows * sizeof *table->places);
  if (!table->places) return io_fail_memory(error, file);
  for (size_t i = 0; i < first; i++) table->places[i] = i;
  kept = first;
  for (size_t i = first; i < rows; i++)
    if (!row_is_missing(table, i)) move_row(table, kept++, i);
  table->rows = kept;
  if (kept == 0) return io_fail(error, "%s: each of the %zu rows has a missing value", file, rows);
  if (io_table_note(table, "%zu of %zu rows left out: missing values", rows - kept, rows) != 0)
    return io_fail_memory(error, file);
  return 0;
}

void io_names_free(char **names, size_t count) {
  for (size_t i = 0; names && i < count; i++) free(names[i]);
  free(names);
}

void io_table_free(struct io_table *table) {
  free(table->values);
  io_array_free(table->array);
  free(table->weights);
  io_names_free(table->names, table->columns);
  io_names_free(table->notes, table->note_count);
  free(table->places);
  free(table->texts.name);
  free(table->texts.text);
  free(table->texts.begins);
  io_copy_free(&table->copy);
  *table = (struct io_table){0};
}
