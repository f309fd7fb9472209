/* SPDX-License-Identifier: MIT */
/* A model meets rows: labels, responsibilities, densities. One pass, always in the centred form, since rows
   far from the model must come out right too. */
#include "../base/parallel.h"
#include "coordinates.h"
#include "pass.h"
#include "report.h"

#include <math.h>
#include <string.h>

void emblas_prediction_init(struct emblas_prediction *prediction, size_t size) {
  memset(prediction, 0, size);
  prediction->size = size;
}

/* The frame of a model: shift and scale from its means and deviations. */
static void frame_from_model(struct frame *frame, const struct emblas_model *model) {
  const struct gaussian *g = &model->shape;
  for (size_t j = 0; j < g->d; j++) {
    double reach = 0;
    frame->constant[j] = 0;
    frame->shift[j] = gaussian_mean(g, model->theta, 0)[j];
    for (size_t c = 0; c < g->k; c++) {
      double offset = fabs(gaussian_mean(g, model->theta, c)[j] / 2 - frame->shift[j] / 2);
      double entry =
          emblas_geometry_factor_entry(g->geometry, g->d, gaussian_factor(g, model->theta, c), j, j);
      reach = fmax(reach, fmax(offset, entry / 2));
    }
    frame->scale[j] = emblas_frame_unit(reach);
  }
  emblas_frame_complete(frame, g->geometry == GEOMETRY_SPHERICAL);
}

struct output {
  struct emblas_prediction *wanted;
  double log_volume;
};

static size_t largest(size_t k, size_t stride, const double *r) {
  size_t best = 0;
  for (size_t c = 1; c < k; c++)
    if (r[c * stride] > r[best * stride]) best = c;
  return best;
}

/* A pass_block: Bayes' rule, its sums weighted, its outputs not. */
static void predict_block(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                          size_t count, double *to) {
  const struct output *output = context;
  const struct emblas_prediction *wanted = output->wanted;
  const struct gaussian_block *block = &worker->block;
  struct emblas_block_sums unweighted = {0};
  size_t k = pass->gaussian.k;
  emblas_pass_load(pass, worker, first, count);
  emblas_pass_bayes(pass, worker, pass_weights(pass, first), NULL, (struct emblas_block_sums *)to);
  emblas_pass_bayes(pass, worker, NULL, worker->row_loglik, &unweighted);
  for (size_t i = 0; i < count; i++) {
    const double *r = block->r + i;
    if (wanted->labels != NULL) wanted->labels[first + i] = largest(k, block->stride, r);
    if (wanted->logpdf != NULL) wanted->logpdf[first + i] = worker->row_loglik[i] - output->log_volume;
    for (size_t c = 0; c < k && wanted->responsibilities != NULL; c++)
      wanted->responsibilities[(first + i) * k + c] = r[c * block->stride];
  }
}

static void predict(struct pass *pass, struct frame *frame, const struct emblas_model *model, double *theta,
                    double total_weight, struct emblas_prediction *prediction) {
  struct output output = {prediction, 0};
  frame_from_model(frame, model);
  output.log_volume = frame->log_volume;
  emblas_parameters_in(frame, &model->shape, model, theta);
  emblas_gaussian_prepare(&pass->gaussian, 0, theta, &pass->terms, &pass->workers[0].scratch);
  const struct emblas_block_sums *sums = (const struct emblas_block_sums *)emblas_pass_walk(
      pass, sizeof *sums / sizeof(double), predict_block, &output);
  double loglik = sums->loglik[0] + sums->loglik[1];
  prediction->loglik = loglik - total_weight * frame->log_volume;
  prediction->entropy = fmax(loglik - sums->q, 0); /* what is below is rounding */
  prediction->hard = sums->hard;
}

emblas_status emblas_predict(const struct emblas_model *model, const struct emblas_data *data,
                             const struct emblas_backend *backend, struct emblas_prediction *prediction,
                             struct emblas_report *report) {
  struct view_summary summary;
  struct frame frame;
  struct pass pass;
  struct arena arena;
  size_t row = EMBLAS_NOWHERE, column = EMBLAS_NOWHERE;
  if (model == NULL || prediction == NULL || prediction->size < sizeof *prediction)
    return EMBLAS_ERROR_ARGUMENT;
  emblas_status status = emblas_view_check(data);
  if (status != EMBLAS_OK) return status;
  if (data->columns != model->shape.d) return EMBLAS_ERROR_DIMENSION;
  if (backend == NULL) backend = emblas_backend_auto(model->shape.k, model->shape.p);

  emblas_arena_init(&arena, model->arena.allocator);
  summary.low = emblas_arena_doubles(&arena, data->columns, 1);
  summary.high = emblas_arena_doubles(&arena, data->columns, 1);
  emblas_frame_allocate(&frame, &arena, data->columns, 0);
  emblas_pass_allocate(&pass, &arena, data, &frame, backend, model->shape, emblas_parallel_limit(0));
  double *theta = emblas_arena_doubles(&arena, gaussian_theta_size(&model->shape), 1);
  status = arena.status;
  if (status == EMBLAS_OK) {
    status = emblas_view_summarise(data, &summary, &row, &column);
    emblas_report_place(report, status, row, column, EMBLAS_NOWHERE);
  }
  if (status == EMBLAS_OK) {
    int token = backend->enter != NULL ? backend->enter() : 0;
    predict(&pass, &frame, model, theta, summary.total_weight, prediction);
    if (backend->leave != NULL) backend->leave(token);
  }
  emblas_arena_free(&arena);
  return status;
}
