/* SPDX-License-Identifier: MIT */
/* Files that are no plain text: read, or refused by what they are. */
#include "support.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <io/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(recognise, .init = directory_enter, .fini = directory_leave);

static void expect_error(const char *name, const void *bytes, size_t length, const char *message) {
  struct io_table table;
  struct io_error error = {.text = ""};

  write_bytes(name, bytes, length);
  cr_expect_eq(io_table_read(name, NULL, &table, &error), -1, "%s", message);
  cr_expect_str_eq(error.text, message);
}

static void expect_rows(const char *name, size_t rows, double last) {
  struct io_table table;
  struct io_error error = {.text = ""};

  cr_assert_eq(io_table_read(name, NULL, &table, &error), 0, "%s", error.text);
  cr_expect_eq(table.rows, rows);
  cr_expect_eq(table.columns, 2);
  cr_expect_eq(table.values[2 * rows - 1], last);
  io_table_free(&table);
}

#define ERROR_OF(bytes, message) expect_error("data.csv", bytes, sizeof(bytes) - 1, "data.csv: " message)

Test(recognise, what_is_not_read) {
  ERROR_OF("PK\x03\x04\x14\0\0\0",
           "the file is a zip archive, as .npz and .xlsx are: save the table as CSV or .npy");
  ERROR_OF("\x89HDF\r\n\x1a\n\0\0", "the file is HDF5: save the table as CSV or .npy");
  ERROR_OF("BZh91AY&SY", "the file is compressed by bzip2: expand it with bunzip2");
  ERROR_OF("\xfd"
           "7zXZ\0\0",
           "the file is compressed by xz: expand it with unxz");
  ERROR_OF("1,2\n\0\0\0", "byte 5 is NUL: the file is neither text nor .npy");
  ERROR_OF("\x7f"
           "ELF\x02\x01\x01\0",
           "byte 8 is NUL: the file is neither text nor .npy");
}

/* A text as units of 16 bits. */
static size_t widen(char *wide, const char *text, bool big, bool mark) {
  size_t length = 0;

  if (mark) {
    memcpy(wide, big ? "\xfe\xff" : "\xff\xfe", 2);
    length = 2;
  }
  for (; *text; text++, length += 2) {
    wide[length + big] = *text;
    wide[length + !big] = '\0';
  }
  return length;
}

Test(recognise, wide_text) {
  const char text[] = "a;b\r\n1,5;2\r\n3;4,25\r\n";
  char wide[100];

  for (int form = 0; form < 4; form++) {
    size_t length = widen(wide, text, form & 1, form & 2);

    write_bytes("data.csv", wide, length);
    expect_rows("data.csv", 2, 4.25);
  }
  /* cut within a character, and half of one that takes two units */
  expect_error("data.csv", wide, widen(wide, text, true, true) - 1,
               "data.csv: the text in UTF-16 ends within a character");
  wide[2] = '\xdc';
  expect_error("data.csv", wide, widen(wide + 4, text, true, false) + 4,
               "data.csv: begins as UTF-16, but has a character that is none");
}

Test(recognise, long_wide_text) {
  enum { ROWS = 30000 };
  char *text = malloc(ROWS * 8 + 1), *end = text, *wide = malloc(ROWS * 16 + 4);

  cr_assert(text && wide);
  for (int i = 0; i < ROWS; i++) end += sprintf(end, "%d,%d\n", i % 100, i % 10);
  write_bytes("data.csv", wide, widen(wide, text, false, true));
  expect_rows("data.csv", ROWS, (ROWS - 1) % 10);
  free(text);
  free(wide);
}

/* gzip itself makes the files. */
static void compress(const char *command) {
  if (system("command -v gzip >/dev/null") != 0) cr_skip_test("gzip is not installed");
  cr_assert_eq(system(command), 0);
}

/* Whether the build has zlib. */
static bool is_read(const char *name) {
  struct io_table table;
  struct io_error error;

  if (io_table_read(name, NULL, &table, &error) == 0) {
    io_table_free(&table);
    return true;
  }
  cr_expect_str_eq(error.text, "data.gz: compressed by gzip: gunzip expands it");
  return false;
}

Test(recognise, gzip) {
  size_t length;
  char *bytes;

  write_text("a.csv", "a,b\n1,2\n3,4\n");
  write_text("b.csv", "5,6\n");
  compress("gzip a.csv b.csv && cat a.csv.gz b.csv.gz >data.gz && gzip -c data.gz >twice.gz");
  if (!is_read("data.gz")) return;
  expect_rows("data.gz", 3, 6);
  expect_rows("a.csv.gz", 2, 4);
  bytes = read_text("twice.gz", &length);
  expect_error("data.csv", bytes, length, "data.csv: compressed by gzip, twice");
  free(bytes);
  bytes = read_text("data.gz", &length);
  expect_error("cut.gz", bytes, length - 9, "cut.gz: compressed by gzip, and cut short");
  bytes[length - 6] ^= 1; /* the checksum */
  expect_error("bad.gz", bytes, length, "bad.gz: compressed by gzip, and damaged");
  free(bytes);
}

Test(recognise, gzip_through_a_pipe) {
  int ends[2];
  size_t length;
  char *bytes;

  write_text("data", "a,b\n1,2\n3,4\n");
  compress("gzip data");
  if (!is_read("data.gz")) return;
  bytes = read_text("data.gz", &length);
  cr_assert_eq(pipe(ends), 0);
  cr_assert_eq(write(ends[1], bytes, length), (ssize_t)length);
  close(ends[1]);
  cr_assert_eq(dup2(ends[0], 0), 0);
  expect_rows("-", 2, 4);
  free(bytes);
}
