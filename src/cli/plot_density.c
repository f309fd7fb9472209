/* SPDX-License-Identifier: MIT */
/* Contours of the density of a mixture in two of its columns. Each holds a share of the probability: where
   the density is larger than on it lies so much of the mixture. */
#include "plot.h"

#include <math.h>
#include <stdlib.h>

/* A component in two columns. */
struct normal2 {
  double weight, mean[2], l11, l21, l22; /* of the lower Cholesky factor */
};

static struct normal2 *normals_of(const struct emblas_model *model, size_t a, size_t b) {
  size_t dim = emblas_model_dim(model), k = emblas_model_components(model);
  struct normal2 *normals = allocate(k, sizeof *normals);
  double *covariance = allocate(dim * dim, sizeof *covariance);
  for (size_t c = 0; c < k; c++) {
    const double *mean = emblas_model_means(model) + c * dim;
    emblas_model_covariance(model, c, covariance);
    double l11 = sqrt(covariance[a * dim + a]), l21 = covariance[a * dim + b] / l11;
    double rest = covariance[b * dim + b] - l21 * l21, least = 1e-8 * covariance[b * dim + b];
    normals[c] = (struct normal2){
        emblas_model_weights(model)[c], {mean[a], mean[b]}, l11, l21, sqrt(fmax(rest, least))};
  }
  free(covariance);
  return normals;
}

/* But for the factor 1 / (2 pi). */
static double density_at(const struct normal2 *normals, size_t k, double x, double y) {
  double sum = 0;
  for (size_t c = 0; c < k; c++) {
    const struct normal2 *n = &normals[c];
    double u = (x - n->mean[0]) / n->l11, v = (y - n->mean[1] - n->l21 * u) / n->l22;
    sum += n->weight * exp(-0.5 * (u * u + v * v)) / (n->l11 * n->l22);
  }
  return sum;
}

static int larger_first(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x < y) - (x > y);
}

/* The densities above which lie the shares of what the grid holds. densities: sorted here. */
static void levels_of(double *densities, size_t count, const double *shares, size_t levels, double *level) {
  double all = 0, above = 0;
  size_t i = 0;
  qsort(densities, count, sizeof *densities, larger_first);
  for (size_t l = 0; l < count; l++) all += densities[l];
  for (size_t l = 0; l < levels; l++) {
    while (i < count - 1 && above + densities[i] < shares[l] * all) above += densities[i++];
    level[l] = densities[i];
  }
}

void plot_density(FILE *script, const struct plot_mixture *plot, size_t a, size_t b) {
  enum { GRID = 100, LEVELS = sizeof plot_shares / sizeof plot_shares[0] };
  size_t k = emblas_model_components(plot->model), count = 0;
  struct normal2 *normals = normals_of(plot->model, a, b);
  double *densities = allocate(GRID * GRID, sizeof *densities), level[LEVELS];
  struct axis x = plot_column_axis(plot, a), y = plot_column_axis(plot, b);
  fprintf(script, "$grid%zu_%zu << END\n", a, b);
  for (int i = 0; i < GRID; i++) {
    for (int j = 0; j < GRID; j++) {
      double at[2] = {x.low + (x.high - x.low) * i / (GRID - 1), y.low + (y.high - y.low) * j / (GRID - 1)};
      double density = density_at(normals, k, at[0], at[1]);
      plot_number(script, at[0]);
      plot_number(script, at[1]);
      fprintf(script, "%.9g\n", density);
      densities[count++] = density;
    }
    fputc('\n', script);
  }
  levels_of(densities, count, plot_shares, LEVELS, level);
  /* The table is written in the formats of the axes, and cut off at their ranges. */
  fprintf(script, "END\nset format xy '%%.12g'\nset xrange [%.17g:%.17g]; set yrange [%.17g:%.17g]\n",
          x.low, x.high, y.low, y.high);
  fputs("set contour base; unset surface; set cntrparam levels discrete ", script);
  for (size_t l = 0; l < LEVELS; l++) fprintf(script, "%s%.9g", l > 0 ? "," : "", level[l]);
  fprintf(script,
          "\nset table $contours%zu_%zu\nsplot $grid%zu_%zu using 1:2:3 notitle\nunset table\n"
          "set surface; unset contour\n",
          a, b, a, b);
  free(densities);
  free(normals);
}

void plot_contours(FILE *script, size_t a, size_t b) {
  fprintf(script,
          ", \\\n  $contours%zu_%zu using 1:2 with lines linewidth 2.6 linecolor rgb '#50ffffff' notitle"
          ", \\\n  $contours%zu_%zu using 1:2 with lines linewidth 1.2 linecolor rgb '#%06x' notitle",
          a, b, a, b, PLOT_TOTAL);
}
