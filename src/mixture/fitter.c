/* SPDX-License-Identifier: MIT */
/* A fit that the caller drives: the data in its frame, the starts, and EM on the mixture's map. */
#include "fitter.h"

#include "../model/model.h"
#include "report.h"
#include "sound.h"

#include <math.h>
#include <string.h>

static size_t maximise(struct emblas_fitter *fitter, const double *theta, double *next) {
  const struct components *m = &fitter->pass.components;
  return m->family->maximise(m, theta, fitter->pass.stats, next, fitter->flags,
                             fitter->pass.workers[0].scratch);
}

/* Statistics about a mean that is off by so many digits give one that is off by as many fewer: this often
   new means become centres, at most, until none is far from its centre. */
enum { CENTRES = 4 };

/* One EM map of the mixture, in the frame, on the rows that the pass is pointed at. */
static void map_rows(struct emblas_fitter *fitter, const double *theta, double *next,
                     struct emblas_em_value *value) {
  struct pass *pass = &fitter->pass;
  emblas_pass_expectation(pass, theta);
  value->loglik = pass->loglik;
  value->q = pass->q;
  value->magnitude = pass->magnitude;
  if (next == NULL) return;
  for (int more = CENTRES; maximise(fitter, theta, next) > 0 && more > 0; more--)
    emblas_pass_expectation_about(pass, theta, next);
}

static emblas_status map(void *context, const double *theta, double *next, struct emblas_em_value *value) {
  struct emblas_fitter *fitter = context;
  emblas_compression_select(&fitter->compression, &fitter->pass, theta);
  int active = compression_active(&fitter->compression, &fitter->pass);
  fitter->rows = active ? fitter->pass.data->rows : fitter->data.rows;
  map_rows(fitter, theta, next, value);
  fitter->complete = next != NULL && !active;
  return EMBLAS_OK;
}

static void to_free(void *context, const double *theta, double *free) {
  const struct components *m = &((const struct emblas_fitter *)context)->pass.components;
  m->family->coordinates->to_free(m, theta, free);
}

static int from_free(void *context, const double *free, double *theta) {
  struct emblas_fitter *fitter = context;
  const struct components *m = &fitter->pass.components;
  return m->family->coordinates->from_free(m, free, theta, fitter->spare, fitter->candidate_flags,
                                           fitter->pass.workers[0].scratch);
}

/* The metric at theta, which several changes are measured in. */
static const double *metric(struct emblas_fitter *fitter, const double *theta) {
  const struct components *m = &fitter->pass.components;
  size_t bytes = m->parameters * sizeof *theta;
  if (!fitter->measured || memcmp(fitter->metric_at, theta, bytes) != 0) {
    memcpy(fitter->metric_at, theta, bytes);
    m->family->coordinates->metric(m, theta, fitter->metric);
    fitter->measured = 1;
  }
  return fitter->metric;
}

static void whiten(void *context, const double *theta, double *change) {
  struct emblas_fitter *fitter = context;
  const struct components *m = &fitter->pass.components;
  m->family->coordinates->whiten(m, metric(fitter, theta), theta, change);
}

static void unwhiten(void *context, const double *theta, double *change) {
  struct emblas_fitter *fitter = context;
  const struct components *m = &fitter->pass.components;
  m->family->coordinates->unwhiten(m, metric(fitter, theta), theta, change);
}

static void moved(void *context, const double *theta, const double *change, double *distances) {
  const struct components *m = &((const struct emblas_fitter *)context)->pass.components;
  m->family->coordinates->moved(m, theta, change, distances);
}

/* What em/ iterates. */
static void make_map(struct emblas_fitter *fitter) {
  const struct components *m = &fitter->pass.components;
  const struct family_coordinates *coordinates = m->family->coordinates;
  emblas_em_model_init(&fitter->map, sizeof fitter->map);
  fitter->map.parameters = m->parameters;
  fitter->map.weights = m->k;
  fitter->map.context = fitter;
  fitter->map.map = map;
  fitter->map.free = coordinates->size(m);
  fitter->map.to_free = to_free;
  fitter->map.from_free = from_free;
  fitter->map.whiten = whiten;
  fitter->map.unwhiten = unwhiten;
  fitter->map.blocks = coordinates->blocks(m);
  fitter->map.moved = moved;
  fitter->map.joint = !m->independent;
}

/* Components that differ by no more than this part of their deviations, and were equal, have not parted:
   the rounding of maps is less. */
static const double STILL_EQUAL = 1e-6;

