/* SPDX-License-Identifier: MIT */
/* Tables in text. libcsv splits the fields; it is fed line by line, so that a message can name the line. */
#include "layout.h"
#include "npy_header.h"

#include <csv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_FIELD = 1 << 24 };

struct reader {
  const struct io_source *source;
  const struct io_format *format;
  struct io_table *table;
  struct io_error *error;
  struct csv_parser parser;
  struct io_dialect dialect;
  struct io_head head;     /* the first rows, until there are enough of them to plan */
  struct io_layout layout; /* made from them, as the plan */
  struct io_plan plan;
  size_t value_capacity, weight_capacity;
  FILE *spill;     /* where values are that have become too many; NULL: they are in the table */
  size_t spilled;  /* rows there */
  size_t field;    /* fields of the current row so far */
  size_t line;     /* physical line being read, from 1 */
  size_t row_line; /* line after the last complete row; 0: not begun */
  size_t comments; /* lines left out */
  char last;       /* the character before the next */
  bool quoted;     /* the last line ended within quotation marks */
  bool comment;    /* the line is one */
  bool bad;        /* the current row has a bad field; error says which */
  bool failed;     /* error says why */
  struct io_squeeze squeeze;
  char squeezed[IO_CHUNK + 1];
};

static void fail_memory(struct reader *reader) {
  io_fail_memory(reader->error, reader->source->name);
  reader->failed = true;
}

/* ---- a field goes to its place ---- */

static void fail_field(struct reader *reader, size_t column, struct io_field field, const char *problem,
                       const char *advice) {
  const char *name = reader->source->name;
  struct io_quote quote = io_quote(field.text, field.length);

  reader->bad = true;
  if (field.length == 0)
    io_fail(reader->error, "%s:%zu:%zu: the field is empty%s", name, field.line, column + 1, advice);
  else
    io_fail(reader->error, "%s:%zu:%zu: '%s' %s%s", name, field.line, column + 1, quote.text, problem,
            advice);
}

static bool reads_with_comma(struct io_field field) {
  double value;

  return memchr(field.text, ',', field.length) &&
         io_number_read_field(field.text, field.length, ',', &value) == IO_NUMBER;
}

/* A field that is no number. */
static void refuse_field(struct reader *reader, size_t column, struct io_field field) {
  char advice[160] = "";

  switch (io_field_kind(field, reader->format, reader->layout.decimal)) {
  case IO_FIELD_MISSING:
    fail_field(reader, column, field, "is not a finite number", "; --missing drop leaves out such rows");
    return;
  case IO_FIELD_INFINITE:
    fail_field(reader, column, field, "is not a finite number", "");
    return;
  default:
    if (reader->layout.text[column] && reader->layout.names)
      snprintf(advice, sizeof advice, ", nor is anything in column '%s'",
               io_quote(reader->layout.names[column], strlen(reader->layout.names[column])).text);
    else if (reader->layout.decimal == '.' && reads_with_comma(field))
      strcpy(advice, "; --decimal , reads it");
    fail_field(reader, column, field, "is not a number", advice);
  }
}

/* Labels and responsibilities may be missing for rows that are left out. */
static bool may_be_missing(const struct reader *reader) {
  return reader->format->drop_missing || reader->source->content != IO_VALUES;
}

/* The header's name of a column, or x1, x2, ..; NULL without memory. */
static char *name_of(const struct reader *reader, size_t column) {
  char numbered[32];

  snprintf(numbered, sizeof numbered, "x%zu", column + 1);
  return strdup(reader->layout.names ? reader->layout.names[column] : numbered);
}

/* What is kept of texts, once the columns are known. */
static void begin_texts(struct reader *reader) {
  struct io_table *table = reader->table;
  struct io_copy *copy = &table->copy;
  bool named = true;

  if (reader->plan.text != IO_UNUSED)
    named = (table->texts.name = name_of(reader, reader->plan.text)) != NULL;
  if (named && reader->source->selection->copy) {
    copy->names = calloc(reader->plan.columns, sizeof *copy->names);
    for (named = copy->names != NULL; named && copy->columns < reader->plan.columns; copy->columns++)
      named = (copy->names[copy->columns] = name_of(reader, copy->columns)) != NULL;
    if (named && io_copy_begin(copy, reader->error) != 0) reader->failed = true;
  }
  if (!named) fail_memory(reader);
}

