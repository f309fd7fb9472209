/* SPDX-License-Identifier: MIT */
/* The time of an EM map of full covariances must grow neither with the components' condition nor with how
   far the fit has come; it may fall where components leave rows out. Clusters with centres N(0, 9 I) and
   covariances of a condition number, or L L' with L = N(0, 1) / sqrt(d) + 0.7 I ("random"), from the first
   k rows as means and the covariance of all rows; timed after so many maps. At the end of each size: the
   slowest, over the slowest of round clusters. */
#include "bench.h"

#include <emblas/emblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct size {
  size_t rows, columns, components;
} sizes[] = {{200000, 4, 8}, {100000, 16, 32}, {50000, 64, 16}};
static const double conditions[] = {1, 1e2, 1e4, 1e6, 0}; /* 0: random */
static const size_t stages[] = {2, 12, 40};               /* maps before those that are timed */
enum { CONDITIONS = 5, STAGES = 3 };

struct problem {
  struct emblas_data data;
  struct emblas_options options;
};

static void check(emblas_status status) {
  if (status == EMBLAS_OK) return;
  fprintf(stderr, "stages: %s\n", emblas_status_string(status));
  exit(EXIT_FAILURE);
}

static double *allocate(size_t count) {
  double *values = calloc(count, sizeof *values);
  if (values == NULL) check(EMBLAS_ERROR_MEMORY);
  return values;
}

/* Columns of a random matrix, made orthogonal, times deviations from 1 to condition^-1/2; or N(0, 1) /
   sqrt(d) + 0.7 I. */
static void make_root(size_t d, double condition, double *root) {
  for (size_t i = 0; i < d * d; i++) root[i] = bench_normal();
  for (size_t j = 0; j < d; j++) {
    for (size_t i = 0; condition == 0 && i < d; i++)
      root[i * d + j] = root[i * d + j] / sqrt((double)d) + (i == j ? 0.7 : 0);
    if (condition == 0) continue;
    for (size_t l = 0; l <= j; l++) {
      double product = 0;
      for (size_t i = 0; i < d; i++) product += root[i * d + j] * root[i * d + l];
      for (size_t i = 0; l < j && i < d; i++) root[i * d + j] -= product * root[i * d + l];
      for (size_t i = 0; l == j && i < d; i++) root[i * d + j] /= sqrt(product);
    }
  }
  for (size_t i = 0; condition > 0 && i < d * d; i++)
    root[i] *= pow(condition, -0.5 * (double)(i % d) / (double)(d - 1));
}

static double *make_rows(const struct size *size, double condition) {
  size_t n = size->rows, d = size->columns, k = size->components;
  double *x = allocate(n * d), *roots = allocate(k * d * d), *means = allocate(k * d), *e = allocate(d);
  for (size_t c = 0; c < k; c++) make_root(d, condition, roots + c * d * d);
  for (size_t i = 0; i < k * d; i++) means[i] = 3 * bench_normal();
  for (size_t i = 0; i < n; i++) {
    const double *root = roots + i % k * d * d;
    for (size_t j = 0; j < d; j++) e[j] = bench_normal();
    for (size_t j = 0; j < d; j++) {
      double sum = means[i % k * d + j];
      for (size_t l = 0; l < d; l++) sum += root[j * d + l] * e[l];
      x[i * d + j] = sum;
    }
  }
  free(roots), free(means), free(e);
  return x;
}

/* Equal weights, means at the first rows, the covariance of all rows. */
static struct emblas_model *start_model(const struct size *size, const double *x) {
  size_t n = size->rows, d = size->columns, k = size->components;
  double *weights = allocate(k), *covariances = allocate(k * d * d), *mean = allocate(d);
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;
  for (size_t i = 0; i < n * d; i++) mean[i % d] += x[i] / (double)n;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l <= j; l++)
        covariances[j * d + l] += (x[i * d + j] - mean[j]) * (x[i * d + l] - mean[l]) / (double)n;
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l < j; l++) covariances[l * d + j] = covariances[j * d + l];
  for (size_t c = 0; c < k; c++) {
    weights[c] = 1 / (double)k;
    memcpy(covariances + c * d * d, covariances, d * d * sizeof *covariances * (c > 0));
  }
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.covariance = EMBLAS_FULL, parameters.components = k, parameters.dim = d;
  parameters.weights = weights, parameters.means = x, parameters.covariances = covariances;
  check(emblas_model_create(&parameters, &model, NULL));
  free(weights), free(covariances), free(mean);
  return model;
}

