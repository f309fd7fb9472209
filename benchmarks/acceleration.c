/* SPDX-License-Identifier: MIT */
/* How many EM maps a fit takes to its end, by plain EM and by each method of acceleration, from the same
   start: sets of data/ from their labels, generated ones from one k-means++ start. What counts is where it
   ends: plain EM goes on from the result with tolerance 1e-10, and what that still gains is what the method
   left. When plain EM from the start ends somewhere else, the basins differ. */
#include "bench.h"
#include "maps.h"
#include "problems.h"
#include "tally.h"

#include <emblas/emblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { METHODS = 4, LONG = 200000 };
static const char *const method_names[METHODS] = {
    [EMBLAS_ACCELERATE_AUTO] = "auto",
    [EMBLAS_ACCELERATE_NONE] = "none",
    [EMBLAS_ACCELERATE_SQUAREM] = "squarem",
    [EMBLAS_ACCELERATE_ANDERSON] = "anderson",
};

struct labelled {
  const char *name;
  size_t k;
};
static const struct labelled labelled[] = {{"faithful", 2}, {"faithful", 3}, {"iris", 2},   {"iris", 3},
                                           {"galaxies", 3}, {"galaxies", 4}, {"acidity", 3}};

struct generated {
  size_t n, d, k;
  double separation;
  enum emblas_covariance covariance;
};
/* Seeds are places in this list plus one of these: the second set is for methods that were tuned to the
   first. */
enum { SEEDS = 2000, OTHER_SEEDS = 5000 };
static const struct generated generated[] = {
    {1000, 1, 2, 1.0, EMBLAS_FULL},      {1000, 1, 2, 2.0, EMBLAS_FULL},
    {2000, 1, 3, 1.5, EMBLAS_FULL},      {2000, 1, 3, 3.0, EMBLAS_TIED},
    {2000, 1, 4, 2.5, EMBLAS_FULL},      {4000, 1, 6, 3.5, EMBLAS_FULL},
    {2000, 1, 8, 4.0, EMBLAS_FULL},      {1000, 2, 2, 1.0, EMBLAS_FULL},
    {1000, 2, 2, 2.0, EMBLAS_TIED},      {2000, 2, 3, 2.0, EMBLAS_FULL},
    {2000, 2, 5, 2.0, EMBLAS_SPHERICAL}, {2000, 2, 5, 3.0, EMBLAS_FULL},
    {2000, 2, 8, 2.5, EMBLAS_DIAG},      {4000, 2, 10, 3.0, EMBLAS_TIED},
    {4000, 2, 20, 4.0, EMBLAS_FULL},     {1000, 4, 2, 1.5, EMBLAS_FULL},
    {2000, 4, 4, 2.0, EMBLAS_DIAG},      {2000, 4, 6, 3.0, EMBLAS_FULL},
    {2000, 4, 8, 2.5, EMBLAS_SPHERICAL}, {4000, 4, 12, 3.5, EMBLAS_TIED},
    {2000, 8, 2, 2.0, EMBLAS_FULL},      {2000, 8, 4, 3.0, EMBLAS_FULL},
    {4000, 8, 8, 2.5, EMBLAS_DIAG},      {4000, 8, 12, 4.0, EMBLAS_SPHERICAL},
    {4000, 16, 3, 2.5, EMBLAS_FULL},     {4000, 16, 6, 3.5, EMBLAS_TIED},
    {4000, 16, 10, 3.0, EMBLAS_DIAG},    {4000, 16, 20, 4.0, EMBLAS_SPHERICAL},
};

struct end {
  struct emblas_model *model;
  double loglik;
  size_t maps;
};

static struct end fit(const struct rows *rows, struct emblas_options options, const struct end *from) {
  struct emblas_data data;
  struct emblas_report report;
  struct end end = {0};
  emblas_data_init(&data, sizeof data);
  emblas_report_init(&report, sizeof report);
  data.values = rows->x, data.rows = rows->n, data.columns = rows->d;
  if (from) options.start = EMBLAS_START_MODEL, options.model = from->model;
  emblas_status status = emblas_fit(&data, &options, &end.model, &report);
  if (status != EMBLAS_OK) {
    fprintf(stderr, "fit: %s\n", emblas_status_string(status));
    exit(EXIT_FAILURE);
  }
  end.loglik = report.loglik, end.maps = report.maps;
  emblas_report_clear(&report);
  return end;
}

/* Plain EM to its end: from the start of the options, or from where another fit ended. */
static double plain_limit(const struct rows *rows, struct emblas_options options, const struct end *from) {
  options.accelerate = EMBLAS_ACCELERATE_NONE;
  options.tolerance = 1e-10, options.max_iterations = bench_smoke() ? 100 : LONG;
  struct end end = fit(rows, options, from);
  emblas_model_free(end.model);
  return end.loglik;
}