/* Kernels run between these two. */
static int enter(const struct emblas_fitter *fitter) {
  const struct emblas_backend *backend = fitter->options.backend;
  return backend->enter != NULL ? backend->enter() : 0;
}

static void leave(const struct emblas_fitter *fitter, int token) {
  const struct emblas_backend *backend = fitter->options.backend;
  if (backend->leave != NULL) backend->leave(token);
}

/* What a fit of few rows takes, and the least of any. */
enum { FEW_BYTES = 32768 };

emblas_status emblas_fitter_create(const struct emblas_data *data, const struct emblas_options *options,
                                   struct emblas_fitter **out, struct emblas_report *report) {
  struct emblas_options defaults;
  emblas_options_init(&defaults, sizeof defaults);
  if (options == NULL) options = &defaults;
  emblas_status status = emblas_report_accept(report);
  if (status != EMBLAS_OK) return status;
  const char *fault = out == NULL ? "fitter" : emblas_options_fault(options);
  if (fault == NULL) fault = emblas_view_fault(data);
  if (fault != NULL) return emblas_report_argument(report, fault);
  status = emblas_view_size(data);
  if (status != EMBLAS_OK) return status;
  emblas_report_begin(report, options->allocator);

  struct arena arena;
  emblas_arena_init(&arena, options->allocator);
  emblas_arena_expect(&arena, FEW_BYTES);
  struct emblas_fitter *fitter = emblas_arena_take(&arena, 1, 1, sizeof *fitter);
  if (fitter == NULL) return arena.status;
  *fitter = (struct emblas_fitter){.arena = arena,
                                   .data = *data,
                                   .options = *options,
                                   .component = EMBLAS_NOWHERE,
                                   .iteration = EMBLAS_NOWHERE};
  struct components components = {.family = emblas_family(options->family),
                                  .covariance = options->covariance,
                                  .k = options->components,
                                  .d = data->columns};
  emblas_status shaped = components.family->shape(&components);
  if (options->backend == NULL)
    fitter->options.backend = emblas_backend_auto(components.k, components.statistics);
  int token = enter(fitter);
  components.backend = fitter->options.backend;
  status = shaped == EMBLAS_OK ? emblas_fitter_set_up(fitter, &components, report) : shaped;
  leave(fitter, token);
  if (status != EMBLAS_OK) {
    emblas_fitter_free(fitter);
    return status;
  }
  make_map(fitter);
  *out = fitter;
  return EMBLAS_OK;
}

void emblas_fitter_free(struct emblas_fitter *fitter) {
  if (fitter == NULL) return;
  emblas_em_free(fitter->em);
  struct arena arena = fitter->arena;
  emblas_arena_free(&arena);
}

/* Nobody asked for the hill that a random start is on; and where the best end of several starts is kept,
   another hill is as good as the one that a start is on, and is reached in half as many maps. */
static int anywhere(const struct emblas_options *o) {
  return o->start == EMBLAS_START_RANDOM || (o->start == EMBLAS_START_KMEANSPP && o->starts > 1);
}

/* Where rows are so few that a map costs no more than what the accelerator does beside it, the first
   iterations are plain ones: most runs of a search are given up by then. */
enum { PLAIN_ITERATIONS = 4 };

/* EM from theta; the one that ran is dropped. */
static emblas_status run_from(struct emblas_fitter *fitter, const double *theta, size_t max_iterations) {
  struct emblas_em_options options;
  struct emblas_em *em;
  fitter->iteration = EMBLAS_NOWHERE;
  emblas_em_options_init(&options, sizeof options);
  options.stop = fitter->options.stop;
  options.tolerance = fitter->run_tolerance;
  options.max_iterations = max_iterations;
  options.accelerate = fitter->options.accelerate;
  options.allocator = fitter->options.allocator;
  if (anywhere(&fitter->options)) {
    options.drift = INFINITY;
    options.plain = fitter->pass.kept != NULL ? PLAIN_ITERATIONS : 0;
  }
  emblas_status status = emblas_em_create(&fitter->map, &options, theta, &em);
  if (status != EMBLAS_OK) return status;
  emblas_em_free(fitter->em);
  fitter->em = em;
  fitter->reason = EMBLAS_RUNNING;
  fitter->settled = NULL;
  return EMBLAS_OK;
}

/* Flags components, of those with weight, that have the same parameters as another but for the tolerance,
   in units of their deviations. */
static void mark_equal(const struct components *m, const double *theta, double tolerance, unsigned *flags) {
  for (size_t a = 0; a < m->k; a++)
    for (size_t b = a + 1; b < m->k && theta[a] > 0; b++)
      if (theta[b] > 0 && m->family->equal(m, theta, a, b, tolerance)) {
        flags[a] |= EMBLAS_COMPONENT_EQUAL;
        flags[b] |= EMBLAS_COMPONENT_EQUAL;
      }
}

