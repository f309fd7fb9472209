/* SPDX-License-Identifier: MIT */
/* CSV and TSV. libcsv splits the fields; it is fed line by line, so that a message can name the line. */
#include "internal.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CHUNK = 65536, LONGEST_FIELD = 1 << 24 };

struct field {
  char *text;
  size_t length;
};

struct reader {
  const struct io_source *source;
  struct io_table *table;
  struct io_error *error;
  struct csv_parser parser;
  struct io_plan plan; /* made from the first row */
  struct field *first; /* the first row: column names, or already data */
  size_t expected;     /* fields in the first row */
  size_t first_capacity, value_capacity, weight_capacity;
  size_t field;    /* fields of the current row so far */
  size_t line;     /* physical line being read, from 1 */
  size_t row_line; /* line after the last complete row; 0: not begun */
  char last;       /* the character before the next */
  bool bad;        /* the current row has a bad field; error says which */
  bool failed;     /* error says why */
};

static void fail_memory(struct reader *reader) {
  io_fail_memory(reader->error, reader->source->name);
  reader->failed = true;
}

static struct field trim(const char *text, size_t length) {
  while (length > 0 && (*text == ' ' || *text == '\t')) text++, length--;
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) length--;
  return (struct field){(char *)text, length};
}

/* What stands for a number that is missing or infinite: no name of a column, so that a first row that holds
   one is reported, not taken for a header. */
static bool is_missing(struct field field) {
  static const char *const words[] = {"na", "n/a", "nan", "null", "none", "inf", "infinity", "?", "."};

  if (field.length > 1 && (*field.text == '+' || *field.text == '-')) field.text++, field.length--;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (field.length == strlen(words[i]) && strncasecmp(field.text, words[i], field.length) == 0)
      return true;
  return field.length == 0;
}

static bool is_number(struct field field) {
  double value;

  return io_number_parse(field.text, field.length, &value) == 0;
}

static bool is_word(struct field field) {
  double value;

  return io_number_read(field.text, field.length, &value) == IO_NUMBER_NONE && !is_missing(field);
}

static const char *problem_of(enum io_number kind, struct field field, double value, size_t slot,
                              enum io_content content) {
  if (kind == IO_NUMBER) return io_value_problem(value, slot, content);
  if (kind == IO_NUMBER_TOO_LARGE) return "is too large for a double";
  return is_missing(field) ? "is not a finite number" : "is not a number";
}

static void take_field(struct reader *reader, size_t column, const char *text, size_t length) {
  struct field field = trim(text, length);
  size_t slot = column < reader->expected ? reader->plan.slot[column] : IO_UNUSED;
  enum io_number kind;
  const char *problem;
  double value;

  if (slot == IO_UNUSED || reader->bad) return;
  kind = io_number_read(field.text, field.length, &value);
  if (kind == IO_NUMBER_NO_MEMORY) {
    fail_memory(reader);
    return;
  }
  problem = problem_of(kind, field, value, slot, reader->source->content);
  if (!problem) {
    io_table_put(reader->table, reader->table->rows, slot, value);
    return;
  }
  reader->bad = true;
  if (field.length == 0)
    io_fail(reader->error, "%s:%zu:%zu: the field is empty", reader->source->name, reader->line,
            column + 1);
  else
    io_fail(reader->error, "%s:%zu:%zu: '%s' %s", reader->source->name, reader->line, column + 1,
            io_quote(field.text, field.length).text, problem);
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

static void end_row(struct reader *reader) {
  /* A wrong number of fields first: it is what puts a good field into the wrong column. */
  if (reader->field != reader->expected)
    io_fail(reader->error, "%s:%zu: expected %zu fields, found %zu", reader->source->name, reader->line,
            reader->expected, reader->field);
  if (reader->field != reader->expected || reader->bad) {
    reader->failed = true;
    return;
  }
  reader->table->rows++;
  reserve_row(reader);
}

static void keep_first_row(struct reader *reader, const char *text, size_t length) {
  struct field field = trim(text, length), *first;
  size_t length_in_utf8 = 0;
  char *copy;

  if (reader->expected == IO_MOST_COLUMNS) {
    io_fail(reader->error, "%s:%zu: more than %d fields", reader->source->name, reader->line,
            IO_MOST_COLUMNS);
    reader->failed = true;
    return;
  }
  first = io_grow(reader->first, reader->expected + 1, &reader->first_capacity, sizeof *first);
  copy = io_utf8_copy(field.text, field.length, &length_in_utf8);
  if (first) reader->first = first;
  if (!first || !copy) {
    free(copy);
    fail_memory(reader);
    return;
  }
  first[reader->expected++] = (struct field){copy, length_in_utf8};
}

/* A first row with a word in a selected column is a header, and so is one that columns were found in by
 * name. */
static bool first_row_is_header(const struct reader *reader) {
  for (size_t c = 0; c < reader->expected; c++)
    if (reader->plan.slot[c] != IO_UNUSED && is_word(reader->first[c])) return true;
  return reader->plan.by_name;
}

static void plan_columns(struct reader *reader, const char **names) {
  struct io_header header = {reader->source->name, NULL, reader->expected, false};

  for (size_t c = 0; c < reader->expected; c++) {
    names[c] = reader->first[c].text;
    if (!is_number(reader->first[c])) header.names = names;
    header.words = header.words || is_word(reader->first[c]);
  }
  if (io_plan_make(&reader->plan, &header, reader->source->selection, reader->error) != 0) {
    reader->failed = true;
    return;
  }
  reader->table->columns = reader->plan.selected;
  if (io_table_name(reader->table, &reader->plan, first_row_is_header(reader) ? names : NULL) != 0)
    fail_memory(reader);
}

static void end_first_row(struct reader *reader) {
  const char **names = malloc(reader->expected * sizeof *names);

  if (names)
    plan_columns(reader, names);
  else
    fail_memory(reader);
  free(names);
  if (!reader->failed) reserve_row(reader);
  if (reader->failed || first_row_is_header(reader)) return;
  for (size_t c = 0; c < reader->expected; c++)
    take_field(reader, c, reader->first[c].text, reader->first[c].length);
  end_row(reader);
}

static void on_field(void *text, size_t length, void *context) {
  struct reader *reader = context;

  if (reader->failed) return;
  if (reader->plan.slot)
    take_field(reader, reader->field, text, length);
  else
    keep_first_row(reader, text, length);
  reader->field++;
}

static void on_row(int terminator, void *context) {
  struct reader *reader = context;

  (void)terminator;
  if (reader->failed) return;
  if (reader->plan.slot)
    end_row(reader);
  else
    end_first_row(reader);
  reader->field = 0;
  reader->row_line = 0;
}

/* Up to and including the first line end. */
static size_t line_length(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (text[i] == '\n' || text[i] == '\r') return i + 1;
  return length;
}

static void feed(struct reader *reader, const char *text, size_t length) {
  const char *file = reader->source->name;

  while (length > 0 && !reader->failed) {
    size_t piece = line_length(text, length);

    if (reader->last == '\n' || (reader->last == '\r' && *text != '\n')) reader->line++;
    if (reader->row_line == 0) reader->row_line = reader->line;
    if (csv_parse(&reader->parser, text, piece, on_field, on_row, reader) != piece && !reader->failed) {
      if (csv_error(&reader->parser) == CSV_EPARSE)
        io_fail(reader->error, "%s:%zu:%zu: a quotation mark out of place", file, reader->line,
                reader->field + 1);
      else
        io_fail_memory(reader->error, file);
      reader->failed = true;
    }
    reader->last = text[piece - 1];
    text += piece;
    length -= piece;
  }
  if (!reader->failed && csv_get_buffer_size(&reader->parser) > LONGEST_FIELD) {
    io_fail(reader->error, "%s:%zu:%zu: a field of more than %d bytes", file, reader->line,
            reader->field + 1, LONGEST_FIELD);
    reader->failed = true;
  }
}

/* What separates fields: of comma, tab and semicolon the most frequent outside quotes in the first line. */
static unsigned char detect_delimiter(const char *text, size_t length) {
  static const char candidates[3] = {',', '\t', ';'};
  size_t count[3] = {0}, best = 0;
  bool quoted = false, begun = false;

  for (size_t i = 0; i < length; i++) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && (text[i] == '\n' || text[i] == '\r')) {
      if (begun) break;
    } else if (text[i] != ' ') {
      begun = true;
    }
    for (size_t j = 0; j < 3; j++) count[j] += !quoted && text[i] == candidates[j];
  }
  for (size_t j = 1; j < 3; j++)
    if (count[j] > count[best]) best = j;
  return (unsigned char)candidates[best];
}

