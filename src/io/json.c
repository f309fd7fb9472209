/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A model nests four deep; more than a little beyond that is no model. */
enum { DEEPEST = 16 };

struct reader {
  FILE *stream;
  const char *file;
  struct io_error *error;
  int c;               /* the next character, or EOF */
  size_t line, column; /* where it stands, from 1 */
  char *text;          /* the string or number that is being read */
  size_t used, capacity;
};

static int read_value(struct reader *reader, struct json *value, unsigned depth);

static void advance(struct reader *reader) {
  if (reader->c == '\n')
    reader->line++, reader->column = 1;
  else
    reader->column++;
  reader->c = getc_unlocked(reader->stream);
}

static void skip_blanks(struct reader *reader) {
  while (reader->c == ' ' || reader->c == '\t' || reader->c == '\n' || reader->c == '\r') advance(reader);
}

/* What is wrong with the next character, unless it is the end of the file. */
static int fail(const struct reader *reader, const char *what) {
  if (reader->c == EOF && ferror(reader->stream)) return io_fail_read(reader->error, reader->file);
  if (reader->c == EOF)
    what = reader->line == 1 && reader->column == 1 ? "the file is empty" : "the file is cut short";
  return io_fail(reader->error, "%s:%zu:%zu: %s", reader->file, reader->line, reader->column, what);
}

static int fail_memory(const struct reader *reader) {
  return io_fail_memory(reader->error, reader->file);
}

static int expect(struct reader *reader, int c) {
  if (reader->c != c) return fail(reader, "unexpected character");
  advance(reader);
  return 0;
}

static int expect_word(struct reader *reader, const char *word) {
  for (; *word; word++)
    if (expect(reader, *word) != 0) return -1;
  return 0;
}

/* ---- text ---- */

static int append(struct reader *reader, int c) {
  char *text = io_grow(reader->text, reader->used + 1, &reader->capacity, 1);

  if (!text) return fail_memory(reader);
  reader->text = text;
  text[reader->used++] = (char)c;
  text[reader->used] = '\0';
  return 0;
}

/* Appends the next character, a whole one of UTF-8. */
static int take_character(struct reader *reader) {
  const struct reader begin = *reader;
  size_t size = reader->c < 0x80 ? 1 : reader->c < 0xe0 ? 2 : reader->c < 0xf0 ? 3 : 4, length = 0;

  if (reader->c == EOF) return fail(reader, "");
  if (reader->c < 0x20) return fail(reader, "a control character in a string");
  for (; length < size && reader->c != EOF && (length == 0 || (reader->c & 0xc0) == 0x80); length++) {
    if (append(reader, reader->c) != 0) return -1;
    advance(reader);
  }
  if (io_utf8(reader->text + begin.used, length) == length) return 0;
  return fail(reader->c == EOF ? reader : &begin, "a string that is not UTF-8");
}

static int read_hexadecimal(struct reader *reader, unsigned *code) {
  static const char digits[] = "0123456789abcdefABCDEF";

  *code = 0;
  for (int i = 0; i < 4; i++) {
    const char *digit = reader->c > 0 ? strchr(digits, reader->c) : NULL;

    if (!digit) return fail(reader, "four hexadecimal digits are needed");
    *code = 16 * *code + (unsigned)(digit - digits < 16 ? digit - digits : digit - digits - 6);
    advance(reader);
  }
  return 0;
}

static int append_code(struct reader *reader, unsigned code) {
  const unsigned lead[4] = {0, 0xc0, 0xe0, 0xf0};
  int rest = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

  if (append(reader, (int)(lead[rest] | code >> 6 * rest)) != 0) return -1;
  while (rest-- > 0)
    if (append(reader, (int)(0x80 | (code >> 6 * rest & 0x3f))) != 0) return -1;
  return 0;
}

