/* SPDX-License-Identifier: MIT */
/* Which columns a text has, by its first rows: whether the first holds names, what is text, what counts
 * rows. */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

/* What the fields of a column are, below the first row. */
struct column {
  size_t numbers, words, integers, filled;
};

struct study {
  struct io_layout *layout;
  const struct io_head *head;
  const struct io_source *source;
  const struct io_format *format;
  struct column *columns;
  bool row_names; /* the first row has one field fewer, as R writes names of rows */
  bool counts;    /* the first column numbers the rows, and has no name */
};

/* What the first row is. */
enum verdict {
  NO_HEADER,
  HEADER,
  COUNTING, /* consecutive integers over fractions */
  RISING,   /* other integers that rise, over fractions: taken for data, and said */
  MIXED,    /* words and numbers over numbers */
  OPEN      /* neither a word nor a number over numbers */
};

static struct io_field field_at(const struct study *s, size_t row, size_t column) {
  size_t shift = s->row_names && row == 0;

  if (shift && column == 0) return (struct io_field){"", 0, io_head_field(s->head, 0, 0).line};
  return io_head_field(s->head, row, column - shift);
}

static bool has_field(const struct study *s, size_t row, size_t column) {
  return column < io_head_count(s->head, row) + (s->row_names && row == 0);
}

static enum io_field_kind kind_at(const struct study *s, size_t row, size_t column) {
  return io_field_kind(field_at(s, row, column), s->format, s->layout->decimal);
}

/* Only tables of values are interpreted: labels and responsibilities are what programs write. */
static bool may_guess(const struct study *s) {
  return s->source->content == IO_VALUES;
}

/* Whether the first field of each row below the first is a word or an integer, and differs from the one
 * before. */
static bool tells_rows_apart(const struct study *s) {
  for (size_t r = 1; r < s->head->rows; r++) {
    struct io_field field = io_head_field(s->head, r, 0), last = io_head_field(s->head, r - 1, 0);

    if (io_field_kind(field, s->format, s->layout->decimal) != IO_FIELD_WORD && !io_field_is_integer(field))
      return false;
    if (r > 1 && field.length == last.length && memcmp(field.text, last.text, field.length) == 0)
      return false;
  }
  return true;
}

/* All rows below have a field more than the first, and not by a separator at their ends. With commas a
   single name over two fields may as well stand over a number with a decimal comma. */
static bool find_row_names(const struct study *s, char separator) {
  size_t names = io_head_count(s->head, 0);
  bool at_end = true;

  if (!may_guess(s) || s->format->header == IO_HEADER_NO || s->head->rows < 2) return false;
  if (separator == ',' && names < 2) return false;
  for (size_t r = 1; r < s->head->rows; r++) {
    if (io_head_count(s->head, r) != names + 1) return false;
    at_end = at_end && io_head_field(s->head, r, names).length == 0;
  }
  for (size_t c = 0; c < names; c++)
    if (kind_at(s, 0, c) == IO_FIELD_NUMBER) return false;
  return !at_end && tells_rows_apart(s);
}

/* A comma that separates nothing, where no number has a point. */
static char find_decimal(const struct study *s, char separator) {
  size_t commas = 0, points = 0;
  double value;

  if (s->format->decimal) return s->format->decimal;
  if (separator == ',' || !may_guess(s)) return '.';
  for (size_t i = 0; i < s->head->cell_count; i++) {
    const struct io_head_cell *cell = &s->head->cells[i];
    const char *text = s->head->text + cell->begin;

    commas += memchr(text, ',', cell->length) &&
              io_number_read_field(text, cell->length, ',', &value) == IO_NUMBER;
    points += memchr(text, '.', cell->length) &&
              io_number_read_field(text, cell->length, '.', &value) == IO_NUMBER;
  }
  return commas > 0 && points == 0 ? ',' : '.';
}

static void count_columns(struct study *s) {
  for (size_t r = 1; r < s->head->rows; r++)
    for (size_t c = 0; c < s->layout->columns && has_field(s, r, c); c++) {
      enum io_field_kind kind = kind_at(s, r, c);

      s->columns[c].numbers += kind == IO_FIELD_NUMBER || kind == IO_FIELD_INFINITE;
      s->columns[c].words += kind == IO_FIELD_WORD;
      s->columns[c].filled += field_at(s, r, c).length > 0;
      s->columns[c].integers += kind == IO_FIELD_NUMBER && io_field_is_integer(field_at(s, r, c));
    }
}

/* As a separator at the end of every line makes it. */
static bool is_empty(const struct study *s, size_t column) {
  return may_guess(s) && s->head->rows > 1 && s->columns[column].filled == 0 && has_field(s, 0, column) &&
         field_at(s, 0, column).length == 0;
}

static bool is_text(const struct study *s, size_t column) {
  return s->columns[column].words > 0 && s->columns[column].numbers == 0;
}

