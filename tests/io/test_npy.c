/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <io/io.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(npy, .init = directory_enter, .fini = directory_leave);

/* A file of version `version` whose header says it is `said` bytes long. */
static void write_announced(int version, size_t said, const char *header, const void *data, size_t size) {
  FILE *file = fopen("a.npy", "wb");

  cr_assert_not_null(file);
  fwrite("\x93NUMPY", 1, 6, file);
  fputc(version, file);
  fputc(0, file);
  for (int i = 0; i < (version == 1 ? 2 : 4); i++) fputc((int)(said >> 8 * i & 255), file);
  fwrite(header, 1, strlen(header), file);
  fwrite(data, 1, size, file);
  fclose(file);
}

static void write_npy(int version, const char *header, const void *data, size_t size) {
  write_announced(version, strlen(header), header, data, size);
}

static int read_npy(struct io_table *table, struct io_error *error) {
  error->text[0] = '\0';
  return io_table_read("a.npy", NULL, table, error);
}

static void expect_error(const char *message) {
  struct io_table table;
  struct io_error error;

  cr_expect_eq(read_npy(&table, &error), -1, "%s", message);
  cr_expect_str_eq(error.text, message);
}

/* One element of a type as '<f8'. */
static void encode(unsigned char *bytes, const char *type, double value) {
  size_t size = (size_t)(type[2] - '0');
  int64_t integer = (int64_t)value;
  float single = (float)value;
  uint64_t bits = 0;

  if (type[1] != 'f')
    bits = (uint64_t)integer;
  else if (size == 8)
    memcpy(&bits, &value, 8);
  else {
    uint32_t single_bits;

    memcpy(&single_bits, &single, 4);
    bits = single_bits;
  }
  for (size_t i = 0; i < size; i++)
    bytes[type[0] == '>' ? size - 1 - i : i] = (unsigned char)(bits >> 8 * i);
}

static void check_type(int version, const char *type, bool fortran) {
  const double signed_values[6] = {1, -2, 3, -4, 100, -128}, unsigned_values[6] = {1, 2, 3, 4, 100, 255};
  const double *values = type[1] == 'u' ? unsigned_values : signed_values;
  size_t size = (size_t)(type[2] - '0');
  unsigned char data[48];
  struct io_table table;
  struct io_error error;
  char header[128];

  for (size_t i = 0; i < 6; i++) /* 2 rows, 3 columns */
    encode(data + size * (fortran ? i / 3 + 2 * (i % 3) : i), type, values[i]);
  snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': (2, 3), }   \n", type,
           fortran ? "True" : "False");
  write_npy(version, header, data, 6 * size);
  cr_assert_eq(read_npy(&table, &error), 0, "%s: %s", type, error.text);
  cr_assert_eq(table.rows, 2);
  cr_assert_eq(table.columns, 3);
  cr_expect_arr_eq(table.values, values, sizeof signed_values, "%s", type);
  cr_expect_str_eq(table.names[2], "x3");
  io_table_free(&table);
}

Test(npy, every_type_order_and_version) {
  const char *const types[] = {"<f8", ">f8", "<f4", ">f4", "|i1", "|u1", "<i1", ">u1", "<i2", ">i2",
                               "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8"};

  for (size_t i = 0; i < COUNT(types); i++)
    for (int version = 1; version <= 3; version++) {
      check_type(version, types[i], false);
      check_type(version, types[i], true);
    }
}

Test(npy, extreme_integers) {
  const struct {
    const char *type;
    unsigned char bytes[8];
    double value;
  } cases[] = {{"<u8", {255, 255, 255, 255, 255, 255, 255, 255}, 18446744073709551616.0},
               {"<i8", {255, 255, 255, 255, 255, 255, 255, 255}, -1},
               {"<i8", {0, 0, 0, 0, 0, 0, 0, 128}, -9223372036854775808.0},
               {">i8", {127, 255, 255, 255, 255, 255, 255, 255}, 9223372036854775808.0}};

  for (size_t i = 0; i < COUNT(cases); i++) {
    struct io_table table;
    struct io_error error;
    char header[128];

    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (1,)}",
             cases[i].type);
    write_npy(1, header, cases[i].bytes, 8);
    cr_assert_eq(read_npy(&table, &error), 0, "%s", error.text);
    cr_expect_eq(table.values[0], cases[i].value);
    io_table_free(&table);
  }
}

Test(npy, headers_that_are_read) {
  const double data[3] = {1, 2, 3};
  const char *const headers[] = {
      "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }",
      "{'shape': (3, 1), 'descr': '<f8', 'fortran_order': True}",
      "{\"shape\": (3,), \"descr\": \"<f8\", \"fortran_order\": False}",
      "  { 'shape' :( 3 , ) ,'fortran_order':False,'descr':'<f8' } \n\n",
  };

  for (size_t i = 0; i < COUNT(headers); i++) {
    struct io_table table;
    struct io_error error;

    write_npy(1, headers[i], data, sizeof data);
    cr_assert_eq(read_npy(&table, &error), 0, "%s", error.text);
    cr_expect_eq(table.rows, 3);
    cr_expect_eq(table.columns, 1, "one dimension is one column");
    cr_expect_arr_eq(table.values, data, sizeof data);
    io_table_free(&table);
  }
}

