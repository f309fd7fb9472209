/* SPDX-License-Identifier: MIT */
/* What the C++ library does for number.c (decimal.cc). */
#ifndef EMBLAS_IO_DECIMAL_H
#define EMBLAS_IO_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { IO_DECIMAL_LENGTH = 31 };

/* The fewest digits that read back as the value, with an exponent below 1e-4 and from 1e15 on; without a
   NUL, in IO_DECIMAL_LENGTH bytes at most. Returns their end. */
char *io_decimal_print(double value, char *text);

/* Reads a whole text of digits with '.' and 'e', rounded correctly. false: it is none, begins with '+', or
   is beyond the range of normal doubles; *value is then what it was. */
bool io_decimal_read(const char *text, size_t length, double *value);

#ifdef __cplusplus
}
#endif

#endif
