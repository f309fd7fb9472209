/* SPDX-License-Identifier: MIT */
/* What gzip has compressed, by zlib where the build has it. */
#include "internal.h"

#ifdef EMBLAS_ZLIB
#include <unistd.h>
#include <zlib.h>

/* Everything, or -1 after an error of either side. */
static int expand(gzFile packed, FILE *copy, const char *name, struct io_error *error) {
  char chunk[IO_CHUNK];
  int length, why;

  while ((length = gzread(packed, chunk, sizeof chunk)) > 0)
    if (fwrite(chunk, 1, (size_t)length, copy) != (size_t)length) return io_fail_temporary(error);
  gzerror(packed, &why);
  if (why == Z_MEM_ERROR) return io_fail_memory(error, name);
  if (why == Z_BUF_ERROR) return io_fail(error, "%s: compressed by gzip, and cut short", name);
  if (why != Z_OK && why != Z_STREAM_END)
    return io_fail(error, "%s: compressed by gzip, and damaged", name);
  return fflush(copy) == 0 ? 0 : io_fail_temporary(error);
}

int io_gunzip(struct io_input *input, struct io_error *error) {
  int file, result = -1;
  gzFile packed = NULL;
  FILE *copy;

  if (io_input_rewind(input, error) != 0) return -1;
  file = dup(fileno(input->stream));
  if (file >= 0 && lseek(file, 0, SEEK_SET) == 0) packed = gzdopen(file, "rb");
  if (!packed) {
    if (file >= 0) close(file);
    return io_fail_memory(error, input->name);
  }
  copy = tmpfile();
  if (copy)
    result = expand(packed, copy, input->name, error);
  else
    io_fail_temporary(error);
  gzclose(packed);
  if (result == 0) return io_input_replace(input, copy, error);
  if (copy) fclose(copy);
  return -1;
}

#else

int io_gunzip(struct io_input *input, struct io_error *error) {
  return io_fail(error, "%s: compressed by gzip: gunzip expands it", input->name);
}

#endif
