/* SPDX-License-Identifier: MIT */
/* Models as JSON: laid out for people, a vector a line, and numbers that read back as the same bits. The
   text goes straight to the stream: there is nothing that could run out of memory half-way but one matrix,
   which is taken first. */
#include "model_format.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

/* Printable ASCII and UTF-8 as they are, all else escaped; a byte of no UTF-8 becomes U+FFFD. */
static void put_string(FILE *stream, const char *text) {
  const char *end = text + strlen(text);

  fputc('"', stream);
  while (text < end) {
    size_t size = io_utf8(text, (size_t)(end - text));

    if (size == 0)
      fputs("\xef\xbf\xbd", stream);
    else if (*text == '"' || *text == '\\')
      fprintf(stream, "\\%c", *text);
    else if (*text == '\n')
      fputs("\\n", stream);
    else if (*text == '\t')
      fputs("\\t", stream);
    else if (io_is_control(text))
      fprintf(stream, "\\u%04x", (unsigned char)text[size - 1]);
    else
      fwrite(text, 1, size, stream);
    text += size > 0 ? size : 1;
  }
  fputc('"', stream);
}

/* JSON has no NaN and no infinity: null. To other programs -0 would be an integer, which has no sign then.
 */
static void put_number(FILE *stream, double value) {
  char text[32];

  io_number_format(value, text);
  fputs(!isfinite(value) ? "null" : strcmp(text, "-0") == 0 ? "-0.0" : text, stream);
}

static void put_vector(FILE *stream, const double *values, size_t count) {
  fputc('[', stream);
  for (size_t i = 0; i < count; i++) {
    if (i > 0) fputs(", ", stream);
    put_number(stream, values[i]);
  }
  fputc(']', stream);
}

static void put_strings(FILE *stream, const char *const *strings, size_t count) {
  fputc('[', stream);
  for (size_t i = 0; i < count; i++) {
    if (i > 0) fputs(", ", stream);
    put_string(stream, strings[i]);
  }
  fputc(']', stream);
}

/* A line for each row; indent: blanks before the closing bracket. */
static void put_matrix(FILE *stream, const double *values, size_t rows, size_t columns, int indent) {
  fputc('[', stream);
  for (size_t i = 0; i < rows; i++) {
    fprintf(stream, "%s\n%*s", i > 0 ? "," : "", indent + 2, "");
    put_vector(stream, values + i * columns, columns);
  }
  fprintf(stream, "\n%*s]", indent, "");
}

typedef void (*matrix_function)(const struct emblas_model *, size_t component, double *matrix);

/* The matrices that `get` gives, one a component; matrix: room for one. */
static void put_matrices(FILE *stream, const struct emblas_model *model, matrix_function get,
                         double *matrix) {
  size_t dim = emblas_model_dim(model), k = emblas_model_components(model);

  fputc('[', stream);
  for (size_t c = 0; c < k; c++) {
    get(model, c, matrix);
    fprintf(stream, "%s\n%4s", c > 0 ? "," : "", "");
    put_matrix(stream, matrix, dim, dim, 4);
  }
  fputs("\n  ]", stream);
}

/* ---- members: each begins with the comma after the one before ---- */

static void put_key(FILE *stream, int indent, const char *key) {
  fprintf(stream, ",\n%*s\"%s\": ", indent, "", key);
}

static void put_size(FILE *stream, int indent, const char *key, uint64_t value) {
  put_key(stream, indent, key);
  fprintf(stream, "%" PRIu64, value);
}

static void put_real(FILE *stream, int indent, const char *key, double value) {
  put_key(stream, indent, key);
  put_number(stream, value);
}

