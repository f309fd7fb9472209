/* SPDX-License-Identifier: MIT */
/* Decimal numbers that mean the same under every locale. */
#include "decimal.h"
#include "internal.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

char *io_number_format(double value, char *text) {
  *io_decimal_print(value, text) = '\0';
  return text;
}

/* Numbers longer than this are rare, and copied to the heap. */
enum { SHORT_NUMBER = 64 };

/* The text with '.' and 'e', NUL-terminated; false: it holds what no number does: words, hexadecimal,
   blanks, NUL. */
static bool copy_number(char *copy, const char *text, size_t length, char decimal, const char *exponents) {
  for (size_t i = 0; i < length; i++) {
    char c = text[i];

    if (c == decimal)
      c = '.';
    else if (!((c >= '0' && c <= '9') || c == '+' || c == '-')) {
      if (c == '\0' || !strchr(exponents, c)) return false;
      c = 'e';
    }
    copy[i] = c;
  }
  copy[length] = '\0';
  return true;
}

/* Numbers that the C++ library leaves: with a plus, and beyond the range of normal doubles. */
static enum io_number read_rare(const char *text, size_t length, double *value) {
  locale_t c_locale =
      newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant of the C library: free of cost */
  char *end;
  double number;

  if (!c_locale) return IO_NUMBER_NO_MEMORY;
  number = strtod_l(text, &end, c_locale);
  freelocale(c_locale);
  if (length == 0 || end != text + length) return IO_NUMBER_NONE;
  if (!isfinite(number)) return IO_NUMBER_TOO_LARGE;
  *value = number;
  return IO_NUMBER;
}

static enum io_number read_number(const char *text, size_t length, char decimal, const char *exponents,
                                  double *value) {
  char short_copy[SHORT_NUMBER], *copy = short_copy;
  enum io_number result = IO_NUMBER_NONE;

  if (decimal == '.' && io_decimal_read(text, length, value)) return IO_NUMBER;
  if (length >= SHORT_NUMBER) copy = malloc(length + 1);
  if (!copy) return IO_NUMBER_NO_MEMORY;
  if (copy_number(copy, text, length, decimal, exponents))
    result = io_decimal_read(copy, length, value) ? IO_NUMBER : read_rare(copy, length, value);
  if (copy != short_copy) free(copy);
  return result;
}

enum io_number io_number_read(const char *text, size_t length, double *value) {
  return read_number(text, length, '.', "eE", value);
}

enum io_number io_number_read_field(const char *text, size_t length, char decimal, double *value) {
  return read_number(text, length, decimal, "eEdD", value);
}

int io_number_parse(const char *text, size_t length, double *value) {
  return io_number_read(text, length, value) == IO_NUMBER ? 0 : -1;
}
