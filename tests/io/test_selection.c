/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <criterion/criterion.h>
#include <io/io.h>
#include <string.h>

TestSuite(selection, .init = directory_enter, .fini = directory_leave);

static const char flowers[] = "length,width,\"n, m\",species,w\n"
                              "5.1,3.5,1,setosa,2\n"
                              "4.9,3,2,setosa,0\n";

static void expect_error(const char *text, struct io_selection selection, const char *message) {
  struct io_table table;
  struct io_error error = {.text = ""};

  write_text("data.csv", text);
  cr_expect_eq(io_table_read("data.csv", &selection, &table, &error), -1, "%s", message);
  cr_expect_str_eq(error.text, message);
}

static struct io_table expect_table(const char *text, struct io_selection selection) {
  struct io_table table;
  struct io_error error = {.text = ""};

  write_text("data.csv", text);
  cr_assert_eq(io_table_read("data.csv", &selection, &table, &error), 0, "%s", error.text);
  return table;
}

Test(selection, only_selected_columns_have_to_be_numbers) {
  const char *const lists[] = {"1,2", "length,width", " length , 2 "};

  expect_error(flowers, (struct io_selection){.columns = "length,species"},
               "data.csv:2:4: 'setosa' is not a number, nor is anything in column 'species'");
  for (size_t i = 0; i < COUNT(lists); i++) {
    const double expected[] = {5.1, 3.5, 4.9, 3};
    struct io_table table = expect_table(flowers, (struct io_selection){.columns = lists[i]});

    cr_assert_eq(table.columns, 2);
    cr_expect_arr_eq(table.values, expected, sizeof expected);
    cr_expect_str_eq(table.names[0], "length");
    cr_expect_str_eq(table.names[1], "width");
    io_table_free(&table);
  }
}

/* Each way to say which columns, by the first row of what comes of it. */
Test(selection, ways_to_select) {
  static const char numbered[] = "3,1,2\n0.5,1.5,2.5\n7.5,8.5,9.5\n";
  const struct {
    const char *text, *columns, *weights;
    size_t count;
    double first[4];
  } cases[] = {
      {flowers, "1:3", NULL, 3, {5.1, 3.5, 1}},
      {flowers, "5,1:2", NULL, 3, {2, 5.1, 3.5}},
      {flowers, "-length", NULL, 3, {3.5, 1, 2}},
      {flowers, "-length, -3", NULL, 2, {3.5, 2}},
      {flowers, "-length", "w", 2, {3.5, 1}},
      {flowers, "n, m", NULL, 1, {1}},
      {flowers, "\"n, m\",length", NULL, 2, {1, 5.1}},
      {flowers, "length, \"n, m\" ,w", NULL, 3, {5.1, 1, 2}},
      {flowers, "length\nn, m\n2", NULL, 3, {5.1, 1, 3.5}},
      {"a;\"5\"\" pipe\";-b\n1;2;3\n", "\"5\"\" pipe\",a", NULL, 2, {2, 1}},
      {"a;\"5\"\" pipe\";-b\n1;2;3\n", "5\" pipe,-b", NULL, 2, {2, 3}},
      {"a;\"5\"\" pipe\";-b\n1;2;3\n", "-b", NULL, 1, {3}},
      {"2,1,a\n7,8,9\n", "1,2", NULL, 2, {8, 7}},   /* all are names */
      {"2,1,a\n7,8,9\n", "1,3", NULL, 2, {7, 9}},   /* all are not */
      {"2,1,a\n7,8,9\n", "\"1\",3", NULL, 2, {8, 9}}, /* a name in any case */
      {"2,1,a\n7,8,9\n", "3", "1", 1, {9}},
      {numbered, "1,2", NULL, 2, {3, 1}}, /* no header */
  };

  for (size_t i = 0; i < COUNT(cases); i++) {
    struct io_selection selection = {.columns = cases[i].columns, .weights = cases[i].weights};
    struct io_table table;

    if (strncmp(cases[i].text, "2,1", 3) == 0) selection.format.header = IO_HEADER_YES;
    table = expect_table(cases[i].text, selection);
    cr_assert_eq(table.columns, cases[i].count, "case %zu: %zu columns", i, table.columns);
    cr_expect_arr_eq(table.values, cases[i].first, table.columns * sizeof(double), "case %zu", i);
    if (selection.weights && *selection.weights == '1') cr_expect_eq(table.weights[0], 8);
    io_table_free(&table);
  }
}

