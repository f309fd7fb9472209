/* SPDX-License-Identifier: MIT */
/* Models from JSON. Every defect is found here or by emblas_model_create(), and named by file and key path.
 */
#include "model_format.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How far matrices may be from symmetry and from each other, in units of the deviations. */
#define TOLERANCE 1e-9

/* A model file between JSON and model. */
struct draft {
  const char *file;
  struct json object;
  struct io_error *error;
  enum emblas_family family;
  enum emblas_covariance covariance;
  size_t k, dim;
  struct io_array weights, means, covariances, cholesky;
};

/* ---- scalars ---- */

/* NULL when object[key] is missing or no string. */
static const char *get_string(const struct draft *draft, const char *key) {
  const struct json *node = io_json_get(&draft->object, key);

  return node && node->type == JSON_STRING ? node->text : NULL;
}

/* 0 when object[key] is missing or no positive integer. */
static size_t get_size(const struct draft *draft, const char *key) {
  const struct json *node = io_json_get(&draft->object, key);
  bool is_size =
      node && node->type == JSON_NUMBER && node->whole && node->number >= 1.0 && node->number < 0x1p63;

  return is_size ? (size_t)node->number : 0;
}

static int fail_string(const struct draft *draft, const char *key, const char *found, const char *wanted) {
  if (!found) return io_fail(draft->error, "%s: %s is missing or not a string", draft->file, key);
  return io_fail(draft->error, "%s: %s is '%s'; %s", draft->file, key, io_quote(found, strlen(found)).text,
                 wanted);
}

static int read_head(struct draft *draft) {
  const char *format = get_string(draft, "format"), *family = get_string(draft, "family");
  const char *covariance = get_string(draft, "covariance");

  if (!format || strcmp(format, MODEL_FORMAT) != 0)
    return io_fail(draft->error, "%s: holds no model: format is not '" MODEL_FORMAT "'", draft->file);
  if (get_size(draft, "version") != MODEL_VERSION)
    return io_fail(draft->error, "%s: version is not %d", draft->file, MODEL_VERSION);
  if (!family || emblas_family_parse(family, &draft->family) != EMBLAS_OK)
    return fail_string(draft, "family", family, "no such family is known");
  if (!emblas_family_has_covariances(draft->family))
    draft->covariance = EMBLAS_FULL;
  else if (!covariance || emblas_covariance_parse(covariance, &draft->covariance) != EMBLAS_OK)
    return fail_string(draft, "covariance", covariance, "no such covariance model is known");
  draft->k = get_size(draft, "k");
  if (draft->k == 0) return io_fail(draft->error, "%s: k is not a positive integer", draft->file);
  draft->dim = get_size(draft, "dim");
  if (draft->dim == 0) return io_fail(draft->error, "%s: dim is not a positive integer", draft->file);
  return 0;
}

/* ---- arrays ---- */

static int read_arrays(struct draft *draft) {
  size_t k = draft->k, dim = draft->dim;
  struct io_array *arrays[4] = {&draft->weights, &draft->means, &draft->covariances, &draft->cholesky};

  draft->weights = (struct io_array){.key = "weights", .order = 1, .extent = {k}};
  draft->means = (struct io_array){.key = "means", .order = 2, .extent = {k, dim}};
  draft->covariances = (struct io_array){.key = "covariances", .order = 3, .extent = {k, dim, dim}};
  draft->cholesky = (struct io_array){.key = "cholesky", .order = 3, .extent = {k, dim, dim}};
  for (size_t i = 0; i < 4; i++)
    if (io_array_read(arrays[i], &draft->object, draft->file, draft->error) != 0) return -1;
  for (size_t i = 0; i < 2; i++)
    if (!arrays[i]->values) return io_fail(draft->error, "%s: %s is missing", draft->file, arrays[i]->key);
  if (emblas_family_has_covariances(draft->family) && !draft->covariances.values && !draft->cholesky.values)
    return io_fail(draft->error, "%s: covariances and cholesky are missing; one of them is needed",
                   draft->file);
  return 0;
}

