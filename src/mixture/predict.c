/* SPDX-License-Identifier: MIT */
/* A model meets rows: labels, responsibilities, densities. Rows are cut into blocks, blocks make chunks,
   and chunks are shared out to threads. How rows are cut depends on their number alone, and chunks are
   added up in their order: any number of threads gives the same bits. */
#include "../base/dispatch.h"
#include "../base/parallel.h"
#include "../base/sized.h"
#include "../base/sum.h"
#include "../data/view.h"
#include "../model/model.h"
#include "report.h"

#include <math.h>
#include <string.h>

enum {
  BLOCK = 256, /* rows whose logits stay in the cache */
  PADDING = 8, /* keeps columns of a block from falling into the same places of the cache */
  STRIDE = BLOCK + PADDING,
  MAX_CHUNKS = 64,
  THREAD_WORK = 1 << 20, /* products that a thread must have to do for it to be worth waking */
  EXPONENTIAL = 16       /* the work of an exponential, in products */
};

void emblas_prediction_init(struct emblas_prediction *prediction, size_t size) {
  struct emblas_prediction defaults = {.size = size};
  sized_init(prediction, size, &defaults, sizeof defaults);
}

void emblas_predict_options_init(struct emblas_predict_options *options, size_t size) {
  struct emblas_predict_options defaults = {.size = size};
  sized_init(options, size, &defaults, sizeof defaults);
}

/* Weighted sums of a chunk's rows, each in a high and a low part. */
struct totals {
  double loglik[2], q[2], hard[2];
};

struct predict_worker {
  double *logits;     /* k x STRIDE: log weight + log density, then responsibilities */
  double *copy;       /* of the logits, where there are weights: as many; else NULL */
  double *distances;  /* BLOCK x PACKED_LANES */
  double *row_loglik; /* BLOCK */
  double *largest;    /* BLOCK */
};

struct predict {
  const struct emblas_model *model;
  const struct emblas_data *data;
  const struct emblas_backend *backend;
  const struct emblas_prediction *wanted;
  struct predict_worker *workers;
  struct totals *chunks;
  size_t chunk_rows;
};

/* ------------------------------------------------------------------ a block of rows */

static void block_logits(const struct predict *predict, struct predict_worker *worker, size_t first,
                         size_t count) {
  const struct gaussian *g = &predict->model->shape;
  const struct gaussian_density *density = &predict->model->density;
  for (size_t group = 0; group < density->packed.groups; group++) {
    size_t c, components = density_group(g, density, group, &c);
    density->distances(&density->packed, group, count, view_row(predict->data, first),
                       view_stride(predict->data), worker->distances);
    for (size_t i = 0; i < count && density->packed.width < PACKED_LANES; i++)
      packed_fold(density->packed.width, worker->distances + i * PACKED_LANES);
    for (size_t i = 0; i < components; i++)
      emblas_density_logits(density, c + i, count, worker->distances, worker->logits + (c + i) * STRIDE);
  }
}

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
static void predict_block(const struct predict *predict, struct predict_worker *worker, size_t first,
                          size_t count, struct totals *totals) {
  size_t k = predict->model->shape.k;
  const struct emblas_backend *backend = predict->backend;
  struct emblas_block_sums sums = {0}, unweighted = {0};
  block_logits(predict, worker, first, count);
  if (predict->data->weights == NULL) {
    backend->softmax(count, STRIDE, k, worker->logits, NULL, worker->row_loglik, &sums);
  } else {
    memcpy(worker->copy, worker->logits, k * STRIDE * sizeof *worker->copy);
    backend->softmax(count, STRIDE, k, worker->copy, predict->data->weights + first, NULL, &sums);
    backend->softmax(count, STRIDE, k, worker->logits, NULL, worker->row_loglik, &unweighted);
  }
  write_block(predict->wanted, worker, k, predict->model->density.log_volume, first, count);
  sum_add(totals->loglik, sums.loglik[0]);
  sum_add(totals->loglik, sums.loglik[1]);
  sum_add(totals->q, sums.q);
  sum_add(totals->hard, sums.hard);
}

/* ------------------------------------------------------------------ all rows */

static void predict_chunk(void *context, size_t worker, size_t chunk) {
  const struct predict *predict = context;
  size_t start = chunk * predict->chunk_rows, left = predict->data->rows - start;
  size_t rows = left < predict->chunk_rows ? left : predict->chunk_rows;
  predict->chunks[chunk] = (struct totals){{0}, {0}, {0}};
  for (size_t i = 0; i < rows; i += BLOCK)
    predict_block(predict, &predict->workers[worker], start + i, rows - i < BLOCK ? rows - i : BLOCK,
                  &predict->chunks[chunk]);
}

