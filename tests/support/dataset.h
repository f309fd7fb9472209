/* SPDX-License-Identifier: MIT */
/* The data sets that come with the project: data/NAME.csv and data/NAME-K-labels.csv. */
#ifndef TEST_DATASET_H
#define TEST_DATASET_H

#include <stddef.h>

struct dataset {
  size_t rows, columns;
  double *values;
};

/* "faithful", "iris", "galaxies" (km/s / 1000), "acidity". Fails the test when it cannot be read. */
struct dataset dataset_read(const char *name);
/* One column of it. */
struct dataset dataset_column(const char *name, size_t column);
/* The labels 0..k-1 that the reference fits start from. */
size_t *dataset_labels(const char *name, size_t k);

/* Standard deviation of each column (n divisor): the scale that errors of parameters are measured by. */
double *dataset_scale(const double *values, size_t rows, size_t columns);
/* Covariance matrix (n divisor), columns x columns. */
double *dataset_covariance(const double *values, size_t rows, size_t columns);

#endif
