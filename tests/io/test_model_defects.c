/* SPDX-License-Identifier: MIT */
/* Model files that are bad: each is one change to a good one. */
#include "support.h"

#include <criterion/criterion.h>
#include <io/io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

TestSuite(model_defects, .init = directory_enter, .fini = directory_leave);

static const char good[] = "{\n"
                           "  \"format\": \"emblas-model\", \"version\": 1,\n"
                           "  \"family\": \"gaussian\", \"covariance\": \"VVV\",\n"
                           "  \"k\": 2, \"dim\": 2,\n"
                           "  \"columns\": [\"a\", \"b\"],\n"
                           "  \"weights\": [0.25, 0.75],\n"
                           "  \"means\": [[1, 2], [3, 4]],\n"
                           "  \"covariances\": [[[4, 1], [1, 1.25]], [[1, 0.125], [0.125, 36.015625]]],\n"
                           "  \"cholesky\": [[[2, 0], [0.5, 1]], [[1, 0], [0.125, 6]]]\n"
                           "}\n";

static void expect_error(const char *message) {
  struct emblas_model *model = NULL;
  struct io_error error = {.text = ""};
  char **names = NULL;

  cr_expect_eq(io_model_read("m.json", &model, &names, &error), -1, "%s", message);
  cr_expect_str_eq(error.text, message);
  cr_expect_null(model);
  cr_expect_null(names);
}

/* Writes the good model with its one `old` replaced. */
static void write_changed(const char *old, const char *new) {
  const char *at = strstr(good, old);
  char text[2048];

  cr_assert_not_null(at, "%s", old);
  cr_assert_null(strstr(at + 1, old), "%s stands twice", old);
  snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, new, at + strlen(old));
  write_text("m.json", text);
}

#define FACTORS "  \"cholesky\": [[[2, 0], [0.5, 1]], [[1, 0], [0.125, 6]]]\n"

