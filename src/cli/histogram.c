/* SPDX-License-Identifier: MIT */
/* A histogram as a density. */
#include "plot.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_BINS = 200, FEW_WHOLE = 60 /* whole numbers, of which each has its own bar */ };

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Bins of width 2 IQR n^(-1/3) (Freedman and Diaconis 1981), but no fewer than 2 n^(1/3): quartiles that
   lie in two modes say little of the width of one. */
static size_t count_bins(const double *sorted, size_t n) {
  double range = sorted[n - 1] - sorted[0], quartiles = sorted[n - 1 - n / 4] - sorted[n / 4];
  double root = cbrt((double)n), bins = 2 * root;
  if (!(range > 0)) return 1;
  if (quartiles > 0) bins = fmax(bins, range / (2 * quartiles) * root);
  return bins < MOST_BINS ? (size_t)ceil(bins) : MOST_BINS;
}

void histogram_make(struct histogram *histogram, const double *values, const double *weights, size_t rows,
                    size_t dim, size_t j, int whole) {
  double *sorted = allocate(rows, sizeof *sorted), total = 0;
  for (size_t i = 0; i < rows; i++) sorted[i] = values[i * dim + j];
  qsort(sorted, rows, sizeof *sorted, by_value);
  double range = sorted[rows - 1] - sorted[0];
  size_t bins = count_bins(sorted, rows);
  histogram->bins = bins;
  histogram->low = sorted[0];
  histogram->width = range > 0 ? range / (double)bins : 1;
  if (!(range > 0)) histogram->low -= 0.5;
  if (whole && range > 0) { /* bars hold as many whole numbers each, and have them in their middle */
    histogram->width = range < FEW_WHOLE ? 1 : ceil((range + 1) / (double)bins);
    histogram->low -= 0.5;
    histogram->bins = bins = (size_t)ceil((range + 1) / histogram->width);
  }
  free(sorted);

  histogram->density = allocate(bins, sizeof *histogram->density);
  for (size_t i = 0; i < rows; i++) {
    double position = (values[i * dim + j] - histogram->low) / histogram->width;
    size_t bin = position >= (double)bins ? bins - 1 : position > 0 ? (size_t)position : 0;
    double weight = weights ? weights[i] : 1;
    histogram->density[bin] += weight;
    total += weight;
  }
  for (size_t i = 0; i < bins; i++) histogram->density[i] /= total * histogram->width;
}

void histogram_free(struct histogram *histogram) {
  free(histogram->density);
}
