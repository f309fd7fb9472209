/* SPDX-License-Identifier: MIT */
/* An EM map over rows from where they are: memory, columns one after the other, single precision, a file
 * that is in the page cache; against the same rows in memory. The results are the same bits, which is
 * checked. */
#define _XOPEN_SOURCE 700 /* pread */
#include "bench.h"

#include <emblas/emblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 8, COMPONENTS = 8, SOURCES = 4, RUNS = 5, FEW = 2, MANY = 8 };
static const char *const names[SOURCES] = {"memory", "columns", "float32", "file"};

static void *allocate(size_t count, size_t size) {
  void *memory = malloc(count * size);
  if (!memory) {
    fprintf(stderr, "out of memory\n");
    exit(EXIT_FAILURE);
  }
  return memory;
}

/* As the program reads a .npy. */
static int read_file(void *context, size_t first, size_t count, double *room, struct emblas_rows *rows) {
  const int *file = context;
  size_t bytes = count * COLUMNS * sizeof *room;
  rows->values = room;
  return pread(*file, room, bytes, (off_t)(first * COLUMNS * sizeof *room)) != (ssize_t)bytes;
}

/* Values that single precision holds. */
static double *make_rows(size_t n) {
  double *x = allocate(n * COLUMNS, sizeof *x);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < COLUMNS; j++)
      x[i * COLUMNS + j] = (double)(float)(bench_normal() + (i % COMPONENTS == j ? 4 : 0));
  return x;
}

static void write_file(FILE *file, const double *x, size_t n) {
  if (fwrite(x, COLUMNS * sizeof *x, n, file) != n || fflush(file) != 0) {
    perror("temporary file");
    exit(EXIT_FAILURE);
  }
}

struct sources {
  struct emblas_data data[SOURCES];
  struct emblas_layout columns, single;
  int file;
};

static void make_sources(struct sources *s, const double *x, size_t n) {
  double *columns = allocate(n * COLUMNS, sizeof *columns);
  float *single = allocate(n * COLUMNS, sizeof *single);
  FILE *file = tmpfile();
  if (!file) exit(EXIT_FAILURE);
  for (size_t i = 0; i < n * COLUMNS; i++) {
    columns[i % COLUMNS * n + i / COLUMNS] = x[i];
    single[i] = (float)x[i];
  }
  write_file(file, x, n);
  s->file = fileno(file);
  s->columns =
      (struct emblas_layout){.values = columns, .row_stride = 1, .column_stride = n, .columns = COLUMNS};
  s->single = (struct emblas_layout){.number = EMBLAS_FLOAT32,
                                     .values = single,
                                     .row_stride = COLUMNS,
                                     .column_stride = 1,
                                     .columns = COLUMNS};
  for (int i = 0; i < SOURCES; i++) {
    emblas_data_init(&s->data[i], sizeof s->data[i]);
    s->data[i].rows = n, s->data[i].columns = COLUMNS;
  }
  s->data[0].values = x;
  s->data[1].reader = emblas_layout_reader(&s->columns);
  s->data[2].reader = emblas_layout_reader(&s->single);
  s->data[3].reader = (struct emblas_reader){read_file, &s->file, 0};
}

/* Seconds of a fit of `maps` plain maps from the labels. */
static double run(const struct emblas_data *data, const size_t *labels, size_t threads, size_t maps,
                  double *loglik) {
  struct emblas_options options;
  struct emblas_model *model = NULL;
  struct emblas_report report;
  emblas_options_init(&options, sizeof options);
  emblas_report_init(&report, sizeof report);
  options.components = COMPONENTS, options.start = EMBLAS_START_LABELS, options.labels = labels;
  options.compress = EMBLAS_COMPRESS_STREAM, options.accelerate = EMBLAS_ACCELERATE_NONE;
  options.tolerance = 0, options.max_iterations = maps, options.threads = threads;
  double begin = bench_clock();
  if (emblas_fit(data, &options, &model, &report) != EMBLAS_OK) exit(EXIT_FAILURE);
  double seconds = bench_clock() - begin;
  *loglik = report.loglik;
  emblas_model_free(model);
  emblas_report_clear(&report);
  return seconds;
}

static int compare(const void *a, const void *b) {
  const double *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

/* A line of the table: medians of what maps take in turns. */
static void measure(struct bench *bench, const struct sources *s, const size_t *labels, size_t n,
                    size_t threads) {
  double times[SOURCES][RUNS], loglik, expected = 0;
  for (int r = 0; r < RUNS; r++)
    for (int i = 0; i < SOURCES; i++) {
      double few = run(&s->data[i], labels, threads, FEW, &loglik);
      times[i][r] = (run(&s->data[i], labels, threads, MANY, &loglik) - few) / (MANY - FEW);
      if (i == 0) expected = loglik;
      if (loglik != expected) {
        fprintf(stderr, "%s: another log-likelihood\n", names[i]);
        exit(EXIT_FAILURE);
      }
    }
  struct json_object *row = json_object_new_object();
  json_object_object_add(row, "rows", json_object_new_int64((int64_t)n));
  json_object_object_add(row, "threads", json_object_new_int64((int64_t)threads));
  printf("%9zu %7zu", n, threads);
  for (int i = 0; i < SOURCES; i++) {
    qsort(times[i], RUNS, sizeof times[i][0], compare);
    double rate = (double)n / times[i][RUNS / 2];
    json_object_object_add(row, names[i], json_object_new_double(rate));
    printf(" %10.1f", rate / 1e6);
    if (i > 0) printf(" %5.2f", times[0][RUNS / 2] / times[i][RUNS / 2]);
  }
  putchar('\n');
  json_object_array_add(bench->rows, row);
}

int main(int argc, char **argv) {
  size_t n = bench_smoke() ? 20000 : 4000000;
  struct bench bench = bench_open("streams", "rows a second", "1 min", argc, argv);
  double *x = make_rows(n);
  size_t *labels = allocate(n, sizeof *labels);
  struct sources sources;
  for (size_t i = 0; i < n; i++) labels[i] = i % COMPONENTS;
  make_sources(&sources, x, n);
  printf("millions of rows a second (d = 8, k = 8, full), and as a part of those from memory\n");
  printf("     rows threads     memory    columns        float32           file\n");
  for (size_t threads = 1; threads <= 2; threads++) measure(&bench, &sources, labels, n, threads);
  free(x), free(labels);
  free((void *)sources.columns.values), free((void *)sources.single.values);
  return bench_close(&bench);
}