static int check_weights(const struct draft *draft) {
  double sum = 0.0;
  char text[32];

  for (size_t c = 0; c < draft->k; c++) {
    if (draft->weights.values[c] < 0.0)
      return io_fail(draft->error, "%s: weights[%zu] is negative", draft->file, c);
    sum += draft->weights.values[c];
  }
  if (!(fabs(sum - 1.0) <= 1e-9))
    return io_fail(draft->error, "%s: weights sum to %s, not to 1", draft->file,
                   io_number_format(sum, text));
  return 0;
}

/* Up to the rounding of whatever program wrote the file. */
static int check_covariance(const struct draft *draft, size_t component) {
  size_t dim = draft->dim;
  const double *a = draft->covariances.values + component * dim * dim;

  for (size_t i = 0; i < dim; i++)
    for (size_t j = 0; j < i; j++)
      if (!(fabs(a[i * dim + j] - a[j * dim + i]) <=
            TOLERANCE * sqrt(fabs(a[i * dim + i])) * sqrt(fabs(a[j * dim + j]))))
        return io_fail(draft->error,
                       "%s: covariances[%zu] (component %zu) is not symmetric: entries [%zu][%zu] and "
                       "[%zu][%zu]",
                       draft->file, component, component, j, i, i, j);
  return 0;
}

static int check_factor(const struct draft *draft, size_t component) {
  size_t dim = draft->dim;
  const double *l = draft->cholesky.values + component * dim * dim;

  for (size_t i = 0; i < dim; i++) {
    if (!(l[i * dim + i] > 0.0))
      return io_fail(draft->error, "%s: cholesky[%zu][%zu][%zu], on the diagonal, is not positive",
                     draft->file, component, i, i);
    for (size_t j = i + 1; j < dim; j++)
      if (l[i * dim + j] != 0.0)
        return io_fail(draft->error, "%s: cholesky[%zu][%zu][%zu], above the diagonal, is not 0",
                       draft->file, component, i, j);
  }
  return 0;
}

static int check_arrays(const struct draft *draft) {
  if (check_weights(draft) != 0) return -1;
  for (size_t c = 0; c < draft->k; c++) {
    if (draft->covariances.values && check_covariance(draft, c) != 0) return -1;
    if (draft->cholesky.values && check_factor(draft, c) != 0) return -1;
  }
  return 0;
}

/* ---- column names ---- */

/* A malloc'ed copy of columns[i], or NULL after an error. */
static char *read_name(const struct draft *draft, const struct json *node, size_t i) {
  char *name;

  if (node->type != JSON_STRING || strlen(node->text) != node->count) {
    io_fail(draft->error, "%s: columns[%zu] is not a string without NUL", draft->file, i);
    return NULL;
  }
  name = strdup(node->text);
  if (!name) io_fail_memory(draft->error, draft->file);
  return name;
}

static int read_names(const struct draft *draft, char ***names) {
  const struct json *node = io_json_get(&draft->object, "columns");
  char **read;

  *names = NULL;
  if (!node) return 0;
  if (node->type != JSON_ARRAY || node->count != draft->dim)
    return io_fail(draft->error, "%s: columns is not an array of %zu names", draft->file, draft->dim);
  read = calloc(draft->dim, sizeof *read);
  if (!read) return io_fail_memory(draft->error, draft->file);
  for (size_t i = 0; i < draft->dim; i++) {
    read[i] = read_name(draft, &node->items[i], i);
    if (!read[i]) {
      io_names_free(read, draft->dim);
      return -1;
    }
  }
  *names = read;
  return 0;
}

/* ---- the model ---- */

