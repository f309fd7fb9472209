/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <io/io.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(csv, .init = directory_enter, .fini = directory_leave);

/* Reads text of `length` bytes as data.csv. */
static int read_length(const char *text, size_t length, struct io_table *table, struct io_error *error) {
  write_bytes("data.csv", text, length);
  error->text[0] = '\0';
  return io_table_read("data.csv", NULL, table, error);
}

static void expect_error(const char *text, size_t length, const char *message) {
  struct io_table table;
  struct io_error error;

  cr_expect_eq(read_length(text, length, &table, &error), -1, "%s", message);
  cr_expect_str_eq(error.text, message);
}

Test(csv, forms_of_the_same_table) {
  const char *const forms[] = {
      "a,b\n1,2\n3,4\n",
      "a,b\n1,2\n3,4",
      "a,b\r\n1,2\r\n3,4\r\n",
      "a,b\r1,2\r3,4\r",
      "a,b\r1,2\r3,4",
      "\xef\xbb\xbf"
      "a,b\n1,2\n3,4\n",
      "\xef\xbb\xbf"
      "\"a\",\"b\"\n1,2\n3,4\n",
      "a\tb\n1\t2\n3\t4\n",
      "a;b\n1;2\n3;4\n",
      "\"a\",\"b\"\n\"1\",\"2\"\n\"3\",\"4\"\n",
      "\n\n  \na,b\n\n1,2\n   \n3,4\n\n\n",
      " a , b \n 1 ,\t2\t\n 3,4 \n",
      "a,b\n\" 1 \",\"2\t\"\n3,4\n",
      "a,b\n1e0,+2.0\n.3e1,4.\n",
  };

  for (size_t i = 0; i < COUNT(forms); i++) {
    const double expected[] = {1, 2, 3, 4};
    struct io_table table;
    struct io_error error;

    cr_assert_eq(read_length(forms[i], strlen(forms[i]), &table, &error), 0, "%zu: %s", i, error.text);
    cr_assert_eq(table.rows, 2, "%zu", i);
    cr_assert_eq(table.columns, 2, "%zu", i);
    cr_expect_arr_eq(table.values, expected, sizeof expected, "%zu", i);
    cr_expect_null(table.weights);
    cr_expect_str_eq(table.names[0], "a", "%zu", i);
    cr_expect_str_eq(table.names[1], "b", "%zu", i);
    io_table_free(&table);
    cr_expect_null(table.values);
  }
}

Test(csv, without_a_header_columns_are_numbered) {
  struct io_table table;
  struct io_error error;

  cr_assert_eq(read_length("1,2\n3,4\n", 8, &table, &error), 0);
  cr_expect_eq(table.rows, 2);
  cr_expect_str_eq(table.names[0], "x1");
  cr_expect_str_eq(table.names[1], "x2");
  io_table_free(&table);
}

Test(csv, names_may_hold_delimiters_line_ends_and_nothing) {
  const char text[] = "\"a;b,c,,,\";\"two\nlines\";\"say \"\"x\"\"\";\n1;2;3;4\n";
  struct io_table table;
  struct io_error error;

  cr_assert_eq(read_length(text, strlen(text), &table, &error), 0, "%s", error.text);
  cr_assert_eq(table.columns, 4);
  cr_expect_str_eq(table.names[0], "a;b,c,,,");
  cr_expect_str_eq(table.names[1], "two\nlines");
  cr_expect_str_eq(table.names[2], "say \"x\"");
  cr_expect_str_eq(table.names[3], "x4", "an empty name");
  io_table_free(&table);
}

