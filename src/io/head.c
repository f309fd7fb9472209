/* SPDX-License-Identifier: MIT */
/* The first rows of a text are kept until it is known what they are. */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

int io_head_add(struct io_head *head, struct io_field field) {
  char *text = io_grow(head->text, head->used + field.length, &head->text_capacity, 1);
  struct io_head_cell *cells =
      io_grow(head->cells, head->cell_count + 1, &head->cell_capacity, sizeof *cells);

  if (text) head->text = text;
  if (cells) head->cells = cells;
  if (!text || !cells) return -1;
  memcpy(text + head->used, field.text, field.length);
  cells[head->cell_count++] = (struct io_head_cell){head->used, field.length, field.line};
  head->used += field.length;
  return 0;
}

bool io_head_end_row(struct io_head *head) {
  head->end[head->rows++] = head->cell_count;
  return head->rows == IO_HEAD_ROWS ||
         (head->rows > 1 && head->used + head->cell_count * sizeof *head->cells > IO_HEAD_BYTES);
}

static size_t first_cell(const struct io_head *head, size_t row) {
  return row == 0 ? 0 : head->end[row - 1];
}

size_t io_head_count(const struct io_head *head, size_t row) {
  return (row < head->rows ? head->end[row] : head->cell_count) - first_cell(head, row);
}

struct io_field io_head_field(const struct io_head *head, size_t row, size_t column) {
  const struct io_head_cell *cell = &head->cells[first_cell(head, row) + column];

  return (struct io_field){head->text + cell->begin, cell->length, cell->line};
}

void io_head_free(struct io_head *head) {
  free(head->text);
  free(head->cells);
  *head = (struct io_head){0};
}
