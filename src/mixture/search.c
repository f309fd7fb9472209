/* SPDX-License-Identifier: MIT */
#include "search.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What tells nothing: starts that climb the same hill stop within the tolerance of its top, and of each
   other. */
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

/* The run of the fitter joins those that are kept, in their order; the fitter lets go of it. */
static void keep(struct search *search, size_t number, const struct emblas_start_result *result) {
  const struct emblas_options *o = &search->fitter->options;
  size_t place = 0;
  for (; place < search->kept_count && !better(o, result, &search->kept[place].result); place++)
    if (!better(o, &search->kept[place].result, result)) return; /* the same optimum */
  if (place == search->most_kept) return;
  if (search->kept_count == search->most_kept) emblas_em_free(search->kept[--search->kept_count].em);
  memmove(&search->kept[place + 1], &search->kept[place],
          (search->kept_count - place) * sizeof *search->kept);
  search->kept[place] = (struct kept_start){search->fitter->em, *result, number};
  search->kept_count++;
  search->fitter->em = NULL;
}

void emblas_search_progress(struct search *search, size_t number, const struct emblas_em_point *point) {
  const struct emblas_options *o = &search->fitter->options;
  if (o->progress == NULL) return;
  struct emblas_progress progress = {.start = number,
                                     .starts = search->starts,
                                     .point = *point,
                                     .best_loglik = search->kept_count > 0 ? search->kept[0].result.loglik
                                                                           : -INFINITY};
  search->cancelled |= o->progress(o->progress_context, &progress) != 0;
}

emblas_status emblas_search_run(struct search *search, size_t number) {
  struct emblas_fitter *fitter = search->fitter;
  struct emblas_start_result result = {.loglik = NAN, .rows = fitter->data.rows};
  struct emblas_em_point point;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  while (result.status == EMBLAS_OK && reason == EMBLAS_RUNNING) {
    result.status = emblas_fitter_step(fitter, &point, &reason);
    if (result.status != EMBLAS_OK) break;
    result.iterations = point.iteration;
    result.loglik = point.loglik;
    emblas_search_progress(search, number, &point);
    if (search->cancelled && reason == EMBLAS_RUNNING) reason = EMBLAS_CANCELLED;
  }
  for (size_t c = 0; c < fitter->options.components; c++) result.flagged += fitter->flags[c] != 0;
  result.stop = reason;
  if (search->results != NULL) search->results[number] = result;
  if (result.status == EMBLAS_OK) keep(search, number, &result);
  return result.status == EMBLAS_ERROR_NUMERICAL ? EMBLAS_OK : result.status;
}

emblas_status emblas_search_run_all(struct search *search) {
  for (size_t start = 0; start < search->starts && !search->cancelled; start++) {
    emblas_status status = emblas_fitter_start(search->fitter, start);
    if (status == EMBLAS_OK) status = emblas_search_run(search, start);
    if (status != EMBLAS_OK) return status;
    search->finished++;
  }
  return search->kept_count > 0 ? EMBLAS_OK : EMBLAS_ERROR_NUMERICAL;
}

void emblas_search_clear(struct search *search) {
  while (search->kept_count > 0) emblas_em_free(search->kept[--search->kept_count].em);
}
