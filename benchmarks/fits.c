/* SPDX-License-Identifier: MIT */
/* Whole fits: the time of one EM map, which is what n, d, k and the backend decide. It is the difference of
   two fits that do N1 and N2 maps, over N2 - N1: what is done once (checks, the frame, the start) cancels.
 */
#include "bench.h"

#include <emblas/emblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct workload {
  const char *name;
  size_t rows, columns, components;
  enum emblas_covariance covariance;
};

static const struct workload workloads[] = {
    {"tri", 10000, 1, 100, EMBLAS_FULL},     {"tri1m", 1000000, 1, 100, EMBLAS_FULL},
    {"uni3", 1000000, 1, 3, EMBLAS_FULL},    {"full4", 200000, 4, 8, EMBLAS_FULL},
    {"full16", 100000, 16, 32, EMBLAS_FULL}, {"full64", 50000, 64, 16, EMBLAS_FULL},
    {"diag32", 100000, 32, 64, EMBLAS_DIAG}, {"spherical16", 100000, 16, 32, EMBLAS_SPHERICAL},
    {"tied16", 100000, 16, 32, EMBLAS_TIED},
};

struct problem {
  struct emblas_data data;
  struct emblas_options options;
};

static double *allocate(size_t count) {
  double *values = malloc(count * sizeof *values);
  if (!values) {
    fprintf(stderr, "out of memory\n");
    exit(EXIT_FAILURE);
  }
  return values;
}

/* Rows of k unit Gaussians with means uniform in a cube that lets them overlap a little. */
static double *gaussian_rows(size_t n, size_t d, size_t k) {
  double *x = allocate(n * d), *means = allocate(k * d);
  for (size_t i = 0; i < k * d; i++) means[i] = 8 * bench_uniform();
  for (size_t i = 0; i < n * d; i++) x[i] = means[i / d % k * d + i % d] + bench_normal();
  free(means);
  return x;
}

/* The triangular density 2 - 2x on (0, 1). */
static double *triangular_rows(size_t n) {
  double *x = allocate(n);
  for (size_t i = 0; i < n; i++) x[i] = 1 - sqrt(1 - bench_uniform());
  return x;
}

/* Equal weights, means at rows, one variance: a start that keeps every component alive. */
static struct emblas_model *start_model(const struct workload *w, const double *x, double variance) {
  size_t k = w->components, d = w->columns;
  double *weights = allocate(k), *means = allocate(k * d), *covariances = allocate(k * d * d);
  for (size_t c = 0; c < k; c++) weights[c] = 1 / (double)k;
  for (size_t i = 0; i < k * d; i++) means[i] = x[i];
  for (size_t i = 0; i < k * d * d; i++) covariances[i] = i / d % d == i % d ? variance : 0;
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.covariance = w->covariance, parameters.components = k, parameters.dim = d;
  parameters.weights = weights, parameters.means = means, parameters.covariances = covariances;
  emblas_status status = emblas_model_create(&parameters, &model, NULL);
  if (status != EMBLAS_OK) {
    fprintf(stderr, "%s: %s\n", w->name, emblas_status_string(status));
    exit(EXIT_FAILURE);
  }
  free(weights), free(means), free(covariances);
  return model;
}

static double time_fit(const struct problem *p, const struct bench_column *column, size_t maps) {
  struct emblas_options options = p->options;
  struct emblas_model *model = NULL;
  options.backend = column->backend, options.threads = column->threads, options.max_iterations = maps;
  double start = bench_clock();
  emblas_status status = emblas_fit(&p->data, &options, &model, NULL);
  double elapsed = bench_clock() - start;
  if (status != EMBLAS_OK) {
    fprintf(stderr, "%s: %s\n", column->name, emblas_status_string(status));
    exit(EXIT_FAILURE);
  }
  emblas_model_free(model);
  return elapsed;
}

static double time_map(void *context, const struct bench_column *column) {
  const struct problem *p = context;
  double one = time_fit(p, column, 1), map = fmax(time_fit(p, column, 2) - one, 1e-6);
  double enough = bench_smoke() ? 0.002 : 0.3;
  if (map >= enough) return map;
  /* As many maps as fill the time, by what the second took. */
  size_t more = (size_t)fmin(ceil(enough / map), 200);
  return (time_fit(p, column, 1 + more) - one) / (double)more;
}

static void measure(struct bench *bench, const struct bench_table *table, const struct workload *w) {
  /* Small, but with rows enough for every component to have a covariance of full rank. */
  size_t few = 2 * w->components * (w->columns + 1);
  size_t n = !bench_smoke() ? w->rows : w->rows / 100 > few ? w->rows / 100 : few;
  bool triangular = w->components == 100;
  double *x = triangular ? triangular_rows(n) : gaussian_rows(n, w->columns, w->components);
  struct emblas_model *start = start_model(w, x, triangular ? 4e-4 : 1);
  struct problem p;
  emblas_data_init(&p.data, sizeof p.data);
  emblas_options_init(&p.options, sizeof p.options);
  p.data.values = x, p.data.rows = n, p.data.columns = w->columns;
  p.options.components = w->components, p.options.covariance = w->covariance;
  p.options.start = EMBLAS_START_MODEL, p.options.model = start, p.options.tolerance = 0;
  p.options.accelerate = EMBLAS_ACCELERATE_NONE, p.options.compress = EMBLAS_COMPRESS_NONE;

  struct json_object *row = json_object_new_object();
  json_object_object_add(row, "name", json_object_new_string(w->name));
  json_object_object_add(row, "n", json_object_new_uint64(n));
  json_object_object_add(row, "d", json_object_new_uint64(w->columns));
  json_object_object_add(row, "k", json_object_new_uint64(w->components));
  json_object_object_add(row, "covariance",
                         json_object_new_string(emblas_covariance_string(w->covariance)));
  printf("%-12s %8zu %4zu %4zu %-10s", w->name, n, w->columns, w->components,
         emblas_covariance_string(w->covariance));
  fflush(stdout);
  int runs = bench_smoke() ? 1 : n * w->components > 50000000 ? 3 : 5;
  bench_measure(bench, table, row, time_map, &p, runs, 1e-3);
  emblas_model_free(start);
  free(x);
}

/* Every backend on one thread, and native on two. */
static struct bench_table make_table(void) {
  struct bench_table table = bench_table();
  if (emblas_backend_native())
    table.columns[table.count++] = (struct bench_column){"native x 2", emblas_backend_native(), 2};
  return table;
}

int main(int argc, char **argv) {
  struct bench bench = bench_open("fits", "milliseconds an EM map", "5 minutes", argc, argv);
  struct bench_table table = make_table();
  printf("%-12s %8s %4s %4s %-10s", "workload", "n", "d", "k", "covariance");
  bench_heading(&table);
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) measure(&bench, &table, &workloads[i]);
  return bench_close(&bench);
}
