/* SPDX-License-Identifier: MIT */
/* A fit that the caller drives: the data in its frame, the starts, and EM on the mixture's map. */
#include "fitter.h"

#include "../base/parallel.h"
#include "coordinates.h"
#include "report.h"

#include <limits.h>
#include <math.h>
#include <string.h>

void emblas_options_init(struct emblas_options *options, size_t size) {
  memset(options, 0, size);
  options->size = size;
  options->components = 1;
  options->starts = 20;
  options->seed = 1;
  options->tolerance = 1e-7;
  options->max_iterations = 10000;
  options->floor = 1e-12;
}

static int options_valid(const struct emblas_options *o) {
  return o->size >= sizeof *o && o->components > 0 && emblas_covariance_model(o->covariance) != NULL &&
         o->accelerate <= EMBLAS_ACCELERATE_ANDERSON && o->compress <= EMBLAS_COMPRESS_NONE &&
         o->start <= EMBLAS_START_MODEL && o->starts > 0 && o->stop <= EMBLAS_STOP_WEIGHTS &&
         isfinite(o->tolerance) && o->tolerance >= 0 && o->floor > 0 && o->floor < 1 &&
         (o->start != EMBLAS_START_LABELS || o->labels != NULL) &&
         (o->start != EMBLAS_START_MODEL || o->model != NULL) &&
         (o->allocator.allocate == NULL) == (o->allocator.release == NULL);
}

/* The BLAS's sizes are ints. */
static int sizes_fit(const struct emblas_options *o, size_t d) {
  size_t square;
  if (o->components > INT_MAX || emblas_size_multiply(d, d + 2, &square) || square > INT_MAX) return 0;
  return !emblas_size_multiply(square, o->components, &square);
}

/* One EM map of the mixture, in the frame, on the rows that the pass is pointed at. */
static void map_rows(struct emblas_fitter *fitter, const double *theta, double *next,
                     struct emblas_em_value *value) {
  struct pass *pass = &fitter->pass;
  emblas_pass_expectation(pass, theta);
  value->loglik = pass->loglik;
  value->q = pass->q;
  value->magnitude = pass->magnitude;
  if (next != NULL)
    emblas_gaussian_maximise(&pass->gaussian, pass->backend, &pass->terms, &fitter->floor, theta,
                             pass->stats, next, fitter->flags, &pass->workers[0].scratch);
}

/* What em/ iterates. */
static emblas_status map(void *context, const double *theta, double *next, struct emblas_em_value *value) {
  struct emblas_fitter *fitter = context;
  emblas_compression_select(&fitter->compression, &fitter->pass, theta);
  fitter->rows = fitter->compression.merged ? fitter->pass.data->rows : fitter->data.rows;
  map_rows(fitter, theta, next, value);
  fitter->complete = next != NULL && !fitter->compression.merged;
  return EMBLAS_OK;
}

static void to_free(void *context, const double *theta, double *free) {
  const struct emblas_fitter *fitter = context;
  emblas_gaussian_to_free(&fitter->pass.gaussian, fitter->unit, theta, free);
}

static int from_free(void *context, const double *free, double *theta) {
  struct emblas_fitter *fitter = context;
  return emblas_gaussian_from_free(&fitter->pass.gaussian, &fitter->floor, fitter->unit, free, theta,
                                   fitter->unit + fitter->pass.gaussian.d);
}

static void whiten(void *context, const double *theta, double *change) {
  const struct emblas_fitter *fitter = context;
  emblas_gaussian_whiten(&fitter->pass.gaussian, fitter->unit, theta, change);
}

static void unwhiten(void *context, const double *theta, double *change) {
  const struct emblas_fitter *fitter = context;
  emblas_gaussian_unwhiten(&fitter->pass.gaussian, fitter->unit, theta, change);
}

/* The floor in the frame: relative to the pooled variance, which is 1 where the frame is whitened. */
static void set_floor(struct emblas_fitter *fitter, double *variance) {
  const struct frame *frame = &fitter->frame;
  enum geometry geometry = fitter->pass.gaussian.geometry;
  double mean = 0;
  for (size_t j = 0; j < frame->d; j++) mean += frame->variance[j] / (double)frame->d;
  for (size_t j = 0; j < frame->d; j++) {
    double pooled = geometry == GEOMETRY_DIAG ? frame->variance[j] : geometry == GEOMETRY_FULL ? 1 : mean;
    variance[j] = fitter->options.floor * (pooled > 0 ? pooled : 1);
    fitter->unit[j] = sqrt(pooled > 0 ? pooled : 1);
  }
  fitter->floor = (struct gaussian_floor){variance, frame->constant};
}