/* Ends the last row, which may have no line end, and the table. */
static void finish(struct reader *reader, bool empty) {
  struct io_table *table = reader->table;
  const char *file = reader->source->name;
  void *shrunk;

  if (csv_fini(&reader->parser, on_field, on_row, reader) != 0 && !reader->failed) {
    io_fail(reader->error, "%s:%zu: a quoted field that begins in this row is not closed", file,
            reader->row_line);
    reader->failed = true;
  }
  if (reader->failed) return;
  if (table->rows == 0) {
    io_fail(reader->error, "%s: %s", file,
            empty                  ? "the file is empty"
            : reader->expected > 0 ? "a header but no rows"
                                   : "no rows");
    reader->failed = true;
    return;
  }
  shrunk = realloc(table->values, table->rows * table->columns * sizeof *table->values);
  if (shrunk) table->values = shrunk;
  shrunk = table->weights ? realloc(table->weights, table->rows * sizeof *table->weights) : NULL;
  if (shrunk) table->weights = shrunk;
}

static void read_all(struct reader *reader) {
  static const char byte_order_mark[3] = "\xef\xbb\xbf";
  FILE *stream = reader->source->stream;
  char chunk[CHUNK];
  size_t length = fread(chunk, 1, sizeof chunk, stream), skip = 0;
  bool empty = length == 0;

  if (length >= 3 && memcmp(chunk, byte_order_mark, 3) == 0) skip = 3;
  csv_set_delim(&reader->parser, detect_delimiter(chunk + skip, length - skip));
  for (; length > 0 && !reader->failed; length = fread(chunk, 1, sizeof chunk, stream)) {
    feed(reader, chunk + skip, length - skip);
    skip = 0;
  }
  if (!reader->failed && ferror(stream)) {
    io_fail_read(reader->error, reader->source->name);
    reader->failed = true;
  }
  if (!reader->failed) finish(reader, empty);
}

int io_csv_read(const struct io_source *source, struct io_table *table, struct io_error *error) {
  struct reader reader = {.source = source, .table = table, .error = error, .last = '\n'};

  if (csv_init(&reader.parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
    return io_fail_memory(error, source->name);
  csv_set_blk_size(&reader.parser, CHUNK); /* the step by which a long field's buffer grows */
  read_all(&reader);
  for (size_t c = 0; c < reader.expected; c++) free(reader.first[c].text);
  free(reader.first);
  io_plan_free(&reader.plan);
  csv_free(&reader.parser);
  return reader.failed ? -1 : 0;
}