Test(csv, errors_name_line_column_and_text) {
  const struct {
    const char *text, *message;
  } cases[] = {
      {"a,b\n1,2\n3,4\n5,6\n7,8\n9,1\n2,3\n4,abc\n", "data.csv:8:2: 'abc' is not a number"},
      {"a,b\r\n1,2\r\n3,abc\r\n", "data.csv:3:2: 'abc' is not a number"},
      {"a,b\r1,2\r3,abc", "data.csv:3:2: 'abc' is not a number"},
      {"\n\na,b\n\n1,2\n\n3,abc\n", "data.csv:7:2: 'abc' is not a number"},
      {"\"two\nlines\",b\n1,2\n3,abc\n", "data.csv:4:2: 'abc' is not a number"},
      {"a,b\n1,nan\n", "data.csv:2:2: 'nan' is not a finite number; --missing drop leaves out such rows"},
      {"a,b\n-Inf,1\n", "data.csv:2:1: '-Inf' is not a finite number"},
      {"a,b\n1,NA\n", "data.csv:2:2: 'NA' is not a finite number; --missing drop leaves out such rows"},
      {"a,b\n1,\n", "data.csv:2:2: the field is empty; --missing drop leaves out such rows"},
      {"a,b\n\"\",1\n", "data.csv:2:1: the field is empty; --missing drop leaves out such rows"},
      {"a,b\n1,1e400\n", "data.csv:2:2: '1e400' is too large for a double"},
      {"a,b\n1,2\n1,0x1p3\n", "data.csv:3:2: '0x1p3' is not a number"},
      {"a,b\n1,2\n1,\"1,5\"\n", "data.csv:3:2: '1,5' is not a number; --decimal , reads it"},
      {"a;b\n1.5;1,5\n1;2\n", "data.csv:2:2: '1,5' is not a number; --decimal , reads it"},
      {"a,b\n1,2\n1,1_000\n", "data.csv:3:2: '1_000' is not a number"},
      {"a,b\n1,2\n1,\x1b[2J\n", "data.csv:3:2: '\\x1b[2J' is not a number"},
      {"a,b\n1,2\n1,gr\xc3\xb6\xc3\x9f"
       "e\n",
       "data.csv:3:2: 'gr\xc3\xb6\xc3\x9f"
       "e' is not a number"},
      {"a,b\n1,2\n1,\xc3(\xc2\x9b\n", "data.csv:3:2: '\\xc3(\\xc2\\x9b' is not a number"},
      /* the first row is data when all that is wrong with it is a missing or infinite number */
      {"1,nan\n3,4\n", "data.csv:1:2: 'nan' is not a finite number; --missing drop leaves out such rows"},
      {"1,\n3,4\n", "data.csv:1:2: the field is empty; --missing drop leaves out such rows"},
      {"1e400\n3\n", "data.csv:1:1: '1e400' is too large for a double"},
      {"a,b\n1,2\n3\n", "data.csv:3: expected 2 fields, found 1"},
      {"a,b\n1,2\n3,4,5\n", "data.csv:3: expected 2 fields, found 3"},
      {"a,b\n1,2,\n", "data.csv:2: expected 2 fields, found 3"},
      {"a,b,c\n1,2,3\n1,abc\n", "data.csv:3: expected 3 fields, found 2"},
      {"a,b\n1,2\n3,x\"y\n", "data.csv:3:2: a quotation mark out of place"},
      {"a,b\n1,2\n3,\"4\n5,6\n", "data.csv:3: a quoted field that begins in this row is not closed"},
      {"", "data.csv: the file is empty"},
      {"\n \n", "data.csv: no rows"},
      {"\xef\xbb\xbf", "data.csv: no rows"},
      {"\xef\xbb\xbf\xef\xbb\xbf"
       "1,2\n3,\n",
       "data.csv:1:1: '\xef\xbb\xbf"
       "1' is not a number; if the first row holds names, --header yes says so"},
      {"a,b\n", "data.csv: a header but no rows"},
      {"a,b", "data.csv: a header but no rows"},
  };

  for (size_t i = 0; i < COUNT(cases); i++)
    expect_error(cases[i].text, strlen(cases[i].text), cases[i].message);
}

