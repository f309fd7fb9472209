/* SPDX-License-Identifier: MIT */
/* NumPy's .npy files, versions 1 to 3. Nothing is believed of the header until the file's size agrees. */
#include "npy_header.h"

#include <string.h>
#include <sys/stat.h>

enum { LONGEST_HEADER = 65536 };

static int fail_short(const struct io_source *source, struct io_error *error) {
  if (ferror(source->input->stream)) return io_fail_read(error, source->name);
  return io_fail(error, "%s: the file is cut short", source->name);
}

static int read_header(const struct io_source *source, struct npy_header *header, size_t *offset,
                       struct io_error *error) {
  unsigned char start[12]; /* magic, version, length of the header: 2 bytes in version 1, then 4 */
  char text[LONGEST_HEADER + 1];
  size_t length, fixed;

  if (fread(start, 1, 8, source->input->stream) != 8 || memcmp(start, "\x93NUMPY", 6) != 0)
    return io_fail(error, "%s: not a .npy file", source->name);
  if (start[6] < 1 || start[6] > 3 || start[7] != 0)
    return io_fail(error, "%s: .npy version %d.%d; 1.0 to 3.0 are read", source->name, start[6], start[7]);
  fixed = start[6] == 1 ? 10 : 12;
  if (fread(start + 8, 1, fixed - 8, source->input->stream) != fixed - 8) return fail_short(source, error);
  length = start[8] | (size_t)start[9] << 8;
  if (fixed == 12) length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
  if (length > LONGEST_HEADER)
    return io_fail(error, "%s: a .npy header of %zu bytes; at most %d are read", source->name, length,
                   LONGEST_HEADER);
  if (fread(text, 1, length, source->input->stream) != length) return fail_short(source, error);
  text[length] = '\0';
  if (strlen(text) != length) return io_fail(error, "%s: a NUL in the .npy header", source->name);
  *offset = fixed + length;
  return npy_header_parse(header, source->name, text, error);
}

/* The file must hold exactly the array that its header announces. */
static int check_size(const struct io_source *source, const struct npy_header *header, size_t offset,
                      struct io_error *error) {
  struct stat status;
  size_t count, bytes, memory;

  if (fstat(fileno(source->input->stream), &status) != 0) return io_fail_read(error, source->name);
  if (header->rows == 0 || header->columns == 0)
    return io_fail(error, "%s: no rows: the shape is (%zu, %zu)", source->name, header->rows,
                   header->columns);
  if (!io_multiply(header->rows, header->columns, &count) || !io_multiply(count, sizeof(double), &memory))
    return io_fail(error, "%s: the shape (%zu, %zu) is too large", source->name, header->rows,
                   header->columns);
  bytes = count * header->size; /* size <= sizeof(double) */
  if ((uintmax_t)status.st_size - offset != bytes)
    return io_fail(error, "%s: %s: the shape (%zu, %zu) takes %zu bytes, %ju are there", source->name,
                   (uintmax_t)status.st_size - offset < bytes ? "the file is cut short"
                                                              : "bytes after the array",
                   header->rows, header->columns, bytes, (uintmax_t)status.st_size - offset);
  return 0;
}

static int read_array(const struct io_source *source, struct io_table *table, struct io_error *error) {
  struct npy_header header = {0};
  size_t offset;

  if (read_header(source, &header, &offset, error) != 0) return -1;
  if (check_size(source, &header, offset, error) != 0) return -1;
  return io_array_table(source, fileno(source->input->stream), offset, &header, table, error);
}

/* What comes through a pipe has no size that could be compared, before it is in a file. */
int io_npy_read(const struct io_source *source, struct io_table *table, struct io_error *error) {
  return io_input_rewind(source->input, error) == 0 ? read_array(source, table, error) : -1;
}