/* Integers without a name over them. */
static bool numbers_rows(const struct study *s) {
  size_t rows = s->head->rows;

  if (!may_guess(s) || rows < 3 || s->layout->columns < 2 || field_at(s, 0, 0).length > 0) return false;
  return s->columns[0].integers == rows - 1 && tells_rows_apart(s);
}

/* Integers that rise, over numbers half of which or more have a fraction. One is enough beside a column
   that counts. */
static enum verdict judge_numbers(const struct study *s) {
  enum verdict verdict = COUNTING;
  size_t names = 0, numbers = 0, integers = 0;
  double value, last = 0;

  for (size_t c = 0; c < s->layout->columns; c++) {
    struct io_field field;

    if (s->columns[c].numbers == 0 || (c == 0 && s->counts)) continue;
    if (!has_field(s, 0, c)) return NO_HEADER;
    field = field_at(s, 0, c);
    if (!io_field_is_integer(field) || io_number_parse(field.text, field.length, &value) != 0)
      return NO_HEADER;
    if (names > 0 && value <= last) return NO_HEADER;
    if (names > 0 && value != last + 1) verdict = RISING;
    names++;
    last = value;
    numbers += s->columns[c].numbers;
    integers += s->columns[c].integers;
  }
  return names + s->counts > 1 && 2 * integers <= numbers ? verdict : NO_HEADER;
}

/* *word: a column in whose first row a word stands over numbers. */
static enum verdict judge_first_row(const struct study *s, size_t *word) {
  size_t words = 0, numbers = 0, numeric = 0;

  if (s->row_names) return HEADER;
  for (size_t c = 0; c < s->layout->columns && has_field(s, 0, c); c++) {
    enum io_field_kind kind = kind_at(s, 0, c);

    numeric += s->columns[c].numbers > 0;
    if (is_text(s, c)) continue;
    if (kind == IO_FIELD_WORD && words++ == 0) *word = c;
    numbers += kind == IO_FIELD_NUMBER || kind == IO_FIELD_INFINITE;
  }
  if (words > 0 && numbers > 0) return MIXED;
  if (words > 0) return HEADER;
  if (numbers > 0) return may_guess(s) ? judge_numbers(s) : NO_HEADER;
  return numeric > 0 ? OPEN : HEADER;
}

static int take_names(struct study *s) {
  struct io_layout *layout = s->layout;

  layout->names = calloc(layout->columns, sizeof *layout->names);
  for (size_t c = 0; layout->names && c < layout->columns; c++) {
    struct io_field field = field_at(s, 0, c);
    size_t length;

    layout->names[c] = io_utf8_copy(field.text, field.length, &length);
    if (!layout->names[c]) return -1;
  }
  return layout->names ? 0 : -1;
}

/* Lines such as 3,715 between which nothing else separates: where a field after an odd number of commas
   begins with a zero, it is no integer of its own. */
static int check_decimal_commas(const struct study *s, const struct io_dialect *dialect,
                                struct io_error *error) {
  size_t zeros = 0, columns = s->layout->columns;

  if (dialect->separator != ',' || s->format->separator || columns % 2 != 0 || !may_guess(s)) return 0;
  for (size_t r = 0; r < s->head->rows; r++)
    for (size_t c = 0; c < columns && has_field(s, r, c); c++) {
      struct io_field field = field_at(s, r, c);

      if (!io_field_is_integer(field)) return 0;
      zeros += c % 2 == 1 && field.length > 1 && *field.text == '0';
    }
  if (zeros == 0) return 0;
  return io_fail(error,
                 "%s:%zu: is '%s,%s' one number? then --decimal , reads it; --separator , reads it as two",
                 s->source->name, field_at(s, 0, 0).line,
                 io_quote(field_at(s, 0, 0).text, field_at(s, 0, 0).length).text,
                 io_quote(field_at(s, 0, 1).text, field_at(s, 0, 1).length).text);
}

/* ---- notes ---- */

/* Names of the text columns that no one asked for, as far as they fit. */
static int note_text(const struct study *s, const struct io_plan *plan, struct io_table *table) {
  char list[300] = "", *end = list;
  size_t count = 0;

  for (size_t c = 0; c < s->layout->columns; c++) {
    char number[40];
    struct io_quote name;

    if (!s->layout->text[c] || plan->slot[c] != IO_UNUSED || c == plan->text || (c == 0 && s->row_names))
      continue;
    snprintf(number, sizeof number, "column %zu", c + 1);
    name = s->layout->names && s->layout->names[c][0]
               ? io_quote(s->layout->names[c], strlen(s->layout->names[c]))
               : io_quote(number, strlen(number));
    if (end + strlen(name.text) + 3 < list + sizeof list)
      end = stpcpy(stpcpy(end, count > 0 ? ", " : ""), name.text);
    count++;
  }
  if (count == 0) return 0;
  return count > 10 ? io_table_note(table, "left out: %zu columns of text, the first are %s", count, list)
                    : io_table_note(table, "left out: %s (text)", list);
}