static int create_model(const struct draft *draft, struct emblas_model **model) {
  const char *matrices = draft->cholesky.values ? "cholesky" : "covariances";
  struct emblas_parameters parameters;
  size_t component = EMBLAS_NOWHERE;
  emblas_status status;

  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.family = draft->family;
  parameters.covariance = draft->covariance;
  parameters.components = draft->k;
  parameters.dim = draft->dim;
  parameters.weights = draft->weights.values;
  parameters.means = draft->means.values;
  parameters.covariances = draft->covariances.values;
  parameters.cholesky = draft->cholesky.values;
  status = emblas_model_create(&parameters, model, &component);
  if (status == EMBLAS_OK) return 0;
  if (status == EMBLAS_ERROR_MEMORY) return io_fail_memory(draft->error, draft->file);
  if (status == EMBLAS_ERROR_COVARIANCE && !emblas_family_has_covariances(draft->family))
    return io_fail(draft->error, "%s: the family %s has no %s", draft->file,
                   emblas_family_string(draft->family), matrices);
  if (status == EMBLAS_ERROR_COVARIANCE && component == EMBLAS_NOWHERE)
    return io_fail(draft->error,
                   "%s: %s: the components differ; the covariance model %s has one matrix for all",
                   draft->file, matrices, emblas_covariance_mclust(draft->covariance, draft->dim));
  if (component == EMBLAS_NOWHERE)
    return io_fail(draft->error, "%s: %s", draft->file, emblas_status_string(status));
  if (status == EMBLAS_ERROR_NOT_POSITIVE_DEFINITE)
    return io_fail(draft->error, "%s: %s[%zu] (component %zu) is not positive definite", draft->file,
                   matrices, component, component);
  if (status == EMBLAS_ERROR_COVARIANCE)
    return io_fail(draft->error, "%s: %s[%zu] (component %zu) is no matrix of the covariance model %s",
                   draft->file, matrices, component, component,
                   emblas_covariance_mclust(draft->covariance, draft->dim));
  return io_fail(draft->error, "%s: component %zu: %s", draft->file, component,
                 emblas_status_string(status));
}

/* Up to the rounding of whatever program wrote the file: a person who edits one of the two is told. */
static int check_agreement(const struct draft *draft, const struct emblas_model *model, size_t component,
                           double *matrix) {
  size_t dim = draft->dim;
  const double *given = draft->covariances.values + component * dim * dim;

  emblas_model_covariance(model, component, matrix);
  for (size_t i = 0; i < dim; i++)
    for (size_t j = 0; j <= i; j++)
      if (!(fabs(given[i * dim + j] - matrix[i * dim + j]) <=
            TOLERANCE * sqrt(matrix[i * dim + i]) * sqrt(matrix[j * dim + j])))
        return io_fail(draft->error,
                       "%s: covariances[%zu] and cholesky[%zu] (component %zu) disagree at [%zu][%zu]: "
                       "leave out the one that is not meant",
                       draft->file, component, component, component, i, j);
  return 0;
}

/* Where a file has both, the model is that of the factors, and the covariances must be theirs. */
static int check_both(const struct draft *draft, const struct emblas_model *model) {
  double *matrix;
  int result = 0;

  if (!draft->covariances.values || !draft->cholesky.values) return 0;
  matrix = malloc(draft->dim * draft->dim * sizeof *matrix);
  if (!matrix) return io_fail_memory(draft->error, draft->file);
  for (size_t c = 0; c < draft->k && result == 0; c++) result = check_agreement(draft, model, c, matrix);
  free(matrix);
  return result;
}

static int read_draft(struct draft *draft, struct emblas_model **model, char ***names) {
  struct emblas_model *made = NULL;
  char **read = NULL;

  if (draft->object.type != JSON_OBJECT)
    return io_fail(draft->error, "%s: holds no model: it is not an object", draft->file);
  if (read_head(draft) != 0 || read_arrays(draft) != 0 || check_arrays(draft) != 0) return -1;
  if (read_names(draft, &read) != 0) return -1;
  if (create_model(draft, &made) != 0 || check_both(draft, made) != 0) {
    emblas_model_free(made);
    io_names_free(read, draft->dim);
    return -1;
  }
  *model = made;
  if (names)
    *names = read;
  else
    io_names_free(read, draft->dim);
  return 0;
}

int io_model_read_stream(FILE *stream, const char *name, struct emblas_model **model, char ***names,
                         struct io_error *error) {
  struct draft draft = {.file = name, .error = error};
  int result;

  if (io_json_read(&draft.object, stream, name, error) != 0) return -1;
  result = read_draft(&draft, model, names);
  free(draft.weights.values);
  free(draft.means.values);
  free(draft.covariances.values);
  free(draft.cholesky.values);
  io_json_free(&draft.object);
  return result;
}

int io_model_read(const char *path, struct emblas_model **model, char ***names, struct io_error *error) {
  const char *name;
  FILE *stream = io_open(path, &name, error);
  int result;

  if (!stream) return -1;
  result = io_model_read_stream(stream, name, model, names, error);
  io_close(stream);
  return result;
}
