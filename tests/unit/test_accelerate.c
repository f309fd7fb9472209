/* SPDX-License-Identifier: MIT */
/* Methods of acceleration on linear maps, where they are exact; coordinates of Gaussian mixtures. */
#include "em/accelerate.h"
#include "families/gaussian/gaussian.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { N = 3 };

/* M(x) = x* + J (x - x*), J diagonal: an accelerator that has seen `steps` plain steps from 0. */
static void walk(struct accelerator *a, struct arena *arena, enum emblas_acceleration method,
                 const double *rates, const double *limit, size_t steps) {
  struct emblas_em_model model;
  struct emblas_em_options options;
  emblas_em_model_init(&model, sizeof model);
  emblas_em_options_init(&options, sizeof options);
  model.parameters = N, options.accelerate = method;
  emblas_arena_init(arena, options.allocator);
  emblas_accelerator_init(a, arena, &model, &options);
  cr_assert_eq(arena->status, EMBLAS_OK);
  static double x[N], next[N]; /* the accelerator looks at the last move's until the next */
  memset(x, 0, sizeof x);
  for (size_t step = 0; step <= steps; step++) {
    for (size_t i = 0; i < N; i++) next[i] = limit[i] + rates[i] * (x[i] - limit[i]);
    struct accelerator_move move = {.theta = x, .next = next, .gain = 1, .rounding = 0};
    emblas_accelerator_move(a, &move);
    if (step < steps) memcpy(x, next, sizeof x);
  }
}

static const double limit[N] = {1, -2, 3};

/* One rate: three points of the sequence tell its limit. */
Test(accelerate, squarem_is_exact_for_one_rate) {
  const double rates[N] = {.9, .9, .9};
  struct accelerator a;
  struct arena arena;
  walk(&a, &arena, EMBLAS_ACCELERATE_SQUAREM, rates, limit, 2);
  const double *candidate = emblas_accelerator_propose(&a);
  cr_assert_not_null(candidate);
  for (size_t i = 0; i < N; i++) cr_assert_float_eq(candidate[i], limit[i], 1e-12);
  emblas_arena_free(&arena);
}

/* Methods that remember: with as many changes as there are rates only the damping keeps them from the
   limit; they go further than the six plain steps that halve the error. */
Test(accelerate, the_span_holds_the_limit) {
  const double rates[N] = {.9, .5, .1};
  const enum emblas_acceleration methods[] = {EMBLAS_ACCELERATE_AUTO, EMBLAS_ACCELERATE_ANDERSON};
  for (size_t m = 0; m < 2; m++) {
    struct accelerator a;
    struct arena arena;
    walk(&a, &arena, methods[m], rates, limit, N);
    double before = 0, after = 0;
    for (size_t i = 0; i < N; i++) before = fmax(before, fabs(a.x[i] - limit[i]));
    const double *candidate = emblas_accelerator_propose(&a);
    cr_assert_not_null(candidate);
    for (size_t i = 0; i < N; i++) after = fmax(after, fabs(candidate[i] - limit[i]));
    cr_assert_lt(after, before / 2, "from %g to %g", before, after);
    emblas_arena_free(&arena);
  }
}

/* The slowest rate: what the stop rule divides by, 1 - rate, is right to a factor of two even where two
   rates are close. */
Test(accelerate, rate_of_a_linear_map) {
  const double all[][N] = {{.9, .5, .1}, {.9999, .3, .2}, {.99, .98, .5}, {1.05, .5, .2}};
  for (size_t r = 0; r < sizeof all / sizeof *all; r++) {
    struct accelerator a;
    struct arena arena;
    walk(&a, &arena, EMBLAS_ACCELERATE_AUTO, all[r], limit, 8);
    double slowest = fmax(all[r][0], all[r][1]);
    cr_assert_float_eq(a.rate, slowest, fabs(1 - slowest), "%g, not %g", a.rate, slowest);
    emblas_arena_free(&arena);
  }
}

/* A change that was made where A was another says what no symmetric matrix can: those before it count no
 * more.
 */
