/* SPDX-License-Identifier: MIT */
/* A table that is being filled, whatever file it comes from. */
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
