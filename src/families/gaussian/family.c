/* SPDX-License-Identifier: MIT */
/* The table of Gaussian components. */
#include "family.h"

#include "reach.h"

#include <limits.h>
#include <math.h>

/* ------------------------------------------------------------------ sizes and memory */

/* The sizes of a BLAS and of LAPACK are ints. Of a diagonal geometry they see columns and features;
   matrices of d x d are those of full covariances alone. */
static int sizes_fit(const struct components *m) {
  size_t entries, all;
  int full = emblas_covariance_geometry(m->covariance, m->d) == GEOMETRY_FULL;
  if (m->k > INT_MAX || m->d > INT_MAX / 2 - 1) return 0;
  if (emblas_size_multiply(m->d, full ? m->d + 2 : 2, &entries) || entries > INT_MAX - 1) return 0;
  return !emblas_size_multiply(entries, m->k, &all);
}

static emblas_status shape(struct components *m) {
  struct gaussian g = emblas_gaussian_shape(m->covariance, m->k, m->d);
  m->parameters = gaussian_theta_size(&g);
  m->statistics = g.p;
  m->features = g.geometry == GEOMETRY_FULL ? 0 : g.p;
  m->least_rows = m->d + 1;
  m->frame_kind = g.frame;
  m->independent = emblas_covariance_own(g.model);
  return sizes_fit(m) ? EMBLAS_OK : EMBLAS_ERROR_SIZE;
}

static void allocate(struct components *m, struct arena *arena) {
  struct gaussian_fit *fit = emblas_arena_take(arena, 1, 1, sizeof *fit);
  size_t d = m->d;
  if (fit == NULL) return;
  *fit = (struct gaussian_fit){.shape = emblas_gaussian_shape(m->covariance, m->k, d)};
  m->own = fit;
  emblas_gaussian_terms_allocate(&fit->shape, arena, &fit->terms);
  fit->variance = emblas_arena_doubles(arena, d, 1);
  fit->unit = emblas_arena_doubles(arena, d, 1);
  fit->aim_point = emblas_arena_doubles(arena, d, 1);
  fit->aim_inverse = fit->shape.geometry == GEOMETRY_FULL ? emblas_arena_doubles(arena, d, d) : NULL;
}

static void *scratch(const struct components *m, struct arena *arena, size_t stride) {
  struct gaussian_scratch *room = emblas_arena_take(arena, 1, 1, sizeof *room);
  if (room != NULL) emblas_gaussian_scratch_allocate(gaussian_of(m), arena, stride, room);
  return room;
}

static size_t count(const struct components *m) {
  return m->k * m->d + emblas_covariance_count(emblas_covariance_model(m->covariance), m->k, m->d);
}

/* ------------------------------------------------------------------ the E step */

static int univariate(const struct components *m) {
  return m->d == 1 && m->backend->univariate != NULL;
}

static int quadratic(const struct components *m) {
  return gaussian_of(m)->geometry == GEOMETRY_FULL && m->backend->quadratic != NULL;
}

static enum sweep_kind sweep_kind(const struct components *m) {
  return univariate(m) ? SWEEP_AT_ONCE : quadratic(m) ? SWEEP_AT_ONCE_AND_AHEAD : SWEEP_IN_STEPS;
}

/* Roundings of the expanded form are independent from row to row. An error of u B in a logit, B <= limit d,
   becomes about u limit / sqrt(n) of the log-likelihood, relative: with few rows the limit is set so that
   this stays below 8 u, and the log-likelihood of an iteration keeps telling whether it fell. */
static double expansion_limit(const struct components *m, double rows) {
  if (m->k == 1) return 0; /* there is no product to share */
  return fmin(m->backend->expansion_limit, 8 * sqrt(rows));
}

static void prepare(const struct components *m, const double *theta, double rows) {
  emblas_gaussian_prepare(gaussian_of(m), m->backend, expansion_limit(m, rows), theta,
                          &gaussian_fit_of(m)->terms);
}

static void logits(const struct components *m, const struct block *block, void *room) {
  emblas_gaussian_logits(gaussian_of(m), m->backend, &gaussian_fit_of(m)->terms, block, room);
}

static void accumulate(const struct components *m, const struct block *block, double *stats, void *room) {
  emblas_gaussian_moments(gaussian_of(m), m->backend, &gaussian_fit_of(m)->terms, block, stats, room);
}

static void sweep(const struct components *m, const struct block *block, const double *weights,
                  struct emblas_ahead ahead, double *stats, struct emblas_block_sums *sums, void *room) {
  const struct gaussian_terms *terms = &gaussian_fit_of(m)->terms;
  const struct gaussian_scratch *own = room;
  if (univariate(m)) {
    m->backend->univariate(block->rows, m->k, block->x, weights, terms->univariate, stats, sums,
                           own->univariate);
    return;
  }
  struct emblas_normals normals = emblas_gaussian_normals(gaussian_of(m), terms);
  m->backend->quadratic(block->rows, block->stride, &normals, block->x, weights, ahead, block->r,
                        own->quadratic, stats, sums);
}

static void correct(const struct components *m, enum sweep_kind kind, const double *stats,
                    struct emblas_block_sums *sums) {
  const struct gaussian_terms *terms = &gaussian_fit_of(m)->terms;
  sums->loglik[0] =
      sums->loglik[0] + sums->loglik[1] + emblas_gaussian_rounding(gaussian_of(m), terms, stats);
  sums->loglik[1] = 0;
  if (kind != SWEEP_AT_ONCE) return;
  sums->q = emblas_gaussian_univariate_q(gaussian_of(m), terms, stats);
  sums->hard = NAN;
}