static void measure(struct bench *bench, struct tally *tally, const char *name, const struct rows *rows,
                    struct emblas_options options) {
  size_t maps[METHODS];
  double left = 0, above = 0;
  struct json_object *row = json_object_new_object(), *counts = json_object_new_object(),
                     *logliks = json_object_new_object();
  printf("%-30s", name);
  double limit = plain_limit(rows, options, NULL);
  for (size_t m = 1; m <= METHODS; m++) { /* auto last */
    enum emblas_acceleration method = (enum emblas_acceleration)(m % METHODS);
    options.accelerate = method;
    struct end end = fit(rows, options, NULL);
    maps[method] = end.maps;
    if (method == EMBLAS_ACCELERATE_AUTO) {
      double own = plain_limit(rows, options, &end);
      left = own - end.loglik, above = own - limit;
    }
    emblas_model_free(end.model);
    json_object_object_add(counts, method_names[method], json_object_new_uint64(end.maps));
    json_object_object_add(logliks, method_names[method], json_object_new_double(end.loglik));
    printf(" %8zu", end.maps);
  }
  tally_add(tally, maps[EMBLAS_ACCELERATE_NONE], maps[EMBLAS_ACCELERATE_AUTO], left, above);
  printf(" %7.1f %10.1e", tally->ratios[tally->count - 1], left);
  if (fabs(above) > TALLY_SAME) printf("  another basin, %+.6g", above);
  printf("\n");
  fflush(stdout);
  json_object_object_add(row, "name", json_object_new_string(name));
  json_object_object_add(row, "maps", counts);
  json_object_object_add(row, "loglik", logliks);
  json_object_object_add(row, "plain_limit", json_object_new_double(limit));
  json_object_object_add(row, "left", json_object_new_double(left));
  json_object_object_add(row, "above_plain", json_object_new_double(above));
  json_object_array_add(bench->rows, row);
}

static struct emblas_options options_of(size_t k, enum emblas_covariance covariance) {
  struct emblas_options options;
  emblas_options_init(&options, sizeof options);
  options.components = k, options.covariance = covariance, options.starts = 1;
  options.max_iterations = bench_smoke() ? 100 : LONG;
  options.compress = EMBLAS_COMPRESS_NONE;
  return options;
}

static void measure_labelled(struct bench *bench, struct tally *tally, const struct labelled *l) {
  struct rows rows = rows_read(l->name, l->k);
  char name[64];
  for (int v = 0; v < (rows.d > 1 ? EMBLAS_SPHERICAL + 1 : EMBLAS_TIED + 1); v++) {
    struct emblas_options options = options_of(l->k, (enum emblas_covariance)v);
    options.start = EMBLAS_START_LABELS, options.labels = rows.labels;
    snprintf(name, sizeof name, "%s, %zu %s", l->name, l->k, emblas_covariance_string(options.covariance));
    measure(bench, tally, name, &rows, options);
  }
  rows_free(&rows);
}

static void measure_generated(struct bench *bench, struct tally *tally, size_t i, uint64_t seeds) {
  const struct generated *g = &generated[i];
  size_t n = bench_smoke() ? 20 * g->k * g->d : g->n;
  struct rows rows = rows_generate(n, g->d, g->k, g->separation, seeds + i);
  char name[64];
  snprintf(name, sizeof name, "%zu x %zu, %zu at %.1f %s", n, g->d, g->k, g->separation,
           emblas_covariance_string(g->covariance));
  measure(bench, tally, name, &rows, options_of(g->k, g->covariance));
  rows_free(&rows);
}

static void headings(const char *title) {
  printf("\n%s\n%-30s %8s %8s %8s %8s %7s %10s\n", title, "problem", "none", "squarem", "anderson", "auto",
         "ratio", "left");
}

int main(int argc, char **argv) {
  struct bench bench = bench_open("acceleration", "EM maps", "1 minute", argc, argv);
  struct tally tally = {0}, other = {0};
  maps_to_parameters(&bench, &tally);
  headings("To the default stop; left: what plain EM gains from the end of auto, nats");
  for (size_t i = 0; i < sizeof labelled / sizeof *labelled; i++)
    measure_labelled(&bench, &tally, &labelled[i]);
  for (size_t i = 0; i < sizeof generated / sizeof *generated; i++)
    measure_generated(&bench, &tally, i, SEEDS);
  tally_summarise(&bench, "summary", &tally);
  headings("The generated ones drawn again");
  for (size_t i = 0; i < sizeof generated / sizeof *generated; i++)
    measure_generated(&bench, &other, i, OTHER_SEEDS);
  tally_summarise(&bench, "other", &other);
  return bench_close(&bench);
}
