/* SPDX-License-Identifier: MIT */
/* What a file is, by its first bytes. */
#include "internal.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

struct signature {
  const char *bytes;
  size_t length;
  const char *kind, *advice;
};
#define BYTES(text) text, sizeof(text) - 1

static const struct signature refused[] = {
    {BYTES("PK\x03\x04"), "a zip archive, as .npz and .xlsx are", "save the table as CSV or .npy"},
    {BYTES("\x89HDF\r\n\x1a\n"), "HDF5", "save the table as CSV or .npy"},
    {BYTES("\xd0\xcf\x11\xe0"), "an old Excel file", "save the table as CSV"},
    {BYTES("PAR1"), "Parquet", "save the table as CSV or .npy"},
    {BYTES("ARROW1"), "Arrow", "save the table as CSV or .npy"},
    {BYTES("SIMPLE  ="), "FITS", "save the table as CSV or .npy"},
    {BYTES("MATLAB 5.0"), "a MATLAB file", "save the table as CSV"},
    {BYTES("RDX"), "data of R", "save the table with write.csv"},
    {BYTES("%PDF-"), "PDF", "save the table as CSV"},
    {BYTES("BZh"), "compressed by bzip2", "expand it with bunzip2"},
    {BYTES("\xfd"
           "7zXZ"),
     "compressed by xz", "expand it with unxz"},
    {BYTES("\x28\xb5\x2f\xfd"), "compressed by zstd", "expand it with unzstd"},
};

static bool begins(const struct io_input *input, const char *bytes, size_t length) {
  return input->length >= length && memcmp(input->chunk, bytes, length) == 0;
}

/* The character set of a text that is not one of single bytes: by its byte order mark, or by zeros in every
   other byte of its beginning; NULL. */
static const char *wide_set(const struct io_input *input, size_t *mark) {
  enum { LOOK = 64 };
  size_t pairs = (input->length < LOOK ? input->length : LOOK) / 2, zeros[2] = {0, 0};
  static const struct {
    const char *bytes;
    size_t length;
    const char *set;
  } marks[] = {{BYTES("\xff\xfe\0\0"), "UTF-32LE"},
               {BYTES("\0\0\xfe\xff"), "UTF-32BE"},
               {BYTES("\xff\xfe"), "UTF-16LE"},
               {BYTES("\xfe\xff"), "UTF-16BE"}};

  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    *mark = marks[i].length;
    if (begins(input, marks[i].bytes, marks[i].length)) return marks[i].set;
  }
  *mark = 0;
  for (size_t i = 0; i < 2 * pairs; i++) zeros[i % 2] += input->chunk[i] == '\0';
  if (pairs > 1 && zeros[1] == pairs && zeros[0] == 0) return "UTF-16LE";
  return pairs > 1 && zeros[0] == pairs && zeros[1] == 0 ? "UTF-16BE" : NULL;
}

/* Converts a piece; what is left of it, part of a character, moves to its beginning, and *length is its
 * size. */
static int convert_piece(iconv_t set, char *piece, size_t *length, FILE *copy) {
  char out[4096], *from = piece;

  for (bool all = false; !all;) {
    char *to = out;
    size_t room = sizeof out;

    all = iconv(set, &from, length, &to, &room) != (size_t)-1 || errno == EINVAL;
    if (!all && errno != E2BIG) return -1;
    if (fwrite(out, 1, sizeof out - room, copy) != sizeof out - room) return -1;
  }
  memmove(piece, from, *length);
  return 0;
}

/* The rest of the input, after the mark, as UTF-8. */
static int convert(struct io_input *input, size_t mark, iconv_t set, FILE *copy, struct io_error *error) {
  size_t left = input->length - mark, got;

  memmove(input->chunk, input->chunk + mark, left);
  do {
    errno = 0;
    if (convert_piece(set, input->chunk, &left, copy) != 0) {
      if (errno != EILSEQ) return io_fail_temporary(error);
      return io_fail(error, "%s: begins as UTF-16, but has a character that is none", input->name);
    }
    got = fread(input->chunk + left, 1, IO_CHUNK - left, input->stream);
    left += got;
  } while (got > 0);
  if (ferror(input->stream)) return io_fail_read(error, input->name);
  if (left > 0) return io_fail(error, "%s: the text in UTF-16 ends within a character", input->name);
  return fflush(copy) == 0 ? 0 : io_fail_temporary(error);
}

static int widen(struct io_input *input, const char *from, size_t mark, struct io_error *error) {
  iconv_t set = iconv_open("UTF-8", from);
  FILE *copy = set == (iconv_t)-1 ? NULL : tmpfile();
  int result = -1;

  if (set == (iconv_t)-1 && errno == ENOMEM)
    io_fail_memory(error, input->name);
  else if (set == (iconv_t)-1)
    io_fail(error, "%s: text in %s: iconv -f %s -t UTF-8 makes it one that is read", input->name, from,
            from);
  else if (!copy)
    io_fail_temporary(error);
  else
    result = convert(input, mark, set, copy, error);
  if (set != (iconv_t)-1) iconv_close(set);
  if (result == 0) return io_input_replace(input, copy, error);
  if (copy) fclose(copy);
  return -1;
}

static int refuse_binary(const struct io_input *input, struct io_error *error) {
  const char *zero = memchr(input->chunk, '\0', input->length);

  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    if (begins(input, refused[i].bytes, refused[i].length))
      return io_fail(error, "%s: the file is %s: %s", input->name, refused[i].kind, refused[i].advice);
  if (!zero || input->chunk[0] == '\x93') return 0;
  return io_fail(error, "%s: byte %td is NUL: the file is neither text nor .npy", input->name,
                 zero - input->chunk + 1);
}

int io_recognise(struct io_input *input, struct io_error *error) {
  const char *set;
  size_t mark;

  if (begins(input, BYTES("\x1f\x8b")) && io_gunzip(input, error) != 0) return -1;
  if (begins(input, BYTES("\x1f\x8b"))) return io_fail(error, "%s: compressed by gzip, twice", input->name);
  set = wide_set(input, &mark);
  if (set) return widen(input, set, mark, error);
  return refuse_binary(input, error);
}
