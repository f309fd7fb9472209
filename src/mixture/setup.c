/* SPDX-License-Identifier: MIT */
/* What a fit does once: options and rows are looked at, memory is taken, the frame is laid over the data.
 */
#include "../base/parallel.h"
#include "../base/sized.h"
#include "fitter.h"
#include "report.h"

#include <math.h>
#include <string.h>

void emblas_options_init(struct emblas_options *options, size_t size) {
  struct emblas_options defaults = {.size = size,
                                    .components = 1,
                                    .starts = 20,
                                    .seed = 1,
                                    .tolerance = 1e-7,
                                    .max_iterations = 10000,
                                    .floor = 1e-12};
  sized_init(options, size, &defaults, sizeof defaults);
}

const char *emblas_options_fault(const struct emblas_options *o) {
  if (o->size != sizeof *o) return "options.size";
  if (o->components == 0) return "options.components";
  if (emblas_family(o->family) == NULL) return "options.family";
  if (emblas_covariance_string(o->covariance) == NULL) return "options.covariance";
  if (o->covariance != EMBLAS_FULL && !emblas_family_has_covariances(o->family))
    return "options.covariance";
  if (o->start > EMBLAS_START_RESPONSIBILITIES) return "options.start";
  if (o->starts == 0) return "options.starts";
  if (o->start == EMBLAS_START_LABELS && o->labels == NULL) return "options.labels";
  if (o->start == EMBLAS_START_RESPONSIBILITIES && o->responsibilities == NULL)
    return "options.responsibilities";
  if (o->start == EMBLAS_START_MODEL && (o->model == NULL || emblas_model_family(o->model) != o->family))
    return "options.model";
  if (o->stop > EMBLAS_STOP_WEIGHTS) return "options.stop";
  if (!isfinite(o->tolerance) || o->tolerance < 0) return "options.tolerance";
  if (o->accelerate > EMBLAS_ACCELERATE_ANDERSON) return "options.accelerate";
  if (o->compress > EMBLAS_COMPRESS_STREAM) return "options.compress";
  if (o->order > EMBLAS_ORDER_FIRST_COLUMN) return "options.order";
  if (!(o->floor > 0 && o->floor < 1)) return "options.floor";
  return emblas_allocator_valid(o->allocator) ? NULL : "options.allocator";
}

/* The frame of all rows. */
static void make_frame(struct emblas_fitter *fitter, double *pooled, enum frame_kind kind) {
  struct pass *pass = &fitter->pass;
  const struct pass_worker *worker = &pass->workers[0];
  struct frame_workspace work = {.rows = pass->block_rows,
                                 .stride = worker->block.stride,
                                 .block = worker->rows,
                                 .scratch = worker->more_rows,
                                 .share = worker->column,
                                 .pooled = pooled};
  const struct emblas_data *rows = pass->streams ? &fitter->sample : &fitter->data;
  double total = fitter->summary.total_weight, weight = pass->streams ? fitter->sample_weight : total;
  emblas_frame_from_ranges(&fitter->frame, rows, weight, &fitter->summary,
                           fmin(2 * sqrt(fitter->options.floor), 1), kind);
  fitter->frame.skips = fitter->summary.rows < rows_of_all(&fitter->data);
  if (pass->streams)
    emblas_stream_pool(pass, &fitter->frame, rows, weight, total, &work);
  else
    emblas_frame_pool(&fitter->frame, pass->backend, rows, weight, &work);
}

/* The unit of the weights is the power of two at or below their mean: sums and products stay in the range
   of doubles, and weights that are all multiplied by a constant lead to the same steps. Weights in another
   unit are brought to it in a copy, exactly. */
static emblas_status scale_weights(struct emblas_fitter *fitter) {
  double total = fitter->summary.total_weight, mean = total / (double)fitter->summary.rows;
  int exponent = ilogb(mean);
  fitter->weight_unit = ldexp(1, exponent);
  fitter->tolerance = fitter->options.tolerance;
  fitter->run_tolerance = fitter->options.tolerance;
  if (fitter->options.stop != EMBLAS_STOP_WEIGHTS) {
    fitter->options.tolerance *= mean; /* may underflow, unlike that of the run */
    fitter->run_tolerance *= ldexp(mean, -exponent);
  }
  if (exponent == 0) return EMBLAS_OK;
  fitter->summary.total_weight = ldexp(total, -exponent);
  fitter->pass.weight_exponent = exponent;
  if (fitter->data.reader.read != NULL) return EMBLAS_OK; /* its weights are scaled as they come */
  double *scaled = emblas_arena_doubles(&fitter->arena, fitter->data.rows, 1);
  if (scaled == NULL) return fitter->arena.status;
  for (size_t i = 0; i < fitter->data.rows; i++) scaled[i] = ldexp(fitter->data.weights[i], -exponent);
  fitter->data.weights = scaled;
  return EMBLAS_OK;
}

