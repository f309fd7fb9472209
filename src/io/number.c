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

enum io_number io_number_read(const char *text, size_t length, double *value) {
  char short_copy[SHORT_NUMBER], *copy = short_copy, *end;
  enum io_number result = IO_NUMBER_NONE;
  locale_t c_locale;
  double number;

  for (size_t i = 0; i < length; i++) /* no words, no hexadecimal, no blanks, no NUL */
    if (!((text[i] >= '0' && text[i] <= '9') || text[i] == '.' || text[i] == '+' || text[i] == '-' ||
          text[i] == 'e' || text[i] == 'E'))
      return IO_NUMBER_NONE;
  if (length >= SHORT_NUMBER) copy = malloc(length + 1);
  if (!copy) return IO_NUMBER_NO_MEMORY;
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant of the C library: free of cost */
  if (c_locale) {
    memcpy(copy, text, length);
    copy[length] = '\0';
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

int io_number_parse(const char *text, size_t length, double *value) {
  return io_number_read(text, length, value) == IO_NUMBER ? 0 : -1;
}