static int note(const struct study *s, const struct io_plan *plan, enum verdict verdict,
                struct io_table *table) {
  if (verdict == COUNTING && s->format->header == IO_HEADER_AUTO &&
      io_table_note(table, "the integers of the first row were taken for names; --header no reads them as "
                           "data") != 0)
    return -1;
  if (verdict == RISING &&
      io_table_note(
          table, "the integers of the first row were read as data; --header yes takes them for names") != 0)
    return -1;
  if (s->layout->decimal == ',' && !s->format->decimal &&
      io_table_note(table, "commas in numbers were taken for decimal marks") != 0)
    return -1;
  if (!plan->rest) return 0;
  if (s->row_names && plan->slot[0] == IO_UNUSED && io_table_note(table, "left out: names of rows") != 0)
    return -1;
  if (s->counts && !s->row_names && plan->slot[0] == IO_UNUSED &&
      io_table_note(table, "left out: column 1, which numbers the rows and has no name") != 0)
    return -1;
  for (size_t c = 0; c < s->layout->columns; c++)
    if (is_empty(s, c) && plan->slot[c] == IO_UNUSED && !(c == 0 && s->row_names) &&
        io_table_note(table, "left out: column %zu, which has no name and begins with no values", c + 1) !=
            0)
      return -1;
  return note_text(s, plan, table);
}

/* ---- all of it ---- */

static int fail_mixed(const struct study *s, size_t word, struct io_error *error) {
  struct io_field field = field_at(s, 0, word);

  return io_fail(error,
                 "%s:%zu:%zu: '%s' is not a number; if the first row holds names, --header yes says so",
                 s->source->name, field.line, word + 1, io_quote(field.text, field.length).text);
}

static enum verdict judge(const struct study *s, size_t *word) {
  if (s->format->header == IO_HEADER_NO) return NO_HEADER;
  return s->format->header == IO_HEADER_YES ? HEADER : judge_first_row(s, word);
}

static bool is_data(enum verdict verdict) {
  return verdict == NO_HEADER || verdict == RISING;
}

/* Text is left out, and so are, under a header, the names and numbers of rows. */
static void leave_out(struct study *s, enum verdict verdict) {
  struct io_layout *layout = s->layout;

  s->counts = s->counts && !is_data(verdict) && verdict != OPEN;
  for (size_t c = 0; c < layout->columns; c++) {
    layout->text[c] = may_guess(s) && is_text(s, c);
    layout->left_out[c] = layout->text[c] || is_empty(s, c) || (c == 0 && (s->counts || s->row_names));
  }
}

static int plan_columns(struct study *s, const struct io_dialect *dialect, struct io_plan *plan,
                        struct io_table *table, struct io_error *error) {
  struct io_layout *layout = s->layout;
  size_t word = 0;
  enum verdict verdict = judge(s, &word);
  struct io_header header = {s->source->name, NULL, layout->columns, false, layout->left_out};

  leave_out(s, verdict);
  if (is_data(verdict) && check_decimal_commas(s, dialect, error) != 0) return -1;
  if (!is_data(verdict) && take_names(s) != 0) return io_fail_memory(error, s->source->name);
  header.names = (const char *const *)layout->names;
  header.words = !is_data(verdict) && verdict != OPEN;
  if (io_plan_make(plan, &header, s->source->selection, error) != 0) return -1;
  if (verdict == MIXED && !plan->by_name) return fail_mixed(s, word, error);
  if (verdict == OPEN && !plan->by_name) {
    io_names_free(layout->names, layout->columns);
    layout->names = NULL;
  }
  layout->first = layout->names != NULL;
  table->columns = plan->selected;
  if (io_table_name(table, plan, (const char *const *)layout->names) != 0 ||
      note(s, plan, verdict, table) != 0)
    return io_fail_memory(error, s->source->name);
  return 0;
}

int io_layout_make(struct io_layout *layout, const struct io_head *head, const struct io_dialect *dialect,
                   const struct io_source *source, struct io_plan *plan, struct io_table *table,
                   struct io_error *error) {
  struct study s = {.layout = layout, .head = head, .source = source, .format = &source->selection->format};
  int result;

  layout->decimal = '.';
  s.row_names = find_row_names(&s, dialect->separator);
  layout->columns = io_head_count(head, 0) + s.row_names;
  layout->decimal = find_decimal(&s, dialect->separator);
  s.columns = calloc(layout->columns, sizeof *s.columns);
  layout->text = calloc(layout->columns, sizeof *layout->text);
  layout->left_out = calloc(layout->columns, sizeof *layout->left_out);
  if (!s.columns || !layout->text || !layout->left_out) {
    free(s.columns);
    return io_fail_memory(error, source->name);
  }
  count_columns(&s);
  s.counts = numbers_rows(&s);
  result = plan_columns(&s, dialect, plan, table, error);
  free(s.columns);
  return result;
}

void io_layout_free(struct io_layout *layout) {
  io_names_free(layout->names, layout->columns);
  free(layout->text);
  free(layout->left_out);
  *layout = (struct io_layout){0};
}
