/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_IO_NPY_HEADER_H
#define EMBLAS_IO_NPY_HEADER_H

#include "internal.h"

struct npy_header {
  size_t rows, columns;
  bool fortran; /* column after column */
  bool big_endian;
  char kind;   /* 'f', 'i' or 'u' */
  size_t size; /* bytes of an element */
};

/* Reads the dictionary of a header: NUL-terminated text. */
int npy_header_parse(struct npy_header *header, const char *file, const char *text, struct io_error *error);

/* The selected columns of a matrix of numbers, which stand in an open file from `offset` on: they are read,
   or stay there (array.c). `source` says what for; its input is not looked at. */
int io_array_table(const struct io_source *source, int file, size_t offset, const struct npy_header *header,
                   struct io_table *table, struct io_error *error);

/* A matrix that stays in its file, of which it has a descriptor of its own; NULL without memory or
 * descriptors. */
struct io_array *io_array_make(int file, size_t offset, const struct npy_header *header,
                               const struct io_plan *plan);

/* Have the values of a table in text come to be too many to be kept (spill.c)? */
bool io_spill_pays(const struct io_source *source, const struct io_table *table);
/* Appends the rows of the table to the temporary file, which is made where *spill is NULL. 0, or -1 after
 * an error. */
int io_spill(FILE **spill, struct io_table *table, struct io_error *error);
/* The table is that of the `rows` rows in the file. */
int io_spill_end(FILE *spill, const struct io_source *source, size_t rows, struct io_table *table,
                 struct io_error *error);

#endif
