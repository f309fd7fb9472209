/* SPDX-License-Identifier: MIT */
/* emblas predict: labels, responsibilities and densities of rows, as CSV or .npy. */
#include "compare.h"
#include "distance.h"
#include "rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows are predicted so many at a time: a whole number of the library's blocks. */
enum { CHUNK = 8192 };

enum option_key { KEY_APPEND = 256, KEY_UNCERTAINTY, KEY_DISTANCE, KEY_COMPARE };

struct arguments {
  const char *model, *data, *output;
  struct io_selection selection; /* its format, weights and texts */
  int append, responsibilities, uncertainty, logpdf, distance;
};

/* What the rows of the output are made of. */
struct writer {
  const struct arguments *arguments;
  struct io_table *table;
  const double *rows;                  /* a chunk of them, .. */
  double *room;                        /* .. for which there is room, where they stay in their file */
  struct emblas_prediction prediction; /* of the chunk */
  struct distances distances;          /* where they are asked for */
  struct comparison comparison;        /* where there is one */
  size_t k;
  bool binary; /* .npy in place of CSV */
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
  case KEY_UNCERTAINTY:
    a->uncertainty = 1;
    return 0;
  case KEY_DISTANCE:
    a->distance = 1;
    return 0;
  case KEY_APPEND:
    a->append = a->responsibilities = a->uncertainty = a->logpdf = 1;
    a->selection.copy = true;
    return 0;
  case KEY_COMPARE:
    a->selection.text_column = text;
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
    if (a->append && a->output && io_matrix_named(a->output))
      usage_error(state, "%s: .npy holds numbers alone, and --append writes the text of DATA", a->output);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

/* ---- the columns ---- */

/* Numbers that are written for a row beside its label, at most: values holds k + 4. */
static size_t numbers_of(const struct writer *w, size_t i, const double *row, double *values) {
  const struct arguments *a = w->arguments;
  const struct emblas_prediction *p = &w->prediction;
  const double *r = p->responsibilities ? p->responsibilities + i * w->k : NULL;
  size_t count = 0;
  for (size_t c = 0; a->responsibilities && c < w->k; c++) values[count++] = r[c];
  if (a->uncertainty) {
    double others = 0; /* added up, as 1 - r of the label would lose its digits */
    for (size_t c = 0; c < w->k; c++) others += c == p->labels[i] ? 0 : r[c];
    values[count++] = others;
  }
  if (a->logpdf) values[count++] = p->logpdf[i];
  if (a->distance) {
    values[count] = distance_to(&w->distances, p->labels[i], row);
    values[count + 1] = distance_tail(w->distances.dim, values[count]);
    count += 2;
  }
  return count;
}

static size_t count_numbers(const struct writer *w) {
  const struct arguments *a = w->arguments;
  return (a->responsibilities ? w->k : 0) + (size_t)(a->uncertainty + a->logpdf + 2 * a->distance);
}

/* The file's own fields of its next row. */
static void write_texts(FILE *stream, const struct writer *w) {
  for (size_t c = 0; c < w->table->copy.columns; c++) {
    csv_field(stream, io_copy_next(&w->table->copy));
    fputc(',', stream);
  }
}

static void write_header(FILE *stream, const struct writer *w) {
  const struct arguments *a = w->arguments;
  for (size_t c = 0; c < w->table->copy.columns; c++) {
    csv_field(stream, w->table->copy.names[c]);
    fputc(',', stream);
  }
  fputs("label", stream);
  for (size_t c = 0; a->responsibilities && c < w->k; c++) fprintf(stream, ",r%zu", c);
  fprintf(stream, "%s%s%s\n", a->uncertainty ? ",uncertainty" : "", a->logpdf ? ",logpdf" : "",
          a->distance ? ",distance,tail" : "");
}

static void write_row(FILE *stream, const struct writer *w, size_t i, const double *row, double *values) {
  size_t count = numbers_of(w, i, row, values);
  char text[32];
  if (w->binary) {
    double label = (double)w->prediction.labels[i];
    fwrite(&label, sizeof label, 1, stream);
    fwrite(values, sizeof *values, count, stream);
    return;
  }
  fprintf(stream, "%zu", w->prediction.labels[i]);
  for (size_t c = 0; c < count; c++) fprintf(stream, ",%s", io_number_format(values[c], text));
  fputc('\n', stream);
}

/* Rows of the file that were left out, up to one that was not. */
static void write_gaps(FILE *stream, const struct writer *w, size_t *next, size_t place) {
  const double missing = NAN;
  for (; *next < place; ++*next) {
    for (size_t c = 0; w->binary && c < 1 + count_numbers(w); c++)
      fwrite(&missing, sizeof missing, 1, stream);
    if (w->binary) continue;
    write_texts(stream, w);
    fputs("NA", stream);
    for (size_t c = count_numbers(w); c > 0; c--) fputs(",NA", stream);
    fputc('\n', stream);
  }
  ++*next;
}

/* ---- the rows ---- */

/* The rows of the table, from `first` on, at most CHUNK. */
static emblas_status predict_chunk(const struct loaded_model *loaded, struct writer *w, size_t first,
                                   size_t *count, struct emblas_report *report) {
  const struct io_table *table = w->table;
  struct emblas_data data; /* without weights, which have no say in what is predicted */
  emblas_data_init(&data, sizeof data);
  data.rows = *count = table->rows - first < CHUNK ? table->rows - first : CHUNK;
  data.columns = table->columns;
  data.values = w->rows = rows_chunk(table, w->arguments->data, first, *count, w->room);
  return emblas_predict(loaded->model, &data, NULL, &w->prediction, report);
}

/* Predicted rows, of which the first is `first` in the table; stream is NULL where only a comparison is
   asked for. */
static void take_chunk(FILE *stream, struct writer *w, size_t first, size_t count, size_t *next,
                       double *values) {
  const struct io_table *table = w->table;
  for (size_t i = 0; i < count; i++) {
    size_t place = io_table_place(table, first + i);
    if (w->comparison.rows)
      comparison_add(&w->comparison, io_table_text(table, place), w->prediction.labels[i]);
    if (!stream) continue;
    write_gaps(stream, w, next, place);
    write_texts(stream, w);
    write_row(stream, w, i, w->rows + i * table->columns, values);
  }
}

/* The table of predictions; on failure nothing is left behind. */
static void write_table(struct writer *w, const struct loaded_model *loaded) {
  const struct arguments *a = w->arguments;
  const struct io_table *table = w->table;
  struct io_replacement file = {0};
  struct io_error error;
  struct emblas_report report;
  size_t count, next = 0, first = 0;
  double *values = allocate(w->k + 4, sizeof *values);
  emblas_report_init(&report, sizeof report);
  /* What is refused at once leaves nothing on standard output either. */
  emblas_status status = predict_chunk(loaded, w, 0, &count, &report);
  if (status != EMBLAS_OK) rows_refuse(status, &report, a->data, table, 0);
  if (a->output &&
      (w->binary ? io_matrix_open(&file, a->output, table->file_rows, 1 + count_numbers(w), &error)
                 : io_replace_open(&file, a->output, &error)) != 0)
    die(EXIT_FAILED, "%s", error.text);
  if (file.stream && !w->binary) write_header(file.stream, w);
  while (status == EMBLAS_OK && first < table->rows) {
    take_chunk(file.stream, w, first, count, &next, values);
    first += count;
    if (first < table->rows) status = predict_chunk(loaded, w, first, &count, &report);
  }
  free(values);
  if (status != EMBLAS_OK) {
    if (file.stream) io_replace_discard(&file);
    rows_refuse(status, &report, a->data, table, first);
  }
  if (!file.stream) return;
  write_gaps(file.stream, w, &next, table->file_rows);
  if (io_copy_failed(&table->copy)) {
    io_replace_discard(&file);
    die(EXIT_FAILED, "the temporary file with the fields of %s cannot be read", a->data);
  }
  if (io_replace_commit(&file, &error) != 0) die(EXIT_FAILED, "%s", error.text);
}

/* Columns of the file may not have the names of those that are written beside them. */
static void check_names(const struct writer *w) {
  static const char *const ours[] = {"label", "uncertainty", "logpdf", "distance", "tail"};
  const struct io_copy *copy = &w->table->copy;
  for (size_t c = 0; c < copy->columns; c++) {
    char number[32];
    int taken = 0;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) taken |= strcmp(copy->names[c], ours[i]) == 0;
    for (size_t r = 0; r < w->k && copy->names[c][0] == 'r' && !taken; r++) {
      snprintf(number, sizeof number, "r%zu", r);
      taken = strcmp(copy->names[c], number) == 0;
    }
    if (taken)
      die(EXIT_DATA, "%s: a column '%s' is there already; --append would write another", w->arguments->data,
          copy->names[c]);
  }
}

