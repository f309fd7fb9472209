/* SPDX-License-Identifier: MIT */
/* A model meets rows: labels, responsibilities, densities, in one walk over the rows. */
#include "../base/dispatch.h"
#include "../base/parallel.h"
#include "../base/sized.h"
#include "../rows/view.h"
#include "../model/model.h"
#include "../walk/walk.h"
#include "stream.h"
#include "report.h"

#include <math.h>
#include <string.h>

enum {
  PADDING = 8, /* keeps columns of a block from falling into the same places of the cache */
  STRIDE = WALK_BLOCK + PADDING,
  EXPONENTIAL = 16 /* the work of an exponential, in products */
};

void emblas_prediction_init(struct emblas_prediction *prediction, size_t size) {
  struct emblas_prediction defaults = {.size = size};
  sized_init(prediction, size, &defaults, sizeof defaults);
}

void emblas_predict_options_init(struct emblas_predict_options *options, size_t size) {
  struct emblas_predict_options defaults = {.size = size};
  sized_init(options, size, &defaults, sizeof defaults);
}

struct predict_worker {
  double *logits;     /* k x STRIDE: log weight + log density, then responsibilities */
  double *copy;       /* of the logits, where there are weights: as many; else NULL */
  double *room;       /* of the family */
  double *rows;       /* for rows of a reader */
  double *row_loglik; /* WALK_BLOCK */
  double *largest;    /* WALK_BLOCK */
};

struct predict {
  const struct emblas_model *model;
  const struct emblas_data *data;
  const struct emblas_backend *backend;
  const struct emblas_prediction *wanted;
  struct predict_worker *workers;
  struct group group;
  struct walk walk;
};

/* ------------------------------------------------------------------ a block of rows */

/* The component of largest responsibility of each row, of equal ones the first. */
RUN_TIME_DISPATCH
static void find_labels(size_t count, size_t k, const double *restrict r, double *restrict largest,
                        size_t *restrict labels) {
  for (size_t i = 0; i < count; i++) largest[i] = r[i], labels[i] = 0;
  for (size_t c = 1; c < k; c++)
    for (size_t i = 0; i < count; i++) {
      int more = r[c * STRIDE + i] > largest[i];
      largest[i] = more ? r[c * STRIDE + i] : largest[i];
      labels[i] = more ? c : labels[i];
    }
}

static void write_block(const struct emblas_prediction *wanted, const struct predict_worker *worker,
                        size_t k, double log_volume, size_t first, size_t count) {
  const double *r = worker->logits;
  if (wanted->labels != NULL) find_labels(count, k, r, worker->largest, wanted->labels + first);
  for (size_t i = 0; i < count && wanted->logpdf != NULL; i++)
    wanted->logpdf[first + i] = worker->row_loglik[i] - log_volume;
  for (size_t i = 0; i < count && wanted->responsibilities != NULL; i++)
    for (size_t c = 0; c < k; c++) wanted->responsibilities[(first + i) * k + c] = r[c * STRIDE + i];
}

/* Bayes' rule. The outputs are those of unweighted rows; where there are weights, the sums take the logits
   once more. */
static void predict_block(void *context, size_t number, size_t first, size_t count, double *to) {
  struct predict *predict = context;
  struct predict_worker *worker = &predict->workers[number];
  struct emblas_data rows;
  struct emblas_block_sums *sums = (struct emblas_block_sums *)to, unweighted = {0};
  const struct emblas_backend *backend = predict->backend;
  const struct components *m = &predict->model->components;
  size_t k = m->k;
  emblas_status status = emblas_rows_read(predict->data, first, count, worker->rows, &rows);
  if (status != EMBLAS_OK) {
    emblas_walk_fail(&predict->walk, number, status, first);
    return;
  }
  m->family->density->logits(m, count, rows.values, view_stride(&rows), STRIDE, worker->logits,
                             worker->room);
  if (rows.weights == NULL) {
    backend->softmax(count, STRIDE, k, worker->logits, NULL, worker->row_loglik, sums);
  } else {
    memcpy(worker->copy, worker->logits, k * STRIDE * sizeof *worker->copy);
    backend->softmax(count, STRIDE, k, worker->copy, rows.weights, NULL, sums);
    backend->softmax(count, STRIDE, k, worker->logits, NULL, worker->row_loglik, &unweighted);
  }
  write_block(predict->wanted, worker, k, m->family->density->log_volume(m), first, count);
}

/* ------------------------------------------------------------------ all rows */

enum { SUMS = sizeof(struct emblas_block_sums) / sizeof(double) };

/* The work on a row, in products. */
static double products(const struct components *m) {
  return (double)m->k * (m->family->density->products(m) + EXPONENTIAL);
}

static void allocate(struct predict *predict, struct arena *arena, size_t threads) {
  size_t k = predict->model->components.k;
  emblas_group_allocate(&predict->group, arena, &predict->data->processes,
                        stream_says(predict->data->columns));
  emblas_walk_allocate(&predict->walk, arena, rows_of_all(predict->data), SUMS, threads, &predict->group);
  threads = predict->walk.threads;
  predict->workers = emblas_arena_take(arena, threads, 1, sizeof *predict->workers);
  for (size_t i = 0; i < threads && arena->status == EMBLAS_OK; i++) {
    struct predict_worker *worker = &predict->workers[i];
    worker->logits = emblas_arena_doubles(arena, k, STRIDE);
    worker->rows = emblas_rows_room(arena, predict->data, WALK_BLOCK);
    worker->copy = rows_have_weights(predict->data) ? emblas_arena_doubles(arena, k, STRIDE) : NULL;
    worker->room =
        emblas_arena_doubles(arena, WALK_BLOCK, predict->model->components.family->density->room);
    worker->row_loglik = emblas_arena_doubles(arena, WALK_BLOCK, 1);
    worker->largest = emblas_arena_doubles(arena, WALK_BLOCK, 1);
  }
}