/* What follows \u: a character, in two halves beyond U+FFFF. */
static int take_code(struct reader *reader) {
  unsigned code, low;

  if (read_hexadecimal(reader, &code) != 0) return -1;
  if (code >= 0xdc00 && code < 0xe000) return fail(reader, "half a character");
  if (code >= 0xd800 && code < 0xdc00) {
    if (expect_word(reader, "\\u") != 0 || read_hexadecimal(reader, &low) != 0) return -1;
    if (low < 0xdc00 || low >= 0xe000) return fail(reader, "half a character");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  return append_code(reader, code);
}

static int take_escape(struct reader *reader) {
  static const char names[] = "\"\\/bfnrtu", meanings[] = "\"\\/\b\f\n\r\t";
  const char *name = reader->c > 0 ? strchr(names, reader->c) : NULL;

  if (!name) return fail(reader, "an unknown escape");
  advance(reader);
  return *name == 'u' ? take_code(reader) : append(reader, meanings[name - names]);
}

static int read_string(struct reader *reader, struct json *value) {
  reader->used = 0;
  if (expect(reader, '"') != 0) return -1;
  while (reader->c != '"') {
    int escape = reader->c == '\\';

    if (escape) advance(reader);
    if ((escape ? take_escape(reader) : take_character(reader)) != 0) return -1;
  }
  advance(reader);
  value->text = malloc(reader->used + 1);
  if (!value->text) return fail_memory(reader);
  if (reader->used > 0) memcpy(value->text, reader->text, reader->used);
  value->text[reader->used] = '\0';
  value->type = JSON_STRING;
  value->count = reader->used;
  return 0;
}

/* ---- numbers ---- */

static const char *skip_digits(const char *text) {
  return text + strspn(text, "0123456789");
}

/* JSON's numbers are those of C without leading zeros, signs and points. Sets whether it is a whole one. */
static bool is_number(const char *text, bool *whole) {
  const char *digits = *text == '-' ? text + 1 : text, *end = skip_digits(digits);

  if (end == digits || (*digits == '0' && end > digits + 1)) return false;
  *whole = *end == '\0';
  if (*end == '.') {
    digits = end + 1, end = skip_digits(digits);
    if (end == digits) return false;
  }
  if (*end == 'e' || *end == 'E') {
    digits = end + 1 + (end[1] == '+' || end[1] == '-'), end = skip_digits(digits);
    if (end == digits) return false;
  }
  return *end == '\0';
}

static int read_number(struct reader *reader, struct json *value) {
  const struct reader begin = *reader;

  reader->used = 0;
  while (reader->c > 0 && strchr("0123456789+-.eE", reader->c)) {
    if (append(reader, reader->c) != 0) return -1;
    advance(reader);
  }
  value->type = JSON_NUMBER;
  if (reader->c == 'I' && strcmp(reader->text, "-") == 0) {
    value->number = -HUGE_VAL;
    return expect_word(reader, "Infinity");
  }
  if (!is_number(reader->text, &value->whole))
    return fail(reader->c == EOF ? reader : &begin, "not a number of JSON");
  switch (io_number_read(reader->text, reader->used, &value->number)) {
  case IO_NUMBER_NO_MEMORY:
    return fail_memory(reader);
  case IO_NUMBER_TOO_LARGE:
    value->number = HUGE_VAL;
    return 0;
  default:
    return 0;
  }
}

/* ---- values ---- */

/* Gives back what an array has grown by and not used; there may be many small ones. */
static void trim(struct json *array) {
  struct json *items = realloc(array->items, array->count * sizeof *items);

  if (items) array->items = items;
}

static int read_array(struct reader *reader, struct json *value, unsigned depth) {
  size_t capacity = 0;

  advance(reader);
  value->type = JSON_ARRAY;
  skip_blanks(reader);
  if (reader->c == ']') return expect(reader, ']');
  for (;;) {
    struct json *items = io_grow(value->items, value->count, &capacity, sizeof *items);

    if (!items) return fail_memory(reader);
    value->items = items;
    items[value->count] = (struct json){0};
    if (read_value(reader, &items[value->count++], depth + 1) != 0) return -1;
    if (reader->c != ',') {
      trim(value);
      return expect(reader, ']');
    }
    advance(reader);
  }
}

static int read_member(struct reader *reader, struct json_member *member, unsigned depth) {
  skip_blanks(reader);
  if (read_string(reader, &member->key) != 0) return -1;
  skip_blanks(reader);
  if (expect(reader, ':') != 0) return -1;
  return read_value(reader, &member->value, depth + 1);
}

static int read_object(struct reader *reader, struct json *value, unsigned depth) {
  size_t capacity = 0;

  advance(reader);
  value->type = JSON_OBJECT;
  skip_blanks(reader);
  if (reader->c == '}') return expect(reader, '}');
  for (;;) {
    struct json_member *members = io_grow(value->members, value->count, &capacity, sizeof *members);

    if (!members) return fail_memory(reader);
    value->members = members;
    members[value->count] = (struct json_member){0};
    if (read_member(reader, &members[value->count++], depth) != 0) return -1;
    if (reader->c != ',') return expect(reader, '}');
    advance(reader);
  }
}

static int read_word(struct reader *reader, struct json *value) {
  switch (reader->c) {
  case 'n':
    return expect_word(reader, "null");
  case 't':
    *value = (struct json){.type = JSON_BOOLEAN, .whole = true};
    return expect_word(reader, "true");
  case 'f':
    value->type = JSON_BOOLEAN;
    return expect_word(reader, "false");
  case 'N':
    *value = (struct json){.type = JSON_NUMBER, .number = NAN};
    return expect_word(reader, "NaN");
  case 'I':
    *value = (struct json){.type = JSON_NUMBER, .number = HUGE_VAL};
    return expect_word(reader, "Infinity");
  default:
    return fail(reader, "unexpected character");
  }
}

/* A value and the blanks round it, into zeroes. */
static int read_value(struct reader *reader, struct json *value, unsigned depth) {
  int result;

  skip_blanks(reader);
  if ((reader->c == '[' || reader->c == '{') && depth == DEEPEST) return fail(reader, "nesting too deep");
  if (reader->c == '{')
    result = read_object(reader, value, depth);
  else if (reader->c == '[')
    result = read_array(reader, value, depth);
  else if (reader->c == '"')
    result = read_string(reader, value);
  else if (reader->c == '-' || (reader->c >= '0' && reader->c <= '9'))
    result = read_number(reader, value);
  else
    result = read_word(reader, value);
  if (result == 0) skip_blanks(reader);
  return result;
}

int io_json_read(struct json *value, FILE *stream, const char *file, struct io_error *error) {
  struct reader reader = {.stream = stream, .file = file, .error = error, .line = 1, .column = 1};
  int result;

  *value = (struct json){0};
  reader.c = getc_unlocked(stream);
  result = read_value(&reader, value, 0);
  if (result == 0 && (reader.c != EOF || ferror(stream)))
    result = fail(&reader, "more text after the model");
  free(reader.text);
  if (result != 0) io_json_free(value);
  return result;
}

void io_json_free(struct json *value) {
  if (value->type == JSON_STRING) free(value->text);
  if (value->type == JSON_ARRAY) {
    for (size_t i = 0; i < value->count; i++) io_json_free(&value->items[i]);
    free(value->items);
  }
  if (value->type == JSON_OBJECT) {
    for (size_t i = 0; i < value->count; i++) {
      io_json_free(&value->members[i].key);
      io_json_free(&value->members[i].value);
    }
    free(value->members);
  }
  *value = (struct json){0};
}

const struct json *io_json_get(const struct json *object, const char *key) {
  size_t length = strlen(key);

  for (size_t i = object->count; i-- > 0;) {
    const struct json_member *member = &object->members[i];

    if (member->key.count == length && memcmp(member->key.text, key, length) == 0) return &member->value;
  }
  return NULL;
}