static void put_fit(FILE *stream, const struct io_fit *fit) {
  put_key(stream, 2, "fit");
  fputs("{\n    \"status\": ", stream);
  put_string(stream, fit->status);
  put_size(stream, 4, "iterations", fit->iterations);
  put_size(stream, 4, "maps", fit->maps);
  put_real(stream, 4, "loglik", fit->loglik);
  put_size(stream, 4, "n", fit->n);
  put_size(stream, 4, "parameters", fit->parameters);
  put_real(stream, 4, "bic", fit->bic);
  put_real(stream, 4, "aic", fit->aic);
  put_real(stream, 4, "icl", fit->icl);
  put_key(stream, 4, "backend");
  put_string(stream, fit->backend);
  put_size(stream, 4, "threads", fit->threads);
  put_size(stream, 4, "seed", fit->seed);
  put_real(stream, 4, "seconds", fit->seconds);
  put_key(stream, 4, "warnings");
  put_strings(stream, fit->warnings, fit->warning_count);
  fputs("\n  }", stream);
}

/* Can all covariances be written? Those of data beyond 1e154 or below 1e-154 are out of the range of
   double, which their diagonals tell. */
static bool covariances_representable(const struct emblas_model *model, double *matrix) {
  size_t dim = emblas_model_dim(model), k = emblas_model_components(model);

  for (size_t c = 0; c < k; c++) {
    emblas_model_cholesky(model, c, matrix);
    for (size_t i = 0; i < dim; i++) {
      double variance = 0;

      for (size_t j = 0; j <= i; j++) variance += matrix[i * dim + j] * matrix[i * dim + j];
      if (!(variance >= DBL_MIN && variance <= DBL_MAX)) return false;
    }
  }
  return true;
}

/* The covariances, for people and other programs; the model is read back from the factors. Where they
   cannot be written the factors stand alone. */
static void put_model(FILE *stream, const struct emblas_model *model, const char *const *names,
                      double *matrix) {
  size_t k = emblas_model_components(model), dim = emblas_model_dim(model);
  int covariances = emblas_family_has_covariances(emblas_model_family(model));

  fputs("{\n  \"format\": \"" MODEL_FORMAT "\"", stream);
  put_size(stream, 2, "version", MODEL_VERSION);
  put_key(stream, 2, "family");
  put_string(stream, emblas_family_string(emblas_model_family(model)));
  if (covariances) {
    put_key(stream, 2, "covariance");
    put_string(stream, emblas_covariance_mclust(emblas_model_covariance_model(model), dim));
  }
  put_size(stream, 2, "k", k);
  put_size(stream, 2, "dim", dim);
  if (names) put_key(stream, 2, "columns"), put_strings(stream, names, dim);
  put_key(stream, 2, "weights");
  put_vector(stream, emblas_model_weights(model), k);
  put_key(stream, 2, "means");
  put_matrix(stream, emblas_model_means(model), k, dim, 2);
  if (!covariances) return;
  if (covariances_representable(model, matrix)) {
    put_key(stream, 2, "covariances");
    put_matrices(stream, model, emblas_model_covariance, matrix);
  }
  put_key(stream, 2, "cholesky");
  put_matrices(stream, model, emblas_model_cholesky, matrix);
}

int io_model_print(FILE *stream, const struct emblas_model *model, const char *const *names,
                   const struct io_fit *fit, struct io_error *error) {
  size_t dim = emblas_model_dim(model);
  double *matrix = malloc(dim * dim * sizeof *matrix);

  if (!matrix) return io_fail_memory(error, "the model");
  errno = EIO; /* for a write that failed without a reason */
  put_model(stream, model, names, matrix);
  if (fit) put_fit(stream, fit);
  fputs("\n}\n", stream);
  free(matrix);
  return ferror(stream) ? io_fail(error, "cannot write: %s", strerror(errno)) : 0;
}

int io_model_write(const char *path, const struct emblas_model *model, const char *const *names,
                   const struct io_fit *fit, struct io_error *error) {
  struct io_replacement file;
  struct io_error why;

  if (io_replace_open(&file, path, error) != 0) return -1;
  if (io_model_print(file.stream, model, names, fit, &why) != 0) {
    io_replace_discard(&file);
    io_fail(error, "%s: %s", path, why.text);
    error->resources = why.resources;
    return -1;
  }
  return io_replace_commit(&file, error);
}