#define SHAPED(shape) "{'descr': '<f8', 'fortran_order': False, 'shape': " shape "}"
#define TYPED(type) "{'descr': " type ", 'fortran_order': False, 'shape': (3,)}"

Test(npy, headers_that_are_refused) {
  const struct {
    const char *header, *message;
  } cases[] = {
      {SHAPED("(2,)"), "a.npy: bytes after the array: the shape (2, 1) takes 16 bytes, 24 are there"},
      {SHAPED("(4,)"), "a.npy: the file is cut short: the shape (4, 1) takes 32 bytes, 24 are there"},
      {SHAPED("(4294967296, 4294967296)"), "a.npy: the shape (4294967296, 4294967296) is too large"},
      {SHAPED("(2305843009213693952, 1)"), "a.npy: the shape (2305843009213693952, 1) is too large"},
      {SHAPED("(99999999999999999999,)"), "a.npy: malformed .npy header at '9,)}'"},
      {SHAPED("(-1, 2)"), "a.npy: malformed .npy header at '-1, 2)}'"},
      {SHAPED("()"), "a.npy: an array of 0 dimensions; 1 or 2 are read"},
      {SHAPED("(1, 3, 1)"), "a.npy: an array of 3 dimensions; 1 or 2 are read"},
      {SHAPED("(0, 3)"), "a.npy: no rows: the shape is (0, 3)"},
      {SHAPED("(3, 0)"), "a.npy: no rows: the shape is (3, 0)"},
      {SHAPED("(3 1)"), "a.npy: malformed .npy header at '1)}'"},
      {SHAPED("(3,"), "a.npy: malformed .npy header at '}'"},
      {SHAPED("3"), "a.npy: malformed .npy header at '3}'"},
      {TYPED("'O'"), "a.npy: elements of type 'O'; float32, float64 and integers are read"},
      {TYPED("'|O'"), "a.npy: elements of type '|O'; float32, float64 and integers are read"},
      {TYPED("'|V8'"), "a.npy: elements of type '|V8'; float32, float64 and integers are read"},
      {TYPED("'<c16'"), "a.npy: elements of type '<c16'; float32, float64 and integers are read"},
      {TYPED("'<c8'"), "a.npy: elements of type '<c8'; float32, float64 and integers are read"},
      {TYPED("'|b1'"), "a.npy: elements of type '|b1'; float32, float64 and integers are read"},
      {TYPED("'<f2'"), "a.npy: elements of type '<f2'; float32, float64 and integers are read"},
      {TYPED("'<f16'"), "a.npy: elements of type '<f16'; float32, float64 and integers are read"},
      {TYPED("'<ixy'"), "a.npy: elements of type '<ixy'; float32, float64 and integers are read"},
      {TYPED("'<U3'"), "a.npy: elements of type '<U3'; float32, float64 and integers are read"},
      {TYPED("'|f8'"), "a.npy: elements of type '|f8'; float32, float64 and integers are read"},
      {TYPED("''"), "a.npy: elements of type ''; float32, float64 and integers are read"},
      {TYPED("[('x', '<f8')]"), "a.npy: a structured array; plain numbers are read"},
      {TYPED("'<f8"), "a.npy: elements of type '<f8, '; float32, float64 and integers are read"},
      {"{'descr': '<f8', 'fortran_order': False}", "a.npy: the .npy header lacks 'shape'"},
      {"{'descr': '<f8', 'shape': (3,)}", "a.npy: the .npy header lacks 'fortran_order'"},
      {"{}", "a.npy: the .npy header lacks 'descr'"},
      {"{'descr': '<f8', 'descr': '<f8'}", "a.npy: malformed .npy header at ''descr': '<f8'}'"},
      {"{'other': 1}", "a.npy: malformed .npy header at ''other': 1}'"},
      {"{'fortran_order': 0}", "a.npy: malformed .npy header at '0}'"},
      {"", "a.npy: malformed .npy header at ''"},
      {SHAPED("(3,)") "x", "a.npy: malformed .npy header at 'x'"},
  };
  const double data[3] = {1, 2, 3};

  for (size_t i = 0; i < COUNT(cases); i++) {
    write_npy(1, cases[i].header, data, sizeof data);
    expect_error(cases[i].message);
  }
}

Test(npy, lengths_that_lie) {
  const double data[3] = {1, 2, 3};

  write_announced(2, 0xfffffff0u, "", data, 0);
  expect_error("a.npy: a .npy header of 4294967280 bytes; at most 65536 are read");
  write_announced(1, 65535, SHAPED("(3,)"), data, sizeof data);
  expect_error("a.npy: the file is cut short");
  write_npy(4, SHAPED("(3,)"), data, sizeof data);
  expect_error("a.npy: .npy version 4.0; 1.0 to 3.0 are read");
  write_text("a.npy", "1,2\n");
  expect_error("a.npy: not a .npy file");
  write_text("a.npy", "");
  expect_error("a.npy: the file is empty");
}

