/* SPDX-License-Identifier: MIT */
/* The one call: all starts, and the best of them. */
#include "report.h"
#include "scout.h"

/* The best start was chosen by what compressed rows say of it. Where all rows say otherwise it goes on with
   them to its end. */
static emblas_status verify_best(struct search *search) {
  struct emblas_fitter *fitter = search->fitter;
  struct emblas_start_result *best = &search->kept[0].result;
  struct emblas_em_point point;
  int agreed = 1;
  fitter->verify_later = 0;
  fitter->reason = best->stop;
  emblas_status status = best->stop == EMBLAS_CONVERGED ? emblas_fitter_verify(fitter, &agreed) : EMBLAS_OK;
  while (status == EMBLAS_OK && !agreed && fitter->reason == EMBLAS_RUNNING && !search->cancelled) {
    status = emblas_fitter_step(fitter, &point, &best->stop);
    best->iterations = point.iteration;
    if (status == EMBLAS_OK) emblas_search_progress(search, &point);
  }
  return status;
}

/* Model and report of the best start. The starts' results move into the report. */
static emblas_status conclude(struct search *search, struct emblas_model **model,
                              struct emblas_report *report) {
  struct kept_start *best = &search->kept[0];
  emblas_em_free(search->fitter->em);
  search->fitter->em = best->em;
  best->em = NULL;
  search->fitter->iterations = 0;
  emblas_status status = verify_best(search);
  if (status == EMBLAS_OK) status = emblas_fitter_finish(search->fitter, model, report);
  if (status != EMBLAS_OK || report == NULL) return status;
  search->results[best->number].loglik = report->loglik;
  search->results[best->number].iterations = report->iterations;
  search->results[best->number].flagged = 0;
  for (size_t c = 0; c < report->components; c++)
    search->results[best->number].flagged += report->component_flags[c] != 0;
  report->starts = search->results;
  report->start_count = search->finished;
  report->best_start = best->number;
  report->moves = search->moved;
  report->moves_kept = search->moves_kept;
  report->stop = search->cancelled ? EMBLAS_CANCELLED : best->result.stop;
  search->results = NULL;
  return EMBLAS_OK;
}

emblas_status emblas_fit(const struct emblas_data *data, const struct emblas_options *options,
                         struct emblas_model **model, struct emblas_report *report) {
  struct search search = {.most_kept = 1};
  emblas_status status = emblas_report_accept(report);
  if (status == EMBLAS_OK && model == NULL) status = emblas_report_argument(report, "model");
  if (status == EMBLAS_OK) status = emblas_fitter_create(data, options, &search.fitter, report);
  if (status != EMBLAS_OK) return status;
  struct emblas_allocator allocator = emblas_allocator_or_default(search.fitter->options.allocator);
  size_t bytes;
  emblas_search_plan(&search);
  if (report != NULL) {
    search.results = emblas_size_multiply(search.most_starts, sizeof *search.results, &bytes)
                         ? NULL
                         : allocator.allocate(allocator.context, bytes);
    if (search.results == NULL) status = EMBLAS_ERROR_MEMORY;
  }
  search.fitter->verify_later = 1;
  if (status == EMBLAS_OK)
    status = emblas_scout_pays(&search) ? emblas_scout(&search) : emblas_search_run_all(&search);
  if (status == EMBLAS_OK) status = conclude(&search, model, report);
  if (status != EMBLAS_OK)
    emblas_report_place(report, status, search.fitter->pass.walk.row, EMBLAS_NOWHERE,
                        search.fitter->component);
  if (status != EMBLAS_OK && report != NULL) report->iteration = search.fitter->iteration;
  status = emblas_group_agree(&search.fitter->group, status);
  emblas_search_clear(&search);
  if (search.results != NULL) allocator.release(allocator.context, search.results);
  emblas_fitter_free(search.fitter);
  return status;
}