Test(selection, order_is_the_list_s) {
  const double expected[] = {3.5, 5.1, 3, 4.9};
  struct io_table table = expect_table(flowers, (struct io_selection){.columns = "width,1"});

  cr_expect_arr_eq(table.values, expected, sizeof expected);
  cr_expect_str_eq(table.names[0], "width");
  io_table_free(&table);
}

Test(selection, weights) {
  const double values[] = {5.1, 4.9}, weights[] = {2, 0};
  struct io_table table = expect_table(flowers, (struct io_selection){.columns = "length", .weights = "w"});

  cr_expect_arr_eq(table.values, values, sizeof values);
  cr_expect_arr_eq(table.weights, weights, sizeof weights);
  io_table_free(&table);

  table = expect_table("1,2,3\n4,5,6\n", (struct io_selection){.weights = "2"});
  cr_expect_eq(table.columns, 2, "without a list: all but the weights");
  cr_expect_eq(table.values[3], 6);
  cr_expect_eq(table.weights[1], 5);
  cr_expect_str_eq(table.names[1], "x3");
  io_table_free(&table);
}

Test(selection, bad_weights) {
  const struct io_selection w = {.weights = "w"};

  expect_error("x,w\n1,1\n2,-0.5\n", w, "data.csv:3:2: '-0.5' is a negative weight");
  expect_error("x,w\n1,1\n2,inf\n", w, "data.csv:3:2: 'inf' is not a finite number");
  expect_error("x,w\n1,0\n2,0\n", w, "data.csv: all weights are zero");
  expect_error("w\n1\n", w, "data.csv: there is no column beside the weights");
}

Test(selection, what_cannot_be_selected) {
  const struct {
    struct io_selection selection;
    const char *message;
  } cases[] = {
      {{.columns = "height"}, "data.csv: no column 'height'; there are: length, width, n, m, species, w"},
      {{.weights = "height"}, "data.csv: no column 'height'; there are: length, width, n, m, species, w"},
      {{.columns = "Length"}, "data.csv: no column 'Length'; there are: length, width, n, m, species, w"},
      {{.columns = "0"}, "data.csv: no column 0: columns are 1 to 5"},
      {{.columns = "6"}, "data.csv: no column 6: columns are 1 to 5"},
      {{.columns = "99999999999999999999999"},
       "data.csv: no column 99999999999999999999999: columns are 1 to 5"},
      {{.columns = "-height"}, "data.csv: no column 'height'; there are: length, width, n, m, species, w"},
      {{.columns = "-6"}, "data.csv: no column 6: columns are 1 to 5"},
      {{.columns = "-1,2"}, "data.csv: '2' stands beside columns that are left out"},
      {{.columns = "1,-2"}, "data.csv: no column '-2'; there are: length, width, n, m, species, w"},
      {{.columns = "2:6"}, "data.csv: no column 6: columns are 1 to 5"},
      {{.columns = "2:1"}, "data.csv: '2:1' are no columns: the first comes after the last"},
      {{.columns = "1:2,2"}, "data.csv: column '2' is selected twice"},
      {{.columns = "1\n"}, "data.csv: an empty name among the selected columns"},
      {{.columns = "n, m,w\n"}, "data.csv: no column 'n'; there are: length, width, n, m, species, w"},
      {{.columns = "1,1"}, "data.csv: column '1' is selected twice"},
      {{.columns = "1,length"}, "data.csv: column 'length' is selected twice"},
      {{.columns = "1,w", .weights = "w"},
       "data.csv: column 'w' is selected twice, as a column and as the weights"},
      {{.columns = ""}, "data.csv: an empty name among the selected columns"},
      {{.columns = "1,,2"}, "data.csv: an empty name among the selected columns"},
      {{.columns = "1,"}, "data.csv: an empty name among the selected columns"},
  };

  for (size_t i = 0; i < COUNT(cases); i++) expect_error(flowers, cases[i].selection, cases[i].message);
}

