/* SPDX-License-Identifier: MIT */
/* What the first rows of a text say: separator, decimal mark, comments, header, text, names of rows. */
#include "support.h"

#include <criterion/criterion.h>
#include <io/io.h>
#include <math.h>
#include <string.h>

TestSuite(layout, .init = directory_enter, .fini = directory_leave);

enum { MOST = 4 };

struct expected {
  const char *text, *error; /* error: the rest is not looked at */
  const char *names;        /* of the columns, with commas */
  size_t rows;
  double first[MOST]; /* row */
  const char *notes;  /* with bars; NULL: none */
};

static void check(const struct expected *e, size_t i, struct io_selection selection) {
  struct io_table table;
  struct io_error error = {.text = ""};
  char names[200] = "", notes[500] = "";
  int result;

  write_text("data.csv", e->text);
  result = io_table_read("data.csv", &selection, &table, &error);
  cr_expect_eq(result, e->error ? -1 : 0, "case %zu: '%s'", i, error.text);
  if (e->error) cr_expect_str_eq(error.text, e->error, "case %zu: %s", i, error.text);
  if (result != 0) return;
  for (size_t c = 0; c < table.columns; c++) strcat(strcat(names, c > 0 ? "," : ""), table.names[c]);
  for (size_t n = 0; n < table.note_count; n++) strcat(strcat(notes, n > 0 ? "|" : ""), table.notes[n]);
  if (!e->error) {
    cr_expect_str_eq(names, e->names, "case %zu: %s", i, names);
    cr_expect_str_eq(notes, e->notes ? e->notes : "", "case %zu: %s", i, notes);
    cr_expect_eq(table.rows, e->rows, "case %zu: %zu rows", i, table.rows);
    for (size_t c = 0; c < table.columns && c < MOST; c++)
      cr_expect_eq(table.values[c], e->first[c], "case %zu: %g", i, table.values[c]);
  }
  io_table_free(&table);
}

#define CHECK_ALL(cases, ...)                                                                              \
  for (size_t i = 0; i < COUNT(cases); i++) check(&(cases)[i], i, (struct io_selection){__VA_ARGS__})

#define COMMAS "commas in numbers were taken for decimal marks"
#define NUMBERS "left out: column 1, which numbers the rows and has no name"
#define INTEGERS "the integers of the first row were taken for names; --header no reads them as data"

#define RISING "the integers of the first row were read as data; --header yes takes them for names"

#define EMPTY "left out: column 3, which has no name and begins with no values"

Test(layout, separators) {
  const struct expected cases[] = {
      {"a|b\n1|2\n", NULL, "a,b", 1, {1, 2}, NULL},
      {"a b\n1 2\n", NULL, "a,b", 1, {1, 2}, NULL},
      {"  a   b\t\n 1\t 2 \n\n3 4", NULL, "a,b", 2, {1, 2}, NULL},
      {"\"a b\" c\n1 2\n", NULL, "a b,c", 1, {1, 2}, NULL},
      {"a, m\tb, m\n1\t2\n3\t4\n", NULL, "a, m,b, m", 2, {1, 2}, NULL},
      {"\"a;b\",\"c;d\"\n1,2\n", NULL, "a;b,c;d", 1, {1, 2}, NULL},
      {"a b,c d\n1,2\n3,4\n", NULL, "a b,c d", 2, {1, 2}, NULL},
      {"when,b\n2020-01-01 12:00,2\n2020-01-01 12:10,3\n", NULL, "b", 2, {2}, "left out: when (text)"},
      {"sep=:\r\na:b\r\n1:2\r\n", NULL, "a,b", 1, {1, 2}, NULL},
      {"SEP=;\na;b\n1;2\n3;x\n", "data.csv:4:2: 'x' is not a number", NULL, 0, {0}, NULL},
      {"waiting time\n1\n2\n", NULL, "waiting time", 2, {1}, NULL},
      {"a;b\n1;2\n3\n", "data.csv:3: expected 2 fields, found 1", NULL, 0, {0}, NULL},
      {"a b\n1 2\n3 4\n5 6 7\n", "data.csv:4: expected 2 fields, found 3", NULL, 0, {0}, NULL},
      {"\"a\nb\"\tc\n1\t2\n", NULL, "a\nb,c", 1, {1, 2}, NULL},
  };

  CHECK_ALL(cases, .weights = NULL);
}

