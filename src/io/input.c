/* SPDX-License-Identifier: MIT */
#include "internal.h"

#include <errno.h>
#include <string.h>

FILE *io_open(const char *path, const char **name, struct io_error *error) {
  FILE *stream;

  if (strcmp(path, "-") == 0) {
    *name = "<standard input>";
    return stdin;
  }
  *name = path;
  stream = fopen(path, "rb");
  if (!stream) io_fail_read(error, path);
  return stream;
}

void io_close(FILE *stream) {
  if (stream != stdin) fclose(stream);
}

int io_fail_read(struct io_error *error, const char *file) {
  return io_fail(error, "%s: %s", file, strerror(errno));
}
