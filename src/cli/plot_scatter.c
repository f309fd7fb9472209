/* SPDX-License-Identifier: MIT */
/* Two columns of a mixture: points, ellipses of one and two sigma, means, with their numbers where there is
 * room. */
#include "plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
static const double two_pi = 6.28318530717958647692;

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
            ", \\\n  $rows using %zu:%zu:%zu:%zu with points pointtype 7 pointsize variable linecolor rgb "
            "variable notitle",
            a + 1, b + 1, columns + 2, columns + 1);
  }
  if (plot->show == PLOT_DENSITY) {
    plot_contours(script, a, b);
    return;
  }
  if (plot->show == PLOT_OUTLIERS)
    fprintf(
        script,
        ", \\\n  $far using %zu:%zu:%zu with points pointtype 6 pointsize 1.1 linewidth 1.6 linecolor rgb "
        "variable notitle",
        a + 1, b + 1, columns + 1);
  /* White beneath, to be seen on any crowd of points. */
  layer(script, "outer", a, b, "lines linewidth 2.4", "'#50ffffff'");
  layer(script, "inner", a, b, "lines linewidth 3.4", "'#50ffffff'");
  layer(script, "outer", a, b, "lines linewidth 1", NULL);
  layer(script, "inner", a, b, "lines linewidth 1.8", NULL);
  if (plot->show == PLOT_OUTLIERS && columns == 2)
    fputs(", \\\n  $far using 1:2:4 with labels left offset 0.8,0.3 font ',10' textcolor rgb '#333333' "
          "notitle",
          script);
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
