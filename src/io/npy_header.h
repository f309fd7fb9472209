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

/* Numbers as they stand in the file, as doubles (array.c). */
void npy_decode(const struct npy_header *header, const unsigned char *bytes, size_t count, double *values);

/* A matrix that stays in its file, of which it has a descriptor of its own; NULL without memory or
   descriptors (array.c). */
struct io_array *io_array_make(int file, size_t offset, const struct npy_header *header,
                               const struct io_plan *plan);

#endif