static void begin_writer(struct writer *w, const struct loaded_model *loaded) {
  const struct arguments *a = w->arguments;
  w->k = emblas_model_components(loaded->model);
  w->binary = a->output && io_matrix_named(a->output);
  check_names(w);
  if (w->table->array) w->room = allocate(CHUNK * w->table->columns, sizeof(double));
  emblas_prediction_init(&w->prediction, sizeof w->prediction);
  w->prediction.labels = allocate(CHUNK, sizeof *w->prediction.labels);
  if (a->responsibilities || a->uncertainty)
    w->prediction.responsibilities = allocate(CHUNK * w->k, sizeof(double));
  if (a->logpdf) w->prediction.logpdf = allocate(CHUNK, sizeof(double));
  if (a->distance) distances_make(&w->distances, loaded->model);
  if (!a->selection.text_column) return;
  w->comparison = (struct comparison){.name = w->table->texts.name,
                                      .components = w->k,
                                      .rows = allocate(w->table->rows, sizeof *w->comparison.rows)};
}

static void end_writer(struct writer *w) {
  free(w->room);
  free(w->prediction.labels);
  free(w->prediction.responsibilities);
  free(w->prediction.logpdf);
  free(w->comparison.rows);
  if (w->arguments->distance) distances_free(&w->distances);
}

