/* SPDX-License-Identifier: MIT */
/* Decimal numbers that mean the same under every locale. The C library rounds correctly both ways; only the
   decimal point has to be kept out of the locale's hands, without changing the locale of the host. */
#include "internal.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

char *io_number_format(double value, char *text) {
  /* Below DBL_MIN doubles carry fewer than 15 digits; from there on 15 never say too much. */
  int digits = fabs(value) < DBL_MIN ? 1 : 15;
  double back;

  do {
    char printed[40], *end = text;

    snprintf(printed, sizeof printed, "%.*g", digits, value);
    for (const char *c = printed; *c; c++)
      if (strchr("0123456789+-einfa", *c))
        *end++ = *c;
      else if (end[-1] != '.') /* the locale's decimal point, of one byte or more */
        *end++ = '.';
    *end = '\0';
  } while (++digits <= 17 && (io_number_parse(text, strlen(text), &back) != 0 || back != value));
  return text;
}

/* Numbers longer than this are rare, and copied to the heap. */
enum { SHORT_NUMBER = 64 };

/* The text in the way that strtod() reads it, NUL-terminated; false: it holds what no number does: words,
   hexadecimal, blanks, NUL. */
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

static enum io_number read_number(const char *text, size_t length, char decimal, const char *exponents,
                                  double *value) {
  char short_copy[SHORT_NUMBER], *copy = short_copy, *end;
  enum io_number result = IO_NUMBER_NONE;
  locale_t c_locale;
  double number;

  if (length >= SHORT_NUMBER) copy = malloc(length + 1);
  if (!copy) return IO_NUMBER_NO_MEMORY;
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant of the C library: free of cost */
  if (c_locale && copy_number(copy, text, length, decimal, exponents)) {
    number = strtod_l(copy, &end, c_locale);
    if (length > 0 && end == copy + length) {
      result = isfinite(number) ? IO_NUMBER : IO_NUMBER_TOO_LARGE;
      if (result == IO_NUMBER) *value = number;
    }
  }
  if (c_locale) freelocale(c_locale);
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
