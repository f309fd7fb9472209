/* SPDX-License-Identifier: MIT */
/* The separator is the one that splits the first lines into equally many fields, most of them numbers. */
#include "dialect.h"

#include <string.h>
#include <strings.h>

enum { MOST_LINES = 100 };

struct span {
  char *text; /* NULL: nothing is left */
  size_t length;
};

/* The first lines of a text. */
struct sample {
  char *text;
  size_t length;
  bool whole;
  char comment;
  struct span
      lines[MOST_LINES]; /* neither blank nor comments; line ends in quotation marks belong to them */
  size_t count;
  struct span remark; /* the comment right before the first of them */
};

static bool ends_line(char c) {
  return c == '\n' || c == '\r';
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static bool blank(struct span line) {
  while (line.length > 0 && is_blank(*line.text)) line.text++, line.length--;
  return line.length == 0;
}

static void trim(struct span *span) {
  while (span->length > 0 && is_blank(*span->text)) span->text++, span->length--;
  while (span->length > 0 && is_blank(span->text[span->length - 1])) span->length--;
}

/* A last line that may go on beyond the text counts only when there is no other. */
static void take_lines(struct sample *sample) {
  for (size_t at = 0; at < sample->length && sample->count < MOST_LINES;) {
    struct span line = {sample->text + at, 0};
    bool comment = *line.text == sample->comment && !ends_line(*line.text), quoted = false;

    while (at < sample->length && ((quoted && !comment) || !ends_line(sample->text[at])))
      quoted ^= sample->text[at++] == '"';
    line.length = (size_t)(sample->text + at - line.text);
    if (at == sample->length && !sample->whole && sample->count > 0) return;
    at++;
    if (comment && sample->count == 0)
      sample->remark = line;
    else if (!comment && !blank(line))
      sample->lines[sample->count++] = line;
  }
}

/* The next field of a line; false after the last. */
static bool next_field(struct span *rest, char separator, struct span *field) {
  bool quoted = false;
  size_t length = 0;

  if (!rest->text) return false;
  if (separator == ' ') trim(rest);
  if (separator == ' ' && rest->length == 0) return false;
  while (length < rest->length) {
    char c = rest->text[length];

    if (!quoted && (c == separator || (separator == ' ' && c == '\t'))) break;
    quoted ^= c == '"';
    length++;
  }
  *field = (struct span){rest->text, length};
  if (length == rest->length)
    rest->text = NULL;
  else
    rest->text += length + 1, rest->length -= length + 1;
  return true;
}

bool io_looks_numeric(const char *text, size_t length) {
  struct span field = {(char *)text, length};
  bool digits = false;

  trim(&field);
  if (field.length > 1 && *field.text == '"' && field.text[field.length - 1] == '"')
    field.text++, field.length -= 2;
  trim(&field);
  for (size_t i = 0; i < field.length; i++) {
    char c = field.text[i];

    if (!strchr("0123456789+-.,eEdD", c) || c == '\0') return false;
    digits = digits || (c >= '0' && c <= '9');
  }
  return digits;
}

/* What a separator makes of the lines. */
struct candidate {
  char separator;
  size_t first, rest;    /* fields of the first line, and of the second */
  size_t agreeing;       /* lines with as many fields as the second */
  size_t numbers, total; /* fields after the first line */
};

static struct candidate split(const struct sample *sample, char separator) {
  struct candidate c = {.separator = separator};

  for (size_t i = 0; i < sample->count; i++) {
    struct span rest = sample->lines[i], field;
    size_t fields = 0;

    while (next_field(&rest, separator, &field)) {
      fields++;
      if (i == 0) continue;
      c.numbers += io_looks_numeric(field.text, field.length);
      c.total++;
    }
    if (i == 0) c.first = fields;
    if (i == 1) c.rest = fields;
    c.agreeing += i > 0 && fields == c.rest;
  }
  if (sample->count == 1) c.rest = c.first;
  c.agreeing += c.first == c.rest;
  return c;
}

/* Every line has equally many fields, but the first, which has no name for those of rows as R writes it. */
static bool is_even(const struct candidate *c, size_t lines) {
  return c->rest > 1 && (c->agreeing == lines || (c->agreeing + 1 == lines && c->first + 1 == c->rest));
}

/* 3: even; 2: most lines are; 1: the first is split; 0. Blanks may stand in a name. */
static int rank(const struct candidate *c, size_t lines) {
  if (is_even(c, lines)) return 3;
  if (c->rest > 1 && 2 * c->agreeing > lines) return 2;
  return c->first > 1 && c->separator != ' ';
}

static bool is_better(const struct candidate *a, const struct candidate *b, size_t lines) {
  if (rank(a, lines) != rank(b, lines)) return rank(a, lines) > rank(b, lines);
  if (rank(a, lines) == 3) return a->numbers * b->total > b->numbers * a->total;
  if (rank(a, lines) == 2) return a->agreeing > b->agreeing;
  return rank(a, lines) == 1 && a->first > b->first;
}

static char find_separator(const struct sample *sample, char decimal) {
  static const char separators[] = {'\t', ';', '|', ',', ' '};
  struct candidate best = {.separator = decimal == ',' ? ';' : ','};

  for (size_t i = 0; i < sizeof separators; i++) {
    struct candidate c = {0};

    if (separators[i] == ',' && decimal == ',') continue;
    c = split(sample, separators[i]);
    if (is_better(&c, &best, sample->count)) best = c;
  }
  return best.separator;
}

/* The fields of a line, and how many of them look like numbers. */
static size_t count_fields(struct span line, char separator, size_t *numbers) {
  struct span field;
  size_t fields = 0;

  *numbers = 0;
  for (; next_field(&line, separator, &field); fields++)
    *numbers += io_looks_numeric(field.text, field.length);
  return fields;
}

/* As numpy and TOPCAT write names: "# x y". */
static bool remark_names_columns(const struct sample *sample, char separator) {
  struct span names = sample->remark;
  size_t words, numbers;

  if (!names.text || sample->count == 0) return false;
  names.text++, names.length--;
  if (separator != '\t') trim(&names);
  return count_fields(names, separator, &words) == count_fields(sample->lines[0], separator, &numbers) &&
         words == 0 && numbers > 0;
}

/* The separator of a first line such as "sep=;", by which spreadsheets say it; the line becomes a blank
   one. 0: there is none. */
static char take_declaration(char *text, size_t length) {
  char separator;

  if (length < 6 || strncasecmp(text, "sep=", 4) != 0 || ends_line(text[4]) || !ends_line(text[5]))
    return 0;
  separator = text[4];
  memset(text, ' ', 5);
  return separator;
}

void io_dialect_find(struct io_dialect *dialect, const struct io_format *format, char *text, size_t length,
                     bool whole) {
  struct sample sample = {.text = text, .length = length, .whole = whole};
  char declared = take_declaration(text, length);

  dialect->comment = format->comment ? format->comment : '#';
  sample.comment = dialect->comment;
  take_lines(&sample);
  dialect->separator = format->separator ? format->separator
                       : declared        ? declared
                                         : find_separator(&sample, format->decimal);
  if (format->header == IO_HEADER_AUTO && remark_names_columns(&sample, dialect->separator))
    *sample.remark.text = ' ';
}

size_t io_squeeze(struct io_squeeze *state, const char *text, size_t length, char *out) {
  char *end = out;

  for (size_t i = 0; i < length; i++) {
    char c = text[i];

    if (!state->quoted && is_blank(c)) {
      state->pending = state->begun;
      continue;
    }
    if (!state->quoted && ends_line(c)) {
      state->begun = state->pending = false;
    } else {
      if (state->pending) *end++ = ' ';
      state->begun = true, state->pending = false;
      state->quoted ^= c == '"';
    }
    *end++ = c;
  }
  return (size_t)(end - out);
}
