/* SPDX-License-Identifier: MIT */
/* Compressed rows in one dimension: how many there are, what making them and an EM map on them costs, and
   how far a fit ends from that of all rows. Times are of one thread. */
#include "bench.h"

#include <emblas/emblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Fewer maps are done on all rows, whatever was asked for. */
enum { LEAST_MAPS = 16, MAPS = 80 };

static void *allocate(size_t count, size_t size) {
  void *memory = malloc(count * size);
  if (!memory) {
    fprintf(stderr, "out of memory\n");
    exit(EXIT_FAILURE);
  }
  return memory;
}

/* k = 100: the triangular density 2 - 2x on (0, 1); else k humps, `apart` deviations apart. */
static double *make_rows(size_t n, size_t k, double apart) {
  double *x = allocate(n, sizeof *x);
  for (size_t i = 0; i < n; i++)
    x[i] = k == 100 ? 1 - sqrt(1 - bench_uniform())
                    : apart * (double)(i % k) + (1 + 0.1 * (double)(i % k)) * bench_normal();
  return x;
}

static struct emblas_model *start_model(size_t k) {
  double *weights = allocate(k, sizeof *weights), *means = allocate(k, sizeof *means);
  double *variances = allocate(k, sizeof *variances);
  for (size_t c = 0; c < k; c++) {
    weights[c] = 1 / (double)k;
    means[c] = k == 100 ? 1 - sqrt(1 - ((double)c + 0.5) / 100) : 3 * (double)c + 0.3;
    variances[c] = k == 100 ? 1e-4 : 1.5;
  }
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.components = k, parameters.dim = 1;
  parameters.weights = weights, parameters.means = means, parameters.covariances = variances;
  if (emblas_model_create(&parameters, &model, NULL) != EMBLAS_OK) abort();
  free(weights), free(means), free(variances);
  return model;
}

struct run {
  struct emblas_model *model;
  struct emblas_report report;
  double setup, map,
      rest; /* seconds: until the first map, of a map, and of the pass over all rows at the end */
};

/* `maps` EM maps by hand. The first is left out of the time of a map; what it takes to make rows anew while
   components move is in it. */
static struct run run(const struct emblas_data *data, const struct emblas_options *options, size_t maps) {
  struct run run = {0};
  struct emblas_fitter *fitter = NULL;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  emblas_report_init(&run.report, sizeof run.report);
  double begin = bench_clock(), settled = begin;
  emblas_status status = emblas_fitter_create(data, options, &fitter, NULL);
  if (status == EMBLAS_OK) status = emblas_fitter_start(fitter, 0);
  run.setup = bench_clock() - begin;
  for (size_t i = 0; status == EMBLAS_OK && i < maps; i++) {
    if (i == 1) settled = bench_clock();
    status = emblas_fitter_step(fitter, NULL, &reason);
  }
  run.map = (bench_clock() - settled) / (double)(maps - 1);
  begin = bench_clock();
  if (status == EMBLAS_OK) status = emblas_fitter_finish(fitter, &run.model, &run.report);
  run.rest = bench_clock() - begin;
  emblas_fitter_free(fitter);
  if (status != EMBLAS_OK) {
    fprintf(stderr, "%s\n", emblas_status_string(status));
    exit(EXIT_FAILURE);
  }
  return run;
}

/* The largest difference of a parameter: weights and deviations relative, means by their deviation. */
static double difference(const struct emblas_model *a, const struct emblas_model *b) {
  double largest = 0, s, t;
  for (size_t c = 0; c < emblas_model_components(a); c++) {
    emblas_model_cholesky(a, c, &s);
    emblas_model_cholesky(b, c, &t);
    largest = fmax(largest, fabs(s / t - 1));
    largest = fmax(largest, fabs(emblas_model_means(a)[c] - emblas_model_means(b)[c]) / t);
    largest = fmax(largest, fabs(emblas_model_weights(a)[c] / emblas_model_weights(b)[c] - 1));
  }
  return largest;
}

static void put(struct json_object *row, const char *key, double value) {
  json_object_object_add(row, key, json_object_new_double(value));
}