static size_t useful_threads(const struct gaussian *g, size_t rows, size_t threads) {
  double products = (double)g->d * (g->geometry == GEOMETRY_FULL ? (double)(g->d + 1) / 2 : 1);
  double work = (double)rows * (double)g->k * (products + EXPONENTIAL) / THREAD_WORK;
  return work < (double)threads ? (size_t)work + 1 : threads;
}

static void allocate(struct predict *predict, struct arena *arena, size_t threads, size_t chunks) {
  size_t k = predict->model->shape.k;
  predict->chunks = emblas_arena_take(arena, chunks, 1, sizeof *predict->chunks);
  predict->workers = emblas_arena_take(arena, threads, 1, sizeof *predict->workers);
  for (size_t i = 0; i < threads && arena->status == EMBLAS_OK; i++) {
    struct predict_worker *worker = &predict->workers[i];
    worker->logits = emblas_arena_doubles(arena, k, STRIDE);
    worker->copy = predict->data->weights != NULL ? emblas_arena_doubles(arena, k, STRIDE) : NULL;
    worker->distances = emblas_arena_doubles(arena, BLOCK, PACKED_LANES);
    worker->row_loglik = emblas_arena_doubles(arena, BLOCK, 1);
    worker->largest = emblas_arena_doubles(arena, BLOCK, 1);
  }
}

/* The log-likelihood may be beyond the range of double where rows are far out and weights are large. */
static emblas_status add_up(const struct predict *predict, size_t chunks, double total_weight,
                            struct emblas_prediction *prediction) {
  struct totals all = {{0}, {0}, {0}};
  for (size_t i = 0; i < chunks; i++) {
    const struct totals *chunk = &predict->chunks[i];
    sum_add(all.loglik, chunk->loglik[0]);
    sum_add(all.loglik, chunk->loglik[1]);
    sum_add(all.q, chunk->q[0] + chunk->q[1]);
    sum_add(all.hard, chunk->hard[0] + chunk->hard[1]);
  }
  double loglik = all.loglik[0] + all.loglik[1], q = all.q[0] + all.q[1];
  if (!isfinite(loglik) || !isfinite(q)) return EMBLAS_ERROR_RANGE;
  prediction->loglik = loglik - total_weight * predict->model->density.log_volume;
  prediction->entropy = fmax(loglik - q, 0); /* what is below is rounding */
  prediction->hard = all.hard[0] + all.hard[1];
  return EMBLAS_OK;
}

static emblas_status check_rows(const struct emblas_data *data, struct arena *arena,
                                struct emblas_report *report, double *total_weight) {
  struct view_summary summary;
  size_t row = EMBLAS_NOWHERE, column = EMBLAS_NOWHERE;
  summary.low = emblas_arena_doubles(arena, data->columns, 1);
  summary.high = emblas_arena_doubles(arena, data->columns, 1);
  if (arena->status != EMBLAS_OK) return arena->status;
  emblas_status status = emblas_view_summarise(data, &summary, &row, &column);
  emblas_report_place(report, status, row, column, EMBLAS_NOWHERE);
  *total_weight = summary.total_weight;
  return status;
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
  const struct gaussian *g = &model->shape;
  if (data->columns != g->d) return EMBLAS_ERROR_DIMENSION;

  size_t blocks = (data->rows - 1) / BLOCK + 1;
  predict.chunk_rows = ((blocks - 1) / MAX_CHUNKS + 1) * BLOCK;
  predict.backend = options->backend != NULL ? options->backend : emblas_backend_auto(g->k, g->p);
  size_t chunks = (data->rows - 1) / predict.chunk_rows + 1;
  size_t threads = useful_threads(g, data->rows, emblas_parallel_limit(options->threads));
  if (threads > chunks) threads = chunks;
  emblas_arena_init(&arena,
                    options->allocator.allocate != NULL ? options->allocator : model->arena.allocator);
  double total_weight;
  allocate(&predict, &arena, threads, chunks);
  status = check_rows(data, &arena, report, &total_weight);
  if (status == EMBLAS_OK) {
    int token = predict.backend->enter != NULL ? predict.backend->enter() : 0;
    emblas_parallel_run(threads, chunks, predict_chunk, &predict);
    if (predict.backend->leave != NULL) predict.backend->leave(token);
    status = add_up(&predict, chunks, total_weight, prediction);
  }
  emblas_arena_free(&arena);
  return status;
}
