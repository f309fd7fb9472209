/* SPDX-License-Identifier: MIT */
#include "problems.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE = 512, PATH = 1024 };

void *need(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (!memory) {
    fprintf(stderr, "out of memory\n");
    exit(EXIT_FAILURE);
  }
  return memory;
}

/* The numbers of a CSV file with one header line; columns from the first row. */
static double *read_numbers(const char *file, size_t *rows, size_t *columns) {
  char path[PATH], line[LINE], *at, *end;
  snprintf(path, sizeof path, "%s/%s.csv", BENCH_DATA_DIR, file);
  FILE *stream = fopen(path, "r");
  if (!stream || !fgets(line, sizeof line, stream)) {
    fprintf(stderr, "%s: cannot read\n", path);
    exit(EXIT_FAILURE);
  }
  size_t count = 0, capacity = 1 << 14;
  double *values = need(capacity, sizeof *values);
  for (*rows = 0; count < capacity - LINE && fgets(line, sizeof line, stream); ++*rows)
    for (at = line;; at = *end == ',' ? end + 1 : end) {
      double value = strtod(at, &end);
      if (end == at) break;
      values[count++] = value;
    }
  fclose(stream);
  *columns = *rows ? count / *rows : 0;
  return values;
}

struct rows rows_read(const char *name, size_t k) {
  struct rows rows = {0};
  rows.x = read_numbers(name, &rows.n, &rows.d);
  if (k == 0) return rows;
  char file[64];
  size_t n, columns;
  snprintf(file, sizeof file, "%s-%zu-labels", name, k);
  double *labels = read_numbers(file, &n, &columns);
  rows.labels = need(n, sizeof *rows.labels);
  for (size_t i = 0; i < n; i++) rows.labels[i] = (size_t)labels[i];
  free(labels);
  return rows;
}

double draw_uniform(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(*state >> 11) * 0x1p-53;
}

double draw_normal(uint64_t *state) {
  double radius = sqrt(-2 * log(1 - draw_uniform(state)));
  return radius * cos(6.283185307179586 * draw_uniform(state));
}

static double nearest(const double *centres, size_t count, size_t d, const double *point) {
  double least = INFINITY;
  for (size_t c = 0; c < count; c++) {
    double sum = 0;
    for (size_t j = 0; j < d; j++) sum += pow(centres[c * d + j] - point[j], 2);
    least = fmin(least, sqrt(sum));
  }
  return least;
}

/* Points in a cube that just holds them, tried until they keep their distance; the cube grows slowly. */
static void place(double *centres, size_t k, size_t d, double separation, uint64_t *state) {
  double edge = separation;
  for (size_t c = 0; c < k; c++) do {
      edge *= 1.001;
      for (size_t j = 0; j < d; j++) centres[c * d + j] = edge * draw_uniform(state);
      if (d == 1) centres[c] = separation * (double)c;
    } while (nearest(centres, c, d, centres + c * d) < separation * (1 - 1e-9));
}

struct rows rows_generate(size_t n, size_t d, size_t k, double separation, uint64_t seed) {
  struct rows rows = {.n = n, .d = d, .x = need(n * d, sizeof(double))};
  double *centres = need(k * d, sizeof *centres);
  uint64_t state = seed;
  for (int i = 0; i < 8; i++) draw_uniform(&state);
  place(centres, k, d, separation, &state);
  for (size_t i = 0; i < n * d; i++) rows.x[i] = centres[i / d % k * d + i % d] + draw_normal(&state);
  free(centres);
  return rows;
}

struct rows rows_draw(size_t n, size_t d, size_t k, double separation, uint64_t *state) {
  struct rows rows = {.n = n, .d = d, .x = need(n * d, sizeof(double)), .labels = need(n, sizeof(size_t))};
  double *centres = need(k * d, sizeof *centres), *deviations = need(k * d, sizeof *deviations),
         *shares = need(k, sizeof *shares), sum = 0;
  place(centres, k, d, separation, state);
  for (size_t i = 0; i < k * d; i++) deviations[i] = exp(0.3 * draw_normal(state));
  for (size_t c = 0; c < k; c++) sum += shares[c] = 0.3 + draw_uniform(state);
  for (size_t i = 0; i < n; i++) {
    double left = sum * draw_uniform(state);
    size_t c = 0;
    while (c + 1 < k && left >= shares[c]) left -= shares[c++];
    rows.labels[i] = c;
    for (size_t j = 0; j < d; j++)
      rows.x[i * d + j] = centres[c * d + j] + deviations[c * d + j] * draw_normal(state);
  }
  free(centres), free(deviations), free(shares);
  return rows;
}

void rows_free(struct rows *rows) {
  free(rows->x), free(rows->labels);
  *rows = (struct rows){0};
}