Test(accelerate, old_changes_are_left_out) {
  struct arena arena;
  struct history h;
  struct spectrum s;
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  emblas_history_allocate(&h, &arena, N);
  cr_assert_eq(arena.status, EMBLAS_OK);
  const double dx[][N] = {{0, 0, 1}, {1, 1, 0}, {1, 0, 0}};
  const double df[][N] = {
      {-3, 0, -.5}, {-.9, -.3, 0}, {-.7, -.2, 0}}; /* -[.7 .2; .2 .1], but for the first */
  for (size_t i = 0; i < N; i++) emblas_history_push(&h, dx[i], df[i]);
  emblas_spectrum_make(&s, &h);
  cr_assert_eq(s.m, 2);
  double low = fmin(s.curvature[0], s.curvature[1]), high = fmax(s.curvature[0], s.curvature[1]);
  cr_assert_float_eq(low, .4 - sqrt(.13), 1e-14, "%g", low);
  cr_assert_float_eq(high, .4 + sqrt(.13), 1e-14, "%g", high);
  for (size_t e = 0; e < s.m; e++) cr_assert_lt(s.uncertain[e], 1e-14);
  emblas_arena_free(&arena);
}

/* Changes that are kept, and those that join them, take no other's place: products are those of what the
   slots hold, the newest first. */
Test(accelerate, kept_changes_stay) {
  enum { CHANGES = 2 * HISTORY };
  struct arena arena;
  struct history h;
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  emblas_history_allocate(&h, &arena, N);
  cr_assert_eq(arena.status, EMBLAS_OK);
  for (size_t t = 0; t < CHANGES; t++) {
    const double dx[N] = {(double)t, 1, -(double)t}, df[N] = {2, (double)t, 1};
    emblas_history_push(&h, dx, df);
    if (t % 3 == 0 && h.count > 2) { /* the second newest goes, for one */
      size_t slots[HISTORY], keep = 0;
      for (size_t i = 0; i < h.count; i += 1 + (i == 0)) slots[keep++] = h.slot[i];
      emblas_history_select(&h, keep, slots);
    }
    cr_assert_eq(h.dx[h.slot[0]][0], (double)t);
    for (size_t i = 0; i < h.count; i++)
      for (size_t j = 0; j < h.count; j++) {
        size_t a = h.slot[i], b = h.slot[j];
        cr_assert(i >= j || h.dx[a][0] > h.dx[b][0], "slot %zu is not newer than %zu", a, b);
        cr_assert_eq(h.xx[a][b], emblas_dot(N, h.dx[a], h.dx[b]));
        cr_assert_eq(h.xf[a][b], emblas_dot(N, h.dx[a], h.df[b]));
        cr_assert_eq(h.fx[a][b], emblas_dot(N, h.df[a], h.dx[b]));
      }
  }
  cr_assert_gt(h.count, HISTORY / 2);
  emblas_arena_free(&arena);
}

/* A step that would be infinite is no candidate. */
Test(accelerate, no_candidate_from_a_constant_sequence) {
  const double rates[N] = {0, 0, 0};
  for (int method = 0; method <= EMBLAS_ACCELERATE_ANDERSON; method++) {
    struct accelerator a;
    struct arena arena;
    if (method == EMBLAS_ACCELERATE_NONE) continue;
    walk(&a, &arena, (enum emblas_acceleration)method, rates, limit, 4);
    const double *candidate = emblas_accelerator_propose(&a);
    for (size_t i = 0; candidate && i < N; i++) cr_assert_float_eq(candidate[i], limit[i], 1e-12);
    emblas_arena_free(&arena);
  }
}

/* ------------------------------------------------------------------ coordinates of Gaussian mixtures */

enum { K = 3, D = 2 };
static const double unit[D] = {2, 0.5}, smallest[D] = {1e-12, 1e-12};
static const unsigned char constant[D] = {0, 0};
static const struct gaussian_floor bound = {smallest, constant};

/* What takes parameters into a model. */
struct room {
  struct arena arena;
  struct gaussian_scratch scratch;
  double scatter[64];
  unsigned flags[K];
};

static void begin_room(const struct gaussian *g, struct room *room) {
  struct emblas_options defaults;
  emblas_options_init(&defaults, sizeof defaults);
  emblas_arena_init(&room->arena, defaults.allocator);
  emblas_gaussian_scratch_allocate(g, &room->arena, 1, &room->scratch);
}

static int part_shared(const struct gaussian *g) {
  return emblas_covariance_partly(g->model);
}