Test(layout, separators_that_are_given) {
  const struct expected colon[] = {{"a:b\n1:2\n", NULL, "a,b", 1, {1, 2}, NULL}},
                        blanks[] = {{"a  b\n1    2\n", NULL, "a,b", 1, {1, 2}, NULL}},
                        comma[] = {{"3,715\n2,047\n", NULL, "x1,x2", 2, {3, 715}, NULL}};

  CHECK_ALL(colon, .format.separator = ':');
  CHECK_ALL(blanks, .format.separator = ' ');
  CHECK_ALL(comma, .format.separator = ',');
}

Test(layout, decimal_marks) {
  const struct expected cases[] = {
      {"a;b\n1,5;2\n", NULL, "a,b", 1, {1.5, 2}, COMMAS},
      {"1,5;2,25\n3;4\n", NULL, "x1,x2", 2, {1.5, 2.25}, COMMAS},
      {"1,5 2,25\n3,0 4,0\n", NULL, "x1,x2", 2, {1.5, 2.25}, COMMAS},
      {"a\tb\n-1,5e2\t,25\n", NULL, "a,b", 1, {-150, 0.25}, COMMAS},
      {"3,715\n2,047\n",
       "data.csv:1: is '3,715' one number? then --decimal , reads it; --separator , reads it as two",
       NULL,
       0,
       {0},
       NULL},
      {"a,b\n3,715\n2,047\n", NULL, "a,b", 2, {3, 715}, NULL}, /* two names say that these are two */
      {"3,5\n2,0\n", NULL, "x1,x2", 2, {3, 5}, NULL},
      {"t\n3,5\n2,7\n", "data.csv:2: expected 1 fields, found 2", NULL, 0, {0}, NULL},
      {"a;b\n1.5;2\n1,5;2\n",
       "data.csv:3:1: '1,5' is not a number; --decimal , reads it",
       NULL,
       0,
       {0},
       NULL},
      {"1.5D+03,-2d-1\n1,2\n", NULL, "x1,x2", 2, {1500, -0.2}, NULL},
      {"a,b\n1,2\n1,5Dx\n", "data.csv:3:2: '5Dx' is not a number", NULL, 0, {0}, NULL},
  };
  const struct expected given[] = {
      {"3,715\n2,047\n", NULL, "x1", 2, {3.715}, NULL},
      {"t\n3,715\n2,5\n", NULL, "t", 2, {3.715}, NULL},
      {"\"1,5\";2\n3;4\n", NULL, "x1,x2", 2, {1.5, 2}, NULL},
      {"1,2\n3\n4.5\n", "data.csv:3:1: '4.5' is not a number", NULL, 0, {0}, NULL},
  };

  CHECK_ALL(cases, .weights = NULL);
  CHECK_ALL(given, .format.decimal = ',');
}

Test(layout, comments) {
  const struct expected cases[] = {
      {"# one\n# two\na,b\n1,2\n# three \"\n3,4\n",
       NULL,
       "a,b",
       2,
       {1, 2},
       "3 lines that begin with # left out"},
      {"# a b\n1 2\n3 4\n", NULL, "a,b", 2, {1, 2}, NULL},
      {"# by x\n#a,b\n1,2\n", NULL, "a,b", 1, {1, 2}, "1 line that begins with # left out"},
      {"# a\n1,2\n", NULL, "x1,x2", 1, {1, 2}, "1 line that begins with # left out"},
      {"# 3,4\n1,2\n", NULL, "x1,x2", 1, {1, 2}, "1 line that begins with # left out"},
      {"\"#a\n#b\",c\n1,2\n", NULL, "#a\n#b,c", 1, {1, 2}, NULL}, /* within quotation marks */
      {"a,b\r\n#\r\n1,2\r\n3,x\r\n", "data.csv:4:2: 'x' is not a number", NULL, 0, {0}, NULL},
      {"# only\n", "data.csv: no rows", NULL, 0, {0}, NULL},
  };
  const struct expected percent[] = {{"% a\n1,2\n%\n3,4\n", NULL, "x1,x2", 2, {1, 2}, NULL}};
  const struct expected none[] = {{"#a,b\n1,2\n", NULL, "#a,b", 1, {1, 2}, NULL},
                                  {"\n#a,b\n1,2\n", NULL, "#a,b", 1, {1, 2}, NULL}};

  CHECK_ALL(cases, .weights = NULL);
  CHECK_ALL(percent, .format.comment = '%');
  CHECK_ALL(none, .format.comment = IO_NO_COMMENT);
}

