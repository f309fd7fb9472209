/* SPDX-License-Identifier: MIT */
/* NumPy's .npy files, version 1.0: the header; what follows are doubles as they are in memory, row after
 * row. */
#include "internal.h"

#include <string.h>

bool io_npy_named(const char *path) {
  size_t length = strlen(path);

  return length > 4 && strcmp(path + length - 4, ".npy") == 0;
}

void io_npy_begin(FILE *stream, size_t rows, size_t columns) {
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
