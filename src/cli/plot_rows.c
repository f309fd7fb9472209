/* SPDX-License-Identifier: MIT */
/* The rows of a picture as gnuplot's data blocks. */
#include "distance.h"
#include "plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the model says of each row that is drawn. */
struct opinion {
  size_t rows, dim;
  double *values; /* rows x dim */
  size_t *labels;
  double *uncertainty; /* NULL where it is not asked for */
};

static struct opinion opinion_of(const struct plot_mixture *plot, double *values, size_t rows) {
  size_t k = emblas_model_components(plot->model);
  int asked = plot->show == PLOT_UNCERTAINTY;
  struct opinion o = {rows, emblas_model_dim(plot->model), values, allocate(rows, sizeof *o.labels),
                      asked ? allocate(rows, sizeof(double)) : NULL};
  double *responsibilities = asked ? allocate(rows, k * sizeof(double)) : NULL;
  struct emblas_data data;
  struct emblas_prediction prediction;
  emblas_data_init(&data, sizeof data);
  data.values = values, data.rows = rows, data.columns = o.dim;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.labels = o.labels, prediction.responsibilities = responsibilities;
  emblas_status status = emblas_predict(plot->model, &data, NULL, &prediction, NULL);
  if (status != EMBLAS_OK) die(exit_status_of(status), "%s", emblas_status_string(status));
  for (size_t i = 0; asked && i < rows; i++) {
    o.uncertainty[i] = 0;
    for (size_t c = 0; c < k; c++) o.uncertainty[i] += c == o.labels[i] ? 0 : responsibilities[i * k + c];
  }
  free(responsibilities);
  return o;
}

static void opinion_free(struct opinion *o) {
  free(o->labels);
  free(o->uncertainty);
}

/* Row i of a sample of every step-th: from its own stretch of the rows, but not at the same place in each,
   which would miss components that take turns. */
static size_t scattered(size_t i, double step) {
  double golden = (double)i * 0.61803398874989485;
  return (size_t)(((double)i + golden - floor(golden)) * step);
}

/* The more points, the more transparent: 0xAA000000, where 0 is opaque. */
static unsigned transparency(size_t points) {
  return (unsigned)(255 * (1 - fmin(0.65, 2.5 / sqrt(sqrt((double)points))))) << 24;
}

static void write_row(FILE *script, const double *row, size_t columns) {
  for (size_t j = 0; j < columns; j++) plot_number(script, row[j]);
}

/* All rows that are far from the component of their label; those beyond the first ones without a number. */
static size_t write_far(FILE *script, const struct plot_mixture *plot, const struct opinion *o,
                        const size_t *numbers, size_t columns) {
  enum { NUMBERED = 20 };
  struct distances distances;
  double limit = distance_limit(o->dim, o->rows);
  size_t count = 0;
  distances_make(&distances, plot->model);
  fputs("$far << END\n", script);
  for (size_t i = 0; i < o->rows; i++) {
    const double *row = o->values + i * o->dim;
    double distance = distance_to(&distances, o->labels[i], row);
    if (distance < limit) continue;
    write_row(script, row, columns);
    if (o->dim == 1) plot_number(script, distance);
    fprintf(script, "%u ", plot_colour(o->labels[i]));
    fprintf(script, count++ < NUMBERED ? "%zu\n" : "\"\"\n", (numbers ? numbers[i] : i) + 1);
  }
  fputs("END\n", script);
  distances_free(&distances);
  return count;
}

/* The area of a point grows with its uncertainty, which is 1 - 1 / k at most. */
static double size_of(const struct plot_mixture *plot, const struct opinion *o, size_t i) {
  double plain = plot->rows > 2000 ? 0.3 : 0.45;
  return o->uncertainty ? plain + 1.6 * sqrt(o->uncertainty[i]) : plain;
}

static void write_shown(FILE *script, const struct plot_mixture *plot, const struct opinion *o,
                        size_t columns) {
  const unsigned pale = 0xbdbdbd;
  struct distances distances;
  int far = plot->show == PLOT_OUTLIERS;
  if (far) distances_make(&distances, plot->model);
  fputs("$rows << END\n", script);
  for (size_t i = 0; i < o->rows; i++) {
    const double *row = o->values + i * o->dim;
    write_row(script, row, columns);
    if (o->dim == 1 && o->uncertainty) plot_number(script, o->uncertainty[i]);
    if (o->dim == 1 && far) plot_number(script, distance_to(&distances, o->labels[i], row));
    fprintf(script, "%u %.3g\n", (far ? pale : plot_colour(o->labels[i])) | transparency(o->rows),
            size_of(plot, o, i));
  }
  fputs("END\n", script);
  if (far) distances_free(&distances);
}

size_t plot_rows(FILE *script, const struct plot_mixture *plot, size_t columns, size_t shown) {
  size_t dim = emblas_model_dim(plot->model), far = 0;
  double *values = allocate(shown, dim * sizeof *values);
  for (size_t i = 0; i < shown; i++) {
    size_t row = shown < plot->rows ? scattered(i, (double)plot->rows / (double)shown) : i;
    memcpy(values + i * dim, plot->values + row * dim, dim * sizeof *values);
  }
  struct opinion some = opinion_of(plot, values, shown);
  write_shown(script, plot, &some, columns);
  opinion_free(&some);
  if (plot->show == PLOT_OUTLIERS) {
    struct opinion all = opinion_of(plot, (double *)plot->values, plot->rows);
    far = write_far(script, plot, &all, plot->places, columns);
    opinion_free(&all);
  }
  free(values);
  return far;
}