Test(layout, headers) {
  const struct expected cases[] = {
      {"0,1\n3.5,7.25\n1.5,4\n", NULL, "0,1", 2, {3.5, 7.25}, INTEGERS},
      {"site,2020,2021\nA,1.5,2\nB,3,4.5\n",
       NULL,
       "2020,2021",
       2,
       {1.5, 2},
       INTEGERS "|left out: site (text)"},
      {"0,1\n3,7\n1.5,4\n", NULL, "x1,x2", 3, {0, 1}, NULL},       /* mostly integers */
      {"0,2\n3.5,7.5\n1.5,4\n", NULL, "x1,x2", 3, {0, 2}, RISING}, /* not consecutive */
      {"2,0\n3.5,7.5\n1.5,4\n", NULL, "x1,x2", 3, {2, 0}, NULL},
      {"1\n3.5\n", NULL, "x1", 2, {1}, NULL},
      {"3.5,5o.2\n1,2\n",
       "data.csv:1:2: '5o.2' is not a number; if the first row holds names, --header yes says so",
       NULL,
       0,
       {0},
       NULL},
      {"id,2\n1,2\n",
       "data.csv:1:1: 'id' is not a number; if the first row holds names, --header yes says so",
       NULL,
       0,
       {0},
       NULL},
      {"A,1,2\nB,3,4\n", NULL, "x2,x3", 2, {1, 2}, "left out: column 1 (text)"},
      {"A,1e999\nB,3\n", "data.csv:1:2: '1e999' is too large for a double", NULL, 0, {0}, NULL},
  };
  const struct expected yes[] = {{"1,2\n3,4\n", NULL, "1,2", 1, {3, 4}, NULL},
                                 {"id,2\n1,2\n", NULL, "id,2", 1, {1, 2}, NULL}},
                        no[] = {{"0,1\n3.5,7.5\n", NULL, "x1,x2", 2, {0, 1}, NULL},
                                {"a,b\n1,2\n", "data.csv:1:1: 'a' is not a number", NULL, 0, {0}, NULL}};
  const struct expected by_name[] = {{"id,2\n1,2\n", NULL, "id", 1, {1}, NULL}};

  CHECK_ALL(cases, .weights = NULL);
  CHECK_ALL(yes, .format.header = IO_HEADER_YES);
  CHECK_ALL(no, .format.header = IO_HEADER_NO);
  CHECK_ALL(by_name, .columns = "id");
}

Test(layout, columns_that_are_left_out) {
  const struct expected cases[] = {
      {"a,s,b\n1,x,2\n3,y,4\n", NULL, "a,b", 2, {1, 2}, "left out: s (text)"},
      {"a,s,b\n1,NA,2\n3,y,4\n", NULL, "a,b", 2, {1, 2}, "left out: s (text)"},
      {"a,s\n1,5\n3,y\n", "data.csv:3:2: 'y' is not a number", NULL, 0, {0}, NULL},
      {"s,t\nx,y\n",
       "data.csv:2:1: 'x' is not a number, nor is anything in column 's'",
       NULL,
       0,
       {0},
       NULL},
      {"\"\",\"a\"\n\"1\",2.5\n\"2\",3.5\n", NULL, "a", 2, {2.5}, NUMBERS},
      {",a\n0,2.5\n1,3.5\n", NULL, "a", 2, {2.5}, NUMBERS},
      {",0\n0,2.5\n1,3.5\n", NULL, "0", 2, {2.5}, INTEGERS "|" NUMBERS},
      {",0,1\n7,2.5,1\n3,3.5,1.5\n", NULL, "0,1", 2, {2.5, 1}, INTEGERS "|" NUMBERS},
      {",a\n1,2.5\n1,3.5\n", NULL, "x1,a", 2, {1, 2.5}, NULL}, /* does not count */
      {",2.5\n1,3.5\n2,4.5\n",
       "data.csv:1:1: the field is empty; --missing drop leaves out such rows",
       NULL,
       0,
       {0},
       NULL},
      {"\"a\" \"b\"\n\"r 1\" 1 2\n\"r 2\" 3 4\n", NULL, "a,b", 2, {1, 2}, "left out: names of rows"},
      {"\"a\"\n\"1\" 1\n\"2\" 3\n", NULL, "a", 2, {1}, "left out: names of rows"},
      {"a,b,\n1,2,\n3,4,\n", NULL, "a,b", 2, {1, 2}, EMPTY},
      {"1;2;\n3;4;\n", NULL, "x1,x2", 2, {1, 2}, EMPTY},
      {"a,b,c\n1,2,\n3,4,\n",
       "data.csv:2:3: the field is empty; --missing drop leaves out such rows",
       NULL,
       0,
       {0},
       NULL},
      {"speeds\n1.5 2\n3.5 4\n", "data.csv:2: expected 1 fields, found 2", NULL, 0, {0}, NULL},
      {"speeds\n1 2\n1 4\n", "data.csv:2: expected 1 fields, found 2", NULL, 0, {0}, NULL},
      {"a,b\n1,2,\n3,4,\n", "data.csv:2: expected 2 fields, found 3", NULL, 0, {0}, NULL},
  };
  const struct expected selected[] = {{",a\n0,2.5\n1,3.5\n", NULL, "x1,a", 2, {0, 2.5}, NULL}};

  CHECK_ALL(cases, .weights = NULL);
  CHECK_ALL(selected, .columns = "1,2");
}

