/* SPDX-License-Identifier: MIT */
/* The table of components: one a row, with how many rows have its label, and "mean (standard deviation)" in
   each data column that fits. */
#include "fit.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_ROWS = 24, GAP = 2 };
/* component, weight and rows take LEAD columns */
enum { ROWS_CELL = 9, LEAD = 18 + ROWS_CELL };

struct column {
  char *title;
  char **cells; /* one a component */
  size_t width;
};

static size_t lesser(size_t a, size_t b) {
  return a < b ? a : b;
}

static void make_column(struct column *column, const struct emblas_model *model, size_t rows, size_t j,
                        const char *name) {
  size_t dim = emblas_model_dim(model);
  double *covariance = allocate(dim * dim, sizeof *covariance);
  *column = (struct column){text_clean(name), allocate(rows, sizeof *column->cells), 0};
  for (size_t c = 0; c < rows; c++) {
    emblas_model_covariance(model, c, covariance);
    double mean = emblas_model_means(model)[c * dim + j], deviation = sqrt(covariance[j * dim + j]);
    char centre[32], spread[32];
    column->cells[c] = print_string("%s (%s)", text_measure(mean, deviation, centre),
                                    text_measure(deviation, deviation, spread));
    size_t columns = text_columns(column->cells[c]);
    if (columns > column->width) column->width = columns;
  }
  size_t title = lesser(text_columns(column->title), 2 * column->width); /* longer names are cut */
  if (title > column->width) column->width = title;
  free(covariance);
}

static void free_column(struct column *column, size_t rows) {
  for (size_t c = 0; c < rows; c++) free(column->cells[c]);
  free(column->cells);
  free(column->title);
}

/* Columns from the left while they fit; the first in any case, cut to the room there is. */
static size_t make_columns(struct column *columns, size_t width, const struct emblas_model *model,
                           size_t rows, const char *const *names) {
  size_t dim = emblas_model_dim(model), used = LEAD;
  for (size_t j = 0; j < dim; j++) {
    make_column(&columns[j], model, rows, j, names[j]);
    if (j == 0) columns[j].width = lesser(columns[j].width, width - lesser(width - 1, LEAD + GAP));
    used += GAP + columns[j].width;
    if (j > 0 && used > width) {
      free_column(&columns[j], rows);
      return j;
    }
  }
  return dim;
}

static void print_gap_and(FILE *stream, const char *text, size_t width) {
  fprintf(stream, "%*s", GAP, "");
  text_cell(stream, text, -(int)width);
}

/* What the table left out, and what its numbers are. */
static void print_legend(FILE *stream, size_t width, size_t hidden_columns, size_t hidden_rows) {
  char *columns =
      hidden_columns ? print_string("; %zu more columns", hidden_columns) : print_string("%s", "");
  char *rows = hidden_rows ? print_string("; %zu more components", hidden_rows) : print_string("%s", "");
  text_fieldf(stream, width, "", "mean (standard deviation)%s%s", columns, rows);
  free(columns);
  free(rows);
}

void report_components(FILE *stream, size_t width, const struct emblas_model *model,
                       const char *const *names, const size_t *labelled) {
  size_t k = emblas_model_components(model), dim = emblas_model_dim(model), rows = lesser(k, MOST_ROWS);
  struct column *columns = allocate(dim, sizeof *columns);
  size_t shown = make_columns(columns, width, model, rows, names);
  fputs("component   weight", stream);
  if (labelled) fprintf(stream, "%*s", ROWS_CELL, "rows");
  for (size_t j = 0; j < shown; j++) print_gap_and(stream, columns[j].title, columns[j].width);
  for (size_t c = 0; c < rows; c++) {
    fprintf(stream, "\n%9zu%9.4f", c, emblas_model_weights(model)[c]);
    if (labelled) fprintf(stream, "%*zu", ROWS_CELL, labelled[c]);
    for (size_t j = 0; j < shown; j++) print_gap_and(stream, columns[j].cells[c], columns[j].width);
  }
  fputc('\n', stream);
  print_legend(stream, width, dim - shown, k - rows);
  for (size_t j = 0; j < shown; j++) free_column(&columns[j], rows);
  free(columns);
}
