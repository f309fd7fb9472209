/* SPDX-License-Identifier: MIT */
/* One-dimensional normal mixtures from a quantile start, and Hasselblad's Poisson mixture: models of the
   literature on acceleration, counted as there, until the Euclidean norm of M(theta) - theta (weights,
   means, deviations) is below 1e-8. */
#include "maps.h"
#include "problems.h"

#include <emblas/em.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_K = 16, MAX_MAPS = 50000 };
static const double CHANGE = 1e-8;

/* theta = weights, means, deviations; a Poisson mixture has no deviations. */
struct mixture {
  size_t k, n;
  const double *x, *counts; /* values, and how often each was seen; NULL: once */
  int poisson;
  size_t maps, reached; /* maps computed; when the change was below CHANGE, or 0 */
};

static size_t parameters(const struct mixture *m) {
  return (m->poisson ? 2 : 3) * m->k;
}

static double log_density(const struct mixture *m, const double *theta, size_t c, double x) {
  double mean = theta[m->k + c];
  if (m->poisson) return x * log(mean) - mean - lgamma(x + 1);
  double z = (x - mean) / theta[2 * m->k + c];
  return -z * z / 2 - log(theta[2 * m->k + c]) - 0.91893853320467274;
}

/* The E step at one value; returns its log density. */
static double responsibilities(const struct mixture *m, const double *theta, double x, double *r) {
  double largest = -INFINITY, sum = 0;
  for (size_t c = 0; c < m->k; c++) {
    r[c] = log(theta[c]) + log_density(m, theta, c, x);
    largest = fmax(largest, r[c]);
  }
  for (size_t c = 0; c < m->k; c++) sum += r[c] = exp(r[c] - largest);
  for (size_t c = 0; c < m->k; c++) r[c] /= sum;
  return largest + log(sum);
}

static void maximise(const struct mixture *m, const double *theta, double (*s)[3], double total,
                     double *next) {
  for (size_t c = 0; c < m->k; c++) {
    double shift = s[c][1] / s[c][0];
    next[c] = s[c][0] / total;
    next[m->k + c] = theta[m->k + c] + shift;
    if (!m->poisson) next[2 * m->k + c] = sqrt(s[c][2] / s[c][0] - shift * shift);
  }
}

static emblas_status map(void *context, const double *theta, double *next, struct emblas_em_value *value) {
  struct mixture *m = context;
  double s[MAX_K][3] = {{0}}, total = 0, r[MAX_K], low = 0, change = 0;
  *value = (struct emblas_em_value){0, NAN, 0};
  for (size_t i = 0; i < m->n; i++) {
    double count = m->counts ? m->counts[i] : 1, log_p = count * responsibilities(m, theta, m->x[i], r);
    double sum = value->loglik + log_p;
    low += fabs(value->loglik) > fabs(log_p) ? value->loglik - sum + log_p : log_p - sum + value->loglik;
    value->loglik = sum;
    value->magnitude += fabs(log_p);
    total += count;
    for (size_t c = 0; c < m->k; c++) {
      double z = m->x[i] - theta[m->k + c], weight = count * r[c];
      s[c][0] += weight, s[c][1] += weight * z, s[c][2] += weight * z * z;
    }
  }
  value->loglik += low;
  if (!next) return EMBLAS_OK;
  maximise(m, theta, s, total, next);
  m->maps++;
  for (size_t i = 0; i < parameters(m); i++) change += (next[i] - theta[i]) * (next[i] - theta[i]);
  if (!m->reached && change < CHANGE * CHANGE) m->reached = m->maps;
  return EMBLAS_OK;
}

/* log weights, means, log deviations; log means where they are positive. */
static void to_free(void *context, const double *theta, double *free) {
  const struct mixture *m = context;
  for (size_t i = 0; i < parameters(m); i++)
    free[i] = i / m->k == 1 && !m->poisson ? theta[i] : log(theta[i]);
}

static int from_free(void *context, const double *free, double *theta) {
  const struct mixture *m = context;
  double sum = 0;
  for (size_t i = 0; i < parameters(m); i++) {
    theta[i] = i / m->k == 1 && !m->poisson ? free[i] : exp(free[i]);
    if (!isfinite(theta[i]) || (i >= 2 * m->k && theta[i] < 1e-6)) return 1;
  }
  for (size_t c = 0; c < m->k; c++) sum += theta[c];
  for (size_t c = 0; c < m->k; c++) theta[c] /= sum;
  return !(sum > 0);
}

/* What a change of a coordinate counts in the information of one complete observation. */
static double information(const struct mixture *m, const double *theta, size_t i) {
  double weight = theta[i % m->k], deviation = m->poisson ? 1 : theta[2 * m->k + i % m->k];
  if (i < m->k) return sqrt(weight);
  if (m->poisson) return sqrt(weight * theta[i]);
  return i < 2 * m->k ? sqrt(weight) / deviation : sqrt(2 * weight);
}

static void whiten(void *context, const double *theta, double *change) {
  const struct mixture *m = context;
  for (size_t i = 0; i < parameters(m); i++) change[i] *= information(m, theta, i);
}

static void unwhiten(void *context, const double *theta, double *change) {
  const struct mixture *m = context;
  for (size_t i = 0; i < parameters(m); i++) change[i] /= information(m, theta, i);
}