static void keep_text(struct reader *reader, size_t column, const char *text, size_t length) {
  struct io_table *table = reader->table;

  if (column == reader->plan.text && io_texts_add(&table->texts, text, length) != 0) fail_memory(reader);
  if (table->copy.fields && column < reader->plan.columns &&
      io_copy_add(&table->copy, text, length, reader->error) != 0)
    reader->failed = true;
}

/* With a point, so that they stay numbers beside others that have one. */
static void keep_comma(struct reader *reader, size_t column, struct io_field field) {
  char *pointed = malloc(field.length);

  if (!pointed) {
    fail_memory(reader);
    return;
  }
  memcpy(pointed, field.text, field.length);
  *(char *)memchr(pointed, ',', field.length) = '.';
  keep_text(reader, column, pointed, field.length);
  free(pointed);
}

static void take_field(struct reader *reader, size_t column, struct io_field untrimmed) {
  struct io_field field = io_field_trim(untrimmed);
  size_t slot = column < reader->plan.columns ? reader->plan.slot[column] : IO_UNUSED;
  const char *problem = NULL;
  double value;

  if (reader->layout.decimal == ',' && reads_with_comma(field))
    keep_comma(reader, column, field);
  else
    keep_text(reader, column, field.text, field.length);
  if (slot == IO_UNUSED || reader->bad) return;
  switch (io_number_read_field(field.text, field.length, reader->layout.decimal, &value)) {
  case IO_NUMBER_NO_MEMORY:
    fail_memory(reader);
    return;
  case IO_NUMBER_TOO_LARGE:
    fail_field(reader, column, field, "is too large for a double", "");
    return;
  case IO_NUMBER_NONE:
    if (!may_be_missing(reader) ||
        io_field_kind(field, reader->format, reader->layout.decimal) != IO_FIELD_MISSING) {
      refuse_field(reader, column, field);
      return;
    }
    value = NAN;
    break;
  default:
    problem = io_value_problem(value, slot, reader->source->content);
  }
  if (problem)
    fail_field(reader, column, field, problem, "");
  else
    io_table_put(reader->table, reader->table->rows, slot, value);
}

/* Makes room for one more row. */
static void reserve_row(struct reader *reader) {
  struct io_table *table = reader->table;
  double *values =
      io_grow(table->values, (table->rows + 1) * table->columns, &reader->value_capacity, sizeof *values);
  double *weights = NULL;

  if (values) table->values = values;
  if (reader->plan.weighted) {
    weights = io_grow(table->weights, table->rows + 1, &reader->weight_capacity, sizeof *weights);
    if (weights) table->weights = weights;
  }
  if (!values || (reader->plan.weighted && !weights)) fail_memory(reader);
}

/* What is in the table goes to the file. */
static void spill_rows(struct reader *reader) {
  if (io_spill(&reader->spill, reader->table, reader->error) != 0) reader->failed = true;
  reader->spilled += reader->table->rows;
  reader->table->rows = 0;
}

static void end_row(struct reader *reader, size_t fields, size_t line) {
  /* A wrong number of fields first: it is what puts a good field into the wrong column. */
  if (fields != reader->plan.columns)
    io_fail(reader->error, "%s:%zu: expected %zu fields, found %zu", reader->source->name, line,
            reader->plan.columns, fields);
  if (fields != reader->plan.columns || reader->bad) {
    reader->failed = true;
    return;
  }
  reader->table->rows++;
  if (reader->spill || io_spill_pays(reader->source, reader->table)) spill_rows(reader);
  if (!reader->failed) reserve_row(reader);
}

/* ---- the first rows ---- */

static void keep_field(struct reader *reader, struct io_field field) {
  if (io_head_count(&reader->head, reader->head.rows) == IO_MOST_COLUMNS) {
    io_fail(reader->error, "%s:%zu: more than %d fields", reader->source->name, reader->line,
            IO_MOST_COLUMNS);
    reader->failed = true;
  } else if (io_head_add(&reader->head, io_field_trim(field)) != 0) {
    fail_memory(reader);
  }
}

