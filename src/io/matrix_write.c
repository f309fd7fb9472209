/* SPDX-License-Identifier: MIT */
/* Matrices in files: NumPy's .npy, version 1.0, or HDF5, by the name. What follows the header are doubles
   as they are in memory, row after row. */
#include "h5.h"

#include <string.h>

static bool is_npy(const char *path) {
  size_t length = strlen(path);

  return length > 4 && strcmp(path + length - 4, ".npy") == 0;
}

static void begin_npy(FILE *stream, size_t rows, size_t columns) {
  enum { START = 10, ALIGNED = 64 }; /* bytes before the dictionary, and what its end is a multiple of */
  static const unsigned one = 1;
  char text[160];
  int little = *(const unsigned char *)&one == 1;
  int length =
      snprintf(text, sizeof text, "{'descr': '%cf8', 'fortran_order': False, 'shape': (%zu, %zu), }",
               little ? '<' : '>', rows, columns);
  size_t whole = (START + (size_t)length + 1 + ALIGNED - 1) / ALIGNED * ALIGNED - START;

  fwrite("\x93NUMPY\x01\x00", 1, 8, stream);
  fputc((int)(whole & 0xff), stream);
  fputc((int)(whole >> 8), stream);
  fprintf(stream, "%-*s\n", (int)whole - 1, text);
}

bool io_matrix_named(const char *path) {
  return is_npy(path) || io_hdf5_named(path);
}

int io_matrix_open(struct io_replacement *r, const char *path, size_t rows, size_t columns,
                   struct io_error *error) {
  if (io_hdf5_named(path)) return io_hdf5_create(r, path, rows, columns, error);
  if (io_replace_open(r, path, error) != 0) return -1;
  begin_npy(r->stream, rows, columns);
  return 0;
}
