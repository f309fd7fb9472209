/* SPDX-License-Identifier: MIT */
/* Models that are good: written, read, written again. test_model_defects.c has the others. */
#include "support.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <io/io.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(model, .init = directory_enter, .fini = directory_leave);

static const struct io_fit fit = {.status = "converged",
                                  .iterations = 14,
                                  .maps = 15,
                                  .loglik = -1130.263960184767,
                                  .n = 272,
                                  .parameters = 11,
                                  .bic = 2322.192,
                                  .aic = NAN,
                                  .icl = 1e300,
                                  .backend = "blas",
                                  .threads = 2,
                                  .seed = UINT64_MAX,
                                  .seconds = 0.00125,
                                  .warnings = (const char *const[]){"say \"a\"", "two\nlines"},
                                  .warning_count = 2};

/* A model from lower factors; weights that sum to 1 only but for rounding. */
static struct emblas_model *make_model(enum emblas_covariance covariance, size_t k, size_t dim) {
  double *weights = malloc(k * sizeof *weights), *means = malloc(k * dim * sizeof *means);
  double *cholesky = calloc(k * dim * dim, sizeof *cholesky);
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;
  const char *letters =
      emblas_covariance_mclust(covariance, 2); /* matrices that are the same are in all models */
  int sphere = letters[1] == 'I', full = letters[2] != 'I';

  for (size_t c = 0; c < k; c++) {
    weights[c] = 1.0 / (double)k;
    for (size_t i = 0; i < dim; i++) {
      double *row = cholesky + (c * dim + i) * dim;

      means[c * dim + i] = sin((double)(c * dim + i)) * pow(10.0, (double)i * 40.0 - 80.0);
      row[i] = covariance == EMBLAS_SPHERICAL ? 0.1 * (double)(c + 1)
               : sphere                       ? 0.1
                                              : 1.0 / 3.0 + (double)i;
      for (size_t j = 0; j < i; j++)
        if (full) row[j] = 1.0 / (3.0 + (double)(i + 7 * j));
    }
  }
  means[0] = -0.0; /* keeps its sign */
  if (k * dim > 1) means[1] = 5e-324;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.covariance = covariance;
  parameters.components = k;
  parameters.dim = dim;
  parameters.weights = weights;
  parameters.means = means;
  parameters.cholesky = cholesky;
  cr_assert_eq(emblas_model_create(&parameters, &model, NULL), EMBLAS_OK);
  free(weights);
  free(means);
  free(cholesky);
  return model;
}

static void expect_same_model(const struct emblas_model *a, const struct emblas_model *b) {
  size_t k = emblas_model_components(a), dim = emblas_model_dim(a), size = dim * dim * sizeof(double);
  double *left = malloc(size), *right = malloc(size);

  cr_assert_eq(emblas_model_components(b), k);
  cr_assert_eq(emblas_model_dim(b), dim);
  cr_expect_arr_eq(emblas_model_weights(a), emblas_model_weights(b), k * sizeof(double));
  cr_expect_arr_eq(emblas_model_means(a), emblas_model_means(b), k * dim * sizeof(double));
  for (size_t c = 0; c < k; c++) {
    emblas_model_cholesky(a, c, left);
    emblas_model_cholesky(b, c, right);
    cr_expect_arr_eq(left, right, size);
  }
  free(left);
  free(right);
}

static void check_round_trip(const struct emblas_model *model, size_t dim) {
  char **names = calloc(dim, sizeof *names), **read_names = NULL;
  struct emblas_model *read = NULL;
  struct io_error error = {.text = ""};
  char *first, *second;

  for (size_t i = 0; i < dim; i++)
    names[i] = i == 0 ? "a \"quoted\" n\xc3\xa4me/\t\r\x1b\x7f\xc2\x9b \\" : "plain";
  cr_assert_eq(io_model_write("first.json", model, (const char *const *)names, NULL, &error), 0, "%s",
               error.text);
  cr_assert_eq(io_model_read("first.json", &read, &read_names, &error), 0, "%s", error.text);
  expect_same_model(model, read);
  for (size_t i = 0; i < dim; i++) cr_expect_str_eq(read_names[i], names[i]);
  cr_assert_eq(io_model_write("second.json", read, (const char *const *)read_names, NULL, &error), 0);
  first = read_text("first.json", NULL);
  second = read_text("second.json", NULL);
  cr_expect_str_eq(first, second);
  free(first);
  free(second);
  free(names);
  io_names_free(read_names, dim);
  emblas_model_free(read);
}