/* A start that was given says more than the M steps that follow: which components it has put at the floor,
   and which are equal. EM maps equal components to equal ones, so that they cannot part. */
static void note_start(struct emblas_fitter *fitter) {
  const struct components *m = &fitter->pass.components;
  enum emblas_start kind = fitter->options.start;
  memset(fitter->start_flags, 0, m->k * sizeof *fitter->start_flags);
  if (kind == EMBLAS_START_KMEANSPP || kind == EMBLAS_START_RANDOM) return;
  memcpy(fitter->start_flags, fitter->flags, m->k * sizeof *fitter->start_flags);
  mark_equal(m, fitter->theta, 0, fitter->start_flags);
}

/* What is to be said of each component of the model: the last M step's flags; before the first, those of
   the start; and whether components that were equal then are so still. */
static void conclude_flags(const struct emblas_fitter *fitter, unsigned *flags) {
  const struct components *m = &fitter->pass.components;
  size_t length;
  emblas_em_trace(fitter->em, &length);
  int moved = fitter->iterations + length > 1;
  memset(flags, 0, m->k * sizeof *flags);
  mark_equal(m, emblas_em_theta(fitter->em), STILL_EQUAL, flags);
  for (size_t c = 0; c < m->k; c++) {
    flags[c] &= fitter->start_flags[c];
    flags[c] |= fitter->flags[c] | (moved ? 0 : fitter->start_flags[c]);
  }
}

emblas_status emblas_fitter_start(struct emblas_fitter *fitter, size_t start) {
  int token = enter(fitter);
  fitter->component = EMBLAS_NOWHERE;
  fitter->settled = NULL;
  memset(fitter->flags, 0, fitter->options.components * sizeof *fitter->flags);
  emblas_compression_begin(&fitter->compression, &fitter->pass,
                           emblas_starter_kind(&fitter->starter, start));
  emblas_status status = emblas_starter_parameters(&fitter->starter, &fitter->pass, start, fitter->theta,
                                                   fitter->spare, fitter->flags, &fitter->component);
  leave(fitter, token);
  if (status == EMBLAS_OK) note_start(fitter);
  if (status == EMBLAS_OK) status = run_from(fitter, fitter->theta, fitter->options.max_iterations);
  if (status == EMBLAS_OK) fitter->iterations = 0;
  return status;
}

emblas_status emblas_fitter_start_at(struct emblas_fitter *fitter, const struct emblas_model *model,
                                     size_t max_iterations) {
  const struct components *m = &fitter->pass.components;
  m->family->into_frame(m, &model->components, model->theta, fitter->theta);
  fitter->iterations = 0;
  emblas_compression_begin(&fitter->compression, &fitter->pass, EMBLAS_START_MODEL);
  return run_from(fitter, fitter->theta, max_iterations);
}

size_t emblas_fitter_flags(struct emblas_fitter *fitter, unsigned *flags) {
  size_t k = fitter->options.components, count = 0;
  int token = enter(fitter);
  memcpy(flags, fitter->flags, k * sizeof *flags);
  emblas_sound_flags(fitter, emblas_em_theta(fitter->em), flags);
  leave(fitter, token);
  for (size_t c = 0; c < k; c++) count += flags[c] != 0;
  return count;
}

void emblas_fitter_aim(struct emblas_fitter *fitter, const struct emblas_em *em, size_t suspect) {
  const double *theta = emblas_em_theta(em);
  int token = enter(fitter);
  emblas_compression_begin(&fitter->compression, &fitter->pass, EMBLAS_START_MODEL);
  emblas_compression_select(&fitter->compression, &fitter->pass, theta);
  emblas_mover_begin(&fitter->mover, &fitter->pass, theta, suspect);
  leave(fitter, token);
}

/* Streams of random numbers that no start draws from. */
static const uint64_t MOVES = UINT64_C(1) << 62;

