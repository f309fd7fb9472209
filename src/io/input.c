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

/* Everything, or -1 after an error of either stream. */
static int copy_all(FILE *stream, FILE *copy, const char *name, struct io_error *error) {
  char chunk[65536];
  size_t length;

  while ((length = fread(chunk, 1, sizeof chunk, stream)) > 0)
    if (fwrite(chunk, 1, length, copy) != length) return io_fail_temporary(error);
  if (ferror(stream)) return io_fail_read(error, name);
  return fflush(copy) == 0 ? 0 : io_fail_temporary(error);
}

FILE *io_spool(FILE *stream, const char *name, struct io_error *error) {
  FILE *copy = tmpfile();

  if (!copy) {
    io_fail_temporary(error);
    return NULL;
  }
  if (copy_all(stream, copy, name, error) != 0) {
    fclose(copy);
    return NULL;
  }
  rewind(copy);
  return copy;
}

int io_fail_read(struct io_error *error, const char *file) {
  int why = errno;

  io_fail(error, "%s: %s", file, strerror(why));
  error->resources = why == ENOMEM;
  return -1;
}