/* The first row's label that is none, or its responsibilities that are none; status, row and component. */
static emblas_status check_start(const struct emblas_options *o, size_t rows, size_t *row,
                                 size_t *component) {
  size_t k = o->components;
  for (*row = 0; o->start == EMBLAS_START_LABELS && *row < rows; ++*row)
    if (o->labels[*row] >= k) return EMBLAS_ERROR_LABEL;
  for (*row = 0; o->start == EMBLAS_START_RESPONSIBILITIES && *row < rows; ++*row) {
    const double *given = o->responsibilities + *row * k;
    int some = 0;
    for (*component = 0; *component < k; ++*component) {
      if (!isfinite(given[*component]) || given[*component] < 0) return EMBLAS_ERROR_RESPONSIBILITY;
      some |= given[*component] > 0;
    }
    *component = EMBLAS_NOWHERE;
    if (!some) return EMBLAS_ERROR_RESPONSIBILITY;
  }
  return EMBLAS_OK;
}

static emblas_status check_rows(struct emblas_fitter *fitter, struct emblas_report *report) {
  const struct emblas_options *o = &fitter->options;
  size_t row = EMBLAS_NOWHERE, column = EMBLAS_NOWHERE, component = EMBLAS_NOWHERE;
  const struct family *family = emblas_family(o->family);
  emblas_status status;
  if (fitter->pass.streams) {
    status = emblas_stream_summarise(&fitter->data, family, o->allocator, emblas_parallel_limit(o->threads),
                                     &fitter->group, &fitter->summary, fitter->counts, &row, &column);
  } else {
    status = emblas_view_summarise(&fitter->data, &fitter->summary, &row, &column);
    if (status == EMBLAS_OK) status = emblas_family_check(family, &fitter->data, &row, &column);
  }
  if (status != EMBLAS_OK) return emblas_report_place(report, status, row, column, EMBLAS_NOWHERE);
  if (fitter->summary.rows < o->components) return EMBLAS_ERROR_TOO_FEW_ROWS;
  status = check_start(o, fitter->data.rows, &row, &component);
  if (status != EMBLAS_OK) return emblas_report_place(report, status, row, EMBLAS_NOWHERE, component);
  return scale_weights(fitter);
}

enum {
  LEAST_SAMPLE = 16384, /* rows; and for each free parameter at least .. */
  ROWS_A_PARAMETER = 20 /* .. so that it is estimated within a quarter of its deviation in the rows */
};

size_t emblas_fitter_sample_rows(const struct emblas_fitter *fitter) {
  size_t wanted = ROWS_A_PARAMETER * components_count(&fitter->pass.components);
  return wanted > LEAST_SAMPLE ? wanted : LEAST_SAMPLE;
}

size_t emblas_options_starts(const struct emblas_options *o) {
  int random = o->start == EMBLAS_START_KMEANSPP || o->start == EMBLAS_START_RANDOM;
  return random && o->components > 1 ? o->starts : 1;
}

/* Of all starts together. */
static size_t most_maps(const struct emblas_options *o) {
  size_t maps;
  return emblas_size_multiply(o->max_iterations, emblas_options_starts(o), &maps) ? SIZE_MAX : maps;
}

static emblas_status draw_sample(struct emblas_fitter *fitter) {
  emblas_status status =
      emblas_stream_sample(&fitter->data, fitter->counts, emblas_fitter_sample_rows(fitter),
                           fitter->options.seed, &fitter->arena, &fitter->group, &fitter->sample);
  double *weights = (double *)fitter->sample.weights; /* memory of the fitter's own */
  int exponent = fitter->data.reader.read != NULL ? fitter->pass.weight_exponent : 0;
  fitter->sample_weight = 0;
  for (size_t i = 0; status == EMBLAS_OK && i < fitter->sample.rows; i++) {
    if (weights != NULL) weights[i] = ldexp(weights[i], -exponent);
    fitter->sample_weight += view_weight(&fitter->sample, i);
  }
  return status;
}