/* Weights .5 0 .5, a mean and a factor for each, one for all where they are the same. */
static struct gaussian example(enum emblas_covariance covariance, double *theta) {
  struct gaussian g = emblas_gaussian_shape(covariance, K, D);
  for (size_t c = 0; c < K; c++) {
    theta[c] = c == 1 ? 0 : .5;
    for (size_t j = 0; j < D; j++) gaussian_mean(&g, theta, c)[j] = (double)(c + 1) * (j ? -.7 : .3);
    double *factor = gaussian_factor(&g, theta, c),
           size = emblas_covariance_common(g.model) ? 1 : (double)(c + 1);
    const double full[] = {.3 * size, 0, -.2, .01 * size};
    memcpy(factor, full, g.f * sizeof *factor);
    if (g.geometry == GEOMETRY_DIAG) factor[1] = .01 * size;
  }
  if (part_shared(&g)) {
    struct room room;
    begin_room(&g, &room);
    emblas_gaussian_admit(&g, emblas_backend_reference(), &bound, theta, room.scatter, room.flags,
                          &room.scratch);
    emblas_arena_free(&room.arena);
  }
  return g;
}

static int from_free(const struct gaussian *g, const double *free, double *theta) {
  struct room room;
  begin_room(g, &room);
  int refused = emblas_gaussian_from_free(g, emblas_backend_reference(), &bound, unit, free, theta,
                                          room.scatter, room.flags, &room.scratch);
  emblas_arena_free(&room.arena);
  return refused;
}

Test(gaussian_free, there_and_back) {
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    double theta[64], back[64], free[64];
    struct gaussian g = example((enum emblas_covariance)v, theta);
    cr_assert_leq(emblas_gaussian_free_size(&g), 64);
    emblas_gaussian_to_free(&g, unit, theta, free);
    for (size_t i = 0; i < emblas_gaussian_free_size(&g); i++) cr_assert(isfinite(free[i]));
    cr_assert_eq(from_free(&g, free, back), 0);
    cr_assert_eq(back[1], 0, "a weight of 0 stays 0");
    /* log and exp lose |log x| eps; the way into the model, eps of the largest covariance, 1e4 times the
     * least */
    double tolerance = (part_shared(&g) ? 1e5 : 8) * DBL_EPSILON;
    for (size_t i = 0; i < gaussian_theta_size(&g); i++)
      cr_assert_float_eq(back[i], theta[i], tolerance * fabs(theta[i]), "model %d, entry %zu", v, i);
  }
}

Test(gaussian_free, tied_factors_are_one) {
  double theta[64], back[64], free[64];
  struct gaussian g = example(EMBLAS_TIED, theta);
  cr_assert_eq(emblas_gaussian_free_size(&g), K * (1 + D) + D * (D + 1) / 2);
  emblas_gaussian_to_free(&g, unit, theta, free);
  free[K * (1 + D)] += 1;
  cr_assert_eq(from_free(&g, free, back), 0);
  for (size_t c = 1; c < K; c++)
    cr_assert_arr_eq(gaussian_factor(&g, back, c), gaussian_factor(&g, back, 0), g.f * sizeof *back);
  cr_assert_float_eq(gaussian_factor(&g, back, 0)[0], .3 * exp(1), 1e-14);
}

/* What lies under the floor, or beyond the doubles, is no mixture. */
Test(gaussian_free, refuses) {
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    double theta[64], back[64], free[64];
    struct gaussian g = example((enum emblas_covariance)v, theta);
    size_t factor = K * (1 + D);
    const double wrong[] = {log(.99e-6), -800, 800};
    for (size_t i = 0; i < 3; i++) {
      emblas_gaussian_to_free(&g, unit, theta, free);
      free[factor] = wrong[i];
      cr_assert_neq(from_free(&g, free, back), 0, "model %d, %g", v, wrong[i]);
    }
  }
}

/* Each pivot is above the floor, but the smallest eigenvalue, about 1e-8 / 1e6, is not. */
Test(gaussian_free, refuses_a_thin_direction) {
  double theta[64], back[64], free[64];
  struct gaussian g = example(EMBLAS_FULL, theta);
  const double thin[] = {1e-4, 0, 1e3, 1e-4};
  memcpy(gaussian_factor(&g, theta, 2), thin, sizeof thin);
  emblas_gaussian_to_free(&g, unit, theta, free);
  cr_assert_neq(from_free(&g, free, back), 0);
}

/* A deviation held at the floor is still there after log and exp. */
Test(gaussian_free, keeps_the_floor) {
  double theta[64], back[64], free[64];
  struct gaussian g = example(EMBLAS_DIAG, theta);
  gaussian_factor(&g, theta, 0)[0] = sqrt(smallest[0]);
  emblas_gaussian_to_free(&g, unit, theta, free);
  cr_assert_eq(from_free(&g, free, back), 0);
  cr_assert_geq(gaussian_factor(&g, back, 0)[0], sqrt(smallest[0]));
  cr_assert_leq(gaussian_factor(&g, back, 0)[0], sqrt(smallest[0]) * (1 + 32 * DBL_EPSILON));
}
