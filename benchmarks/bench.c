/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <emblas/emblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RUNS = 64 };

bool bench_smoke(void) {
  const char *value = getenv("EMBLAS_BENCH_SMOKE");
  return value && *value && strcmp(value, "0") != 0;
}

double bench_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double bench_uniform(void) {
  static uint64_t state = 1;
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(state >> 11) * 0x1p-53;
}

double bench_normal(void) {
  return sqrt(-2 * log(1 - bench_uniform())) * cos(6.283185307179586 * bench_uniform());
}

/* The processor's name where Linux tells it, else the architecture. */
static void machine_name(char *name, size_t size) {
  struct utsname system;
  char line[256];
  snprintf(name, size, "%s", uname(&system) == 0 ? system.machine : "unknown");
  FILE *cpuinfo = fopen("/proc/cpuinfo", "r");
  while (cpuinfo && fgets(line, sizeof line, cpuinfo))
    if (!strncmp(line, "model name", 10) && strchr(line, ':')) {
      line[strcspn(line, "\n")] = '\0';
      snprintf(name, size, "%s", strchr(line, ':') + 2);
      break;
    }
  if (cpuinfo) fclose(cpuinfo);
}

static void describe(struct json_object *document, const char *key, const char *text) {
  printf("%-8s %s\n", key, text);
  json_object_object_add(document, key, json_object_new_string(text));
}

/* Results in smoke size lie beside those that mean something, and never in their place. */
static void make_path(char *path, size_t size, const char *name, const char *given) {
  const char *file = given ? given : name;
  size_t length = strlen(file);
  if (length > 5 && strcmp(file + length - 5, ".json") == 0) length -= 5;
  snprintf(path, size, "%.*s%s.json", (int)length, file, bench_smoke() ? "-smoke" : "");
}

struct bench bench_open(const char *name, const char *unit, const char *takes, int argc, char **argv) {
  static char path[4096];
  char machine[256], cores[280];
  make_path(path, sizeof path, name, argc > 1 ? argv[1] : NULL);
  machine_name(machine, sizeof machine);
  snprintf(cores, sizeof cores, "%s, %ld processors", machine, sysconf(_SC_NPROCESSORS_ONLN));

  struct bench bench = {path, json_object_new_object(), json_object_new_array()};
  describe(bench.document, "emblas", emblas_version());
  describe(bench.document, "machine", cores);
  describe(bench.document, "blas", emblas_backend_blas_description());
  describe(bench.document, "unit", unit);
  if (bench_smoke())
    describe(bench.document, "size", "smoke: too small to say anything about speed");
  else
    printf("%-8s about %s\n", "takes", takes);
  json_object_object_add(bench.document, "rows", bench.rows);
  printf("\n");
  return bench;
}

int bench_close(struct bench *bench) {
  int failed = json_object_to_file_ext(bench->path, bench->document, JSON_C_TO_STRING_PRETTY);
  if (failed)
    fprintf(stderr, "%s: cannot write: %s\n", bench->path, json_util_get_last_err());
  else
    printf("\nAlso in %s\n", bench->path);
  json_object_put(bench->document);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
  qsort(values, count, sizeof *values, ascending);
  return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

size_t bench_backends(const struct emblas_backend *backends[BENCH_BACKENDS]) {
  size_t count = 0;
  backends[count++] = emblas_backend_reference();
  if (emblas_backend_blas()) backends[count++] = emblas_backend_blas();
  if (emblas_backend_native()) backends[count++] = emblas_backend_native();
  return count;
}

struct bench_table bench_table(void) {
  const struct emblas_backend *backends[BENCH_BACKENDS];
  struct bench_table table = {.count = bench_backends(backends)};
  for (size_t c = 0; c < table.count; c++)
    table.columns[c] = (struct bench_column){backends[c]->name, backends[c], 1};
  return table;
}

void bench_heading(const struct bench_table *table) {
  for (size_t c = 0; c < table->count; c++) {
    printf(" %12s", table->columns[c].name);
    if (c > 0) printf(" %8s", "ratio");
  }
  printf("\n");
}

/* A number, or "-" for NAN; in JSON null. */
static void print_cell(struct json_object *row, const char *key, double value, int width, int digits) {
  json_object_object_add(row, key, isnan(value) ? NULL : json_object_new_double(value));
  if (isnan(value))
    printf(" %*s", width, "-");
  else
    printf(" %*.*f", width, digits, value);
}

void bench_measure(struct bench *bench, const struct bench_table *table, struct json_object *row,
                   bench_run *run, void *context, int runs, double unit) {
  double times[BENCH_COLUMNS][MAX_RUNS], first = NAN;
  size_t count = runs < MAX_RUNS ? (size_t)runs : MAX_RUNS;
  for (size_t i = 0; i < count; i++)
    for (size_t c = 0; c < table->count; c++) times[c][i] = run(context, &table->columns[c]);
  for (size_t c = 0; c < table->count; c++) {
    double time = median(times[c], count) / unit;
    if (c == 0) first = time;
    char key[64];
    snprintf(key, sizeof key, "%s_ratio", table->columns[c].name);
    print_cell(row, table->columns[c].name, time, 12, 3);
    if (c > 0) print_cell(row, key, first / time, 8, 2);
  }
  printf("\n");
  fflush(stdout);
  json_object_array_add(bench->rows, row);
}
