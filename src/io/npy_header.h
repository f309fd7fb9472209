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

/* The selected columns of a matrix of numbers, which stand in an open file from `offset` on: they are read, or stay
   there (array.c). `source` says what for; its input is not looked at. */
int io_array_table(const struct io_source *source, int file, size_t offset, const struct npy_header *header,
                   struct io_table *table, struct io_error *error);

#endif