static void measure(struct bench *bench, size_t n, size_t k) {
  size_t maps = n * k >= 100000000 ? LEAST_MAPS : MAPS;
  double *x = make_rows(n, k, 3);
  struct emblas_model *start = start_model(k);
  struct emblas_data data;
  struct emblas_options options;
  emblas_data_init(&data, sizeof data);
  emblas_options_init(&options, sizeof options);
  data.values = x, data.rows = n, data.columns = 1;
  options.components = k, options.start = EMBLAS_START_MODEL, options.model = start;
  options.tolerance = 0, options.max_iterations = maps, options.threads = 1;
  options.accelerate = EMBLAS_ACCELERATE_NONE;
  struct run few = run(&data, &options, maps), longer = {.map = few.map};
  if (maps < MAPS) {
    options.max_iterations = MAPS;
    longer = run(&data, &options, MAPS);
    options.max_iterations = maps;
  }
  options.compress = EMBLAS_COMPRESS_NONE;
  struct run all = run(&data, &options, maps);

  double parameters = difference(few.model, all.model);
  double loglik = fabs(few.report.loglik / all.report.loglik - 1);
  struct json_object *row = json_object_new_object();
  json_object_object_add(row, "n", json_object_new_uint64(n));
  json_object_object_add(row, "k", json_object_new_uint64(k));
  json_object_object_add(row, "rows", json_object_new_uint64(few.report.rows));
  put(row, "setup", few.setup * 1e3);
  put(row, "setup_all", all.setup * 1e3);
  put(row, "map", longer.map * 1e3);
  put(row, "map_all", all.map * 1e3);
  put(row, "parameters", parameters);
  put(row, "loglik", loglik);
  json_object_array_add(bench->rows, row);
  printf("%9zu %4zu %8zu %9.2f %9.2f %9.3f %9.3f %10.1e %10.1e\n", n, k, few.report.rows, few.setup * 1e3,
         all.setup * 1e3, longer.map * 1e3, all.map * 1e3, parameters, loglik);
  fflush(stdout);
  emblas_model_free(few.model), emblas_model_free(all.model), emblas_model_free(start);
  if (longer.model != NULL) emblas_report_clear(&longer.report);
  emblas_model_free(longer.model);
  emblas_report_clear(&few.report), emblas_report_clear(&all.report);
  free(x);
}

/* From rows in memory to the optimum: one k-means++ start with the library's own stop rule. */
static void measure_fit(struct bench *bench, size_t n, double apart) {
  enum { RUNS = 5 };
  double *x = make_rows(n, 5, apart), best = INFINITY;
  struct emblas_data data;
  struct emblas_options options;
  struct emblas_report report;
  emblas_data_init(&data, sizeof data);
  emblas_options_init(&options, sizeof options);
  emblas_report_init(&report, sizeof report);
  data.values = x, data.rows = n, data.columns = 1;
  options.components = 5, options.starts = 1, options.threads = 1;
  for (int i = 0; i < RUNS; i++) {
    struct emblas_model *model = NULL;
    double begin = bench_clock();
    if (emblas_fit(&data, &options, &model, &report) != EMBLAS_OK) abort();
    best = fmin(best, bench_clock() - begin);
    emblas_model_free(model);
  }
  struct json_object *row = json_object_new_object();
  json_object_object_add(row, "name", json_object_new_string("whole fit"));
  json_object_object_add(row, "n", json_object_new_uint64(n));
  json_object_object_add(row, "maps", json_object_new_uint64(report.maps));
  put(row, "apart", apart);
  put(row, "fit", best * 1e3);
  json_object_array_add(bench->rows, row);
  printf("the whole fit, n = %zu, k = 5, %g deviations apart, one k-means++ start: %.1f ms, %zu maps on "
         "%zu rows\n",
         n, apart, best * 1e3, report.maps, report.rows);
  emblas_report_clear(&report);
  free(x);
}

int main(int argc, char **argv) {
  struct bench bench = bench_open("compression", "milliseconds", "20 seconds", argc, argv);
  size_t most = bench_smoke() ? 10000 : 10000000;
  printf("%9s %4s %8s %9s %9s %9s %9s %10s %10s\n", "n", "k", "rows", "set-up", "all rows", "map",
         "all rows", "parameters", "loglik");
  for (size_t k = 5; k <= 100; k *= 20)
    for (size_t n = 10000; n <= most; n *= 10) measure(&bench, n, k);
  printf("\n");
  for (double apart = 3; apart <= 8; apart += 5)
    measure_fit(&bench, most < 1000000 ? most : 1000000, apart);
  return bench_close(&bench);
}