/* There are as many as are looked at, or as there are: the table begins with them. */
static void begin_table(struct reader *reader) {
  struct io_head *head = &reader->head;

  if (io_layout_make(&reader->layout, head, &reader->dialect, reader->source, &reader->plan, reader->table,
                     reader->error) != 0) {
    reader->failed = true;
    return;
  }
  begin_texts(reader);
  if (!reader->failed) reserve_row(reader);
  for (size_t r = reader->layout.first; r < head->rows && !reader->failed; r++) {
    size_t fields = io_head_count(head, r);

    for (size_t c = 0; c < fields; c++) take_field(reader, c, io_head_field(head, r, c));
    if (!reader->failed) end_row(reader, fields, io_head_field(head, r, fields - 1).line);
  }
  io_head_free(head);
}

static void on_field(void *text, size_t length, void *context) {
  struct reader *reader = context;
  struct io_field field = {length > 0 ? text : "", length, reader->line};

  if (reader->failed) return;
  if (reader->plan.slot)
    take_field(reader, reader->field, field);
  else
    keep_field(reader, field);
  reader->field++;
}

static void on_row(int terminator, void *context) {
  struct reader *reader = context;

  (void)terminator;
  if (reader->failed) return;
  if (reader->plan.slot)
    end_row(reader, reader->field, reader->line);
  else if (io_head_end_row(&reader->head))
    begin_table(reader);
  reader->field = 0;
  reader->row_line = 0;
}

/* ---- lines ---- */

/* A piece of the text, and where in it the next of each character is: the place + 1; 0: not looked for. */
struct piece {
  const char *text;
  size_t length, newline, carriage, mark;
};

/* The place of the next such character, from `at` on; the length when there is none. */
static size_t next_place(const struct piece *piece, size_t at, char c, size_t *known) {
  const char *found;

  if (*known > at) return *known - 1;
  found = memchr(piece->text + at, c, piece->length - at);
  *known = (found ? (size_t)(found - piece->text) : piece->length) + 1;
  return *known - 1;
}

/* Up to and including the line end. */
static size_t end_of_line(struct piece *piece, size_t at) {
  size_t newline = next_place(piece, at, '\n', &piece->newline);
  size_t carriage = next_place(piece, at, '\r', &piece->carriage);
  size_t end = newline < carriage ? newline : carriage;

  return end + (end < piece->length);
}

/* Hands a line, or a part of one, to libcsv. */
static void parse(struct reader *reader, const char *text, size_t length) {
  const char *file = reader->source->name;

  if (reader->dialect.separator == ' ') {
    length = io_squeeze(&reader->squeeze, text, length, reader->squeezed);
    text = reader->squeezed;
  }
  if (csv_parse(&reader->parser, text, length, on_field, on_row, reader) == length || reader->failed)
    return;
  if (csv_error(&reader->parser) == CSV_EPARSE)
    io_fail(reader->error, "%s:%zu:%zu: a quotation mark out of place", file, reader->line,
            reader->field + 1);
  else
    io_fail_memory(reader->error, file);
  reader->failed = true;
}

/* Counts lines, and leaves out comments. */
static void take_line(struct reader *reader, struct piece *piece, size_t at, size_t end) {
  char first = piece->text[at];

  if (reader->last == '\n' || (reader->last == '\r' && first != '\n')) {
    reader->line++;
    reader->comment = !reader->quoted && first == reader->dialect.comment && first != IO_NO_COMMENT;
    reader->comments += reader->comment;
  }
  if (reader->row_line == 0) reader->row_line = reader->line;
  reader->last = piece->text[end - 1];
  if (reader->comment) return;
  for (size_t mark = at; (mark = next_place(piece, mark, '"', &piece->mark)) < end; mark++)
    reader->quoted = !reader->quoted;
  parse(reader, piece->text + at, end - at);
}