Test(selection, names_need_a_header) {
  expect_error("1,2\n3,4\n", (struct io_selection){.columns = "a"},
               "data.csv: no column 'a': there is no header; columns are 1 to 2");
  expect_error("a,a\n3,4\n", (struct io_selection){.columns = "a"},
               "data.csv: 2 columns are named 'a': select by number");
}

Test(selection, a_name_that_looks_like_a_missing_number) {
  struct io_table table = expect_table("na,b\n1,x\n2,y\n", (struct io_selection){.columns = "na"});

  cr_expect_eq(table.rows, 2, "found by its name, so the first row is the header");
  cr_expect_str_eq(table.names[0], "na");
  io_table_free(&table);
}

Test(selection, a_long_list_of_names_is_shortened) {
  struct io_selection selection = {.columns = "none_such"};
  struct io_table table;
  struct io_error error;
  FILE *file = fopen("data.csv", "w");

  for (int i = 0; i < 5000; i++) fprintf(file, "column_%d,", i);
  fprintf(file, "last\n");
  fclose(file);
  cr_assert_eq(io_table_read("data.csv", &selection, &table, &error), -1);
  cr_expect_not_null(strstr(error.text, "there are: column_0, column_1, "), "%s", error.text);
  cr_expect_not_null(strstr(error.text, ", ... (5001 in all)"), "%s", error.text);
}

/* The columns of a model: in a header by name, all of them or none; without one by the numbers in their names, or
   as they stand. */
Test(selection, known_columns) {
  static const char *const named[] = {"b", "a"}, *const numbered[] = {"x3", "x1"}, *const counted[] = {"x1", "x2"};
  const struct {
    const char *const *known;
    const char *text, *weights;
    double first, second; /* of the only row; 0, 0: refused with the message */
    const char *message;
  } cases[] = {
      {named, "a,b\n1,2\n", NULL, 2, 1, NULL},
      {named, "c,a,b\nword,1,2\n", NULL, 2, 1, NULL},
      {named, "1,2\n", NULL, 1, 2, NULL},
      {named, "1,2,3\n", "2", 1, 3, NULL},
      {named, "A,7,8\nB,9,10\n", NULL, 7, 8, NULL}, /* text is left out */
      {named, "a,c\n1,2\n", NULL, 0, 0, "data.csv: no column 'b'; there are: a, c"},
      {named, "a,b,a\n1,2,3\n", NULL, 0, 0, "data.csv: 2 columns are named 'a': select by number"},
      {named, "a,b\n1,2\n", "b", 0, 0, "data.csv: column 'b' is selected twice, as a column and as the weights"},
      {numbered, "x1,x3\n1,2\n", NULL, 2, 1, NULL},
      {numbered, "7,8,9\n", NULL, 9, 7, NULL},
      {numbered, "u,v,w\n7,8,9\n", NULL, 9, 7, NULL},
      {numbered, "7,8\n", NULL, 7, 8, NULL},
      {numbered, "x1,u\n7,8\n", NULL, 0, 0, "data.csv: no column 'x3'; there are: x1, u"},
      {counted, "x2,x1\n7,8\n", NULL, 8, 7, NULL},
      {counted, "u,v\n7,8\n", NULL, 7, 8, NULL},
  };

  for (size_t i = 0; i < COUNT(cases); i++) {
    struct io_selection selection = {.weights = cases[i].weights, .known = cases[i].known, .known_count = 2};
    struct io_table table;

    if (cases[i].message) {
      expect_error(cases[i].text, selection, cases[i].message);
      continue;
    }
    table = expect_table(cases[i].text, selection);
    cr_assert_eq(table.columns, 2, "case %zu", i);
    cr_expect(table.values[0] == cases[i].first && table.values[1] == cases[i].second, "case %zu", i);
    io_table_free(&table);
  }
}
