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
      if ((*c >= '0' && *c <= '9') || strchr("+-einfa", *c))
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

/* Up to 15 digits, with a sign and a decimal mark: their integer and the power of ten are doubles, so that
   the quotient is the one that is nearest. false: other numbers, or none. */
static bool read_plain(const char *text, size_t length, char decimal, double *value) {
  static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  bool negative = length > 0 && *text == '-', marked = false;
  size_t digits = 0, fraction = 0;
  uint64_t integer = 0;

  for (size_t i = negative; i < length; i++) {
    if (text[i] == decimal && !marked) {
      marked = true;
    } else if (text[i] >= '0' && text[i] <= '9' && digits < 15) {
      integer = 10 * integer + (uint64_t)(text[i] - '0');
      digits++;
      fraction += marked;
    } else {
      return false;
    }
  }
  if (digits == 0) return false;
  *value = (double)integer / powers[fraction];
  if (negative) *value = -*value;
  return true;
}

static enum io_number read_number(const char *text, size_t length, char decimal, const char *exponents,
                                  double *value) {
  char short_copy[SHORT_NUMBER], *copy = short_copy, *end;
  enum io_number result = IO_NUMBER_NONE;
  locale_t c_locale;
  double number;

  if (read_plain(text, length, decimal, value)) return IO_NUMBER;
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
