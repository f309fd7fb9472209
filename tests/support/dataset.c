/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "dataset.h"
#include "generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 4096 };

/* Reads the numbers of a line; returns how many there were. */
static size_t parse_line(char *line, double *values, size_t room) {
  size_t count = 0;
  for (char *end = line; count < room; line = end + 1) {
    values[count] = strtod(line, &end);
    if (end == line) break;
    count++;
    if (*end != ',') break;
  }
  return count;
}

static struct dataset read_csv(const char *file) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s.csv", TEST_DATA_DIR, file);
  FILE *stream = fopen(path, "r");
  cr_assert(stream != NULL, "cannot open %s", path);

  struct dataset set = {.values = test_keep(MAX_VALUES, sizeof(double))};
  char line[256];
  char *header = fgets(line, sizeof line, stream);
  cr_assert(header != NULL, "%s is empty", path);
  size_t total = 0;
  for (size_t count; fgets(line, sizeof line, stream); total += count, set.rows++) {
    count = parse_line(line, set.values + total, MAX_VALUES - total);
    if (set.rows == 0) set.columns = count;
    cr_assert(count == set.columns && count > 0, "%s: row %zu", path, set.rows);
  }
  fclose(stream);
  return set;
}

struct dataset dataset_read(const char *name) {
  return read_csv(name);
}

struct dataset dataset_column(const char *name, size_t column) {
  struct dataset set = read_csv(name);
  for (size_t i = 0; i < set.rows; i++) set.values[i] = set.values[i * set.columns + column];
  set.columns = 1;
  return set;
}

size_t *dataset_labels(const char *name, size_t k) {
  char file[64];
  snprintf(file, sizeof file, "%s-%zu-labels", name, k);
  struct dataset set = read_csv(file);
  size_t *labels = test_keep(set.rows, sizeof *labels);
  for (size_t i = 0; i < set.rows; i++) labels[i] = (size_t)set.values[i];
  return labels;
}

double *dataset_covariance(const double *x, size_t n, size_t d) {
  double *mean = test_keep(d, sizeof *mean), *covariance = test_keep(d * d, sizeof *covariance);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < d; j++) mean[j] += x[i * d + j] / (double)n;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l < d; l++)
        covariance[j * d + l] += (x[i * d + j] - mean[j]) / (double)n * (x[i * d + l] - mean[l]);
  return covariance;
}

double *dataset_scale(const double *x, size_t n, size_t d) {
  double *covariance = dataset_covariance(x, n, d), *scale = test_keep(d, sizeof *scale);
  for (size_t j = 0; j < d; j++) scale[j] = sqrt(covariance[j * d + j]);
  return scale;
}
