/* SPDX-License-Identifier: MIT */
/* Models as JSON: laid out for people, a vector a line, and numbers that read back as the same bits. */
#include "model_format.h"

#include <errno.h>
#include <json-c/printbuf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* All of these return NULL without memory; add() and append() then fail and free what they were given. */

/* JSON has no NaN and no infinity: null. */
static struct json_object *json_number(double value) {
  char text[32];

  io_number_format(value, text);
  /* "-0" would be read as an integer, which has no negative zero */
  return json_object_new_double_s(value, strcmp(text, "-0") == 0 ? "-0.0" : text);
}

static int add(struct json_object *object, const char *key, struct json_object *value) {
  if (object && value && json_object_object_add(object, key, value) == 0) return 0;
  json_object_put(value);
  return -1;
}

static int add_number(struct json_object *object, const char *key, double value) {
  if (!isfinite(value)) return json_object_object_add(object, key, NULL);
  return add(object, key, json_number(value));
}

static int add_string(struct json_object *object, const char *key, const char *value) {
  return add(object, key, json_object_new_string(value));
}

static int add_size(struct json_object *object, const char *key, uint64_t value) {
  return add(object, key, json_object_new_uint64(value));
}

static struct json_object *append(struct json_object *array, struct json_object *value) {
  if (array && value && json_object_array_add(array, value) == 0) return array;
  json_object_put(value);
  json_object_put(array);
  return NULL;
}

/* Prints an array of numbers or strings on one line, which json-c's pretty layout would not. */
static int print_line(struct json_object *array, struct printbuf *out, int level, int flags) {
  size_t length = json_object_array_length(array);

  (void)level;
  printbuf_strappend(out, "[");
  for (size_t i = 0; i < length; i++) {
    const char *text = json_object_to_json_string_ext(json_object_array_get_idx(array, i),
                                                      flags & ~JSON_C_TO_STRING_PRETTY);

    if (!text) return -1;
    if (i > 0) printbuf_strappend(out, ", ");
    printbuf_memappend(out, text, (int)strlen(text));
  }
  return printbuf_strappend(out, "]");
}

static struct json_object *new_line(void) {
  struct json_object *array = json_object_new_array();

  if (array) json_object_set_serializer(array, print_line, NULL, NULL);
  return array;
}

static struct json_object *json_vector(const double *values, size_t count) {
  struct json_object *array = new_line();

  for (size_t i = 0; array && i < count; i++) array = append(array, json_number(values[i]));
  return array;
}

static struct json_object *json_matrix(const double *values, size_t rows, size_t columns) {
  struct json_object *array = json_object_new_array();

  for (size_t i = 0; array && i < rows; i++)
    array = append(array, json_vector(values + i * columns, columns));
  return array;
}

static struct json_object *json_strings(const char *const *strings, size_t count) {
  struct json_object *array = new_line();

  for (size_t i = 0; array && i < count; i++) array = append(array, json_object_new_string(strings[i]));
  return array;
}

typedef void (*matrix_function)(const struct emblas_model *, size_t component, double *matrix);

/* The matrices that `get` gives, one a component. */
static struct json_object *json_matrices(const struct emblas_model *model, matrix_function get) {
  size_t dim = emblas_model_dim(model), k = emblas_model_components(model);
  double *matrix = malloc(dim * dim * sizeof *matrix);
  struct json_object *array = matrix ? json_object_new_array() : NULL;

  for (size_t c = 0; array && c < k; c++) {
    get(model, c, matrix);
    array = append(array, json_matrix(matrix, dim, dim));
  }
  free(matrix);
  return array;
}

static struct json_object *json_fit(const struct io_fit *fit) {
  struct json_object *object = json_object_new_object();
  int failed = 0;

  failed |= add_string(object, "status", fit->status);
  failed |= add_size(object, "iterations", fit->iterations);
  failed |= add_size(object, "maps", fit->maps);
  failed |= add_number(object, "loglik", fit->loglik);
  failed |= add_size(object, "n", fit->n);
  failed |= add_size(object, "parameters", fit->parameters);
  failed |= add_number(object, "bic", fit->bic);
  failed |= add_number(object, "aic", fit->aic);
  failed |= add_number(object, "icl", fit->icl);
  failed |= add_string(object, "backend", fit->backend);
  failed |= add_size(object, "threads", fit->threads);
  failed |= add_size(object, "seed", fit->seed);
  failed |= add_number(object, "seconds", fit->seconds);
  failed |= add(object, "warnings", json_strings(fit->warnings, fit->warning_count));
  if (!failed) return object;
  json_object_put(object);
  return NULL;
}

static struct json_object *json_model(const struct emblas_model *model, const char *const *names,
                                      const struct io_fit *fit) {
  size_t k = emblas_model_components(model), dim = emblas_model_dim(model);
  struct json_object *object = json_object_new_object();
  int failed = 0;

  failed |= add_string(object, "format", MODEL_FORMAT);
  failed |= add_size(object, "version", MODEL_VERSION);
  failed |= add_string(object, "family", MODEL_FAMILY);
  failed |=
      add_string(object, "covariance", emblas_covariance_mclust(emblas_model_covariance_model(model), dim));
  failed |= add_size(object, "k", k);
  failed |= add_size(object, "dim", dim);
  if (names) failed |= add(object, "columns", json_strings(names, dim));
  failed |= add(object, "weights", json_vector(emblas_model_weights(model), k));
  failed |= add(object, "means", json_matrix(emblas_model_means(model), k, dim));
  failed |= add(object, "covariances", json_matrices(model, emblas_model_covariance));
  failed |= add(object, "cholesky", json_matrices(model, emblas_model_cholesky));
  if (fit) failed |= add(object, "fit", json_fit(fit));
  if (!failed) return object;
  json_object_put(object);
  return NULL;
}

int io_model_print(FILE *stream, const struct emblas_model *model, const char *const *names,
                   const struct io_fit *fit, struct io_error *error) {
  struct json_object *object = json_model(model, names, fit);
  const char *text =
      object ? json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                          JSON_C_TO_STRING_NOSLASHESCAPE)
             : NULL;
  int result = 0;

  if (!text)
    result = io_fail(error, "out of memory");
  else if (fputs(text, stream) == EOF || fputc('\n', stream) == EOF)
    result = io_fail(error, "cannot write: %s", strerror(errno));
  json_object_put(object);
  return result;
}

int io_model_write(const char *path, const struct emblas_model *model, const char *const *names,
                   const struct io_fit *fit, struct io_error *error) {
  struct io_replacement file;
  struct io_error why;

  if (io_replace_open(&file, path, error) != 0) return -1;
  if (io_model_print(file.stream, model, names, fit, &why) != 0) {
    io_replace_discard(&file);
    return io_fail(error, "%s: %s", path, why.text);
  }
  return io_replace_commit(&file, error);
}
