/* SPDX-License-Identifier: MIT */
/* What a field of a text is. */
#include "layout.h"

#include <string.h>
#include <strings.h>

struct io_field io_field_trim(struct io_field field) {
  while (field.length > 0 && (*field.text == ' ' || *field.text == '\t')) field.text++, field.length--;
  while (field.length > 0 && (field.text[field.length - 1] == ' ' || field.text[field.length - 1] == '\t'))
    field.length--;
  return field;
}

static bool is_one_of(struct io_field field, const char *const *words) {
  for (; *words; words++)
    if (field.length == strlen(*words) && strncasecmp(field.text, *words, field.length) == 0) return true;
  return false;
}

/* Whether a comma list holds it, capitals as they are. */
static bool is_listed(struct io_field field, const char *list) {
  while (list) {
    const char *comma = strchr(list, ',');
    size_t length = comma ? (size_t)(comma - list) : strlen(list);
    struct io_field item = io_field_trim((struct io_field){list, length, 0});

    if (item.length == field.length && memcmp(item.text, field.text, field.length) == 0) return true;
    list = comma ? comma + 1 : NULL;
  }
  return false;
}

enum io_field_kind io_field_kind(struct io_field field, const struct io_format *format, char decimal) {
  static const char *const missing[] = {"na", "n/a", "nan", "null", "none", ".", "*", "?", NULL};
  static const char *const infinite[] = {"inf", "infinity", NULL};
  struct io_field unsigned_field = field;
  double value;

  if (field.length > 1 && (*field.text == '+' || *field.text == '-'))
    unsigned_field.text++, unsigned_field.length--;
  if (field.length == 0 || is_one_of(unsigned_field, missing) || is_listed(field, format->missing))
    return IO_FIELD_MISSING;
  if (is_one_of(unsigned_field, infinite)) return IO_FIELD_INFINITE;
  return io_number_read_field(field.text, field.length, decimal, &value) == IO_NUMBER_NONE
             ? IO_FIELD_WORD
             : IO_FIELD_NUMBER;
}

bool io_field_is_integer(struct io_field field) {
  size_t i = field.length > 1 && (*field.text == '-' || *field.text == '+');

  for (size_t j = i; j < field.length; j++)
    if (field.text[j] < '0' || field.text[j] > '9') return false;
  return field.length > i;
}