Test(csv, nul_bytes_do_not_end_a_field) {
  const char early[] = "a,b\n1,2\0003\n";
  size_t length = 65536 + 5;
  char *text = malloc(length);

  expect_error(early, sizeof early - 1, "data.csv: byte 8 is NUL: the file is neither text nor .npy");
  cr_assert_not_null(text);
  for (size_t i = 0; i < length; i++) text[i] = i % 2 == 0 ? '1' : '\n'; /* beyond what is looked at first */
  memcpy(text + 65536, "2\0003\n", 4);
  expect_error(text, 65540, "data.csv:32769:1: '2\\x003' is not a number");
  free(text);
}

/* "v\n<length times c>\n" */
static void write_long_field(char c, size_t length) {
  char *text = malloc(length + 3);

  cr_assert_not_null(text);
  memcpy(text, "v\n", 2);
  memset(text + 2, c, length);
  text[length + 2] = '\n';
  write_bytes("data.csv", text, length + 3);
  free(text);
}

Test(csv, long_fields) {
  struct io_table table;
  struct io_error error;

  write_long_field('0', 1000000);
  cr_assert_eq(io_table_read("data.csv", NULL, &table, &error), 0, "%s", error.text);
  cr_expect_eq(table.values[0], 0);
  io_table_free(&table);

  write_long_field('z', 1000000);
  cr_assert_eq(io_table_read("data.csv", NULL, &table, &error), -1);
  cr_expect_lt(strlen(error.text), 160);
  cr_expect_not_null(strstr(error.text, "zzz...' is not a number"));

  write_long_field('z', (1 << 24) + 200000);
  cr_assert_eq(io_table_read("data.csv", NULL, &table, &error), -1);
  cr_expect_str_eq(error.text, "data.csv:2:1: a field of more than 16777216 bytes");

  cr_assert_eq(io_table_read("/dev/zero", NULL, &table, &error), -1);
  cr_expect_str_eq(error.text, "/dev/zero: byte 1 is NUL: the file is neither text nor .npy");
}

Test(csv, a_line_end_split_between_two_reads_counts_once) {
  /* CR is the last byte of the first 64 KiB, LF the first of the next */
  size_t length = 65536 + 16;
  char *text = malloc(length);
  struct io_table table;
  struct io_error error;

  cr_assert_not_null(text);
  memset(text, ' ', length);
  memcpy(text, "v\r\n1", 4);
  memcpy(text + 65535, "\r\nabc", 5);
  cr_expect_eq(read_length(text, 65540, &table, &error), -1);
  cr_expect_str_eq(error.text, "data.csv:3:1: 'abc' is not a number");
  free(text);
}

Test(csv, a_hundred_thousand_columns) {
  size_t columns = 100000;
  char *text = malloc(4 * columns + 1);
  struct io_table table;
  struct io_error error;

  cr_assert_not_null(text);
  for (size_t i = 0; i < 2 * columns; i++) {
    text[2 * i] = i < columns ? 'a' : '1';
    text[2 * i + 1] = i % columns == columns - 1 ? '\n' : ',';
  }
  cr_assert_eq(read_length(text, 4 * columns, &table, &error), 0, "%s", error.text);
  cr_expect_eq(table.rows, 1);
  cr_expect_eq(table.columns, columns);
  io_table_free(&table);
  free(text);
}

/* A line that was to be a column of many rows is not held in memory to say that there is no second. */
Test(csv, more_columns_than_are_read) {
  size_t columns = (1 << 20) + 1;
  char *text = malloc(2 * columns);

  cr_assert_not_null(text);
  for (size_t i = 0; i < 2 * columns; i++) text[i] = i % 2 == 0 ? '1' : ',';
  text[2 * columns - 1] = '\n';
  expect_error(text, 2 * columns, "data.csv:1: more than 1048576 fields");
  free(text);
}

