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

/* integer * 10^power, rounded once, of up to 19 digits and powers that doubles hold exactly: what the first
   rounding leaves is found, and added. false: it may be so close to the middle of two doubles that this
   says nothing. */
static bool scale(uint64_t integer, int power, double *value) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  double high = (double)integer, low = (double)(int64_t)(integer - (uint64_t)high), first, rest, sum;

  if (FLT_EVAL_METHOD != 0 || power < -22 || power > 22)
    return false; /* each operation must round to a double */
  if (power < 0) {
    first = high / powers[-power];
    rest = (fma(-first, powers[-power], high) + low) / powers[-power];
  } else {
    first = high * powers[power];
    rest = fma(high, powers[power], -first) + low * powers[power];
  }
  sum = first + rest;
  rest = (first - sum) + rest;
  if (sum + rest * (1 + 0x1p-20) != sum) return false;
  *value = sum;
  return true;
}

/* The power of ten behind the letter of an exponent; false where there are no digits, or many. */
static bool read_exponent(const char *text, size_t length, int *power) {
  bool negative = length > 0 && *text == '-';
  size_t first = length > 0 && (*text == '-' || *text == '+');

  if (length == first || length > first + 3) return false;
  *power = 0;
  for (size_t i = first; i < length; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    *power = 10 * *power + (text[i] - '0');
  }
  if (negative) *power = -*power;
  return true;
}

/* Up to 19 digits, with a sign, a decimal mark and a small exponent. false: other numbers, or none. */
static bool read_plain(const char *text, size_t length, char decimal, const char *exponents,
                       double *value) {
  bool negative = length > 0 && *text == '-', marked = false, some = false;
  size_t i = negative, digits = 0;
  int fraction = 0, power = 0;
  uint64_t integer = 0;

  for (; i < length; i++) {
    if (text[i] == decimal && !marked) {
      marked = true;
    } else if (text[i] >= '0' && text[i] <= '9' && digits < 19) {
      integer = 10 * integer + (uint64_t)(text[i] - '0');
      digits += integer > 0;
      fraction += marked;
      some = true;
    } else {
      break;
    }
  }
  if (!some || fraction > 100) return false;
  if (i < length) {
    if (text[i] == '\0' || !strchr(exponents, text[i])) return false;
    if (!read_exponent(text + i + 1, length - i - 1, &power)) return false;
  }
  if (!scale(integer, power - fraction, value)) return false;
  if (negative) *value = -*value;
  return true;
}

static enum io_number read_number(const char *text, size_t length, char decimal, const char *exponents,
                                  double *value) {
  char short_copy[SHORT_NUMBER], *copy = short_copy, *end;
  enum io_number result = IO_NUMBER_NONE;
  locale_t c_locale;
  double number;

  if (read_plain(text, length, decimal, exponents, value)) return IO_NUMBER;
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
