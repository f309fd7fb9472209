/* SPDX-License-Identifier: MIT */
/* Text for a terminal of any width. */
#include "text.h"
#include "cli.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum { LABEL_COLUMNS = 16, NARROWEST = 20 };

/* 0: nothing says it. */
static size_t known_width(FILE *stream) {
  const char *variable = getenv("COLUMNS");
  struct winsize window;
  long width = variable ? strtol(variable, NULL, 10) : 0;
  if (width <= 0 && ioctl(fileno(stream), TIOCGWINSZ, &window) == 0) width = window.ws_col;
  if (width <= 0) return 0;
  return width < NARROWEST ? NARROWEST : (size_t)width;
}

size_t text_width(FILE *stream) {
  size_t width = known_width(stream);
  return width ? width : 80;
}

size_t text_table_width(FILE *stream) {
  size_t width = known_width(stream);
  return width ? width : SIZE_MAX / 2;
}

/* Bytes of the UTF-8 character at text: the lead byte and what continues it. */
static size_t character_bytes(const char *text) {
  size_t bytes = 1;
  while (((unsigned char)text[bytes] & 0xc0) == 0x80) bytes++;
  return bytes;
}

size_t text_columns(const char *text) {
  size_t columns = 0;
  for (; *text; text += character_bytes(text)) columns++;
  return columns;
}

char *text_clean(const char *text) {
  char *copy = print_string("%s", text);
  io_make_printable(copy);
  return copy;
}

void text_cell(FILE *stream, const char *text, int columns) {
  size_t room = (size_t)abs(columns), used = 0;
  const char *end = text;
  for (; *end && used < room; used++) end += character_bytes(end);
  int blanks = (int)(room - used), bytes = (int)(end - text);
  if (columns < 0)
    fprintf(stream, "%*s%.*s", blanks, "", bytes, text);
  else
    fprintf(stream, "%.*s%*s", bytes, text, blanks, "");
}

void text_field(FILE *stream, size_t width, const char *label, const char *text) {
  size_t column = LABEL_COLUMNS;
  char *clean = text_clean(text);
  const char *value = clean;
  text_cell(stream, label, LABEL_COLUMNS);
  while (*value) {
    size_t bytes = strcspn(value, " ");
    char *word = print_string("%.*s", (int)bytes, value);
    size_t columns = text_columns(word);
    if (column > LABEL_COLUMNS && column + 1 + columns > width) {
      fprintf(stream, "\n%*s", LABEL_COLUMNS, "");
      column = LABEL_COLUMNS;
    } else if (column > LABEL_COLUMNS) {
      fputc(' ', stream);
      column++;
    }
    fputs(word, stream);
    column += columns;
    free(word);
    value += bytes;
    value += strspn(value, " ");
  }
  free(clean);
  fputc('\n', stream);
}

void text_fieldf(FILE *stream, size_t width, const char *label, const char *format, ...) {
  char *value;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&value, format, arguments) < 0) die(EXIT_FAILED, "out of memory");
  va_end(arguments);
  text_field(stream, width, label, value);
  free(value);
}

char *text_nats(double value, char *text) {
  snprintf(text, 32, fabs(value) < 1e9 ? "%.6f" : "%.15g", value);
  return text;
}

char *text_measure(double value, double deviation, char *text) {
  double digits = 3;
  if (value != 0 && deviation > 0) digits += floor(log10(fabs(value))) - floor(log10(deviation));
  int precision = digits < 3 ? 3 : digits > 15 ? 15 : (int)digits;
  snprintf(text, 32, "%#.*g", precision, value);
  size_t length = strlen(text);
  if (text[length - 1] == '.') text[length - 1] = '\0';
  return text;
}