static size_t run(struct mixture *m, enum emblas_acceleration method, const double *start, double *loglik) {
  struct emblas_em_model model;
  struct emblas_em_options options;
  struct emblas_em *em;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  emblas_em_model_init(&model, sizeof model);
  emblas_em_options_init(&options, sizeof options);
  model.parameters = model.free = parameters(m), model.weights = m->k;
  model.context = m, model.map = map, model.to_free = to_free, model.from_free = from_free,
  model.whiten = whiten, model.unwhiten = unwhiten;
  options.tolerance = 0, options.max_iterations = bench_smoke() ? 100 : MAX_MAPS,
  options.accelerate = method;
  m->maps = m->reached = 0;
  emblas_status status = emblas_em_create(&model, &options, start, &em);
  while (status == EMBLAS_OK && reason == EMBLAS_RUNNING && !m->reached)
    status = emblas_em_step(em, &reason);
  if (status != EMBLAS_OK) {
    fprintf(stderr, "em: %s\n", emblas_status_string(status));
    exit(EXIT_FAILURE);
  }
  size_t length;
  const struct emblas_em_point *trace = emblas_em_trace(em, &length);
  *loglik = trace[length - 1].loglik;
  emblas_em_free(em);
  return m->reached ? m->reached : m->maps;
}

static void measure(struct bench *bench, struct tally *tally, const char *name, struct mixture *m,
                    const double *start) {
  static const struct {
    const char *name;
    enum emblas_acceleration method;
  } methods[] = {{"none", EMBLAS_ACCELERATE_NONE},
                 {"squarem", EMBLAS_ACCELERATE_SQUAREM},
                 {"anderson", EMBLAS_ACCELERATE_ANDERSON},
                 {"auto", EMBLAS_ACCELERATE_AUTO}};
  struct json_object *row = json_object_new_object(), *counts = json_object_new_object();
  double plain = NAN, loglik = NAN;
  size_t maps = 0, plain_maps = 0;
  printf("%-30s", name);
  for (size_t i = 0; i < 4; i++) {
    maps = run(m, methods[i].method, start, &loglik);
    if (i == 0) plain = loglik, plain_maps = maps;
    json_object_object_add(counts, methods[i].name, json_object_new_uint64(maps));
    printf(" %8zu", maps);
  }
  tally_add(tally, plain_maps, maps, 0, loglik - plain);
  printf(" %7.1f", (double)plain_maps / (double)maps);
  if (fabs(loglik - plain) > TALLY_SAME) printf("  another basin, %+.6g", loglik - plain);
  printf("\n");
  fflush(stdout);
  json_object_object_add(row, "name", json_object_new_string(name));
  json_object_object_add(row, "until", json_object_new_string("change of the parameters below 1e-8"));
  json_object_object_add(row, "maps", counts);
  json_object_object_add(row, "above_plain", json_object_new_double(loglik - plain));
  json_object_array_add(bench->rows, row);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Equal weights, means at the quantiles (c + 1/2) / k, the deviation of all. */
static void measure_normal(struct bench *bench, struct tally *tally, const char *name, struct rows rows,
                           size_t k) {
  struct mixture m = {.k = k, .n = rows.n, .x = rows.x};
  double start[3 * MAX_K], mean = 0, variance = 0;
  qsort(rows.x, rows.n, sizeof *rows.x, ascending);
  for (size_t i = 0; i < m.n; i++) mean += m.x[i] / (double)m.n;
  for (size_t i = 0; i < m.n; i++) variance += (m.x[i] - mean) * (m.x[i] - mean) / (double)m.n;
  for (size_t c = 0; c < k; c++) {
    double place = ((double)c + 0.5) / (double)k * (double)(m.n - 1), whole = floor(place);
    const double *at = m.x + (size_t)whole;
    start[c] = 1 / (double)k;
    start[k + c] = at[0] + (place - whole) * (at[1] - at[0]);
    start[2 * k + c] = sqrt(variance);
  }
  measure(bench, tally, name, &m, start);
  rows_free(&rows);
}

/* Deaths of women over 80 in The Times: on how many days there were 0, 1, .. 9 (Hasselblad 1969). */
static void measure_poisson(struct bench *bench, struct tally *tally) {
  static const double deaths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                      days[] = {162, 267, 271, 185, 111, 61, 27, 8, 3, 1}, start[] = {.5, .5, 1, 3};
  struct mixture m = {.k = 2, .n = 10, .x = deaths, .counts = days, .poisson = 1};
  measure(bench, tally, "two Poisson, Hasselblad", &m, start);
}

void maps_to_parameters(struct bench *bench, struct tally *tally) {
  size_t n = bench_smoke() ? 200 : 2000;
  printf("To a change of the parameters below 1e-8\n%-30s %8s %8s %8s %8s %7s\n", "problem", "none",
         "squarem", "anderson", "auto", "ratio");
  measure_normal(bench, tally, "acidity, 2 by quantiles", rows_read("acidity", 0), 2);
  measure_normal(bench, tally, "acidity, 3 by quantiles", rows_read("acidity", 0), 3);
  measure_normal(bench, tally, "acidity, 4 by quantiles", rows_read("acidity", 0), 4);
  measure_normal(bench, tally, "galaxies, 4 by quantiles", rows_read("galaxies", 0), 4);
  measure_normal(bench, tally, "2 at 1.5 deviations", rows_generate(n, 1, 2, 1.5, 11), 2);
  measure_normal(bench, tally, "5 at 2 deviations", rows_generate(n, 1, 5, 2, 12), 5);
  measure_normal(bench, tally, "5 at 3 deviations", rows_generate(n, 1, 5, 3, 13), 5);
  measure_poisson(bench, tally);
}
