/* SPDX-License-Identifier: MIT */
/* One EM map of a mixture, as em/ iterates it. */
#include "fitter.h"

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
  fitter->rows = active ? fitter->pass.data->rows : rows_of_all(&fitter->data);
  map_rows(fitter, theta, next, value);
  fitter->complete = next != NULL && !active;
  return fitter->pass.walk.status;
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
void emblas_fitter_make_map(struct emblas_fitter *fitter) {
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

int emblas_fitter_settle(struct emblas_fitter *fitter) {
  const double *theta = emblas_em_theta(fitter->em);
  struct emblas_em_value value, of_all;
  if (fitter->settled == fitter->em) return 1;
  int token = fitter_enter(fitter);
  map(fitter, theta, fitter->compressed, &value);
  int agreed = 1;
  if (compression_active(&fitter->compression, &fitter->pass)) {
    emblas_compression_all(&fitter->compression, &fitter->pass);
    map_rows(fitter, theta, fitter->spare, &of_all);
    agreed = emblas_compression_agrees(&fitter->pass.components, fitter->compressed, &value, fitter->spare,
                                       &of_all);
  }
  fitter_leave(fitter, token);
  fitter->settled = fitter->em;
  return agreed;
}