static void pool(struct emblas_fitter *fitter, double *pooled) {
  struct pass *pass = &fitter->pass;
  const struct gaussian_scratch *scratch = &pass->workers[0].scratch;
  struct frame_workspace work = {.rows = pass->block_rows,
                                 .stride = pass->workers[0].block.stride,
                                 .block = scratch->rows,
                                 .scratch = scratch->more_rows,
                                 .share = scratch->column,
                                 .pooled = pooled,
                                 .mean = scratch->moments};
  emblas_frame_pool(&fitter->frame, pass->backend, &fitter->data, fitter->summary.total_weight, &work);
}

/* Weights near the ends of the range of doubles would overflow or vanish in sums and products: they are
   brought back by a power of two, in a copy. Others are used where they are. */
static emblas_status scale_weights(struct emblas_fitter *fitter) {
  enum { FAR = 256 };
  int exponent = ilogb(fitter->summary.largest_weight);
  fitter->weight_unit = 1;
  if (exponent > -FAR && exponent < FAR) return EMBLAS_OK;
  double *scaled = emblas_arena_doubles(&fitter->arena, fitter->data.rows, 1), total = 0;
  if (scaled == NULL) return fitter->arena.status;
  for (size_t i = 0; i < fitter->data.rows; i++)
    total += scaled[i] = ldexp(fitter->data.weights[i], -exponent);
  fitter->weight_unit = ldexp(1, exponent);
  fitter->data.weights = scaled;
  fitter->summary.total_weight = total;
  return EMBLAS_OK;
}

static emblas_status check_rows(struct emblas_fitter *fitter, struct emblas_report *report) {
  const struct emblas_options *o = &fitter->options;
  size_t row = EMBLAS_NOWHERE, column = EMBLAS_NOWHERE;
  emblas_status status = emblas_view_summarise(&fitter->data, &fitter->summary, &row, &column);
  if (status != EMBLAS_OK) return emblas_report_place(report, status, row, column, EMBLAS_NOWHERE);
  if (fitter->summary.rows < o->components) return EMBLAS_ERROR_TOO_FEW_ROWS;
  for (size_t i = 0; o->start == EMBLAS_START_LABELS && i < fitter->data.rows; i++)
    if (o->labels[i] >= o->components)
      return emblas_report_place(report, EMBLAS_ERROR_LABEL, i, EMBLAS_NOWHERE, EMBLAS_NOWHERE);
  return scale_weights(fitter);
}

/* Of all starts together. */
static size_t most_maps(const struct emblas_options *o) {
  size_t maps;
  int many = o->start == EMBLAS_START_KMEANSPP || o->start == EMBLAS_START_RANDOM;
  return emblas_size_multiply(o->max_iterations, many ? o->starts : 1, &maps) ? SIZE_MAX : maps;
}

