/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include "../support/dataset.h"
#include "../support/generate.h"

#include <string.h>

struct set set_read(const char *name, size_t components) {
  struct dataset read = dataset_read(name);
  return (struct set){.name = name,
                      .rows = read.rows,
                      .columns = read.columns,
                      .values = read.values,
                      .components = components,
                      .labels = dataset_labels(name, components)};
}

struct set set_blobs(const char *name, size_t rows, size_t columns, size_t components, double apart) {
  double *x = generate_matrix(rows, columns, rows + columns);
  size_t *labels = test_keep(rows, sizeof *labels);
  for (size_t i = 0; i < rows; i++) {
    labels[i] = i % components;
    for (size_t j = 0; j < columns; j++)
      x[i * columns + j] += apart * (double)((labels[i] + j * labels[i] / 2) % components);
  }
  return (struct set){name, rows, columns, x, NULL, components, labels};
}

struct set set_weighted(const struct set *set, const char *name) {
  struct set weighted = *set;
  double *weights = test_keep(set->rows, sizeof *weights);
  for (size_t i = 0; i < set->rows; i++) weights[i] = 0.5 + (double)(i * 7 % 4) * 1.3;
  weighted.name = name, weighted.weights = weights;
  return weighted;
}

double *set_values(struct set *set) {
  double *copy = test_keep(set->rows * set->columns, sizeof *copy);
  memcpy(copy, set->values, set->rows * set->columns * sizeof *copy);
  set->values = copy;
  return copy;
}

struct emblas_data set_data(const struct set *set) {
  struct emblas_data data;
  emblas_data_init(&data, sizeof data);
  data.values = set->values, data.weights = set->weights;
  data.rows = set->rows, data.columns = set->columns;
  return data;
}

struct emblas_options defaults(const struct set *set, enum emblas_covariance covariance) {
  struct emblas_options options;
  emblas_options_init(&options, sizeof options);
  options.components = set->components, options.covariance = covariance;
  return options;
}

struct emblas_options from_labels(const struct set *set, enum emblas_covariance covariance) {
  struct emblas_options options = defaults(set, covariance);
  options.start = EMBLAS_START_LABELS, options.labels = set->labels;
  return options;
}
