/* SPDX-License-Identifier: MIT */
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

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

int io_input_replace(struct io_input *input, FILE *stream, struct io_error *error) {
  io_close(input->stream);
  input->stream = stream;
  rewind(stream);
  input->length = fread(input->chunk, 1, IO_CHUNK, stream);
  return ferror(stream) ? io_fail_read(error, input->name) : 0;
}

int io_input_open(struct io_input *input, const char *path, struct io_error *error) {
  input->stream = io_open(path, &input->name, error);
  if (!input->stream) return -1;
  input->length = fread(input->chunk, 1, IO_CHUNK, input->stream);
  if (!ferror(input->stream)) return 0;
  io_fail_read(error, input->name);
  io_close(input->stream);
  return -1;
}

void io_input_close(struct io_input *input) {
  io_close(input->stream);
}

/* The chunk and what is left of the stream, in a temporary file; NULL after an error. */
static FILE *spool(struct io_input *input, struct io_error *error) {
  FILE *copy = tmpfile();

  if (!copy || fwrite(input->chunk, 1, input->length, copy) != input->length) {
    io_fail_temporary(error);
    if (copy) fclose(copy);
    return NULL;
  }
  if (copy_all(input->stream, copy, input->name, error) == 0) return copy;
  fclose(copy);
  return NULL;
}

int io_input_rewind(struct io_input *input, struct io_error *error) {
  struct stat status;
  FILE *copy;

  if (fstat(fileno(input->stream), &status) != 0) return io_fail_read(error, input->name);
  if (!S_ISREG(status.st_mode)) {
    copy = spool(input, error);
    if (!copy || io_input_replace(input, copy, error) != 0) return -1;
  }
  return fseeko(input->stream, 0, SEEK_SET) == 0 ? 0 : io_fail_read(error, input->name);
}

int io_fail_read(struct io_error *error, const char *file) {
  int why = errno;

  io_fail(error, "%s: %s", file, strerror(why));
  error->resources = why == ENOMEM;
  return -1;
}