Test(csv, names_become_utf8) {
  const struct {
    const char *header, *name;
  } cases[] = {
      {"gr\xf6\xdf"
       "e,y",
       "gr\xc3\xb6\xc3\x9f"
       "e"}, /* Latin-1 */
      {"gr\xc3\xb6\xc3\x9f"
       "e,y",
       "gr\xc3\xb6\xc3\x9f"
       "e"}, /* UTF-8 */
      {"\x80 \xbb\xc3\xb6,y",
       "\xef\xbf\xbd \xc2\xbb\xc3\x83\xc2\xb6"}, /* the euro of Windows; not UTF-8 as a whole */
      {"\"\xe9\xa0\",y", "\xc3\xa9\xc2\xa0"},
      {"\xed\xa0\x80,y", "\xc3\xad\xc2\xa0\xef\xbf\xbd"}, /* half a character */
  };

  for (size_t i = 0; i < COUNT(cases); i++) {
    struct io_selection selection = {.columns = cases[i].name};
    struct io_table table;
    struct io_error error;
    char text[64];

    snprintf(text, sizeof text, "%s\n1,2\n3,4\n", cases[i].header);
    cr_assert_eq(read_length(text, strlen(text), &table, &error), 0, "%zu: %s", i, error.text);
    cr_expect_str_eq(table.names[0], cases[i].name, "%zu", i);
    io_table_free(&table);
    cr_assert_eq(io_table_read("data.csv", &selection, &table, &error), 0, "%zu: %s", i, error.text);
    cr_expect_eq(table.columns, 1);
    io_table_free(&table);
  }
}

Test(csv, many_rows_stand_in_order) {
  FILE *file = fopen("data.csv", "w");
  struct io_table table;
  struct io_error error;

  for (int i = 0; i < 50000; i++) fprintf(file, "%d,%d.5\r\n", i, -i);
  fclose(file);
  cr_assert_eq(io_table_read("data.csv", NULL, &table, &error), 0, "%s", error.text);
  cr_assert_eq(table.rows, 50000);
  for (int i = 0; i < 50000; i++) {
    cr_assert_eq(table.values[2 * i], i);
    cr_assert_eq(fabs(table.values[2 * i + 1]), i + 0.5);
  }
  io_table_free(&table);
}

Test(csv, what_cannot_be_read) {
  struct io_table table = {.rows = 7};
  struct io_error error;

  cr_expect_eq(io_table_read("missing.csv", NULL, &table, &error), -1);
  cr_expect_str_eq(error.text, "missing.csv: No such file or directory");
  cr_expect_eq(mkdir("folder", 0777), 0);
  cr_expect_eq(io_table_read("folder", NULL, &table, &error), -1);
  cr_expect_str_eq(error.text, "folder: Is a directory");
  cr_expect_eq(io_table_read("missing\n\x1b.csv", NULL, &table, &error), -1);
  cr_expect_str_eq(error.text, "missing??.csv: No such file or directory");
  cr_expect_eq(table.rows, 7, "a table is left alone on failure");
}

Test(csv, standard_input) {
  struct io_table table;
  struct io_error error;

  write_text("data.csv", "a\n1\nword\n");
  cr_assert_eq(dup2(open("data.csv", O_RDONLY), 0), 0);
  cr_expect_eq(io_table_read("-", NULL, &table, &error), -1);
  cr_expect_str_eq(error.text, "<standard input>:3:1: 'word' is not a number");
}

Test(csv, a_pipe) {
  struct io_table table;
  struct io_error error;
  int pipe_ends[2];

  cr_assert_eq(pipe(pipe_ends), 0);
  cr_assert_eq(write(pipe_ends[1], "a\n1\n2", 5), 5);
  close(pipe_ends[1]);
  cr_assert_eq(dup2(pipe_ends[0], 0), 0);
  cr_assert_eq(io_table_read("-", NULL, &table, &error), 0, "%s", error.text);
  cr_expect_eq(table.rows, 2);
  io_table_free(&table);
}

