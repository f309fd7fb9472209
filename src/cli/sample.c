/* SPDX-License-Identifier: MIT */
/* emblas sample: rows drawn from a model, as CSV or .npy. */
#include "rows.h"
#include "values.h"

#include <stdlib.h>

struct arguments {
  const char *model, *output;
  size_t rows;
  uint64_t seed;
  int labels;
};

static error_t parse(int key, char *text, struct argp_state *state) {
  struct arguments *a = state->input;
  switch (key) {
  case 'n':
    a->rows = value_size("-n", text, 1);
    return 0;
  case 's':
    a->seed = value_seed("--seed", text);
    return 0;
  case 'l':
    a->labels = 1;
    return 0;
  case 'o':
    a->output = text;
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num > 0) usage_error(state, "'%s' is too many: one MODEL is needed", text);
    a->model = text;
    return 0;
  case ARGP_KEY_END:
    if (!a->model) usage_error(state, "MODEL is missing");
    if (!a->rows) usage_error(state, "-n is missing: the number of rows");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static void write_matrix(FILE *stream, const struct arguments *a, size_t dim, const double *values,
                         const size_t *labels) {
  for (size_t i = 0; i < a->rows; i++) {
    double label = labels ? (double)labels[i] : 0;
    fwrite(values + i * dim, sizeof *values, dim, stream);
    if (labels) fwrite(&label, sizeof label, 1, stream);
  }
}

static void write_table(FILE *stream, const struct arguments *a, const struct loaded_model *loaded,
                        const double *values, const size_t *labels) {
  size_t dim = emblas_model_dim(loaded->model);
  char text[32];
  for (size_t j = 0; j < dim; j++) {
    if (j > 0) fputc(',', stream);
    csv_field(stream, loaded->names[j]);
  }
  fputs(labels ? ",label\n" : "\n", stream);
  for (size_t i = 0; i < a->rows; i++) {
    for (size_t j = 0; j < dim; j++) {
      if (j > 0) fputc(',', stream);
      fputs(io_number_format(values[i * dim + j], text), stream);
    }
    if (labels) fprintf(stream, ",%zu", labels[i]);
    fputc('\n', stream);
  }
}

enum exit_status command_sample(int argc, char **argv) {
  static const struct argp_option options[] = {
      {"rows", 'n', "N", 0, "how many rows", 0},
      {"seed", 's', "S", 0, "the same seed gives the same rows (1)", 0},
      {"labels", 'l', NULL, 0, "a last column label: the component a row is from", 0},
      {"output", 'o', "FILE", 0, "write there instead of to standard output: .npy, .h5:/NAME, else CSV", 0},
      {NULL, 0, NULL, 0, NULL, 0},
  };
  static const struct argp argp = {.options = options,
                                   .parser = parse,
                                   .args_doc = "MODEL",
                                   .doc = "Draws rows from MODEL and writes them as CSV."};
  struct arguments arguments = {.output = "-", .seed = 1};
  struct loaded_model loaded;
  struct io_replacement file;
  struct io_error error;
  parse_arguments(&argp, argc, argv, &arguments);
  model_load(arguments.model, &loaded);

  size_t dim = emblas_model_dim(loaded.model);
  if (arguments.rows > SIZE_MAX / sizeof(double) / dim) die(EXIT_FAILED, "out of memory");
  double *values = allocate(arguments.rows * dim, sizeof *values);
  size_t *labels = arguments.labels ? allocate(arguments.rows, sizeof *labels) : NULL;
  emblas_status status = emblas_sample(loaded.model, arguments.rows, arguments.seed, values, labels);
  if (status != EMBLAS_OK) {
    free(values);
    free(labels);
    die(exit_status_of(status), "%s: %s", arguments.model, emblas_status_string(status));
  }
  int matrix = io_matrix_named(arguments.output);
  if ((matrix ? io_matrix_open(&file, arguments.output, arguments.rows, dim + (labels != NULL), &error)
              : io_replace_open(&file, arguments.output, &error)) != 0)
    die(EXIT_FAILED, "%s", error.text);
  if (matrix)
    write_matrix(file.stream, &arguments, dim, values, labels);
  else
    write_table(file.stream, &arguments, &loaded, values, labels);
  if (io_replace_commit(&file, &error) != 0) die(EXIT_FAILED, "%s", error.text);
  free(values);
  free(labels);
  model_unload(&loaded);
  return EXIT_DONE;
}