static emblas_status set_up(struct emblas_fitter *fitter, struct emblas_report *report) {
  struct emblas_options *o = &fitter->options;
  struct arena *arena = &fitter->arena;
  size_t d = fitter->data.columns;
  if (!sizes_fit(o, d)) return EMBLAS_ERROR_SIZE;
  struct gaussian shape = emblas_gaussian_shape(o->covariance, o->components, d);
  /* One component needs no whitening, and is exact without. */
  int whitened = shape.geometry == GEOMETRY_FULL && o->components > 1;

  fitter->summary.low = emblas_arena_doubles(arena, d, 1);
  fitter->summary.high = emblas_arena_doubles(arena, d, 1);
  if (arena->status != EMBLAS_OK) return arena->status;
  emblas_status status = check_rows(fitter, report);
  if (status != EMBLAS_OK) return status;

  emblas_frame_allocate(&fitter->frame, arena, d, whitened);
  emblas_pass_allocate(&fitter->pass, arena, &fitter->data, &fitter->frame, o->backend, shape,
                       emblas_parallel_limit(o->threads));
  fitter->theta = emblas_arena_doubles(arena, gaussian_theta_size(&shape), 1);
  fitter->spare = emblas_arena_doubles(arena, gaussian_theta_size(&shape), 1);
  fitter->unit = emblas_arena_doubles(arena, d, 2);
  fitter->compressed = emblas_arena_doubles(arena, gaussian_theta_size(&shape), 1);
  fitter->flags = emblas_arena_take(arena, o->components, 1, sizeof *fitter->flags);
  fitter->column_flags = emblas_arena_take(arena, d, 1, sizeof *fitter->column_flags);
  double *floor = emblas_arena_doubles(arena, d, 1),
         *pooled = whitened ? emblas_arena_doubles(arena, d, d) : NULL;
  if (arena->status != EMBLAS_OK) return arena->status;

  emblas_frame_from_ranges(&fitter->frame, &fitter->data, &fitter->summary,
                           shape.geometry == GEOMETRY_SPHERICAL);
  for (size_t j = 0; j < d; j++)
    fitter->column_flags[j] = fitter->frame.constant[j] ? EMBLAS_COLUMN_CONSTANT : 0;
  pool(fitter, pooled);
  set_floor(fitter, floor);
  fitter->starter = (struct starter){.kind = o->start,
                                     .seed = o->seed,
                                     .labels = o->labels,
                                     .model = o->model,
                                     .summary = &fitter->summary};
  emblas_starter_allocate(&fitter->starter, arena, &fitter->pass);
  if (arena->status != EMBLAS_OK) return arena->status;
  status = emblas_compression_create(&fitter->compression, arena, &fitter->pass, &fitter->summary,
                                     o->compress, most_maps(o));
  if (status != EMBLAS_OK) return status;
  emblas_em_model_init(&fitter->map, sizeof fitter->map);
  fitter->map.parameters = gaussian_theta_size(&shape);
  fitter->map.weights = o->components;
  fitter->map.context = fitter;
  fitter->map.map = map;
  fitter->map.free = emblas_gaussian_free_size(&shape);
  fitter->map.to_free = to_free;
  fitter->map.from_free = from_free;
  fitter->map.whiten = whiten;
  fitter->map.unwhiten = unwhiten;
  return arena->status;
}

/* Kernels run between these two. */
static int enter(const struct emblas_fitter *fitter) {
  const struct emblas_backend *backend = fitter->options.backend;
  return backend->enter != NULL ? backend->enter() : 0;
}

static void leave(const struct emblas_fitter *fitter, int token) {
  const struct emblas_backend *backend = fitter->options.backend;
  if (backend->leave != NULL) backend->leave(token);
}

emblas_status emblas_fitter_create(const struct emblas_data *data, const struct emblas_options *options,
                                   struct emblas_fitter **out, struct emblas_report *report) {
  struct emblas_options defaults;
  emblas_options_init(&defaults, sizeof defaults);
  if (options == NULL) options = &defaults;
  if (report != NULL && report->size < sizeof *report) return EMBLAS_ERROR_ARGUMENT;
  if (out == NULL || !options_valid(options)) return EMBLAS_ERROR_ARGUMENT;
  emblas_status status = emblas_view_check(data);
  if (status != EMBLAS_OK) return status;
  emblas_report_begin(report, options->allocator);

  struct arena arena;
  emblas_arena_init(&arena, options->allocator);
  struct emblas_fitter *fitter = emblas_arena_take(&arena, 1, 1, sizeof *fitter);
  if (fitter == NULL) return arena.status;
  *fitter = (struct emblas_fitter){.arena = arena, .data = *data, .options = *options};
  if (options->backend == NULL)
    fitter->options.backend = emblas_backend_auto(
        options->components,
        emblas_gaussian_shape(options->covariance, options->components, data->columns).p);
  int token = enter(fitter);
  status = set_up(fitter, report);
  leave(fitter, token);
  if (status != EMBLAS_OK)
    emblas_fitter_free(fitter);
  else
    *out = fitter;
  return status;
}

void emblas_fitter_free(struct emblas_fitter *fitter) {
  if (fitter == NULL) return;
  emblas_em_free(fitter->em);
  struct arena arena = fitter->arena;
  emblas_arena_free(&arena);
}

/* EM from theta; the one that ran is dropped. */
static emblas_status run_from(struct emblas_fitter *fitter, const double *theta, size_t max_iterations) {
  struct emblas_em_options options;
  struct emblas_em *em;
  emblas_em_options_init(&options, sizeof options);
  options.stop = fitter->options.stop;
  options.tolerance = fitter->options.tolerance;
  options.max_iterations = max_iterations;
  options.accelerate = fitter->options.accelerate;
  options.allocator = fitter->options.allocator;
  emblas_status status = emblas_em_create(&fitter->map, &options, theta, &em);
  if (status != EMBLAS_OK) return status;
  emblas_em_free(fitter->em);
  fitter->em = em;
  fitter->reason = EMBLAS_RUNNING;
  fitter->settled = NULL;
  return EMBLAS_OK;
}