Test(model_defects, each_is_named_by_key_path) {
  const struct {
    const char *old, *new, *message;
  } cases[] = {
      {"emblas-model", "other", "m.json: holds no model: format is not 'emblas-model'"},
      {"\"format\"", "\"formats\"", "m.json: holds no model: format is not 'emblas-model'"},
      {"\"version\": 1", "\"version\": 2", "m.json: version is not 1"},
      {"\"version\": 1", "\"version\": \"1\"", "m.json: version is not 1"},
      {"gaussian", "cauchy", "m.json: family is 'cauchy'; no such family is known"},
      {"\"family\"", "\"kin\"", "m.json: family is missing or not a string"},
      {"VVV", "XYZ", "m.json: covariance is 'XYZ'; no such covariance model is known"},
      {"\"VVV\"", "7", "m.json: covariance is missing or not a string"},
      {"\"k\": 2", "\"k\": 0", "m.json: k is not a positive integer"},
      {"\"k\": 2", "\"k\": -2", "m.json: k is not a positive integer"},
      {"\"k\": 2", "\"k\": 2.5", "m.json: k is not a positive integer"},
      {"\"k\": 2", "\"k\": \"2\"", "m.json: k is not a positive integer"},
      {"\"k\": 2, ", "", "m.json: k is not a positive integer"},
      {"\"dim\": 2", "\"dim\": 0", "m.json: dim is not a positive integer"},
      {"\"k\": 2", "\"k\": 3", "m.json: weights has 2 entries; 3 are expected"},
      {"\"dim\": 2", "\"dim\": 3", "m.json: means[0] has 2 entries; 3 are expected"},
      {"\"k\": 2", "\"k\": 4611686018427387904",
       "m.json: weights has 2 entries; 4611686018427387904 are expected"},
      {"\"dim\": 2", "\"dim\": 1099511627776",
       "m.json: means[0] has 2 entries; 1099511627776 are expected"},
      {"\"weights\"", "\"w\"", "m.json: weights is missing"},
      {"\"means\"", "\"m\"", "m.json: means is missing"},
      {"0.75]", "-0.75]", "m.json: weights[1] is negative"},
      {"0.75]", "0.5]", "m.json: weights sum to 0.75, not to 1"},
      {"0.75]", "0.7500000037252903]", "m.json: weights sum to 1.0000000037252903, not to 1"},
      {"0.75]", "\"x\"]", "m.json: weights[1] is not a number"},
      {"0.75]", "null]", "m.json: weights[1] is not a number"},
      {"0.75]", "NaN]", "m.json: weights[1] is not a finite number"},
      {"0.75]", "Infinity]", "m.json: weights[1] is not a finite number"},
      {"0.75]", "-Infinity]", "m.json: weights[1] is not a finite number"},
      {"0.75]", "1e999]", "m.json: weights[1] is not a finite number"},
      {"[3, 4]", "[3]", "m.json: means[1] has 1 entries; 2 are expected"},
      {"[3, 4]", "[3, 4, 5]", "m.json: means[1] has 3 entries; 2 are expected"},
      {"[3, 4]", "3", "m.json: means[1] is not an array"},
      {"[3, 4]", "[[3], 4]", "m.json: means[1][0] is not a number"},
      {"[0.125, 36.015625]]],", "[0.125]]],", "m.json: covariances[1][1] has 1 entries; 2 are expected"},
      {"[[1, 0.125], [0.125, 36.015625]]]", "[[1, 0.5], [0.25, 36.015625]]]",
       "m.json: covariances[1] (component 1) is not symmetric: entries [0][1] and [1][0]"},
      {"[[1, 0], [0.125, 6]]", "[[1, 0], [0.125, -6]]",
       "m.json: cholesky[1][1][1], on the diagonal, is not positive"},
      {"[[1, 0], [0.125, 6]]", "[[0, 0], [0.125, 6]]",
       "m.json: cholesky[1][0][0], on the diagonal, is not positive"},
      {"[[1, 0], [0.125, 6]]", "[[1, 0.5], [0.125, 6]]",
       "m.json: cholesky[1][0][1], above the diagonal, is not 0"},
      {"[\"a\", \"b\"]", "[\"a\"]", "m.json: columns is not an array of 2 names"},
      {"[\"a\", \"b\"]", "\"a\"", "m.json: columns is not an array of 2 names"},
      {"[\"a\", \"b\"]", "[\"a\", 7]", "m.json: columns[1] is not a string without NUL"},
      {"[\"a\", \"b\"]", "[\"a\", \"b\\u0000c\"]", "m.json: columns[1] is not a string without NUL"},
      {"VVV", "VVI", "m.json: cholesky[0] (component 0) is no matrix of the covariance model VVI"},
      {"[0.125, 36.015625]]],", "[0.125, 144.0625]]],",
       "m.json: covariances[1] and cholesky[1] (component 1) disagree at [1][1]: leave out the one that is "
       "not meant"},
      {"[[4, 1], [1, 1.25]]", "[[4, 1.00001], [1.00001, 1.25]]",
       "m.json: covariances[0] and cholesky[0] (component 0) disagree at [1][0]: leave out the one that is "
       "not meant"},
      {"[0.125, 6]]", "[0.125, 5.999999]]",
       "m.json: covariances[1] and cholesky[1] (component 1) disagree at [1][1]: leave out the one that is "
       "not meant"},
      {"VVV", "EEE",
       "m.json: cholesky: the components differ; the covariance model EEE has one matrix for all"},
  };

  for (size_t i = 0; i < COUNT(cases); i++) {
    write_changed(cases[i].old, cases[i].new);
    expect_error(cases[i].message);
  }
}

Test(model_defects, matrices) {
  write_changed("[[1, 0.125], [0.125, 36.015625]]],\n" FACTORS, "[[1, 2], [2, 1]]]\n");
  expect_error("m.json: covariances[1] (component 1) is not positive definite");
  write_changed("[[1, 0.125], [0.125, 36.015625]]],\n" FACTORS, "[[1, 0.5], [0.5, -1]]]\n");
  expect_error("m.json: covariances[1] (component 1) is not positive definite");
  write_changed("[[4, 1], [1, 1.25]], [[1, 0.125], [0.125, 36.015625]]],\n" FACTORS,
                "[[0, 0], [0, 0]], [[1, 0], [0, 1]]]\n");
  expect_error("m.json: covariances[0] (component 0) is not positive definite");
  write_text("m.json",
             "{\"format\":\"emblas-model\",\"version\":1,\"family\":\"gaussian\",\"covariance\":\"V\","
             "\"k\":1,\"dim\":1,\"weights\":[1],\"means\":[[0]]}");
  expect_error("m.json: covariances and cholesky are missing; one of them is needed");
}