Test(layout, many_text_columns_are_one_note) {
  struct expected e = {NULL, NULL, "v", 1, {1}, NULL};
  char text[4000] = "v", notes[] = "left out: 200 columns of text, the first are t, t, t";

  for (int i = 0; i < 200; i++) strcat(text, ",t");
  strcat(text, "\n1");
  for (int i = 0; i < 200; i++) strcat(text, ",x");
  write_text("data.csv", text);
  {
    struct io_table table;
    struct io_error error;

    cr_assert_eq(io_table_read("data.csv", NULL, &table, &error), 0, "%s", error.text);
    cr_expect_eq(table.rows, e.rows);
    cr_expect_eq(table.note_count, 1);
    cr_expect_eq(strncmp(table.notes[0], notes, sizeof notes - 1), 0, "%s", table.notes[0]);
    cr_expect_lt(strlen(table.notes[0]), 400);
    io_table_free(&table);
  }
}

Test(layout, missing_values) {
  const char text[] = "a,w,b\n1,1,2\nNA,1,2\n3,1,\n4,?,1\n5,1,n/a\n6,1,7\n";
  const struct expected drop[] = {
      {text, NULL, "a,b", 2, {1, 2}, "4 of 6 rows left out: missing values"},
      {"a,w\nNA,1\n", "data.csv: each of the 1 rows has a missing value", NULL, 0, {0}, NULL},
      {"a,w\n1,1\ninf,1\n", "data.csv:3:1: 'inf' is not a finite number", NULL, 0, {0}, NULL},
      {"a,w\n1,1\n-9,1\n", NULL, "a", 2, {1}, NULL},
  };
  const struct expected listed[] = {
      {"a,b\n-9,1\n1,2\nmiss,3\nMiss,4\n", "data.csv:5:1: 'Miss' is not a number", NULL, 0, {0}, NULL},
      {"a,b\nmiss,1\n1,2\n", NULL, "a,b", 1, {1, 2}, "1 of 2 rows left out: missing values"}};
  struct io_selection selection = {.format.drop_missing = true, .weights = "w"};
  const size_t places[] = {0, 5};
  struct io_table table;
  struct io_error error;

  CHECK_ALL(drop, .format.drop_missing = true, .weights = "w");
  CHECK_ALL(listed, .format = {.drop_missing = true, .missing = "x, miss"});
  write_text("data.csv", text);
  cr_assert_eq(io_table_read("data.csv", &selection, &table, &error), 0, "%s", error.text);
  cr_expect_eq(table.file_rows, 6);
  cr_expect_arr_eq(table.places, places, sizeof places);
  cr_expect_eq(table.values[3], 7);
  cr_expect_eq(io_table_place(&table, 1), 5);
  io_table_free(&table);
}

/* Labels and responsibilities are what programs write: nothing of them is guessed. */
Test(layout, starts_are_taken_as_they_stand) {
  struct io_error error;
  double *read;
  size_t rows, count;

  write_text("data.csv", "0,1\n0.5,0.5\n1,0.25\n");
  cr_assert_eq(io_responsibilities_read("data.csv", &read, &rows, &count, &error), 0, "%s", error.text);
  cr_expect(rows == 3 && count == 2 && read[1] == 1);
  free(read);
  write_text("data.csv", "0;1\n0,5;0,5\n");
  cr_expect_eq(io_responsibilities_read("data.csv", &read, &rows, &count, &error), -1);
  cr_expect_str_eq(error.text, "data.csv:2:1: '0,5' is not a number; --decimal , reads it");
}
