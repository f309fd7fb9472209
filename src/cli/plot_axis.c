/* SPDX-License-Identifier: MIT */
/* The axis of a data column. */
#include "plot.h"

#include <math.h>
#include <stdlib.h>

double plot_deviation(const struct emblas_model *model, size_t c, size_t j, double *covariance) {
  size_t dim = emblas_model_dim(model);
  emblas_model_covariance(model, c, covariance);
  return sqrt(covariance[j * dim + j]);
}

static struct axis data_range(const struct plot_mixture *plot, size_t j) {
  size_t dim = emblas_model_dim(plot->model);
  struct axis axis = {INFINITY, -INFINITY};
  for (size_t i = 0; i < plot->rows; i++) {
    axis.low = fmin(axis.low, plot->values[i * dim + j]);
    axis.high = fmax(axis.high, plot->values[i * dim + j]);
  }
  return axis;
}

static struct axis model_range(const struct plot_mixture *plot, size_t j, double deviations) {
  size_t dim = emblas_model_dim(plot->model), k = emblas_model_components(plot->model);
  double *covariance = allocate(dim * dim, sizeof *covariance);
  struct axis axis = {INFINITY, -INFINITY};
  for (size_t c = 0; c < k; c++) {
    double mean = emblas_model_means(plot->model)[c * dim + j];
    double reach = deviations * plot_deviation(plot->model, c, j, covariance);
    axis.low = fmin(axis.low, mean - reach);
    axis.high = fmax(axis.high, mean + reach);
  }
  free(covariance);
  return axis;
}

struct axis plot_column_axis(const struct plot_mixture *plot, size_t j) {
  struct axis axis, model = model_range(plot, j, plot->values ? 2 : 3.5);
  if (plot->ranged) return (struct axis){plot->low, plot->high};
  if (plot->values) {
    axis = data_range(plot, j);
    double most = 0.25 * (axis.high - axis.low); /* a wide component must not shrink the data to a dot */
    axis.low = fmin(axis.low, fmax(model.low, axis.low - most));
    axis.high = fmax(axis.high, fmin(model.high, axis.high + most));
  } else {
    axis = model;
  }
  if (plot_counts(plot)) axis.low = fmax(axis.low, -0.5);
  double range = axis.high - axis.low, pad = range > 0 ? 0.03 * range : fmax(fabs(axis.low) * 1e-6, 0.5);
  return (struct axis){axis.low - pad, axis.high + pad};
}
