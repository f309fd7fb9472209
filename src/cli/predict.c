/* SPDX-License-Identifier: MIT */
/* emblas predict: labels, responsibilities and densities of rows, as CSV. */
#include "rows.h"

#include <stdlib.h>

/* Rows are predicted so many at a time: a whole number of the library's blocks. */
enum { CHUNK = 8192 };

struct arguments {
  const char *model, *data, *output;
  struct io_selection selection; /* its format and weights */
  int responsibilities, logpdf;
};

static error_t parse(int key, char *text, struct argp_state *state) {
  struct arguments *a = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &a->selection.format;
    return 0;
  case 'o':
    a->output = text;
    return 0;
  case 'r':
    a->responsibilities = 1;
    return 0;
  case 'l':
    a->logpdf = 1;
    return 0;
  case 'w':
    a->selection.weights = text;
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num > 1) usage_error(state, "'%s' is too many: MODEL and DATA are needed", text);
    *(state->arg_num == 0 ? &a->model : &a->data) = text;
    return 0;
  case ARGP_KEY_END:
    if (!a->data) usage_error(state, "MODEL and DATA are needed");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static void write_header(FILE *stream, const struct arguments *a, size_t k) {
  fputs("label", stream);
  for (size_t c = 0; a->responsibilities && c < k; c++) fprintf(stream, ",r%zu", c);
  fputs(a->logpdf ? ",logpdf\n" : "\n", stream);
}

static void write_row(FILE *stream, const struct emblas_prediction *p, size_t i, size_t k) {
  char text[32];
  fprintf(stream, "%zu", p->labels[i]);
  for (size_t c = 0; p->responsibilities && c < k; c++) {
    fprintf(stream, ",%s", io_number_format(p->responsibilities[i * k + c], text));
  }
  if (p->logpdf) fprintf(stream, ",%s", io_number_format(p->logpdf[i], text));
  fputc('\n', stream);
}

/* Rows of the file that were left out, up to one that was not. */
static void write_gaps(FILE *stream, const struct arguments *a, size_t k, size_t *next, size_t place) {
  size_t fields = 1 + (a->responsibilities ? k : 0) + (a->logpdf ? 1 : 0);
  for (; *next < place; ++*next) {
    for (size_t c = 0; c < fields; c++) fputs(c ? ",NA" : "NA", stream);
    fputc('\n', stream);
  }
  ++*next;
}

/* The rows of the table, from `first` on, at most CHUNK. */
static emblas_status predict_chunk(const struct loaded_model *loaded, const struct io_table *table,
                                   size_t first, struct emblas_prediction *prediction, size_t *count,
                                   struct emblas_report *report) {
  struct emblas_data data = rows_data(table);
  data.values += first * table->columns;
  data.weights = NULL; /* they have no say in what is predicted */
  data.rows = *count = table->rows - first < CHUNK ? table->rows - first : CHUNK;
  return emblas_predict(loaded->model, &data, NULL, prediction, report);
}

/* The table of predictions; on failure nothing is left behind. */
static enum exit_status write_table(const struct arguments *a, const struct loaded_model *loaded,
                                    const struct io_table *table, struct emblas_prediction *prediction) {
  struct io_replacement file;
  struct io_error error;
  struct emblas_report report;
  size_t k = emblas_model_components(loaded->model), count, next = 0, first = 0;
  emblas_report_init(&report, sizeof report);
  /* What is refused at once leaves nothing on standard output either. */
  emblas_status status = predict_chunk(loaded, table, 0, prediction, &count, &report);
  if (status != EMBLAS_OK) rows_refuse(status, &report, a->data, table, 0);
  if (io_replace_open(&file, a->output, &error) != 0) die(EXIT_FAILED, "%s", error.text);
  write_header(file.stream, a, k);
  while (status == EMBLAS_OK && first < table->rows) {
    for (size_t i = 0; i < count; i++) {
      write_gaps(file.stream, a, k, &next, io_table_place(table, first + i));
      write_row(file.stream, prediction, i, k);
    }
    first += count;
    if (first < table->rows) status = predict_chunk(loaded, table, first, prediction, &count, &report);
  }
  if (status != EMBLAS_OK) {
    io_replace_discard(&file);
    rows_refuse(status, &report, a->data, table, first);
  }
  write_gaps(file.stream, a, k, &next, table->file_rows);
  if (io_replace_commit(&file, &error) != 0) die(EXIT_FAILED, "%s", error.text);
  return EXIT_DONE;
}

enum exit_status command_predict(int argc, char **argv) {
  static const struct argp_option options[] = {
      {"responsibilities", 'r', NULL, 0, "columns r0, r1, ..: the probability of each component", 0},
      {"logpdf", 'l', NULL, 0, "column logpdf: the log density of the row", 0},
      {"weights", 'w', "COLUMN", 0, "leave out a column that was the weights of the fit, name or number",
       0},
      {"output", 'o', "FILE.csv", 0, "write there instead of to standard output", 0},
      {NULL, 0, NULL, 0, NULL, 0},
  };
  static const struct argp_child children[] = {{&table_argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};
  static const struct argp argp = {
      .options = options,
      .parser = parse,
      .children = children,
      .args_doc = "MODEL DATA",
      .doc =
          "Writes CSV, one line a row of DATA: label is its most probable component, counted from 0, and "
          "NA where --missing drop has left out the row. Columns are found by the names in MODEL where "
          "DATA has a header with them.",
  };
  struct arguments arguments = {.output = "-"};
  struct loaded_model loaded;
  struct io_table table;
  struct emblas_prediction prediction;
  parse_arguments(&argp, argc, argv, &arguments);
  model_load(arguments.model, &loaded);
  rows_read_for(&loaded, arguments.data, &arguments.selection, &table);
  rows_say_notes(&table, arguments.data);

  size_t k = emblas_model_components(loaded.model);
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.labels = allocate(CHUNK, sizeof *prediction.labels);
  if (arguments.responsibilities) prediction.responsibilities = allocate(CHUNK * k, sizeof(double));
  if (arguments.logpdf) prediction.logpdf = allocate(CHUNK, sizeof(double));
  enum exit_status status = write_table(&arguments, &loaded, &table, &prediction);

  free(prediction.labels);
  free(prediction.responsibilities);
  free(prediction.logpdf);
  io_table_free(&table);
  model_unload(&loaded);
  return status;
}
