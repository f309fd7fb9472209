/* SPDX-License-Identifier: MIT */
/* The functions of <emblas/io.h>, as a program of somebody else calls them. */
#include "support.h"

#include <criterion/criterion.h>
#include <emblas/io.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

TestSuite(public, .init = directory_enter, .fini = directory_leave);

static const char *const columns[] = {"eruptions", "say \"waiting\""};

static struct emblas_model *make_model(void) {
  static const double weights[] = {0.25, 0.75}, means[] = {0.1, -0.0, 1.0 / 3.0, 1e-300};
  static const double cholesky[] = {2, 0, 1.0 / 7.0, 1, 0.3, 0, 0, 5};
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;

  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.components = parameters.dim = 2;
  parameters.weights = weights, parameters.means = means, parameters.cholesky = cholesky;
  cr_assert_eq(emblas_model_create(&parameters, &model, NULL), EMBLAS_OK);
  return model;
}

/* The same bits and names; frees the one that was read. */
static void expect_same(const struct emblas_model *model, struct emblas_model *read, char **names) {
  double a[4], b[4];

  cr_assert_eq(emblas_model_components(read), 2);
  cr_expect_arr_eq(emblas_model_weights(read), emblas_model_weights(model), 2 * sizeof(double));
  cr_expect_arr_eq(emblas_model_means(read), emblas_model_means(model), 4 * sizeof(double));
  for (size_t c = 0; c < 2; c++) {
    emblas_model_cholesky(model, c, a);
    emblas_model_cholesky(read, c, b);
    cr_expect_arr_eq(a, b, sizeof a);
  }
  for (size_t j = 0; j < 2; j++) cr_expect_str_eq(names[j], columns[j]);
  emblas_names_free(names, 2);
  emblas_model_free(read);
}

Test(public, a_model_through_a_file) {
  struct emblas_model *model = make_model(), *read = NULL;
  struct emblas_file_error error;
  char **names = NULL;

  cr_assert_eq(emblas_model_save("m.json", model, columns, &error), EMBLAS_OK, "%s", error.text);
  cr_assert_eq(emblas_model_load("m.json", &read, &names, &error), EMBLAS_OK, "%s", error.text);
  expect_same(model, read, names);
  cr_assert_eq(emblas_model_load("m.json", &read, NULL, NULL), EMBLAS_OK);
  emblas_model_free(read);
  emblas_model_free(model);
}

Test(public, a_model_through_a_string) {
  struct emblas_model *model = make_model(), *read = NULL;
  struct emblas_file_error error;
  char **names = NULL, *text = NULL, *saved;

  cr_assert_eq(emblas_model_to_json(model, columns, &text, &error), EMBLAS_OK, "%s", error.text);
  cr_assert_eq(emblas_model_save("m.json", model, columns, &error), EMBLAS_OK, "%s", error.text);
  saved = read_text("m.json", NULL);
  cr_expect_str_eq(text, saved);
  cr_assert_eq(emblas_model_from_json(text, strlen(text), &read, &names, &error), EMBLAS_OK, "%s",
               error.text);
  expect_same(model, read, names);
  free(saved);
  free(text);
  emblas_model_free(model);
}

Test(public, what_is_no_model) {
  struct emblas_model *model = NULL;
  struct emblas_file_error error;
  char **names = NULL;

  cr_expect_eq(emblas_model_from_json("{\"format\": 1}", 13, &model, &names, &error), EMBLAS_ERROR_FILE);
  cr_expect_str_eq(error.text, "model: holds no model: format is not 'emblas-model'");
  cr_expect_eq(emblas_model_from_json("{}", 1, &model, &names, &error), EMBLAS_ERROR_FILE);
  cr_expect_str_eq(error.text, "model:1:2: the file is cut short");
  cr_expect_eq(emblas_model_from_json("", 0, &model, &names, &error), EMBLAS_ERROR_FILE);
  cr_expect_str_eq(error.text, "model:1:1: the text is empty");
  cr_expect_eq(emblas_model_load("none.json", &model, &names, NULL), EMBLAS_ERROR_FILE);
  cr_expect_eq(emblas_model_load("none.json", &model, &names, &error), EMBLAS_ERROR_FILE);
  cr_expect_str_eq(error.text, "none.json: No such file or directory");
  cr_expect(model == NULL && names == NULL);
}

Test(public, tables) {
  static const double values[] = {1, 2.5, 5, 6.5};
  struct emblas_table table = {0};
  struct emblas_table_options options;
  struct emblas_file_error error;

  write_text("t.csv", "id;a;b;w\nx;1;2,5;3\ny;;4,5;1\nz;5;6,5;0\n");
  emblas_table_options_init(&options, sizeof options);
  options.weights = "w";
  cr_expect_eq(emblas_table_read("t.csv", &options, &table, &error), EMBLAS_ERROR_FILE);
  cr_expect_eq(strncmp(error.text, "t.csv:3:", 8), 0, "%s", error.text);
  cr_expect_null(table.values);
  options.drop_missing = 1;
  cr_assert_eq(emblas_table_read("t.csv", &options, &table, &error), EMBLAS_OK, "%s", error.text);
  cr_assert(table.rows == 2 && table.columns == 2);
  cr_expect_arr_eq(table.values, values, sizeof values);
  cr_expect(table.weights[0] == 3 && table.weights[1] == 0);
  cr_expect(table.places[0] == 0 && table.places[1] == 2);
  cr_expect_str_eq(table.names[0], "a");
  cr_expect_gt(table.note_count, 0); /* the words and the row that were left out */
  emblas_table_clear(&table);
  cr_expect(table.values == NULL && table.rows == 0);
  options.columns = "4,2";
  options.weights = NULL;
  cr_assert_eq(emblas_table_read("t.csv", &options, &table, &error), EMBLAS_OK, "%s", error.text);
  cr_expect(table.values[0] == 3 && table.values[1] == 1 && table.weights == NULL);
  emblas_table_clear(&table);
  options.header = 2;
  cr_expect_eq(emblas_table_read("t.csv", &options, &table, &error), EMBLAS_ERROR_FILE);
  cr_expect_str_eq(error.text, "t.csv: options.header is out of range");
}

static void *save_many(void *model) {
  for (int i = 0; i < 50; i++)
    if (emblas_model_save("shared.json", model, columns, NULL) != EMBLAS_OK) return model;
  return NULL;
}

/* Threads that write the same file at once leave a whole one, with the permissions of a new file, and
 * nothing else. */
Test(public, threads_and_the_umask) {
  struct emblas_model *model = make_model(), *read = NULL;
  pthread_t threads[4];
  struct stat status;
  char **names = NULL;

  umask(027);
  for (size_t i = 0; i < 4; i++) cr_assert_eq(pthread_create(&threads[i], NULL, save_many, model), 0);
  for (size_t i = 0; i < 4; i++) {
    void *failed;

    pthread_join(threads[i], &failed);
    cr_expect_null(failed);
  }
  cr_assert_eq(stat("shared.json", &status), 0);
  cr_expect_eq(status.st_mode & 0777, 0640);
  cr_assert_eq(emblas_model_load("shared.json", &read, &names, NULL), EMBLAS_OK);
  expect_same(model, read, names);
  emblas_model_free(model);
}