/* The log-likelihood may be beyond the range of double where rows are far out and weights are large. */
static emblas_status predict_rows(struct predict *predict, double total_weight,
                                  struct emblas_prediction *prediction) {
  const struct emblas_backend *backend = predict->backend;
  const struct components *m = &predict->model->components;
  int token = backend->enter != NULL ? backend->enter() : 0;
  const struct emblas_block_sums *sums = (struct emblas_block_sums *)emblas_walk_run(
      &predict->walk, predict->data->rows, products(m), SUMS, predict_block, predict);
  if (backend->leave != NULL) backend->leave(token);
  if (predict->walk.status != EMBLAS_OK) return predict->walk.status;
  double loglik = sums->loglik[0] + sums->loglik[1];
  if (!isfinite(loglik) || !isfinite(sums->q)) return EMBLAS_ERROR_RANGE;
  prediction->loglik = loglik - total_weight * m->family->density->log_volume(m);
  prediction->entropy = fmax(loglik - sums->q, 0); /* what is below is rounding */
  prediction->hard = sums->hard;
  return EMBLAS_OK;
}

static void check_block(void *context, size_t number, size_t first, size_t count, double *sums) {
  const struct predict *predict = context;
  (void)number;
  sums[0] += !emblas_view_finite(predict->data, first, count);
}

/* Unweighted rows are looked at by all threads; where one is not finite, or rows have weights, one after
   the other. */
static emblas_status check_rows(struct predict *predict, struct arena *arena, size_t threads,
                                struct emblas_report *report, double *total_weight) {
  const struct emblas_data *data = predict->data;
  struct view_summary summary = {.total_weight = (double)data->rows};
  size_t row = EMBLAS_NOWHERE, column = EMBLAS_NOWHERE;
  emblas_status status = EMBLAS_OK;
  summary.low = emblas_arena_doubles(arena, data->columns, 1);
  summary.high = emblas_arena_doubles(arena, data->columns, 1);
  status = emblas_group_agree(&predict->group, arena->status);
  if (status != EMBLAS_OK) return status;
  if (rows_come_in_pieces(data)) {
    status = emblas_stream_summarise(data, predict->model->components.family, arena->allocator, threads,
                                     &predict->group, &summary, NULL, &row, &column);
    *total_weight = summary.total_weight;
    return emblas_report_place(report, status, row, column, EMBLAS_NOWHERE);
  }
  if (data->weights != NULL ||
      emblas_walk_run(&predict->walk, data->rows, (double)data->columns, 2, check_block, predict)[0] > 0)
    status = emblas_view_summarise(data, &summary, &row, &column);
  if (status == EMBLAS_OK)
    status = emblas_family_check(predict->model->components.family, data, &row, &column);
  *total_weight = summary.total_weight;
  return emblas_report_place(report, status, row, column, EMBLAS_NOWHERE);
}

/* The argument that is missing or out of range, or its field; NULL: none is. */
static const char *find_fault(const struct emblas_model *model, const struct emblas_data *data,
                              const struct emblas_predict_options *options,
                              const struct emblas_prediction *prediction) {
  if (model == NULL) return "model";
  if (options->size != sizeof *options) return "options.size";
  if (!emblas_allocator_valid(options->allocator)) return "options.allocator";
  if (prediction == NULL) return "prediction";
  return prediction->size == sizeof *prediction ? emblas_view_fault(data) : "prediction.size";
}

emblas_status emblas_predict(const struct emblas_model *model, const struct emblas_data *data,
                             const struct emblas_predict_options *options,
                             struct emblas_prediction *prediction, struct emblas_report *report) {
  struct emblas_predict_options defaults;
  struct predict predict = {.model = model, .data = data, .wanted = prediction};
  struct arena arena;
  emblas_predict_options_init(&defaults, sizeof defaults);
  if (options == NULL) options = &defaults;
  emblas_status status = emblas_report_accept(report);
  if (status != EMBLAS_OK) return status;
  const char *fault = find_fault(model, data, options, prediction);
  if (fault != NULL) return emblas_report_argument(report, fault);
  status = emblas_view_size(data);
  if (status != EMBLAS_OK) return status;
  const struct components *m = &model->components;
  if (data->columns != m->d) return EMBLAS_ERROR_DIMENSION;

  predict.backend = options->backend != NULL ? options->backend : emblas_backend_auto(m->k, m->statistics);
  emblas_arena_init(&arena,
                    options->allocator.allocate != NULL ? options->allocator : model->arena.allocator);
  double total_weight;
  size_t threads = emblas_parallel_limit(options->threads);
  allocate(&predict, &arena, threads);
  status = check_rows(&predict, &arena, threads, report, &total_weight);
  if (status == EMBLAS_OK) {
    status = predict_rows(&predict, total_weight, prediction);
    emblas_report_place(report, status, predict.walk.row, EMBLAS_NOWHERE, EMBLAS_NOWHERE);
  }
  status = emblas_group_agree(&predict.group, status);
  emblas_arena_free(&arena);
  return status;
}
