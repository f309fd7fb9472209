/* SPDX-License-Identifier: MIT */
/* A fit that the caller drives: the data in its frame, the starts, and EM on the mixture's map. */
#include "fitter.h"

#include "../model/model.h"
#include "report.h"
#include "sound.h"

#include <math.h>
#include <string.h>

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
  struct group group = {.processes = &data->processes};
  emblas_arena_init(&arena, options->allocator);
  emblas_arena_expect(&arena, FEW_BYTES);
  struct emblas_fitter *fitter = emblas_arena_take(&arena, 1, 1, sizeof *fitter);
  if (fitter == NULL) return emblas_group_agree(&group, arena.status);
  *fitter = (struct emblas_fitter){.arena = arena,
                                   .data = *data,
                                   .options = *options,
                                   .group = {.processes = &fitter->data.processes},
                                   .component = EMBLAS_NOWHERE,
                                   .iteration = EMBLAS_NOWHERE};
  struct components components = {.family = emblas_family(options->family),
                                  .covariance = options->covariance,
                                  .k = options->components,
                                  .d = data->columns};
  emblas_status shaped = components.family->shape(&components);
  if (options->backend == NULL)
    fitter->options.backend = emblas_backend_auto(components.k, components.statistics);
  int token = fitter_enter(fitter);
  components.backend = fitter->options.backend;
  status = shaped == EMBLAS_OK ? emblas_fitter_set_up(fitter, &components, report) : shaped;
  fitter_leave(fitter, token);
  if (status != EMBLAS_OK) {
    status = emblas_group_agree(&fitter->group, status);
    emblas_fitter_free(fitter);
    return status;
  }
  emblas_fitter_make_map(fitter);
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

static int is_random(const struct emblas_options *o) {
  return o->start == EMBLAS_START_RANDOM || o->start == EMBLAS_START_KMEANSPP;
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

/* A start that was given says more than the M steps that follow: which components it has put at the floor,
   and which are equal. EM maps equal components to equal ones, so that they cannot part. */
static void note_start(struct emblas_fitter *fitter) {
  const struct components *m = &fitter->pass.components;
  enum emblas_start kind = fitter->options.start;
  memset(fitter->start_flags, 0, m->k * sizeof *fitter->start_flags);
  if (kind == EMBLAS_START_KMEANSPP || kind == EMBLAS_START_RANDOM) return;
  memcpy(fitter->start_flags, fitter->flags, m->k * sizeof *fitter->start_flags);
  emblas_fitter_mark_equal(m, fitter->theta, 0, fitter->start_flags);
}

emblas_status emblas_fitter_start(struct emblas_fitter *fitter, size_t start) {
  if (fitter->pass.streams && is_random(&fitter->options)) return EMBLAS_ERROR_ARGUMENT;
  int token = fitter_enter(fitter);
  fitter->component = EMBLAS_NOWHERE;
  fitter->settled = NULL;
  memset(fitter->flags, 0, fitter->options.components * sizeof *fitter->flags);
  emblas_compression_begin(&fitter->compression, &fitter->pass,
                           emblas_starter_kind(&fitter->starter, start));
  emblas_status status = emblas_starter_parameters(&fitter->starter, &fitter->pass, start, fitter->theta,
                                                   fitter->spare, fitter->flags, &fitter->component);
  fitter_leave(fitter, token);
  if (status == EMBLAS_OK) status = fitter->pass.walk.status;
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
  int token = fitter_enter(fitter);
  memcpy(flags, fitter->flags, k * sizeof *flags);
  emblas_sound_flags(fitter, emblas_em_theta(fitter->em), flags);
  fitter_leave(fitter, token);
  for (size_t c = 0; c < k; c++) count += flags[c] != 0;
  return count;
}

void emblas_fitter_aim(struct emblas_fitter *fitter, const struct emblas_em *em, size_t suspect) {
  const double *theta = emblas_em_theta(em);
  int token = fitter_enter(fitter);
  emblas_compression_begin(&fitter->compression, &fitter->pass, EMBLAS_START_MODEL);
  emblas_compression_select(&fitter->compression, &fitter->pass, theta);
  emblas_mover_begin(&fitter->mover, &fitter->pass, theta, suspect);
  fitter_leave(fitter, token);
}

/* Streams of random numbers that no start draws from. */
static const uint64_t MOVES = UINT64_C(1) << 62;

emblas_status emblas_fitter_move(struct emblas_fitter *fitter, size_t number) {
  struct random random;
  int token = fitter_enter(fitter);
  emblas_random_seed(&random, fitter->options.seed, MOVES + number);
  emblas_compression_select(&fitter->compression, &fitter->pass, fitter->mover.theta);
  emblas_mover_move(&fitter->mover, &fitter->pass, &random, fitter->theta, fitter->spare, fitter->flags);
  fitter_leave(fitter, token);
  fitter->iterations = 0;
  return run_from(fitter, fitter->theta, fitter->options.max_iterations);
}

emblas_status emblas_fitter_verify(struct emblas_fitter *fitter, int *agreed) {
  size_t length;
  *agreed = emblas_fitter_settle(fitter);
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
  int token = fitter_enter(fitter), agreed = 1, running = fitter->reason == EMBLAS_RUNNING;
  if (running) fitter->settled = NULL;
  emblas_status status = emblas_em_step(fitter->em, reason);
  fitter_leave(fitter, token);
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
  if (point != NULL) *point = emblas_fitter_point(fitter, &trace[length - 1]);
  if (*reason == EMBLAS_CONVERGED && !fitter->verify_later) status = emblas_fitter_verify(fitter, &agreed);
  *reason = fitter->reason;
  return status;
}