emblas_status emblas_fitter_start(struct emblas_fitter *fitter, size_t start) {
  int token = enter(fitter);
  fitter->component = EMBLAS_NOWHERE;
  fitter->settled = NULL;
  memset(fitter->flags, 0, fitter->options.components * sizeof *fitter->flags);
  emblas_compression_begin(&fitter->compression, &fitter->pass, fitter->options.start);
  emblas_status status =
      emblas_starter_parameters(&fitter->starter, &fitter->pass, &fitter->floor, start, fitter->theta,
                                fitter->spare, fitter->flags, &fitter->component);
  leave(fitter, token);
  if (status == EMBLAS_OK) status = run_from(fitter, fitter->theta, fitter->options.max_iterations);
  if (status == EMBLAS_OK) fitter->iterations = 0;
  return status;
}

emblas_status emblas_fitter_start_at(struct emblas_fitter *fitter, const struct emblas_model *model,
                                     size_t max_iterations) {
  emblas_status status = emblas_parameters_in(&fitter->frame, &fitter->pass.gaussian, model, fitter->theta);
  fitter->iterations = 0;
  emblas_compression_begin(&fitter->compression, &fitter->pass, EMBLAS_START_MODEL);
  return status == EMBLAS_OK ? run_from(fitter, fitter->theta, max_iterations) : status;
}

/* Log-likelihoods of the frame's coordinates become those of the data: times the unit of the weights, and
   less the volume that the frame has changed. */
static double loglik_out(const struct emblas_fitter *fitter, double frame_loglik) {
  return fitter->weight_unit * (frame_loglik - fitter->summary.total_weight * fitter->frame.log_volume);
}

static struct emblas_em_point point_out(const struct emblas_fitter *fitter,
                                        const struct emblas_em_point *point) {
  struct emblas_em_point out = *point;
  out.iteration += fitter->iterations;
  out.loglik = loglik_out(fitter, point->loglik);
  out.q = loglik_out(fitter, point->q);
  out.magnitude = fmax(fitter->weight_unit * point->magnitude, fabs(out.loglik));
  out.projected = fitter->weight_unit * point->projected;
  return out;
}

/* M(theta) and what the E step says on all rows, at the current parameters: what belongs to these and no
   other, and the flags. Before that the same on compressed rows, if there are any. Non-zero when the two
   agree. */
static int settle(struct emblas_fitter *fitter) {
  const double *theta = emblas_em_theta(fitter->em);
  struct emblas_em_value value, of_all;
  if (fitter->settled == fitter->em) return 1;
  int token = enter(fitter);
  map(fitter, theta, fitter->compressed, &value);
  int agreed = 1;
  if (fitter->compression.merged) {
    emblas_compression_all(&fitter->compression, &fitter->pass);
    map_rows(fitter, theta, fitter->spare, &of_all);
    agreed = emblas_compression_agrees(&fitter->pass.gaussian, fitter->compressed, &value, fitter->spare,
                                       &of_all);
  }
  leave(fitter, token);
  fitter->settled = fitter->em;
  return agreed;
}

emblas_status emblas_fitter_verify(struct emblas_fitter *fitter, int *agreed) {
  size_t length;
  *agreed = settle(fitter);
  if (*agreed) return EMBLAS_OK;
  emblas_em_trace(fitter->em, &length);
  size_t iterations = fitter->iterations + length - 1;
  memcpy(fitter->theta, emblas_em_theta(fitter->em),
         gaussian_theta_size(&fitter->pass.gaussian) * sizeof(double));
  emblas_status status = run_from(fitter, fitter->theta, fitter->options.max_iterations - iterations);
  if (status != EMBLAS_OK) return status;
  fitter->iterations = iterations;
  fitter->compression.abandoned = 1;
  return EMBLAS_OK;
}

