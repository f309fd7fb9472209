/* SPDX-License-Identifier: MIT */
/* emblas backends --compare: the same maps of EM on every backend of this build, and how far their ends are
   from that of the reference. */
#include "backends_compare.h"
#include "rows.h"
#include "text.h"

#include <emblas/backend.h>
#include <math.h>
#include <stdlib.h>

/* One backend on so many threads. */
struct run {
  struct emblas_model *model;
  size_t maps, threads;
  double loglik, seconds; /* of the maps, in the fastest turn */
};

/* Fits of no maps and of `maps`: what their times differ by are the maps, without the look at the rows and
   the start. Exits when the fit fails. */
static double time_fit(const struct backends_comparison *c, struct emblas_options *options, size_t maps,
                       struct run *run) {
  struct emblas_report report;
  struct emblas_data data = rows_data(c->table);
  emblas_report_init(&report, sizeof report);
  options->max_iterations = maps;
  emblas_model_free(run->model);
  run->model = NULL;
  double begin = seconds_now();
  emblas_status status = emblas_fit(&data, options, &run->model, &report);
  double seconds = seconds_now() - begin;
  if (status != EMBLAS_OK) rows_refuse(status, &report, c->path, c->table, 0);
  run->maps = report.maps, run->threads = report.threads, run->loglik = report.loglik;
  emblas_report_clear(&report);
  return seconds;
}

/* As many as take a tenth of a second or so on the reference, and ten of large data. */
static size_t maps_of(const struct backends_comparison *c) {
  double d = (double)c->table->columns, features = 1 + d + d * (d + 1) / 2;
  return (size_t)fmin(1000, fmax(10, 1e8 / ((double)c->table->rows * (double)c->components * features)));
}

static struct run measure(const struct backends_comparison *c, const struct emblas_backend *backend,
                          size_t threads) {
  enum { REPETITIONS = 3 };
  struct run run = {0};
  double begun = INFINITY, done = INFINITY;
  struct emblas_options options;
  emblas_options_init(&options, sizeof options);
  options.components = c->components;
  options.covariance = c->covariance;
  options.backend = backend;
  options.threads = threads;
  options.starts = 1;
  options.tolerance = 0;
  options.accelerate = EMBLAS_ACCELERATE_NONE;
  options.compress = EMBLAS_COMPRESS_NONE;
  for (int i = 0; i < REPETITIONS; i++) {
    begun = fmin(begun, time_fit(c, &options, 0, &run));
    done = fmin(done, time_fit(c, &options, maps_of(c), &run));
  }
  run.seconds = fmax(done - begun, 1e-9);
  return run;
}

/* The largest difference of a weight, of a mean in deviations of its component, and of a variance or
   covariance in units of the deviations that it is of. */
static double difference(const struct emblas_model *a, const struct emblas_model *b) {
  size_t k = emblas_model_components(a), dim = emblas_model_dim(a);
  double *s = allocate(dim * dim, sizeof *s), *t = allocate(dim * dim, sizeof *t), most = 0;
  for (size_t c = 0; c < k; c++) {
    most = fmax(most, fabs(emblas_model_weights(a)[c] - emblas_model_weights(b)[c]));
    emblas_model_covariance(a, c, s);
    emblas_model_covariance(b, c, t);
    for (size_t i = 0; i < dim; i++) {
      double mean = emblas_model_means(a)[c * dim + i] - emblas_model_means(b)[c * dim + i];
      most = fmax(most, fabs(mean) / sqrt(s[i * dim + i]));
      for (size_t j = 0; j <= i; j++)
        most =
            fmax(most, fabs(s[i * dim + j] - t[i * dim + j]) / sqrt(s[i * dim + i]) / sqrt(s[j * dim + j]));
    }
  }
  free(s);
  free(t);
  return most;
}

static void print_run(const struct emblas_backend *backend, const struct run *run,
                      const struct run *reference) {
  char loglik[32];
  double ms = run->maps > 0 ? 1e3 * run->seconds / (double)run->maps : 0;
  printf("%-10s%8zu%12.4g%10.1f%22s%14.2g\n", backend->name, run->threads, ms,
         reference->seconds / run->seconds, text_nats(run->loglik, loglik),
         difference(reference->model, run->model));
  fflush(stdout);
}

void backends_compare(const struct backends_comparison *comparison) {
  const struct emblas_backend *backends[] = {emblas_backend_reference(), emblas_backend_blas(),
                                             emblas_backend_native()};
  struct run reference = measure(comparison, backends[0], 1);
  printf("\n%zu rows, %zu columns, %zu components, covariance %s: %zu maps of plain EM from one start\n",
         comparison->table->rows, comparison->table->columns, comparison->components,
         emblas_covariance_string(comparison->covariance), reference.maps);
  puts("backend    threads  ms a map    faster        log-likelihood    difference");
  print_run(backends[0], &reference, &reference);
  for (size_t i = 0; i < 2 * sizeof backends / sizeof backends[0]; i++) {
    const struct emblas_backend *backend = backends[i / 2];
    int all = i % 2; /* threads, not one */
    if (!backend || i == 0) continue;
    struct run run = measure(comparison, backend, all ? 0 : 1);
    if (!all || run.threads > 1) print_run(backend, &run, &reference);
    emblas_model_free(run.model);
  }
  emblas_model_free(reference.model);
  puts("difference: the largest of a weight, mean or covariance from reference, in deviations");
}