Test(model, saved_and_loaded_it_is_the_same_to_the_bit) {
  const size_t components[] = {1, 3, 10}, dims[] = {1, 2, 5};

  for (int covariance = 0; covariance < EMBLAS_COVARIANCE_COUNT; covariance++)
    for (size_t i = 0; i < COUNT(components); i++)
      for (size_t j = 0; j < COUNT(dims); j++) {
        struct emblas_model *model = make_model((enum emblas_covariance)covariance, components[i], dims[j]);

        check_round_trip(model, dims[j]);
        emblas_model_free(model);
      }
}

static const char expected_text[] = "{\n"
                                    "  \"format\": \"emblas-model\",\n"
                                    "  \"version\": 1,\n"
                                    "  \"family\": \"gaussian\",\n"
                                    "  \"covariance\": \"VVV\",\n"
                                    "  \"k\": 2,\n"
                                    "  \"dim\": 2,\n"
                                    "  \"columns\": [\"eruptions\", \"waiting\"],\n"
                                    "  \"weights\": [0.25, 0.75],\n"
                                    "  \"means\": [\n"
                                    "    [1, -2.5],\n"
                                    "    [-0.0, 0.1]\n"
                                    "  ],\n"
                                    "  \"covariances\": [\n"
                                    "    [\n"
                                    "      [4, 1],\n"
                                    "      [1, 1.25]\n"
                                    "    ],\n"
                                    "    [\n"
                                    "      [1, 0],\n"
                                    "      [0, 1]\n"
                                    "    ]\n"
                                    "  ],\n"
                                    "  \"cholesky\": [\n"
                                    "    [\n"
                                    "      [2, 0],\n"
                                    "      [0.5, 1]\n"
                                    "    ],\n"
                                    "    [\n"
                                    "      [1, 0],\n"
                                    "      [0, 1]\n"
                                    "    ]\n"
                                    "  ],\n"
                                    "  \"fit\": {\n"
                                    "    \"status\": \"converged\",\n"
                                    "    \"iterations\": 14,\n"
                                    "    \"maps\": 15,\n"
                                    "    \"loglik\": -1130.263960184767,\n"
                                    "    \"n\": 272,\n"
                                    "    \"parameters\": 11,\n"
                                    "    \"bic\": 2322.192,\n"
                                    "    \"aic\": null,\n"
                                    "    \"icl\": 1e+300,\n"
                                    "    \"backend\": \"blas\",\n"
                                    "    \"threads\": 2,\n"
                                    "    \"seed\": 18446744073709551615,\n"
                                    "    \"seconds\": 0.00125,\n"
                                    "    \"warnings\": [\"say \\\"a\\\"\", \"two\\nlines\"]\n"
                                    "  }\n"
                                    "}\n";

static struct emblas_model *small_model(void) {
  const double weights[] = {0.25, 0.75}, means[] = {1, -2.5, -0.0, 0.1},
               cholesky[] = {2, 0, 0.5, 1, 1, 0, 0, 1};
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;

  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.components = 2;
  parameters.dim = 2;
  parameters.weights = weights;
  parameters.means = means;
  parameters.cholesky = cholesky;
  cr_assert_eq(emblas_model_create(&parameters, &model, NULL), EMBLAS_OK);
  return model;
}

Test(model, the_text_is_as_documented) {
  const char *const names[] = {"eruptions", "waiting"};
  struct emblas_model *model = small_model();
  struct io_error error;
  char *text;

  cr_assert_eq(io_model_write("model.json", model, names, &fit, &error), 0, "%s", error.text);
  text = read_text("model.json", NULL);
  cr_expect_str_eq(text, expected_text);
  free(text);
  emblas_model_free(model);
}

Test(model, of_counts) {
  const double weights[] = {0.25, 0.75}, rates[] = {1.5, 0.1, 3e6, 1e-9};
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL, *read = NULL;
  struct io_error error;

  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.family = EMBLAS_POISSON;
  parameters.components = parameters.dim = 2;
  parameters.weights = weights;
  parameters.means = rates;
  cr_assert_eq(emblas_model_create(&parameters, &model, NULL), EMBLAS_OK);
  cr_assert_eq(io_model_write("model.json", model, NULL, NULL, &error), 0, "%s", error.text);
  cr_assert_eq(io_model_read("model.json", &read, NULL, &error), 0, "%s", error.text);
  cr_expect_eq(emblas_model_family(read), EMBLAS_POISSON);
  expect_same_model(model, read);
  emblas_model_free(read);
  emblas_model_free(model);
}

Test(model, the_locale_has_no_say) {
  const char *const names[] = {"eruptions", "waiting"};
  struct emblas_model *model = small_model(), *read = NULL;
  struct io_error error;
  char *text;

  if (!comma_locale()) cr_skip_test("no locale with a decimal comma can be made here");
  cr_assert_eq(io_model_write("model.json", model, names, &fit, &error), 0, "%s", error.text);
  text = read_text("model.json", NULL);
  cr_expect_str_eq(text, expected_text);
  cr_assert_eq(io_model_read("model.json", &read, NULL, &error), 0, "%s", error.text);
  expect_same_model(model, read);
  free(text);
  emblas_model_free(read);
  emblas_model_free(model);
}