static struct emblas_model *run(const struct problem *p, const struct bench_column *column, size_t maps,
                                double *seconds) {
  struct emblas_options options = p->options;
  struct emblas_model *model = NULL;
  options.max_iterations = maps;
  if (column != NULL) options.backend = column->backend, options.threads = column->threads;
  double start = bench_clock();
  check(emblas_fit(&p->data, &options, &model, NULL));
  *seconds = bench_clock() - start;
  return model;
}

/* A map: the difference of a run of 1 and of 1 + MORE, which leaves out what is done once. */
static double time_map(void *context, const struct bench_column *column) {
  enum { MORE = 6 };
  double one, more;
  emblas_model_free(run(context, column, 1, &one));
  emblas_model_free(run(context, column, 1 + MORE, &more));
  return (more - one) / MORE;
}

/* Times all stages of one problem; most: the slowest so far by columns, and round: that of round clusters.
 */
static void measure(struct bench *bench, const struct bench_table *table, const struct size *size,
                    double condition, double *round, double *most) {
  struct problem p;
  double seconds, *x = make_rows(size, condition);
  struct emblas_model *start = start_model(size, x);
  emblas_data_init(&p.data, sizeof p.data);
  emblas_options_init(&p.options, sizeof p.options);
  p.data.values = x, p.data.rows = size->rows, p.data.columns = size->columns;
  p.options.components = size->components, p.options.start = EMBLAS_START_MODEL, p.options.tolerance = 0;
  p.options.accelerate = EMBLAS_ACCELERATE_NONE, p.options.compress = EMBLAS_COMPRESS_NONE;
  for (size_t s = 0, done = 0; s < STAGES; done = stages[s++]) {
    p.options.model = start;
    struct emblas_model *here = run(&p, NULL, stages[s] - done, &seconds);
    emblas_model_free(start);
    p.options.model = start = here;
    char name[32] = "random";
    if (condition > 0) snprintf(name, sizeof name, "%.0e", condition);
    struct json_object *row = json_object_new_object();
    json_object_object_add(row, "d", json_object_new_uint64(size->columns));
    json_object_object_add(row, "condition", json_object_new_string(name));
    json_object_object_add(row, "after", json_object_new_uint64(stages[s]));
    printf("%4zu %8zu %4zu %10s %6zu", size->columns, size->rows, size->components, name, stages[s]);
    bench_measure(bench, table, row, time_map, &p, bench_smoke() ? 1 : 3, 1e-3);
    for (size_t c = 0; c < table->count; c++) {
      double time = json_object_get_double(json_object_object_get(row, table->columns[c].name));
      most[c] = time > most[c] ? time : most[c];
      if (condition == 1) round[c] = most[c];
    }
  }
  emblas_model_free(start);
  free(x);
}

/* native, and its code for AVX2, on one thread and on two. */
static struct bench_table make_table(void) {
  const struct emblas_backend *narrow = emblas_backend_find("native-x86-64-v3");
  const struct emblas_backend *native = emblas_backend_find("native");
  struct bench_table table = {.count = 0};
  if (native == NULL) native = emblas_backend_reference();
  table.columns[table.count++] = (struct bench_column){native->name, native, 1};
  table.columns[table.count++] = (struct bench_column){"native x 2", native, 2};
  if (narrow == NULL || narrow == native) return table;
  table.columns[table.count++] = (struct bench_column){"native v3", narrow, 1};
  table.columns[table.count++] = (struct bench_column){"v3 x 2", narrow, 2};
  return table;
}

int main(int argc, char **argv) {
  struct bench bench = bench_open("stages", "milliseconds an EM map", "5 minutes", argc, argv);
  struct bench_table table = make_table();
  printf("%4s %8s %4s %10s %6s", "d", "n", "k", "condition", "after");
  bench_heading(&table);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct size size = sizes[i];
    if (argc > 2 && strtoull(argv[2], NULL, 10) != size.columns) continue;
    double round[BENCH_COLUMNS] = {0}, most[BENCH_COLUMNS] = {0};
    if (bench_smoke()) size.components = 2, size.rows = 20 * size.columns;
    for (size_t c = 0; c < CONDITIONS; c++) measure(&bench, &table, &size, conditions[c], round, most);
    printf("%4zu slowest over round:", size.columns);
    for (size_t c = 0; c < table.count; c++) printf("  %s %.2f", table.columns[c].name, most[c] / round[c]);
    printf("\n");
  }
  return bench_close(&bench);
}
