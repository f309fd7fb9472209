/* SPDX-License-Identifier: MIT */
/* The one call: all starts, and the best of them. */
#include "fitter.h"
#include "report.h"

#include <float.h>
#include <math.h>
#include <string.h>

struct search {
  struct emblas_fitter *fitter;
  struct emblas_start_result *results; /* one a start; in the report, or NULL */
  struct emblas_em *best;              /* the EM run of the start kept so far */
  struct emblas_start_result best_result;
  size_t best_start, finished;
  int cancelled;
};

/* What tells nothing: starts that climb the same hill stop within the tolerance of its top, and of each
 * other. */
static double same_optimum(const struct emblas_options *o, double loglik) {
  return o->tolerance + 64 * DBL_EPSILON * fabs(loglik);
}

/* A start without flagged components beats one with; then the log-likelihood decides, and of equals the
   first stays, whatever their roundings. Flagged ones sit at the floor's spikes, whose likelihood says
   nothing. */
static int better(const struct emblas_options *o, const struct emblas_start_result *a,
                  const struct emblas_start_result *b) {
  if ((a->flagged == 0) != (b->flagged == 0)) return a->flagged == 0;
  return a->loglik > b->loglik + same_optimum(o, b->loglik);
}

static int report_progress(struct search *search, size_t start, size_t starts,
                           const struct emblas_em_point *point) {
  const struct emblas_options *o = &search->fitter->options;
  if (o->progress == NULL) return 0;
  struct emblas_progress progress = {.start = start,
                                     .starts = starts,
                                     .point = *point,
                                     .best_loglik =
                                         search->best != NULL ? search->best_result.loglik : -INFINITY};
  return o->progress(o->progress_context, &progress) != 0;
}

/* Runs one start to its end. A numerical failure is a result; other errors are the fit's. */
static emblas_status run_start(struct search *search, size_t start, size_t starts,
                               struct emblas_start_result *result) {
  struct emblas_em_point point;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  *result = (struct emblas_start_result){.loglik = NAN};
  emblas_status status = emblas_fitter_start(search->fitter, start);
  while (status == EMBLAS_OK && reason == EMBLAS_RUNNING) {
    status = emblas_fitter_step(search->fitter, &point, &reason);
    if (status != EMBLAS_OK) break;
    result->iterations = point.iteration;
    result->loglik = point.loglik;
    search->cancelled = report_progress(search, start, starts, &point);
    if (search->cancelled && reason == EMBLAS_RUNNING) reason = EMBLAS_CANCELLED;
  }
  for (size_t c = 0; c < search->fitter->options.components; c++)
    result->flagged += search->fitter->flags[c] != 0;
  result->status = status;
  result->stop = reason;
  return status == EMBLAS_ERROR_NUMERICAL ? EMBLAS_OK : status;
}

/* The run of the fitter becomes the best; the fitter lets go of it. */
static void keep(struct search *search, size_t start, const struct emblas_start_result *result) {
  emblas_em_free(search->best);
  search->best = search->fitter->em;
  search->best_result = *result;
  search->best_start = start;
  search->fitter->em = NULL;
}

static emblas_status run_starts(struct search *search, size_t starts) {
  struct emblas_start_result result;
  emblas_status first_failure = EMBLAS_OK;
  for (size_t start = 0; start < starts && !search->cancelled; start++) {
    emblas_status status = run_start(search, start, starts, &result);
    if (status != EMBLAS_OK) return status;
    if (search->results != NULL) search->results[start] = result;
    search->finished++;
    if (result.status != EMBLAS_OK)
      first_failure = first_failure != EMBLAS_OK ? first_failure : result.status;
    else if (search->best == NULL || better(&search->fitter->options, &result, &search->best_result))
      keep(search, start, &result);
  }
  return search->best != NULL ? EMBLAS_OK : first_failure;
}

/* The best start was chosen by what compressed rows say of it. Where all rows say otherwise it goes on with
   them to its end. */
static emblas_status verify_best(struct search *search) {
  struct emblas_fitter *fitter = search->fitter;
  struct emblas_start_result *best = &search->best_result;
  struct emblas_em_point point;
  int agreed = 1;
  fitter->verify_later = 0;
  fitter->reason = best->stop;
  emblas_status status = best->stop == EMBLAS_CONVERGED ? emblas_fitter_verify(fitter, &agreed) : EMBLAS_OK;
  while (status == EMBLAS_OK && !agreed && fitter->reason == EMBLAS_RUNNING && !search->cancelled) {
    status = emblas_fitter_step(fitter, &point, &best->stop);
    best->iterations = point.iteration;
    search->cancelled =
        status == EMBLAS_OK && report_progress(search, search->best_start, search->finished, &point);
  }
  return status;
}

/* Model and report of the best start. The starts' results move into the report. */
static emblas_status conclude(struct search *search, struct emblas_model **model,
                              struct emblas_report *report) {
  emblas_em_free(search->fitter->em);
  search->fitter->em = search->best;
  search->best = NULL;
  search->fitter->settled = 0;
  search->fitter->iterations = 0;
  emblas_status status = verify_best(search);
  if (status == EMBLAS_OK) status = emblas_fitter_finish(search->fitter, model, report);
  if (status != EMBLAS_OK || report == NULL) return status;
  search->results[search->best_start].loglik = report->loglik;
  search->results[search->best_start].iterations = report->iterations;
  report->starts = search->results;
  report->start_count = search->finished;
  report->best_start = search->best_start;
  report->stop = search->cancelled ? EMBLAS_CANCELLED : search->best_result.stop;
  search->results = NULL;
  return EMBLAS_OK;
}

emblas_status emblas_fit(const struct emblas_data *data, const struct emblas_options *options,
                         struct emblas_model **model, struct emblas_report *report) {
  struct search search = {0};
  if (model == NULL) return EMBLAS_ERROR_ARGUMENT;
  emblas_status status = emblas_fitter_create(data, options, &search.fitter, report);
  if (status != EMBLAS_OK) return status;
  const struct emblas_options *o = &search.fitter->options;
  struct emblas_allocator allocator = emblas_allocator_or_default(o->allocator);
  int random = o->start == EMBLAS_START_KMEANSPP || o->start == EMBLAS_START_RANDOM;
  /* From wherever it starts, a single component is where it belongs after one map. */
  size_t starts = random && o->components > 1 ? o->starts : 1, bytes;
  if (report != NULL) {
    search.results = emblas_size_multiply(starts, sizeof *search.results, &bytes)
                         ? NULL
                         : allocator.allocate(allocator.context, bytes);
    if (search.results == NULL) status = EMBLAS_ERROR_MEMORY;
  }
  search.fitter->verify_later = 1;
  if (status == EMBLAS_OK) status = run_starts(&search, starts);
  if (status == EMBLAS_OK) status = conclude(&search, model, report);
  if (status != EMBLAS_OK)
    emblas_report_place(report, status, EMBLAS_NOWHERE, EMBLAS_NOWHERE, search.fitter->component);
  emblas_em_free(search.best);
  if (search.results != NULL) allocator.release(allocator.context, search.results);
  emblas_fitter_free(search.fitter);
  return status;
}