static void allocate_mover(struct emblas_fitter *fitter) {
  const struct view_summary *s = &fitter->summary;
  struct newcomer_limits limits = {.least_weight = (double)fitter->pass.components.least_rows *
                                                   s->total_weight / (double)s->rows,
                                   .total_weight = s->total_weight};
  emblas_mover_allocate(&fitter->mover, &fitter->arena, &fitter->pass, &limits);
}

emblas_status emblas_fitter_set_up(struct emblas_fitter *fitter, const struct components *components,
                                   struct emblas_report *report) {
  struct emblas_options *o = &fitter->options;
  struct arena *arena = &fitter->arena;
  size_t d = fitter->data.columns;
  int whitened = components->frame_kind == FRAME_WHITENED;

  fitter->pass.streams = o->compress == EMBLAS_COMPRESS_STREAM || rows_come_in_pieces(&fitter->data);
  emblas_group_allocate(&fitter->group, arena, &fitter->data.processes, stream_says(d));
  if (fitter->pass.streams && rows_have_weights(&fitter->data))
    fitter->counts = emblas_arena_take(arena, stream_leaves(&fitter->data), 1, sizeof *fitter->counts);
  fitter->summary.low = emblas_arena_doubles(arena, d, 1);
  fitter->summary.high = emblas_arena_doubles(arena, d, 1);
  if (arena->status != EMBLAS_OK) return arena->status;
  emblas_status status = check_rows(fitter, report);
  if (status != EMBLAS_OK) return status;

  emblas_frame_allocate(&fitter->frame, arena, d, whitened);
  emblas_pass_allocate(&fitter->pass, arena, &fitter->data, &fitter->frame, components,
                       emblas_parallel_limit(o->threads), &fitter->group);
  double *vectors[4];
  emblas_arena_vectors(arena, 4, components->parameters, vectors);
  fitter->theta = vectors[0];
  fitter->spare = vectors[1];
  fitter->compressed = vectors[2];
  fitter->metric_at = vectors[3];
  fitter->flags = emblas_arena_take(arena, o->components, 1, sizeof *fitter->flags);
  fitter->start_flags = emblas_arena_take(arena, o->components, 1, sizeof *fitter->start_flags);
  fitter->run_flags = emblas_arena_take(arena, o->components, 1, sizeof *fitter->run_flags);
  fitter->candidate_flags = emblas_arena_take(arena, o->components, 1, sizeof *fitter->candidate_flags);
  fitter->places = emblas_arena_take(arena, o->components, 1, sizeof *fitter->places);
  fitter->column_flags = emblas_arena_take(arena, d, 1, sizeof *fitter->column_flags);
  double *pooled = whitened ? emblas_arena_doubles(arena, d, d) : NULL;
  if (arena->status != EMBLAS_OK) return arena->status;
  struct components *m = &fitter->pass.components;
  fitter->metric = emblas_arena_doubles(arena, m->family->coordinates->size(m), 1);
  if (arena->status != EMBLAS_OK) return arena->status;
  memset(fitter->start_flags, 0, o->components * sizeof *fitter->start_flags);

  if (fitter->pass.streams) status = draw_sample(fitter);
  if (status != EMBLAS_OK) return status;
  make_frame(fitter, pooled, components->frame_kind);
  if (fitter->pass.walk.status != EMBLAS_OK)
    return emblas_report_place(report, fitter->pass.walk.status, fitter->pass.walk.row, EMBLAS_NOWHERE,
                               EMBLAS_NOWHERE);
  for (size_t j = 0; j < d; j++)
    fitter->column_flags[j] = fitter->frame.constant[j] ? EMBLAS_COLUMN_CONSTANT : 0;
  m->frame = &fitter->frame;
  m->floor = o->floor;
  m->family->bound(m);
  fitter->starter = (struct starter){.kind = o->start,
                                     .seed = o->seed,
                                     .labels = o->labels,
                                     .responsibilities = o->responsibilities,
                                     .model = o->model,
                                     .summary = &fitter->summary};
  emblas_starter_allocate(&fitter->starter, arena, &fitter->pass);
  if (emblas_options_starts(o) > 1 && !fitter->pass.streams) allocate_mover(fitter);
  if (arena->status != EMBLAS_OK) return arena->status;
  return emblas_compression_create(&fitter->compression, arena, &fitter->pass, &fitter->summary,
                                   o->compress, most_maps(o));
}
