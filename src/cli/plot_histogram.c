/* SPDX-License-Identifier: MIT */
/* One column of a mixture: histogram, density, and the density of each component. */
#include "picture.h"
#include "plot.h"

#include <math.h>
#include <stdlib.h>

static const double two_pi = 6.28318530717958647692;

static double normal(double x, double mean, double deviation) {
  double z = (x - mean) / deviation;
  return exp(-0.5 * z * z) / (deviation * sqrt(two_pi));
}

/* Through the probabilities of whole numbers, of which a bar of width 1 shows the height. */
static double poisson(double x, double rate, double deviation) {
  (void)deviation;
  return x < -0.5 ? 0 : exp(x * log(rate) - rate - lgamma(x + 1));
}

/* The marginal mixture of one column. */
struct marginal {
  double (*density)(double x, double mean, double deviation);
  size_t components, dim; /* dim: columns of the model */
  double *weights, *means, *deviations;
};

static struct marginal marginal_of(const struct emblas_model *model, size_t j) {
  size_t dim = emblas_model_dim(model), k = emblas_model_components(model);
  double *covariance = allocate(dim * dim, sizeof *covariance);
  struct marginal m = {emblas_model_family(model) == EMBLAS_POISSON ? poisson : normal,
                       k,
                       dim,
                       allocate(k, sizeof(double)),
                       allocate(k, sizeof(double)),
                       allocate(k, sizeof(double))};
  for (size_t c = 0; c < k; c++) {
    m.weights[c] = emblas_model_weights(model)[c];
    m.means[c] = emblas_model_means(model)[c * dim + j];
    m.deviations[c] = plot_deviation(model, c, j, covariance);
  }
  free(covariance);
  return m;
}

static void marginal_free(struct marginal *m) {
  free(m->weights);
  free(m->means);
  free(m->deviations);
}

static double marginal_density(const struct marginal *m, double x) {
  double density = 0;
  for (size_t c = 0; c < m->components; c++)
    density += m->weights[c] * m->density(x, m->means[c], m->deviations[c]);
  return density;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Points of a curve that miss no narrow component: even ones, and some round each mean. */
static double *curve_points(const struct marginal *m, struct axis axis, size_t *count) {
  enum { EVEN = 501, ROUND = 33 };
  double *points = allocate(EVEN + ROUND * m->components, sizeof *points);
  size_t n = 0;
  for (size_t i = 0; i < EVEN; i++) {
    points[n++] = axis.low + (axis.high - axis.low) * (double)i / (EVEN - 1);
  }
  for (size_t c = 0; c < m->components; c++) {
    for (int i = 0; i < ROUND; i++) {
      double x = m->means[c] + m->deviations[c] * 4 * (i - ROUND / 2) / (ROUND / 2);
      if (x > axis.low && x < axis.high) points[n++] = x;
    }
  }
  qsort(points, n, sizeof *points, by_value);
  *count = n;
  return points;
}

/* $densityT: x, density. Returns the largest density. */
static double write_density(FILE *script, const struct marginal *m, struct axis axis, size_t tag) {
  size_t n;
  double *points = curve_points(m, axis, &n), most = 0;
  fprintf(script, "$density%zu << END\n", tag);
  for (size_t i = 0; i < n; i++) {
    double density = marginal_density(m, points[i]);
    most = fmax(most, density);
    plot_number(script, points[i]);
    fprintf(script, "%.6g\n", density);
  }
  fputs("END\n", script);
  free(points);
  return most;
}

/* $componentsT: x, weighted density, colour; a blank line between two components. */
static void write_components(FILE *script, const struct marginal *m, struct axis axis, size_t tag) {
  enum { POINTS = 161 };
  fprintf(script, "$components%zu << END\n", tag);
  for (size_t c = 0; c < m->components; c++) {
    if (m->weights[c] <= 0) continue;
    double low = fmax(axis.low, m->means[c] - 4 * m->deviations[c]);
    double high = fmin(axis.high, m->means[c] + 4 * m->deviations[c]);
    for (int i = 0; i < POINTS; i++) {
      double x = low + (high - low) * i / (POINTS - 1);
      plot_number(script, x);
      fprintf(script, "%.6g %u\n", m->weights[c] * m->density(x, m->means[c], m->deviations[c]),
              m->components > plot_legend_room(m->dim) ? PLOT_CROWD : plot_colour(c));
    }
    fputc('\n', script);
  }
  fputs("END\n", script);
}

/* $histogramT: left edge, density, as steps that return to zero. Returns the largest density. */
static double write_histogram(FILE *script, const struct plot_mixture *plot, size_t j, size_t tag) {
  struct histogram h;
  double most = 0;
  histogram_make(&h, plot->values, plot->weights, plot->rows, emblas_model_dim(plot->model), j,
                 plot_counts(plot));
  fprintf(script, "$histogram%zu << END\n", tag);
  for (size_t i = 0; i <= h.bins; i++) {
    double density = i < h.bins ? h.density[i] : 0;
    most = fmax(most, density);
    plot_number(script, h.low + (double)i * h.width);
    fprintf(script, "%.6g\n", density);
  }
  fputs("END\n", script);
  histogram_free(&h);
  return most;
}

void plot_histogram(FILE *script, const struct plot_mixture *plot, size_t j, struct axis axis,
                    const char *heading, size_t tag) {
  struct marginal m = marginal_of(plot->model, j);
  double top = write_density(script, &m, axis, tag);
  write_components(script, &m, axis, tag);
  if (plot->values) {
    double bars = write_histogram(script, plot, j, tag);
    top = fmax(bars, fmin(top, 3 * bars)); /* the spike of a collapsed component is cut off */
  }
  fprintf(script, "set yrange [0:%.17g]\n", top * (heading ? 1.4 : 1.06));
  if (heading) {
    fputs("set label 3 ", script);
    picture_text(script, heading);
    fputs(" at graph 0.5, 0.88 center font ',10' front\n", script);
  }
  fputs("plot ", script);
  if (plot->values) {
    fprintf(script,
            "$histogram%zu using 1:2 with fillsteps fillstyle solid 1 noborder linecolor rgb '#dedede' "
            "notitle, \\\n"
            "  $histogram%zu using 1:2 with steps linewidth 0.6 linecolor rgb '#b5b5b5' notitle, \\\n  ",
            tag, tag);
  }
  fprintf(script,
          "$density%zu using 1:2 with lines linewidth 2.4 linecolor rgb '#%06x' notitle, \\\n"
          "  $components%zu using 1:2:3 with lines linewidth 1.1 linecolor rgb variable notitle",
          tag, PLOT_TOTAL, tag);
  marginal_free(&m);
}