/* ------------------------------------------------------------------ boxes */

static void allocate_boxes(const struct components *m, struct arena *arena, const struct boxes *boxes,
                           size_t threads) {
  emblas_nearby_allocate(&gaussian_fit_of(m)->nearby, arena, gaussian_of(m), boxes, threads);
}

static int boxes_pay(const struct components *m) {
  struct gaussian_fit *fit = gaussian_fit_of(m);
  return emblas_nearby_prepare(&fit->nearby, &fit->shape, &fit->terms);
}

static void sweep_box(const struct components *m, size_t box, size_t thread, const struct block *block,
                      const double *weights, double *stats, struct emblas_block_sums *sums, void *room) {
  const struct gaussian_fit *fit = m->own;
  const struct emblas_backend *backend = m->backend;
  struct gaussian_scratch *own = room;
  struct nearby_room *nearby = &fit->nearby.rooms[thread];
  struct gaussian near = emblas_nearby_select(&fit->nearby, &fit->shape, &fit->terms, box, nearby);
  if (quadratic(m)) {
    struct emblas_normals normals = emblas_gaussian_normals(&near, &nearby->terms);
    backend->quadratic(block->rows, block->stride, &normals, block->x, weights,
                       (struct emblas_ahead){NULL, 0}, block->r, own->quadratic, nearby->stats, sums);
  } else {
    emblas_gaussian_logits(&near, backend, &nearby->terms, block, own);
    backend->softmax(block->rows, block->stride, near.k, block->r, weights, NULL, sums);
    emblas_gaussian_moments(&near, backend, &nearby->terms, block, nearby->stats, own);
  }
  emblas_nearby_add(&fit->shape, &near, nearby, stats);
}

static const struct family_boxes boxes = {allocate_boxes, boxes_pay, sweep_box};

/* ------------------------------------------------------------------ the M step */

static size_t maximise(const struct components *m, const double *theta, double *stats, double *next,
                       unsigned *flags, void *room) {
  const struct gaussian_fit *fit = m->own;
  return emblas_gaussian_maximise(&fit->shape, m->backend, &fit->terms, &fit->floor, theta, stats, next,
                                  flags, room);
}

static void centre(const struct components *m, const double *theta) {
  emblas_gaussian_centre(gaussian_of(m), theta + m->k, &gaussian_fit_of(m)->terms);
}

/* ------------------------------------------------------------------ judgement */

static int equal(const struct components *m, const double *theta, size_t a, size_t b, double tolerance) {
  return emblas_gaussian_equal(gaussian_of(m), theta, a, b, tolerance);
}

static int close_to(double a, double b, double bound) {
  return fabs(a - b) <= bound;
}

/* Weights relative to themselves, factors to their largest entry, means to that and to themselves. */
static int agree(const struct components *m, const double *a, const double *b, double tolerance) {
  const struct gaussian *g = gaussian_of(m);
  size_t means = m->k * m->d;
  const double *mean = b + m->k, *factor = mean + means;
  for (size_t c = 0; c < m->k; c++) {
    const double *own = factor + c * g->f, *other = a + m->k + means + c * g->f;
    double spread = 0;
    if (!close_to(a[c], b[c], tolerance * b[c])) return 0;
    for (size_t i = 0; i < g->f; i++) spread = fmax(spread, fabs(own[i]));
    for (size_t i = 0; i < g->f; i++)
      if (!close_to(other[i], own[i], tolerance * spread)) return 0;
    for (size_t j = 0; j < m->d; j++) {
      double there = mean[c * m->d + j];
      if (!close_to(a[m->k + c * m->d + j], there, tolerance * (spread + fabs(there)))) return 0;
    }
  }
  return 1;
}

static int narrow(const struct components *m, const double *theta, size_t c, void *room) {
  const struct gaussian_fit *fit = m->own;
  const struct gaussian *g = &fit->shape;
  return emblas_gaussian_narrow(g, m->backend, &fit->floor, fit->narrowest,
                                theta + g->k * (1 + g->d) + c * g->f, room);
}

/* ------------------------------------------------------------------ the table */

extern const struct family emblas_gaussian_family;
const struct family emblas_gaussian_family = {
    .name = "gaussian",
    .covariances = 1,
    .shape = shape,
    .allocate = allocate,
    .scratch = scratch,
    .bound = emblas_gaussian_bound,
    .count = count,
    .prepare = prepare,
    .logits = logits,
    .accumulate = accumulate,
    .sweep_kind = sweep_kind,
    .sweep = sweep,
    .correct = correct,
    .boxes = &boxes,
    .line = &emblas_gaussian_line,
    .maximise = maximise,
    .centre = centre,
    .coordinates = &emblas_gaussian_coordinates,
    .random = emblas_gaussian_random,
    .put = emblas_gaussian_put,
    .spread = emblas_gaussian_spread,
    .convert = emblas_gaussian_convert,
    .into_frame = emblas_gaussian_into_frame,
    .out_of_frame = emblas_gaussian_out_of_frame,
    .equal = equal,
    .agree = agree,
    .narrow = narrow,
    .copy = emblas_gaussian_copy,
    .moves = &emblas_gaussian_moves,
    .density = &emblas_gaussian_density,
    .take = emblas_gaussian_take,
    .cholesky = emblas_gaussian_cholesky,
    .covariance = emblas_gaussian_covariance,
    .drawable = emblas_gaussian_drawable,
    .draw = emblas_gaussian_draw,
};
