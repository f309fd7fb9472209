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

struct bench bench_open(const char *name, const char *unit, int argc, char **argv) {
  static char path[256];
  char machine[256], cores[280];
  snprintf(path, sizeof path, "%s.json", name);
  machine_name(machine, sizeof machine);
  snprintf(cores, sizeof cores, "%s, %ld processors", machine, sysconf(_SC_NPROCESSORS_ONLN));

  struct bench bench = {argc > 1 ? argv[1] : path, json_object_new_object(), json_object_new_array()};
  describe(bench.document, "emblas", emblas_version());
  describe(bench.document, "machine", cores);
  describe(bench.document, "blas", emblas_backend_blas_description());
  describe(bench.document, "threads", "1");
  describe(bench.document, "unit", unit);
  if (bench_smoke()) describe(bench.document, "size", "smoke: too small to say anything about speed");
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

struct bench_pair bench_alternate(bench_run *run, void *context, int runs) {
  const struct emblas_backend *reference = emblas_backend_reference(), *blas = emblas_backend_blas();
  double times[2][MAX_RUNS];
  size_t count = runs < MAX_RUNS ? (size_t)runs : MAX_RUNS;
  for (size_t i = 0; i < count; i++) {
    times[0][i] = run(context, reference);
    times[1][i] = blas ? run(context, blas) : NAN;
  }
  return (struct bench_pair){median(times[0], count), blas ? median(times[1], count) : NAN};
}

void bench_print(struct bench *bench, struct json_object *row, struct bench_pair seconds, double unit) {
  json_object_object_add(row, "reference", json_object_new_double(seconds.reference / unit));
  printf(" %12.3f", seconds.reference / unit);
  if (isnan(seconds.blas)) {
    printf(" %12s %8s\n", "-", "-");
  } else {
    json_object_object_add(row, "blas", json_object_new_double(seconds.blas / unit));
    json_object_object_add(row, "ratio", json_object_new_double(seconds.reference / seconds.blas));
    printf(" %12.3f %8.2f\n", seconds.blas / unit, seconds.reference / seconds.blas);
  }
  fflush(stdout);
  json_object_array_add(bench->rows, row);
}