Test(csv, the_locale_has_no_say) {
  struct io_table table;
  struct io_error error;

  if (!comma_locale()) cr_skip_test("no locale with a decimal comma can be made here");
  cr_assert_eq(read_length("1.5;2.5\n", 8, &table, &error), 0, "%s", error.text);
  cr_expect_eq(table.values[0], 1.5);
  cr_expect_eq(table.values[1], 2.5);
  io_table_free(&table);
  expect_error("a;b\n1.5;1,5\n1;2\n", 16, "data.csv:2:2: '1,5' is not a number; --decimal , reads it");
}

Test(csv, labels) {
  const struct {
    const char *text, *message;
  } bad[] = {
      {"label\n0\n-1\n", "data.csv:3:1: '-1' is not a label (0, 1, 2, ...)"},
      {"label\n0\n1.5\n", "data.csv:3:1: '1.5' is not a label (0, 1, 2, ...)"},
      {"label\n0\n1e300\n", "data.csv:3:1: '1e300' is not a label (0, 1, 2, ...)"},
      {"label\n0\nx\n", "data.csv:3:1: 'x' is not a number"},
      {"label,x\n0,1\n", "data.csv: one column of labels expected, 2 found"},
      {"label\n", "data.csv: a header but no rows"},
  };
  const size_t expected[] = {0, 2, 1};
  struct io_error error;
  size_t *labels = NULL, count = 0;

  write_text("data.csv", "\"label\"\n0\n2\n1\n");
  cr_assert_eq(io_labels_read("data.csv", &labels, &count, &error), 0, "%s", error.text);
  cr_assert_eq(count, 3);
  cr_expect_arr_eq(labels, expected, sizeof expected);
  free(labels);
  for (size_t i = 0; i < COUNT(bad); i++) {
    write_text("data.csv", bad[i].text);
    cr_expect_eq(io_labels_read("data.csv", &labels, &count, &error), -1);
    cr_expect_str_eq(error.text, bad[i].message);
  }
}

Test(csv, responsibilities) {
  const struct {
    const char *text, *message;
  } bad[] = {
      {"r0,r1\n0.5,0.5\n1,-1e-9\n", "data.csv:3:2: '-1e-9' is not a responsibility (0 or more)"},
      {"r0,r1\n0.5,0.5\n1,x\n", "data.csv:3:2: 'x' is not a number"},
      {"r0,r1\n", "data.csv: a header but no rows"},
  };
  const struct {
    const char *text;
    size_t count;
  } good[] = {
      {"0.25,3\n1,0\n", 2},                          /* without a header */
      {"left,right\n0.25,3\n1,0\n", 2},              /* with one that does not number them */
      {"label,r0,r1\n1,0.25,3\n0,1,0\n", 2},         /* as predict writes them */
      {"r1,logpdf,r0,r3\n3,1,0.25,8\n0,2,1,8\n", 2}, /* in any order; r3 does not follow */
      {"a\n0.25\n1\n", 1},
  };
  const double expected[] = {0.25, 3, 1, 0}, first[] = {0.25, 1};
  struct io_error error;
  double *read = NULL;
  size_t rows = 0, count = 0;

  for (size_t i = 0; i < COUNT(good); i++) {
    write_text("data.csv", good[i].text);
    cr_assert_eq(io_responsibilities_read("data.csv", &read, &rows, &count, &error), 0, "%s", error.text);
    cr_expect(rows == 2 && count == good[i].count, "%s: %zu x %zu", good[i].text, rows, count);
    cr_expect_arr_eq(read, count == 1 ? first : expected, rows * count * sizeof *read, "%s", good[i].text);
    free(read);
  }
  read = NULL;
  for (size_t i = 0; i < COUNT(bad); i++) {
    write_text("data.csv", bad[i].text);
    cr_expect_eq(io_responsibilities_read("data.csv", &read, &rows, &count, &error), -1);
    cr_expect_str_eq(error.text, bad[i].message);
    cr_expect_null(read);
  }
}
