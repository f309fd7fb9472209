/* SPDX-License-Identifier: MIT */
/* What a fit comes to: the model, and the report of it. */
#include "../model/model.h"
#include "arrange.h"
#include "fitter.h"
#include "report.h"
#include "sound.h"

#include <math.h>
#include <string.h>

/* Log-likelihoods of the frame's coordinates become those of the data: times the unit of the weights, and
   less the volume that the frame has changed. */
static double loglik_out(const struct emblas_fitter *fitter, double frame_loglik) {
  return fitter->weight_unit * (frame_loglik - fitter->summary.total_weight * fitter->frame.log_volume);
}

struct emblas_em_point emblas_fitter_point(const struct emblas_fitter *fitter,
                                           const struct emblas_em_point *point) {
  struct emblas_em_point out = *point;
  out.iteration += fitter->iterations;
  out.loglik = loglik_out(fitter, point->loglik);
  out.q = loglik_out(fitter, point->q);
  out.magnitude = fmax(fitter->weight_unit * point->magnitude, fabs(out.loglik));
  out.projected = fitter->weight_unit * point->projected;
  return out;
}

/* Components that differ by no more than this part of their deviations, and were equal, have not parted:
   the rounding of maps is less. */
static const double STILL_EQUAL = 1e-6;

void emblas_fitter_mark_equal(const struct components *m, const double *theta, double tolerance,
                              unsigned *flags) {
  for (size_t a = 0; a < m->k; a++)
    for (size_t b = a + 1; b < m->k && theta[a] > 0; b++)
      if (theta[b] > 0 && m->family->equal(m, theta, a, b, tolerance)) {
        flags[a] |= EMBLAS_COMPONENT_EQUAL;
        flags[b] |= EMBLAS_COMPONENT_EQUAL;
      }
}

/* What is to be said of each component of the model: the last M step's flags; before the first, those of
   the start; and whether components that were equal then are so still. */
static void conclude_flags(const struct emblas_fitter *fitter, unsigned *flags) {
  const struct components *m = &fitter->pass.components;
  size_t length;
  emblas_em_trace(fitter->em, &length);
  int moved = fitter->iterations + length > 1;
  memset(flags, 0, m->k * sizeof *flags);
  emblas_fitter_mark_equal(m, emblas_em_theta(fitter->em), STILL_EQUAL, flags);
  for (size_t c = 0; c < m->k; c++) {
    flags[c] &= fitter->start_flags[c];
    flags[c] |= fitter->flags[c] | (moved ? 0 : fitter->start_flags[c]);
  }
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
  for (size_t i = 0; i < length; i++) report->trace[i] = emblas_fitter_point(fitter, &trace[i]);
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
  int token = fitter_enter(fitter);
  emblas_sound_places(fitter, emblas_em_theta(fitter->em), report->component_flags, report->component_rows);
  fitter_leave(fitter, token);
  return EMBLAS_OK;
}

static emblas_status report_flags(struct emblas_fitter *fitter, struct emblas_report *report) {
  size_t k = fitter->options.components, d = fitter->data.columns;
  void *components, *columns;
  emblas_status status = emblas_report_copy(report, fitter->flags, k, sizeof *fitter->flags, &components);
  if (status != EMBLAS_OK) return status;
  report->component_flags = components;
  int token = fitter_enter(fitter);
  conclude_flags(fitter, report->component_flags);
  emblas_sound_flags(fitter, emblas_em_theta(fitter->em), report->component_flags);
  fitter_leave(fitter, token);
  report->components = k;
  status = emblas_report_copy(report, fitter->column_flags, d, sizeof *fitter->column_flags, &columns);
  if (status != EMBLAS_OK) return status;
  report->column_flags = columns;
  report->columns = d;
  return report_rows(fitter, report);
}

/* What the ICL needs, on all rows. */
static double hard_of_all(struct emblas_fitter *fitter) {
  int token = fitter_enter(fitter);
  emblas_compression_all(&fitter->compression, &fitter->pass);
  double hard = emblas_pass_hard(&fitter->pass, emblas_em_theta(fitter->em));
  fitter_leave(fitter, token);
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
  emblas_fitter_settle(fitter);
  if (fitter->pass.walk.status != EMBLAS_OK) {
    emblas_model_free(model);
    return emblas_report_place(report, fitter->pass.walk.status, fitter->pass.walk.row, EMBLAS_NOWHERE,
                               EMBLAS_NOWHERE);
  }
  m->family->out_of_frame(m, emblas_em_theta(fitter->em), fitter->spare);
  emblas_arrange_find(o->order, m, fitter->spare, fitter->places);
  emblas_arrange_parameters(m, fitter->places, fitter->spare, model->theta);
  status = emblas_model_complete(model, &fitter->component);
  if (report != NULL && status == EMBLAS_OK) {
    emblas_report_begin(report, o->allocator);
    status = fill_report(fitter, report);
    if (status == EMBLAS_OK) status = fitter->pass.walk.status;
    if (status == EMBLAS_OK)
      emblas_arrange_report(m->k, fitter->places, report->component_flags, report->component_rows);
  }
  if (status == EMBLAS_OK) {
    *out = model;
    return EMBLAS_OK;
  }
  emblas_model_free(model);
  emblas_report_clear(report);
  return emblas_report_place(report, status, EMBLAS_NOWHERE, EMBLAS_NOWHERE, fitter->component);
}