static const char by_hand[] =
    "{\"format\": \"emblas-model\", \"version\": 1, \"family\": \"gaussian\",\n"
    " \"covariance\": \"VVI\", \"k\": 1, \"dim\": 2,\n"
    " \"weights\": [1], \"means\": [[0, 1e3]], \"covariances\": [[[4, 0], [0, 9.0]]]}";

static void expect_by_hand(const char *path) {
  const double expected[] = {2, 0, 0, 3};
  struct emblas_model *model = NULL;
  struct io_error error = {.text = ""};
  char **names = (char **)&error;
  double factor[4];

  cr_assert_eq(io_model_read(path, &model, &names, &error), 0, "%s", error.text);
  cr_expect_null(names);
  cr_expect_eq(emblas_model_covariance_model(model), EMBLAS_DIAG);
  cr_expect_eq(emblas_model_means(model)[1], 1000);
  emblas_model_cholesky(model, 0, factor);
  cr_expect_arr_eq(factor, expected, sizeof expected);
  emblas_model_free(model);
}

Test(model, written_by_hand_without_factors_names_and_fit) {
  write_text("model.json", by_hand);
  expect_by_hand("model.json");
  cr_assert_eq(dup2(open("model.json", O_RDONLY), 0), 0);
  expect_by_hand("-");
}

/* Numbers of any length, any escape, and of two members of a name the last. */
Test(model, any_json) {
  const double expected_means[] = {1e20, 0.1, -0.0};
  struct emblas_model *model = NULL;
  struct io_error error;
  char **names = NULL;

  write_text("model.json",
             "{\"k\":[true,false,null,{\"\\u006b\":[]},{}],\"format\":\"emblas\\u002dmodel\",\"version\":1,"
             "\"family\":\"gaussian\",\"covariance\":\"VII\",\"k\" : 1,\"dim\":3,\"weights\":[1e0],"
             "\"columns\":[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u00E9\\u20ac\\ud83d\\ude00\xc3\xa9\",\"\"],"
             "\"means\":[[100000000000000000000,"
             "0.10000000000000000000000000000000000000000000000000000000000000000000000000000000001,-0]],"
             "\"cholesky\":[[[1,0,0],[0,1,0],[0,0,1]]]}");
  cr_assert_eq(io_model_read("model.json", &model, &names, &error), 0, "%s", error.text);
  cr_expect_arr_eq(emblas_model_means(model), expected_means, sizeof expected_means);
  cr_expect_str_eq(names[0], "\"\\/\b\f\n\r\t");
  cr_expect_str_eq(names[1], "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9");
  cr_expect_str_eq(names[2], "");
  io_names_free(names, 3);
  emblas_model_free(model);
}

/* They agree but for rounding. */
Test(model, where_both_stand_the_factors_count) {
  struct emblas_model *model = NULL;
  struct io_error error;
  double factor[1];

  write_text("model.json",
             "{\"format\":\"emblas-model\",\"version\":1,\"family\":\"gaussian\",\"covariance\":\"V\","
             "\"k\":1,\"dim\":1,\"weights\":[1],\"means\":[[0]],\"covariances\":[[[9.000000001]]],"
             "\"cholesky\":[[[3]]]}\n\n \t");
  cr_assert_eq(io_model_read("model.json", &model, NULL, &error), 0, "%s", error.text);
  emblas_model_cholesky(model, 0, factor);
  cr_expect_eq(factor[0], 3);
  emblas_model_free(model);
}

Test(model, blanks_longer_than_a_read) {
  size_t length = 200000;
  char *text = malloc(length + sizeof by_hand);

  cr_assert_not_null(text);
  memset(text, '\n', length);
  memcpy(text + length, by_hand, sizeof by_hand);
  write_text("model.json", text);
  expect_by_hand("model.json");
  memset(text, '\n', length + sizeof by_hand - 1);
  memcpy(text, by_hand, sizeof by_hand - 1);
  write_text("model.json", text);
  expect_by_hand("model.json");
  free(text);
}

Test(model, output_that_fails_leaves_the_old_file) {
  struct emblas_model *model = small_model();
  struct io_error error;

  drop_root();
  cr_expect_eq(io_model_write("/dev/full", model, NULL, NULL, &error), -1);
  cr_expect_str_eq(error.text, "/dev/full: cannot write: No space left on device");
  cr_expect_eq(io_model_write("missing/model.json", model, NULL, NULL, &error), -1);
  cr_expect_str_eq(error.text, "missing/model.json: cannot write: No such file or directory");
  emblas_model_free(model);
}