Test(npy, values_that_are_not_finite) {
  const double data[4] = {1, 2, 3, NAN};
  const float single[4] = {1, 2, -INFINITY, 4};
  const struct io_selection first = {.columns = "1"}, weighted = {.columns = "1", .weights = "2"};
  const double negative[4] = {1, 2, 3, -4};
  struct io_table table;
  struct io_error error;

  write_npy(1, SHAPED("(2, 2)"), data, sizeof data);
  expect_error("a.npy: row 2, column 2: nan is not a finite number");
  cr_expect_eq(io_table_read("a.npy", &first, &table, &error), 0, "only selected columns are looked at");
  cr_expect_eq(table.values[1], 3);
  io_table_free(&table);
  write_npy(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}", single, sizeof single);
  expect_error("a.npy: row 1, column 2: -inf is not a finite number");
  write_npy(1, SHAPED("(2, 2)"), negative, sizeof negative);
  cr_expect_eq(io_table_read("a.npy", &weighted, &table, &error), -1);
  cr_expect_str_eq(error.text, "a.npy: row 2, column 2: -4 is a negative weight");
}

Test(npy, known_by_content_on_standard_input) {
  const double data[3] = {1, 2, 3};
  struct io_table table;
  struct io_error error;

  write_npy(1, SHAPED("(3,)"), data, sizeof data);
  cr_assert_eq(dup2(open("a.npy", O_RDONLY), 0), 0);
  cr_assert_eq(io_table_read("-", NULL, &table, &error), 0, "%s", error.text);
  cr_expect_eq(table.rows, 3);
  io_table_free(&table);
}

Test(npy, more_columns_than_are_read) {
  size_t columns = (1 << 20) + 1;
  char *data = calloc(1, columns);

  cr_assert_not_null(data);
  write_npy(1, "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 1048577)}", data, columns);
  expect_error("a.npy: 1048577 columns; at most 1048576 are read");
  free(data);
}

Test(npy, labels) {
  const double data[3] = {1, 0, 2.5};
  struct io_error error;
  size_t *labels, count;

  write_npy(1, SHAPED("(3,)"), data, sizeof data);
  cr_expect_eq(io_labels_read("a.npy", &labels, &count, &error), -1);
  cr_expect_str_eq(error.text, "a.npy: row 3, column 1: 2.5 is not a label (0, 1, 2, ...)");
}

Test(npy, cut_anywhere_or_with_any_bit_flipped) {
  const double data[3] = {1, 2, 3};
  unsigned char *whole;
  size_t length;

  write_npy(1, SHAPED("(3,)"), data, sizeof data);
  whole = (unsigned char *)read_text("a.npy", &length);
  for (size_t cut = 0; cut < length; cut++) {
    struct io_table table;
    struct io_error error;

    write_bytes("a.npy", whole, cut);
    cr_expect_eq(read_npy(&table, &error), -1, "cut at %zu", cut);
    cr_expect_neq(error.text[0], '\0');
  }
  for (size_t bit = 0; bit < 8 * length; bit++) {
    struct io_table table;
    struct io_error error;

    whole[bit / 8] ^= (unsigned char)(1 << bit % 8);
    write_bytes("a.npy", whole, length);
    if (read_npy(&table, &error) == 0)
      io_table_free(&table); /* another type of the same size, another value */
    else
      cr_expect_neq(error.text[0], '\0');
    whole[bit / 8] ^= (unsigned char)(1 << bit % 8);
  }
  free(whole);
}

/* Rows that stay in their file are read from there; those that a file loses cannot be read, and that is
 * all. */
Test(npy, rows_that_stay_in_a_file_that_shrinks) {
  enum { ROWS = 4000 };
  static double values[ROWS * 2], room[3 * 100];
  const struct io_selection staying = {.stay_from = 1};
  const char header[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (4000, 2), }\n";
  struct emblas_rows rows = {.stride = 2};
  struct io_table table;
  struct io_error error;

  for (size_t i = 0; i < 2 * ROWS; i++) values[i] = (double)i;
  write_npy(1, header, values, sizeof values);
  cr_assert_eq(io_table_read("a.npy", &staying, &table, &error), 0, "%s", error.text);
  cr_assert_null(table.values);
  cr_assert_not_null(table.array);
  struct emblas_reader reader = io_array_reader(table.array);
  cr_assert_eq(reader.read(reader.context, ROWS - 100, 100, room, &rows), 0);
  cr_assert_arr_eq(rows.values, values + 2 * (ROWS - 100), 200 * sizeof *values);
  cr_assert_eq(truncate("a.npy", 10 + (off_t)strlen(header) + ROWS * 8), 0);
  cr_expect_eq(reader.read(reader.context, 0, 100, room, &rows), 0);
  cr_expect_neq(reader.read(reader.context, ROWS / 2 - 50, 100, room, &rows), 0);
  cr_expect_neq(reader.read(reader.context, ROWS - 100, 100, room, &rows), 0);
  io_table_free(&table);
}
