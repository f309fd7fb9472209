/* SPDX-License-Identifier: MIT */
/* A table in text whose values outgrow the limit: they go to a temporary file, row by row, and the table is
   the matrix in that file in the end. */
#include "npy_header.h"

#include <stdlib.h>

bool io_spill_pays(const struct io_source *source, const struct io_table *table) {
  size_t from = source->selection->stay_from;

  return from > 0 && source->content == IO_VALUES && !source->selection->format.drop_missing &&
         table->rows >= from / sizeof(double) / table->columns;
}

int io_spill(FILE **spill, struct io_table *table, struct io_error *error) {
  size_t d = table->columns;

  if (!*spill) *spill = tmpfile();
  if (!*spill) return io_fail_temporary(error);
  for (size_t i = 0; i < table->rows; i++)
    if (fwrite(table->values + i * d, sizeof *table->values, d, *spill) != d ||
        (table->weights && fwrite(table->weights + i, sizeof *table->weights, 1, *spill) != 1))
      return io_fail_temporary(error);
  return 0;
}

/* The file has the columns of the table, and then the weights. */
int io_spill_end(FILE *spill, const struct io_source *source, size_t rows, struct io_table *table,
                 struct io_error *error) {
  size_t columns = table->columns + (table->weights != NULL), *slot = malloc(columns * sizeof *slot);
  const uint16_t one = 1;
  struct npy_header header = {rows, columns, false, *(const char *)&one == 0, 'f', sizeof(double)};
  struct io_plan plan = {
      .columns = columns, .slot = slot, .selected = table->columns, .weighted = table->weights != NULL};

  if (fflush(spill) != 0) {
    free(slot);
    return io_fail_temporary(error);
  }
  for (size_t c = 0; slot && c < columns; c++) slot[c] = c < table->columns ? c : IO_WEIGHT;
  if (slot) table->array = io_array_make(fileno(spill), 0, &header, &plan);
  free(slot);
  if (!table->array || io_table_note(table, "values are in a temporary file of %zu MiB",
                                     (rows * columns * sizeof(double)) >> 20) != 0)
    return io_fail_memory(error, source->name);
  free(table->values);
  free(table->weights);
  table->values = table->weights = NULL;
  table->rows = rows;
  return 0;
}