static void feed(struct reader *reader, const char *text, size_t length) {
  struct piece piece = {.text = text, .length = length};

  for (size_t at = 0, end; at < length && !reader->failed; at = end) {
    end = end_of_line(&piece, at);
    take_line(reader, &piece, at, end);
  }
  if (!reader->failed && csv_get_buffer_size(&reader->parser) > LONGEST_FIELD) {
    io_fail(reader->error, "%s:%zu:%zu: a field of more than %d bytes", reader->source->name, reader->line,
            reader->field + 1, LONGEST_FIELD);
    reader->failed = true;
  }
}

/* ---- all of it ---- */

static void fail_empty(struct reader *reader) {
  bool header = reader->layout.names || reader->head.rows > 0;

  io_fail(reader->error, "%s: %s", reader->source->name,
          reader->source->input->length == 0 ? "the file is empty"
          : header                           ? "a header but no rows"
                                             : "no rows");
  reader->failed = true;
}

/* Ends the last row, which may have no line end, and the table. */
static void finish(struct reader *reader) {
  struct io_table *table = reader->table;
  void *shrunk;

  if (csv_fini(&reader->parser, on_field, on_row, reader) != 0 && !reader->failed) {
    io_fail(reader->error, "%s:%zu: a quoted field that begins in this row is not closed",
            reader->source->name, reader->row_line);
    reader->failed = true;
  }
  if (!reader->failed && !reader->plan.slot && reader->head.rows > 0) begin_table(reader);
  if (!reader->failed && table->rows + reader->spilled == 0) fail_empty(reader);
  if (!reader->failed && reader->comments > 0 && !reader->format->comment &&
      io_table_note(table, "%zu line%s that begin%s with # left out", reader->comments,
                    reader->comments == 1 ? "" : "s", reader->comments == 1 ? "s" : "") != 0)
    fail_memory(reader);
  if (!reader->failed && io_copy_end(&table->copy, reader->error) != 0) reader->failed = true;
  if (!reader->failed && reader->spill &&
      io_spill_end(reader->spill, reader->source, reader->spilled, table, reader->error) != 0)
    reader->failed = true;
  if (reader->failed || reader->spill) return;
  shrunk = realloc(table->values, table->rows * table->columns * sizeof *table->values);
  if (shrunk) table->values = shrunk;
  shrunk = table->weights ? realloc(table->weights, table->rows * sizeof *table->weights) : NULL;
  if (shrunk) table->weights = shrunk;
}

static void read_all(struct reader *reader) {
  static const char byte_order_mark[3] = "\xef\xbb\xbf";
  struct io_input *input = reader->source->input;
  size_t length = input->length, skip = 0;

  if (length >= 3 && memcmp(input->chunk, byte_order_mark, 3) == 0) skip = 3;
  io_dialect_find(&reader->dialect, reader->format, input->chunk + skip, length - skip, length < IO_CHUNK);
  csv_set_delim(&reader->parser, (unsigned char)reader->dialect.separator);
  feed(reader, input->chunk + skip, length - skip);
  while (!reader->failed && length == IO_CHUNK) {
    length = fread(input->chunk, 1, IO_CHUNK, input->stream);
    feed(reader, input->chunk, length);
  }
  if (!reader->failed && ferror(input->stream)) {
    io_fail_read(reader->error, reader->source->name);
    reader->failed = true;
  }
  if (!reader->failed) finish(reader);
}

int io_csv_read(const struct io_source *source, struct io_table *table, struct io_error *error) {
  struct reader *reader = calloc(1, sizeof *reader);
  bool failed = true;

  if (!reader) return io_fail_memory(error, source->name);
  reader->source = source;
  reader->format = &source->selection->format;
  reader->table = table;
  reader->error = error;
  reader->last = '\n';
  if (csv_init(&reader->parser, CSV_STRICT | CSV_STRICT_FINI) == 0) {
    csv_set_blk_size(&reader->parser, IO_CHUNK); /* the step by which a long field's buffer grows */
    read_all(reader);
    csv_free(&reader->parser);
    failed = reader->failed;
  } else {
    io_fail_memory(error, source->name);
  }
  if (reader->spill) fclose(reader->spill);
  io_head_free(&reader->head);
  io_layout_free(&reader->layout);
  io_plan_free(&reader->plan);
  free(reader);
  return failed ? -1 : 0;
}