emblas_status emblas_fitter_step(struct emblas_fitter *fitter, struct emblas_em_point *point,
                                 enum emblas_stop_reason *reason) {
  size_t length;
  if (fitter->em == NULL || reason == NULL) return EMBLAS_ERROR_ARGUMENT;
  size_t maps = emblas_em_maps(fitter->em);
  int token = enter(fitter), agreed = 1, running = fitter->reason == EMBLAS_RUNNING;
  if (running) fitter->settled = NULL;
  emblas_status status = emblas_em_step(fitter->em, reason);
  leave(fitter, token);
  fitter->maps += emblas_em_maps(fitter->em) - maps;
  fitter->reason = *reason;
  if (status != EMBLAS_OK) return status;
  if (running && fitter->complete) fitter->settled = fitter->em; /* the step ended with a map from there */
  const struct emblas_em_point *trace = emblas_em_trace(fitter->em, &length);
  if (point != NULL) *point = point_out(fitter, &trace[length - 1]);
  if (*reason == EMBLAS_CONVERGED && !fitter->verify_later) status = emblas_fitter_verify(fitter, &agreed);
  *reason = fitter->reason;
  return status;
}

/* The trace of the running start, in units of the data. */
static emblas_status report_trace(const struct emblas_fitter *fitter, struct emblas_report *report) {
  size_t length;
  void *copy;
  const struct emblas_em_point *trace = emblas_em_trace(fitter->em, &length);
  emblas_status status = emblas_report_copy(report, trace, length, sizeof *trace, &copy);
  if (status != EMBLAS_OK) return status;
  report->trace = copy;
  report->trace_length = length;
  for (size_t i = 0; i < length; i++) report->trace[i] = point_out(fitter, &trace[i]);
  report->iterations = fitter->iterations + (length > 0 ? length - 1 : 0);
  if (length > 0) { /* known from all rows by now */
    report->trace[length - 1].loglik = report->loglik;
    report->trace[length - 1].q = report->loglik - report->entropy;
  }
  return EMBLAS_OK;
}

static emblas_status report_flags(const struct emblas_fitter *fitter, struct emblas_report *report) {
  size_t k = fitter->options.components, d = fitter->data.columns;
  void *components, *columns;
  emblas_status status = emblas_report_copy(report, fitter->flags, k, sizeof *fitter->flags, &components);
  if (status != EMBLAS_OK) return status;
  report->component_flags = components;
  report->components = k;
  status = emblas_report_copy(report, fitter->column_flags, d, sizeof *fitter->column_flags, &columns);
  if (status != EMBLAS_OK) return status;
  report->column_flags = columns;
  report->columns = d;
  return EMBLAS_OK;
}

/* What the ICL needs, on all rows. */
static double hard_of_all(struct emblas_fitter *fitter) {
  int token = enter(fitter);
  emblas_compression_all(&fitter->compression, &fitter->pass);
  double hard = emblas_pass_hard(&fitter->pass, emblas_em_theta(fitter->em));
  leave(fitter, token);
  return hard;
}

static emblas_status fill_report(struct emblas_fitter *fitter, struct emblas_report *report) {
  const struct emblas_options *o = &fitter->options;
  report->stop = fitter->reason;
  report->maps = fitter->maps;
  report->rows = fitter->rows;
  report->loglik = loglik_out(fitter, fitter->pass.loglik);
  report->entropy = fitter->weight_unit * (fitter->pass.loglik - fitter->pass.q);
  report->total_weight = fitter->weight_unit * fitter->summary.total_weight;
  report->parameters = emblas_parameter_count(o->covariance, o->components, fitter->data.columns);
  report->backend = o->backend->name;
  report->threads = fitter->pass.threads;
  emblas_criteria(report->loglik, fitter->weight_unit * hard_of_all(fitter), report->total_weight,
                  report->parameters, &report->bic, &report->aic, &report->icl);
  emblas_status status = report_flags(fitter, report);
  return status == EMBLAS_OK ? report_trace(fitter, report) : status;
}

emblas_status emblas_fitter_finish(struct emblas_fitter *fitter, struct emblas_model **out,
                                   struct emblas_report *report) {
  const struct emblas_options *o = &fitter->options;
  struct emblas_model *model;
  if (fitter->em == NULL || out == NULL) return EMBLAS_ERROR_ARGUMENT;
  emblas_status status =
      emblas_model_allocate(o->allocator, o->covariance, o->components, fitter->data.columns, &model);
  if (status != EMBLAS_OK) return status;
  settle(fitter);
  emblas_parameters_out(&fitter->frame, &model->shape, emblas_em_theta(fitter->em), model->theta);
  if (report != NULL) {
    emblas_report_begin(report, o->allocator);
    status = fill_report(fitter, report);
  }
  if (status == EMBLAS_OK) {
    *out = model;
    return EMBLAS_OK;
  }
  emblas_model_free(model);
  emblas_report_clear(report);
  return status;
}