enum exit_status command_predict(int argc, char **argv) {
  static const struct argp_option options[] = {
      {"responsibilities", 'r', NULL, 0, "columns r0, r1, ..: the probability of each component", 0},
      {"logpdf", 'l', NULL, 0, "column logpdf: the log density of the row", 0},
      {"uncertainty", KEY_UNCERTAINTY, NULL, 0,
       "column uncertainty: the probability that the row is of another component than its label's", 0},
      {"distance", KEY_DISTANCE, NULL, 0,
       "columns distance and tail: the Mahalanobis distance to the mean of the label's component, and the "
       "probability that a row of this component is so far away or farther",
       0},
      {"append", KEY_APPEND, NULL, 0, "all these columns, beside all those of DATA, whose rows are kept",
       0},
      {"compare", KEY_COMPARE, "COLUMN", 0,
       "print a table of the labels and this column of DATA, name or number, with the adjusted Rand index "
       "and "
       "the error rate; the labels themselves then go nowhere but to --output",
       0},
      {"weights", 'w', "COLUMN", 0, "leave out a column that was the weights of the fit, name or number",
       0},
      {"output", 'o', "FILE", 0,
       "write there instead of to standard output: .npy or .h5:/NAME, in which missing ones are NaN, else "
       "CSV",
       0},
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
  struct arguments arguments = {0};
  struct loaded_model loaded;
  struct io_table table;
  struct writer writer = {.arguments = &arguments, .table = &table};
  parse_arguments(&argp, argc, argv, &arguments);
  if (!arguments.output && !arguments.selection.text_column) arguments.output = "-";
  model_load(arguments.model, &loaded);
  int gaussian = emblas_model_family(loaded.model) == EMBLAS_GAUSSIAN;
  if (arguments.distance && !gaussian)
    die(EXIT_USAGE, "--distance: %s has no covariances", arguments.model);
  arguments.distance |= arguments.append && gaussian;
  rows_read_for(&loaded, arguments.data, &arguments.selection, &table);
  rows_say_notes(&table, arguments.data);
  begin_writer(&writer, &loaded);
  write_table(&writer, &loaded);
  if (arguments.selection.text_column) comparison_print(stdout, &writer.comparison);
  end_writer(&writer);
  io_table_free(&table);
  model_unload(&loaded);
  return EXIT_DONE;
}
