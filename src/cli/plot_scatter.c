/* SPDX-License-Identifier: MIT */
/* Two columns of a mixture: points, ellipses of one and two sigma, means, with their numbers where there is
 * room. */
#include "plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
static const double two_pi = 6.28318530717958647692;

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

void plot_rows(FILE *script, const struct plot_mixture *plot, size_t columns, size_t shown) {
  size_t dim = emblas_model_dim(plot->model), n = shown;
  double *values = allocate(n * dim, sizeof *values);
  size_t *labels = allocate(n, sizeof *labels);
  for (size_t i = 0; i < n; i++) {
    size_t row = n < plot->rows ? scattered(i, (double)plot->rows / (double)n) : i;
    memcpy(values + i * dim, plot->values + row * dim, dim * sizeof *values);
  }
  struct emblas_data data;
  struct emblas_prediction prediction;
  emblas_data_init(&data, sizeof data);
  data.values = values, data.rows = n, data.columns = dim;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.labels = labels;
  emblas_status status = emblas_predict(plot->model, &data, NULL, &prediction, NULL);
  if (status != EMBLAS_OK) die(exit_status_of(status), "%s", emblas_status_string(status));

  fputs("$rows << END\n", script);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < columns; j++) plot_number(script, values[i * dim + j]);
    fprintf(script, "%u\n", plot_colour(labels[i]) | transparency(n));
  }
  fputs("END\n", script);
  free(values);
  free(labels);
}

/* The points mean + s L (cos t, sin t), L the Cholesky factor of the marginal covariance of columns a, b.
 */
static void write_ellipse(FILE *script, const double *mean, const double *covariance, size_t dim, size_t a,
                          size_t b, double s, unsigned colour) {
  enum { POINTS = 73 };
  double l11 = sqrt(covariance[a * dim + a]), l21 = covariance[a * dim + b] / l11;
  double l22 = sqrt(fmax(0, covariance[b * dim + b] - l21 * l21));
  for (int i = 0; i < POINTS; i++) {
    double t = two_pi * i / (POINTS - 1);
    plot_number(script, mean[a] + s * l11 * cos(t));
    plot_number(script, mean[b] + s * (l21 * cos(t) + l22 * sin(t)));
    fprintf(script, "%u\n", colour);
  }
  fputc('\n', script);
}

/* $innerAB, $outerAB: ellipses of one and two sigma; $meansAB. Each x, y, colour; means also have a number.
 */
static void write_ellipses(FILE *script, const struct emblas_model *model, const char *name, size_t a,
                           size_t b, double s) {
  size_t dim = emblas_model_dim(model), k = emblas_model_components(model);
  double *covariance = allocate(dim * dim, sizeof *covariance);
  fprintf(script, "$%s%zu_%zu << END\n", name, a, b);
  for (size_t c = 0; c < k; c++) {
    const double *mean = emblas_model_means(model) + c * dim;
    if (emblas_model_weights(model)[c] <= 0) continue;
    emblas_model_covariance(model, c, covariance);
    if (s > 0)
      write_ellipse(script, mean, covariance, dim, a, b, s, plot_colour(c));
    else {
      plot_number(script, mean[a]);
      plot_number(script, mean[b]);
      fprintf(script, "%u %zu\n", plot_colour(c), c);
    }
  }
  fputs("END\n", script);
  free(covariance);
}

/* One layer of the plot command; a style of no colour of its own takes that of the component. */
static void layer(FILE *script, const char *name, size_t a, size_t b, const char *style,
                  const char *colour) {
  fprintf(script, ", \\\n  $%s%zu_%zu using 1:2%s with %s linecolor rgb %s notitle", name, a, b,
          colour ? "" : ":3", style, colour ? colour : "variable");
}

void plot_scatter(FILE *script, const struct plot_mixture *plot, size_t a, size_t b, size_t columns) {
  write_ellipses(script, plot->model, "outer", a, b, 2);
  write_ellipses(script, plot->model, "inner", a, b, 1);
  write_ellipses(script, plot->model, "means", a, b, 0);
  fputs("plot NaN notitle", script);
  if (plot->values) {
    fprintf(script,
            ", \\\n  $rows using %zu:%zu:%zu with points pointtype 7 pointsize %g linecolor rgb variable "
            "notitle",
            a + 1, b + 1, columns + 1, plot->rows > 2000 ? 0.3 : 0.45);
  }
  /* White beneath, to be seen on any crowd of points. */
  layer(script, "outer", a, b, "lines linewidth 2.4", "'#50ffffff'");
  layer(script, "inner", a, b, "lines linewidth 3.4", "'#50ffffff'");
  layer(script, "outer", a, b, "lines linewidth 1", NULL);
  layer(script, "inner", a, b, "lines linewidth 1.8", NULL);
  if (columns > 2 || emblas_model_components(plot->model) == 1) {
    layer(script, "means", a, b, "points pointtype 7 pointsize 1.2", "'#ffffff'");
    layer(script, "means", a, b, "points pointtype 7 pointsize 0.8", NULL);
    return;
  }
  int wide = emblas_model_components(plot->model) > 10; /* two digits */
  layer(script, "means", a, b,
        wide ? "points pointtype 7 pointsize 2.9" : "points pointtype 7 pointsize 2.2", NULL);
  layer(script, "means", a, b,
        wide ? "points pointtype 7 pointsize 2.5" : "points pointtype 7 pointsize 1.8", "'#ffffff'");
  fprintf(script,
          ", \\\n  $means%zu_%zu using 1:2:4:3 with labels font ',10' textcolor rgb variable notitle", a,
          b);
}