Test(model_defects, text_that_is_no_json) {
  const struct {
    const char *text, *message;
  } cases[] = {
      {"", "m.json:1:1: the file is empty"},
      {"\n\n", "m.json:3:1: the file is cut short"},
      {"{", "m.json:1:2: the file is cut short"},
      {"{\n  \"format\": oops\n}", "m.json:2:13: unexpected character"},
      {"{\"a\": 1,}", "m.json:1:9: unexpected character"},
      {"// model\n{}", "m.json:1:1: unexpected character"},
      {"null\n", "m.json: holds no model: it is not an object"},
      {"[1]", "m.json: holds no model: it is not an object"},
      {"{}", "m.json: holds no model: format is not 'emblas-model'"},
      {"{\"a\": \"\xff\"}", "m.json:1:8: a string that is not UTF-8"},
      {"[\"\xc3(\"]", "m.json:1:3: a string that is not UTF-8"},
      {"[\"\xed\xa0\x80\"]", "m.json:1:3: a string that is not UTF-8"},
      {"[\"a\tb\"]", "m.json:1:4: a control character in a string"},
      {"[\"\\x\"]", "m.json:1:4: an unknown escape"},
      {"[\"\\u12g4\"]", "m.json:1:7: four hexadecimal digits are needed"},
      {"[\"\\udc00\"]", "m.json:1:9: half a character"},
      {"[\"\\ud800\\u0041\"]", "m.json:1:15: half a character"},
      {"[\"\\ud800a\"]", "m.json:1:9: unexpected character"},
      {"[01]", "m.json:1:2: not a number of JSON"},
      {"[1.]", "m.json:1:2: not a number of JSON"},
      {"[-.5]", "m.json:1:2: not a number of JSON"},
      {"[1e]", "m.json:1:2: not a number of JSON"},
      {"[+1]", "m.json:1:2: unexpected character"},
      {"[1 2]", "m.json:1:4: unexpected character"},
      {"[1,]", "m.json:1:4: unexpected character"},
      {"[nul]", "m.json:1:5: unexpected character"},
      {"{'a': 1}", "m.json:1:2: unexpected character"},
      {"{\"a\" 1}", "m.json:1:6: unexpected character"},
      {"{}\n{}", "m.json:2:1: more text after the model"},
      {"[[[[[[[[[[[[[[[[[[[[[[[[", "m.json:1:17: nesting too deep"},
      {"eruptions,waiting\n3.6,79\n", "m.json:1:1: unexpected character"},
  };

  for (size_t i = 0; i < COUNT(cases); i++) {
    write_text("m.json", cases[i].text);
    expect_error(cases[i].message);
  }
  write_bytes("m.json", "{}\0 ", 4);
  expect_error("m.json:1:3: more text after the model");
}

Test(model_defects, more_text_far_behind_the_model) {
  size_t length = 100000;
  char *text = malloc(length + 2), message[80];

  cr_assert_not_null(text);
  memset(text, ' ', length);
  memcpy(text, good, sizeof good - 1);
  memcpy(text + length, "x", 2);
  write_text("m.json", text);
  snprintf(message, sizeof message, "m.json:11:%zu: more text after the model",
           length - (sizeof good - 1) + 1);
  expect_error(message);
  free(text);
}

Test(model_defects, files_that_cannot_be_read) {
  struct emblas_model *model = NULL;
  struct io_error error;

  cr_expect_eq(io_model_read("missing.json", &model, NULL, &error), -1);
  cr_expect_str_eq(error.text, "missing.json: No such file or directory");
  cr_expect_eq(mkdir("folder", 0777), 0);
  cr_expect_eq(io_model_read("folder", &model, NULL, &error), -1);
  cr_expect_str_eq(error.text, "folder: Is a directory");
  cr_expect_eq(io_model_read("/dev/zero", &model, NULL, &error), -1);
  cr_expect_str_eq(error.text, "/dev/zero:1:1: unexpected character");
}

Test(model_defects, cut_anywhere) {
  struct emblas_model *model = NULL;
  struct io_error error;

  for (size_t cut = 0; cut < sizeof good - 2; cut++) { /* without its last line end it is still whole */
    write_bytes("m.json", good, cut);
    cr_expect_eq(io_model_read("m.json", &model, NULL, &error), -1, "cut at %zu", cut);
    cr_expect_not_null(strstr(error.text, cut == 0 ? "empty" : "the file is cut short"), "cut at %zu: %s",
                       cut, error.text);
  }
  write_bytes("m.json", good, sizeof good - 2);
  cr_assert_eq(io_model_read("m.json", &model, NULL, &error), 0, "%s", error.text);
  emblas_model_free(model);
}

Test(model_defects, any_bit_flipped) {
  char text[sizeof good];

  for (size_t bit = 0; bit < 8 * (sizeof good - 1); bit++) {
    struct emblas_model *model = NULL;
    struct io_error error = {.text = ""};
    char **names = NULL;

    memcpy(text, good, sizeof good);
    text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    write_bytes("m.json", text, sizeof good - 1);
    if (io_model_read("m.json", &model, &names, &error) ==
        0) { /* another number, another name, a lost optional key */
      io_names_free(names, 2);
      emblas_model_free(model);
    } else {
      cr_expect_neq(error.text[0], '\0');
      cr_expect_null(model);
    }
  }
}
