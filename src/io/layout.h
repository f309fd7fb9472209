/* SPDX-License-Identifier: MIT */
/* The first rows of a text, and what they say of its columns. */
#ifndef EMBLAS_IO_LAYOUT_H
#define EMBLAS_IO_LAYOUT_H

#include "dialect.h"

/* ---- a field (field.c) ---- */

struct io_field {
  const char *text;
  size_t length;
  size_t line; /* of the file, from 1 */
};

enum io_field_kind {
  IO_FIELD_NUMBER,   /* also one that is too large */
  IO_FIELD_MISSING,  /* nothing, NA, .. */
  IO_FIELD_INFINITE, /* inf, -Infinity: no name of a column either */
  IO_FIELD_WORD
};
/* Blanks at the ends do not belong to it. */
struct io_field io_field_trim(struct io_field field);
enum io_field_kind io_field_kind(struct io_field field, const struct io_format *format, char decimal);
/* Whether it is digits alone, with a sign allowed. */
bool io_field_is_integer(struct io_field field);

/* ---- the first rows (head.c) ---- */

enum { IO_HEAD_ROWS = 20, IO_HEAD_BYTES = 1 << 20 };

struct io_head {
  char *text; /* of all fields */
  size_t used, text_capacity;
  struct io_head_cell {
    size_t begin, length, line;
  } * cells;
  size_t cell_count, cell_capacity;
  size_t rows, end[IO_HEAD_ROWS]; /* cells up to the end of each row */
};

/* Adds a field to the row; -1 without memory. */
int io_head_add(struct io_head *head, struct io_field field);
/* Ends the row. Whether the head holds enough. */
bool io_head_end_row(struct io_head *head);
/* Fields of a row, the one that is not ended also. */
size_t io_head_count(const struct io_head *head, size_t row);
struct io_field io_head_field(const struct io_head *head, size_t row, size_t column);
void io_head_free(struct io_head *head);

/* ---- what they say (layout.c) ---- */

struct io_layout {
  size_t columns;
  char decimal;
  size_t first;   /* the first row of data: 1 after a header */
  char **names;   /* one a column; NULL: there are none */
  bool *text;     /* one a column: it holds words and no numbers */
  bool *left_out; /* one a column: not taken unless it is selected */
};

/* Decides and plans; sets the names and notes of the table. 0, or -1 after an error. The caller frees the
   layout in either case. */
int io_layout_make(struct io_layout *layout, const struct io_head *head, const struct io_dialect *dialect,
                   const struct io_source *source, struct io_plan *plan, struct io_table *table,
                   struct io_error *error);
void io_layout_free(struct io_layout *layout);

#endif