emblas_status emblas_fitter_move(struct emblas_fitter *fitter, size_t number) {
  struct random random;
  int token = enter(fitter);
  emblas_random_seed(&random, fitter->options.seed, MOVES + number);
  emblas_compression_select(&fitter->compression, &fitter->pass, fitter->mover.theta);
  emblas_mover_move(&fitter->mover, &fitter->pass, &random, fitter->theta, fitter->spare, fitter->flags);
  leave(fitter, token);
  fitter->iterations = 0;
  return run_from(fitter, fitter->theta, fitter->options.max_iterations);
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
  if (compression_active(&fitter->compression, &fitter->pass)) {
    emblas_compression_all(&fitter->compression, &fitter->pass);
    map_rows(fitter, theta, fitter->spare, &of_all);
    agreed = emblas_compression_agrees(&fitter->pass.components, fitter->compressed, &value, fitter->spare,
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
  memcpy(fitter->theta, emblas_em_theta(fitter->em), fitter->pass.components.parameters * sizeof(double));
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
  const struct emblas_em_point *trace = emblas_em_trace(fitter->em, &length);
  if (status != EMBLAS_OK) {
    fitter->iteration = fitter->iterations + length;
    return status;
  }
  /* Did the step end with a map from the parameters that it led to? */
  if (running && fitter->complete && trace[length - 1].loglik == fitter->pass.loglik)
    fitter->settled = fitter->em;
  if (point != NULL) *point = point_out(fitter, &trace[length - 1]);
  if (*reason == EMBLAS_CONVERGED && !fitter->verify_later) status = emblas_fitter_verify(fitter, &agreed);
  *reason = fitter->reason;
  return status;
}

/* The trace of the running start, in units of the data. What its last log-likelihood is off from that of
   all rows, as it is on compressed ones, the others were off as well: a trace of both would fall there. */
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
    double off = report->loglik - report->trace[length - 1].loglik;
    for (size_t i = 0; i + 1 < length; i++) report->trace[i].loglik += off;
    report->trace[length - 1].loglik = report->loglik;
    report->trace[length - 1].q = report->loglik - report->entropy;
  }
  return EMBLAS_OK;
}

/* The rows that components with a flag stand on. */
static emblas_status report_rows(struct emblas_fitter *fitter, struct emblas_report *report) {
  size_t k = report->components, flagged = 0;
  struct emblas_allocator *a = &report->allocator;
  for (size_t c = 0; c < k; c++) flagged += report->component_flags[c] != 0;
  if (flagged == 0) return EMBLAS_OK;
  report->component_rows = a->allocate(a->context, k * sizeof *report->component_rows);
  if (report->component_rows == NULL) return EMBLAS_ERROR_MEMORY;
  int token = enter(fitter);
  emblas_sound_places(fitter, emblas_em_theta(fitter->em), report->component_flags, report->component_rows);
  leave(fitter, token);
  return EMBLAS_OK;
}

static emblas_status report_flags(struct emblas_fitter *fitter, struct emblas_report *report) {
  size_t k = fitter->options.components, d = fitter->data.columns;
  void *components, *columns;
  emblas_status status = emblas_report_copy(report, fitter->flags, k, sizeof *fitter->flags, &components);
  if (status != EMBLAS_OK) return status;
  report->component_flags = components;
  int token = enter(fitter);
  conclude_flags(fitter, report->component_flags);
  emblas_sound_flags(fitter, emblas_em_theta(fitter->em), report->component_flags);
  leave(fitter, token);
  report->components = k;
  status = emblas_report_copy(report, fitter->column_flags, d, sizeof *fitter->column_flags, &columns);
  if (status != EMBLAS_OK) return status;
  report->column_flags = columns;
  report->columns = d;
  return report_rows(fitter, report);
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
  report->entropy = fitter->weight_unit * fmax(fitter->pass.loglik - fitter->pass.q, 0);
  report->total_weight = fitter->weight_unit * fitter->summary.total_weight;
  report->parameters = components_count(&fitter->pass.components);
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
  emblas_status status = emblas_report_accept(report);
  if (status != EMBLAS_OK) return status;
  if (fitter->em == NULL) return emblas_report_argument(report, "fitter");
  if (out == NULL) return emblas_report_argument(report, "model");
  const struct components *m = &fitter->pass.components;
  status = emblas_model_allocate(o->allocator, m->family, m->covariance, m->k, m->d, &model);
  if (status != EMBLAS_OK) return status;
  settle(fitter);
  m->family->out_of_frame(m, emblas_em_theta(fitter->em), model->theta);
  status = emblas_model_complete(model, &fitter->component);
  if (report != NULL && status == EMBLAS_OK) {
    emblas_report_begin(report, o->allocator);
    status = fill_report(fitter, report);
  }
  if (status == EMBLAS_OK) {
    *out = model;
    return EMBLAS_OK;
  }
  emblas_model_free(model);
  emblas_report_clear(report);
  return emblas_report_place(report, status, EMBLAS_NOWHERE, EMBLAS_NOWHERE, fitter->component);
}
