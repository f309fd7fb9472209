/* SPDX-License-Identifier: MIT */
/* How a text sets its fields apart. */
#ifndef EMBLAS_IO_DIALECT_H
#define EMBLAS_IO_DIALECT_H

#include "internal.h"

struct io_dialect {
  char separator; /* ' ': any run of blanks and tabs */
  char comment;   /* lines that begin with it are left out; IO_NO_COMMENT: none */
};

/* Finds what the format leaves open in the beginning of a text. whole: there is nothing after it.
   Where the last comment before the first row holds a name for each field of a row of numbers, it is made a
   line of the table: its comment character becomes a blank. */
void io_dialect_find(struct io_dialect *dialect, const struct io_format *format, char *text, size_t length,
                     bool whole);

/* Runs of blanks outside quotation marks become one, those at the ends of lines none. A text may come in
   pieces; `out` holds a byte more than the piece. Returns what was written. */
struct io_squeeze {
  bool begun, pending, quoted;
};
size_t io_squeeze(struct io_squeeze *state, const char *text, size_t length, char *out);

/* Whether a field may be meant as a number, with a point or a comma. */
bool io_looks_numeric(const char *text, size_t length);

#endif
