/* SPDX-License-Identifier: MIT */
/* Rows come to the same bits from wherever they come: memory in any layout, a reader, several processes,
   which are threads here, each with a part of the rows. */
#define _POSIX_C_SOURCE 200809L /* pthread_barrier_t */
#include "../support/allocator.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ what is fitted */

static const struct shape {
  const char *name;
  size_t n, d, k;
  enum emblas_family family;
  enum emblas_covariance covariance;
  enum emblas_start start;
  int weighted;
} shapes[] = {
    {"full", 9001, 3, 4, EMBLAS_GAUSSIAN, EMBLAS_FULL, EMBLAS_START_KMEANSPP, 0},
    {"full, sampled", 40321, 2, 2, EMBLAS_GAUSSIAN, EMBLAS_FULL, EMBLAS_START_KMEANSPP, 1},
    {"VEI", 9001, 4, 3, EMBLAS_GAUSSIAN, EMBLAS_VEI, EMBLAS_START_RANDOM, 1},
    {"diag", 6007, 5, 9, EMBLAS_GAUSSIAN, EMBLAS_DIAG, EMBLAS_START_KMEANSPP, 0},
    {"one dimension", 30001, 1, 3, EMBLAS_GAUSSIAN, EMBLAS_FULL, EMBLAS_START_KMEANSPP, 0},
    {"one dimension, many", 5000, 1, 20, EMBLAS_GAUSSIAN, EMBLAS_FULL, EMBLAS_START_LABELS, 1},
    {"Poisson", 7001, 2, 3, EMBLAS_POISSON, EMBLAS_FULL, EMBLAS_START_KMEANSPP, 0},
    {"few rows", 300, 2, 2, EMBLAS_GAUSSIAN, EMBLAS_FULL, EMBLAS_START_KMEANSPP, 1},
    {"chunks of seven leaves", 400001, 1, 2, EMBLAS_GAUSSIAN, EMBLAS_FULL, EMBLAS_START_LABELS, 0},
    {"one component", 3000, 2, 1, EMBLAS_GAUSSIAN, EMBLAS_TIED, EMBLAS_START_KMEANSPP, 0},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* The rows of a shape: values that single precision holds; counts for Poisson. */
static struct emblas_data rows_of(const struct shape *shape) {
  size_t n = shape->n, d = shape->d;
  double *x = generate_blobs(n, d, shape->k, 7);
  for (size_t i = 0; i < n * d; i++) {
    x[i] = (double)(float)x[i];
    if (shape->family == EMBLAS_POISSON) x[i] = floor(fabs(x[i]) * 2);
  }
  struct emblas_data data = view(x, n, d);
  if (!shape->weighted) return data;
  double *weights = test_keep(n, sizeof *weights);
  for (size_t i = 0; i < n; i++) weights[i] = i % 7 == 0 ? 0 : 100.0 * (double)(1 + i % 3);
  data.weights = weights;
  return data;
}

static struct emblas_options options_of(const struct shape *shape) {
  struct emblas_options options = options_for(shape->k, shape->covariance);
  options.family = shape->family;
  options.start = shape->start, options.starts = shape == shapes ? 2 : 1;
  options.max_iterations = shape->n > 100000 ? 2 : 12;
  options.compress = EMBLAS_COMPRESS_STREAM;
  if (shape->start == EMBLAS_START_LABELS) {
    size_t *labels = test_keep(shape->n, sizeof *labels);
    for (size_t i = 0; i < shape->n; i++) labels[i] = i * 31 % shape->k;
    options.labels = labels;
  }
  return options;
}

struct outcome {
  emblas_status status;
  struct emblas_model *model;
  struct emblas_report report;
};

static struct outcome fit_rows(const struct emblas_data *data, const struct emblas_options *options) {
  struct outcome fit = {.model = NULL};
  emblas_report_init(&fit.report, sizeof fit.report);
  fit.status = emblas_fit(data, options, &fit.model, &fit.report);
  return fit;
}

static void outcome_free(struct outcome *fit) {
  emblas_model_free(fit->model);
  emblas_report_clear(&fit->report);
}

static void check_same(const char *name, const char *way, const struct outcome *expected,
                       const struct outcome *other) {
  cr_assert_eq(other->status, EMBLAS_OK, "%s, %s: %s", name, way, emblas_status_string(other->status));
  cr_assert(same_model(expected->model, other->model), "%s, %s", name, way);
  cr_assert_eq(expected->report.loglik, other->report.loglik, "%s, %s", name, way);
  cr_assert_eq(expected->report.icl, other->report.icl, "%s, %s", name, way);
  cr_assert_eq(expected->report.maps, other->report.maps, "%s, %s", name, way);
  cr_assert_eq(expected->report.rows, other->report.rows, "%s, %s", name, way);
}

/* ------------------------------------------------------------------ layouts */

enum way { COLUMNS, SINGLE, TABLE, EVERY_OTHER, CALLBACK, WAYS };
static const char *const way_names[WAYS] = {"columns", "single precision", "table of rows", "every other",
                                            "callback"};

/* Hands out copies, and at odd places rows with a gap, as a reader may. */
static int read_copies(void *context, size_t first, size_t count, double *room, struct emblas_rows *rows) {
  const struct emblas_data *data = context;
  cr_assert_leq(count, EMBLAS_ROWS_TOGETHER);
  cr_assert_leq(first + count, data->rows);
  memcpy(room, data->values + first * data->columns, count * data->columns * sizeof *room);
  rows->values = room;
  if (data->weights == NULL) return 0;
  memcpy(room + count * data->columns, data->weights + first, count * sizeof *room);
  rows->weights = room + count * data->columns;
  return 0;
}

/* The same rows in another way; layout and rows are kept. */
static struct emblas_data in_way(const struct emblas_data *data, enum way way) {
  size_t n = data->rows, d = data->columns;
  struct emblas_layout *layout = test_keep(1, sizeof *layout);
  struct emblas_data other;
  emblas_data_init(&other, sizeof other);
  other.rows = n, other.columns = d;
  layout->columns = d, layout->weights = data->weights;
  double *doubles = test_keep(2 * n * d, sizeof *doubles);
  float *floats = test_keep(n * d, sizeof *floats);
  const void **table = test_keep(n, sizeof *table);
  layout->values = doubles;
  for (size_t i = 0; i < n; i++) {
    table[i] = data->values + i * d;
    for (size_t j = 0; j < d; j++) {
      double value = data->values[i * d + j];
      floats[i * d + j] = (float)value;
      doubles[way == COLUMNS ? j * n + i : 2 * (i * d + j)] = value;
    }
  }
  switch (way) {
  case COLUMNS:
    layout->row_stride = 1, layout->column_stride = n;
    break;
  case SINGLE:
    layout->number = EMBLAS_FLOAT32, layout->values = floats;
    layout->row_stride = d, layout->column_stride = 1;
    break;
  case TABLE:
    layout->table = table, layout->column_stride = 1;
    break;
  default:
    layout->row_stride = 2 * d, layout->column_stride = 2;
  }
  other.reader = emblas_layout_reader(layout);
  if (way == CALLBACK)
    other.reader = (struct emblas_reader){read_copies, (void *)data, data->weights != NULL};
  return other;
}

Test(stream, layouts_change_no_bit) {
  for (size_t s = 0; s < SHAPES; s++) {
    struct emblas_data data = rows_of(&shapes[s]);
    struct emblas_options options = options_of(&shapes[s]);
    struct outcome expected = fit_rows(&data, &options);
    cr_assert_eq(expected.status, EMBLAS_OK, "%s: %s", shapes[s].name,
                 emblas_status_string(expected.status));
    for (enum way way = 0; way < WAYS; way++) {
      struct emblas_data other = in_way(&data, way);
      options.threads = 1 + (size_t)way % 3;
      options.compress =
          way % 2 ? EMBLAS_COMPRESS_AUTO : EMBLAS_COMPRESS_STREAM; /* a reader has no choice */
      struct outcome fit = fit_rows(&other, &options);
      check_same(shapes[s].name, way_names[way], &expected, &fit);
      outcome_free(&fit);
    }
    outcome_free(&expected);
  }
}

/* Of many rows few have weight: those are the sample. */
Test(stream, rows_without_weight_are_no_sample) {
  enum { N = 200000, EACH = 19997 };
  double *x = generate_blobs(N, 2, 6, 3), *weights = test_keep(N, sizeof *weights);
  double *few = test_keep(2 * (N / EACH + 1), sizeof *few);
  size_t count = 0;
  for (size_t i = EACH / 2; i < N; i += EACH) {
    weights[i] = 1;
    memcpy(few + 2 * count++, x + 2 * i, 2 * sizeof *few);
  }
  struct emblas_data all = view(x, N, 2), alone = view(few, count, 2);
  struct emblas_options options = options_for(2, EMBLAS_SPHERICAL);
  options.compress = EMBLAS_COMPRESS_STREAM;
  all.weights = weights;
  struct outcome sparse = fit_rows(&all, &options), dense = fit_rows(&alone, &options);
  cr_assert_eq(sparse.status, EMBLAS_OK, "%s", emblas_status_string(sparse.status));
  cr_assert_float_eq(sparse.report.loglik, dense.report.loglik, 1e-6);
  outcome_free(&sparse);
  outcome_free(&dense);
}

Test(stream, ends_where_rows_in_memory_end) {
  struct shape shape = {"full", 20000, 2, 2, EMBLAS_GAUSSIAN, EMBLAS_FULL, EMBLAS_START_KMEANSPP, 1};
  struct emblas_data data = rows_of(&shape);
  struct emblas_options options = options_of(&shape);
  options.max_iterations = 1000;
  struct outcome stream = fit_rows(&data, &options);
  options.compress = EMBLAS_COMPRESS_NONE;
  struct outcome memory = fit_rows(&data, &options);
  cr_assert_float_eq(stream.report.loglik, memory.report.loglik, 1e-6 * 300);
  outcome_free(&stream);
  outcome_free(&memory);
}

Test(stream, predictions_are_those_of_rows_in_memory) {
  struct emblas_data data = rows_of(&shapes[2]);
  struct emblas_options options = options_of(&shapes[2]);
  struct outcome fit = fit_rows(&data, &options);
  struct emblas_data other = in_way(&data, COLUMNS);
  struct emblas_prediction from_memory, from_reader;
  size_t n = data.rows;
  size_t *labels[2] = {test_keep(n, sizeof(size_t)), test_keep(n, sizeof(size_t))};
  emblas_prediction_init(&from_memory, sizeof from_memory);
  emblas_prediction_init(&from_reader, sizeof from_reader);
  from_memory.labels = labels[0], from_reader.labels = labels[1];
  cr_assert_eq(emblas_predict(fit.model, &data, NULL, &from_memory, NULL), EMBLAS_OK);
  cr_assert_eq(emblas_predict(fit.model, &other, NULL, &from_reader, NULL), EMBLAS_OK);
  cr_assert_eq(from_memory.loglik, from_reader.loglik);
  cr_assert_arr_eq(labels[0], labels[1], n * sizeof(size_t));
  outcome_free(&fit);
}

/* ------------------------------------------------------------------ a reader that fails */

struct failing {
  struct emblas_data data;
  size_t row;   /* cannot be read .. */
  size_t after; /* .. once rows from the first on were read so often */
  size_t begun;
};

static int read_failing(void *context, size_t first, size_t count, double *room, struct emblas_rows *rows) {
  struct failing *failing = context;
  if (first == 0) failing->begun++;
  if (failing->begun > failing->after && failing->row >= first && failing->row < first + count) return 1;
  return read_copies(&failing->data, first, count, room, rows);
}

Test(stream, a_reader_that_fails_is_an_error_with_its_row) {
  for (size_t after = 0; after < 6; after++) {
    struct failing failing = {.data = rows_of(&shapes[0]), .row = 5000, .after = after};
    struct emblas_options options = options_of(&shapes[0]);
    struct emblas_data data;
    emblas_data_init(&data, sizeof data);
    data.rows = failing.data.rows, data.columns = failing.data.columns;
    data.reader = (struct emblas_reader){read_failing, &failing, 0};
    options.threads = 1;
    struct outcome fit = fit_rows(&data, &options);
    cr_assert_eq(fit.status, EMBLAS_ERROR_READ, "after %zu: %s", after, emblas_status_string(fit.status));
    cr_assert_null(fit.model);
    if (after != 1) /* then it is the sample, whose rows are asked for one by one */
      cr_assert(fit.report.row <= 5000 && fit.report.row + 256 > 5000, "after %zu: row %zu", after,
                fit.report.row);
    emblas_report_clear(&fit.report);
  }
}

Test(stream, bad_rows_are_named) {
  struct emblas_data data = rows_of(&shapes[0]);
  struct emblas_options options = options_of(&shapes[0]);
  ((double *)data.values)[7003 * 3 + 1] = NAN;
  ((double *)data.values)[8003 * 3 + 2] = NAN;
  struct emblas_data other = in_way(&data, CALLBACK);
  struct outcome fit = fit_rows(&other, &options);
  cr_assert_eq(fit.status, EMBLAS_ERROR_NOT_FINITE);
  cr_assert_eq(fit.report.row, 7003);
  cr_assert_eq(fit.report.column, 1);
}

/* ------------------------------------------------------------------ memory */

static int read_computed(void *context, size_t first, size_t count, double *room,
                         struct emblas_rows *rows) {
  (void)context;
  for (size_t i = 0; i < 4 * count; i++) {
    uint64_t z = (4 * first + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    room[i] = (double)((z ^ (z >> 29)) >> 11) * 0x1p-53 + (double)((first + i / 4) % 3);
  }
  rows->values = room;
  return 0;
}

/* Counts bytes: each block is preceded by its size. */
struct tally {
  size_t now, peak;
};
enum { HEADER = 64 };

static void *take(void *context, size_t bytes) {
  struct tally *tally = context;
  unsigned char *block = malloc(bytes + HEADER);
  if (block == NULL) return NULL;
  memcpy(block, &bytes, sizeof bytes);
  tally->now += bytes;
  tally->peak = tally->now > tally->peak ? tally->now : tally->peak;
  return block + HEADER;
}

static void give_back(void *context, void *memory) {
  struct tally *tally = context;
  size_t bytes;
  if (memory == NULL) return;
  memcpy(&bytes, (unsigned char *)memory - HEADER, sizeof bytes);
  tally->now -= bytes;
  free((unsigned char *)memory - HEADER);
}

/* 64 MB of rows; the sample, of 16384, takes half a megabyte, and its fit some times that. */
Test(stream, memory_does_not_grow_with_the_rows) {
  size_t peaks[2];
  for (size_t i = 0; i < 2; i++) {
    struct emblas_options options = options_for(3, EMBLAS_FULL);
    struct tally tally = {0, 0};
    struct emblas_data data;
    emblas_data_init(&data, sizeof data);
    data.rows = i ? 2000000 : 100000, data.columns = 4;
    data.reader.read = read_computed;
    options.threads = 1; /* the hook above is none for several */
    options.allocator = (struct emblas_allocator){take, give_back, &tally};
    options.starts = 2, options.max_iterations = 4;
    struct outcome fit = fit_rows(&data, &options);
    cr_assert_eq(fit.status, EMBLAS_OK);
    peaks[i] = tally.peak;
    outcome_free(&fit);
  }
  cr_assert_lt(peaks[1], peaks[0] + 1000000, "%zu and %zu bytes", peaks[0], peaks[1]);
}

/* ------------------------------------------------------------------ processes */

enum { MOST_PROCESSES = 7 };

/* What the processes share: an array that is added up when all have come. */
struct common {
  size_t count;
  size_t first[MOST_PROCESSES + 1];
  pthread_barrier_t barrier;
  const double *values[MOST_PROCESSES];
};

struct process {
  struct common *common;
  size_t rank;
  struct emblas_data data;
  struct emblas_options options;
  struct outcome fit;
  pthread_t thread;
};

static int add_up(void *context, double *values, size_t length) {
  struct process *process = context;
  struct common *common = process->common;
  double *sums = malloc(length * sizeof *sums);
  common->values[process->rank] = values;
  pthread_barrier_wait(&common->barrier);
  for (size_t i = 0; i < length; i++) {
    sums[i] = 0;
    for (size_t p = common->count; p-- > 0;)
      sums[i] += common->values[p][i]; /* the order is of no account */
  }
  pthread_barrier_wait(&common->barrier);
  memcpy(values, sums, length * sizeof *sums);
  free(sums);
  return 0;
}

static void *run_process(void *context) {
  struct process *process = context;
  process->fit = fit_rows(&process->data, &process->options);
  return NULL;
}

/* Shares of different sizes, some of them empty. */
static void share_out(struct common *common, size_t count, size_t rows) {
  size_t leaves = (rows + EMBLAS_ROWS_TOGETHER - 1) / EMBLAS_ROWS_TOGETHER;
  common->count = count;
  for (size_t p = 0; p <= count; p++) {
    size_t leaf = count == 7   ? leaves * p * p / 49
                  : count == 4 ? (p < 2 ? leaves * p / 3 : leaves) /* the last two have none */
                               : leaves * p / count;
    common->first[p] = leaf * EMBLAS_ROWS_TOGETHER < rows ? leaf * EMBLAS_ROWS_TOGETHER : rows;
  }
  common->first[count] = rows;
}

static void begin_processes(struct common *common, struct process *processes,
                            const struct emblas_data *data, const struct emblas_options *options) {
  pthread_barrier_init(&common->barrier, NULL, (unsigned)common->count);
  for (size_t p = 0; p < common->count; p++) {
    size_t first = common->first[p];
    struct process *process = &processes[p];
    *process = (struct process){.common = common, .rank = p, .data = *data, .options = *options};
    process->data.values += first * data->columns;
    if (data->weights != NULL) process->data.weights += first;
    if (options->labels != NULL) process->options.labels += first;
    process->data.rows = common->first[p + 1] - first;
    process->data.processes = (struct emblas_processes){common->count, p, common->first, add_up, process};
    process->options.threads = 1 + p % 3;
  }
}

static void run_processes(struct common *common, struct process *processes) {
  for (size_t p = 0; p < common->count; p++)
    cr_assert_eq(pthread_create(&processes[p].thread, NULL, run_process, &processes[p]), 0);
  for (size_t p = 0; p < common->count; p++) pthread_join(processes[p].thread, NULL);
  pthread_barrier_destroy(&common->barrier);
}

static const size_t counts[] = {1, 2, 3, 4, 7};

Test(stream, processes_change_no_bit) {
  for (size_t s = 0; s < SHAPES; s++) {
    struct emblas_data data = rows_of(&shapes[s]);
    struct emblas_options options = options_of(&shapes[s]);
    struct outcome expected = fit_rows(&data, &options);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
      struct common common = {0};
      struct process processes[MOST_PROCESSES];
      char way[64];
      share_out(&common, counts[i], data.rows);
      begin_processes(&common, processes, &data, &options);
      run_processes(&common, processes);
      for (size_t p = 0; p < common.count; p++) {
        snprintf(way, sizeof way, "process %zu of %zu", p, common.count);
        check_same(shapes[s].name, way, &expected, &processes[p].fit);
        outcome_free(&processes[p].fit);
      }
    }
    outcome_free(&expected);
  }
}

Test(stream, an_error_of_one_process_is_that_of_all) {
  struct emblas_data data = rows_of(&shapes[0]);
  struct emblas_options options = options_of(&shapes[0]);
  struct common common = {0};
  struct process processes[MOST_PROCESSES];
  share_out(&common, 3, data.rows);
  ((double *)data.values)[(common.first[2] + 5) * 3 + 1] = NAN;
  begin_processes(&common, processes, &data, &options);
  run_processes(&common, processes);
  for (size_t p = 0; p < 3; p++) {
    cr_assert_eq(processes[p].fit.status, EMBLAS_ERROR_NOT_FINITE, "process %zu", p);
    cr_assert_null(processes[p].fit.model);
  }
  cr_assert_eq(processes[2].fit.report.row, common.first[2] + 5);
  cr_assert_eq(processes[2].fit.report.column, 1);
}

/* Each allocation of one process fails in its turn; the others are not left waiting. */
Test(stream, memory_that_runs_out_in_one_process_ends_all, .timeout = 300) {
  const struct shape shape = {"", 3000, 2, 2, EMBLAS_GAUSSIAN, EMBLAS_FULL, EMBLAS_START_KMEANSPP, 0};
  struct emblas_data data = rows_of(&shape);
  struct emblas_options options = options_of(&shape);
  options.max_iterations = 6, options.starts = 2;
  size_t failed = 0;
  for (size_t nth = 1;; nth++) {
    struct common common = {0};
    struct process processes[MOST_PROCESSES];
    struct counting_allocator counting = {.fail_at = nth};
    share_out(&common, 3, data.rows);
    begin_processes(&common, processes, &data, &options);
    processes[1].options.allocator = counting_hooks(&counting);
    run_processes(&common, processes);
    emblas_status status = processes[0].fit.status;
    cr_assert(status == EMBLAS_OK || status == EMBLAS_ERROR_MEMORY, "%zu: %s", nth,
              emblas_status_string(status));
    for (size_t p = 0; p < 3; p++) {
      cr_assert_eq(processes[p].fit.status, status, "%zu, process %zu: %s", nth, p,
                   emblas_status_string(processes[p].fit.status));
      outcome_free(&processes[p].fit);
    }
    failed += status != EMBLAS_OK;
    if (counting.calls < nth) break; /* it never came to the nth */
  }
  cr_assert_gt(failed, 5);
}

Test(stream, shares_that_do_not_add_up_are_refused) {
  struct emblas_data data = rows_of(&shapes[0]);
  struct emblas_options options = options_of(&shapes[0]);
  struct process process = {0};
  const size_t uneven[] = {0, 1000, 9001}, short_of[] = {0, 1024, 9001};
  data.processes = (struct emblas_processes){2, 0, uneven, add_up, &process};
  struct outcome fit = fit_rows(&data, &options);
  cr_assert_eq(fit.status, EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(fit.report.argument, "data.processes.first");
  data.processes.first = short_of;
  fit = fit_rows(&data, &options);
  cr_assert_eq(fit.status, EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(fit.report.argument, "data.rows");
}
