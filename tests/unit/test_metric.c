/* SPDX-License-Identifier: MIT */
/* The metric of a Gaussian mixture's coordinates against the divergence it is the second derivative of. */
#include "families/gaussian/gaussian.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { K = 3, D = 3, SIZE = 64 };
static const double unit[D] = {2, 0.5, 1}, smallest[D] = {1e-12, 1e-12, 1e-12};
static const unsigned char constant[D] = {0};
static const struct gaussian_floor bound = {smallest, constant};

/* What takes parameters into the model. */
struct room {
  struct arena arena;
  struct gaussian_scratch scratch;
  double scatter[SIZE];
  unsigned flags[K];
};

static struct room begin_room(const struct gaussian *g) {
  struct emblas_options defaults;
  struct room room;
  emblas_options_init(&defaults, sizeof defaults);
  emblas_arena_init(&room.arena, defaults.allocator);
  emblas_gaussian_scratch_allocate(g, &room.arena, 1, &room.scratch);
  return room;
}

static int common(int covariance) {
  return emblas_covariance_common(emblas_covariance_model((enum emblas_covariance)covariance));
}

static struct gaussian example(enum emblas_covariance covariance, double *theta) {
  static const double weights[K] = {.5, .2, .3}, full[] = {.3, 0, 0, -.2, .6, 0, .4, .1, 2};
  struct gaussian g = emblas_gaussian_shape(covariance, K, D);
  for (size_t c = 0; c < K; c++) {
    theta[c] = weights[c];
    double *factor = gaussian_factor(&g, theta, c), size = common(covariance) ? 1 : (double)(c + 1);
    for (size_t j = 0; j < D; j++) gaussian_mean(&g, theta, c)[j] = (double)(c + 1) * (j ? -.7 : .3);
    for (size_t i = 0; i < g.f; i++) factor[i] = size * (g.f == D * D ? full[i] : full[4 * i]);
    if (!common(covariance) && c == 1) factor[0] *= 1.3; /* another shape */
  }
  struct room room = begin_room(&g);
  emblas_gaussian_admit(&g, emblas_backend_reference(), &bound, theta, room.scatter, room.flags,
                        &room.scratch);
  emblas_arena_free(&room.arena);
  return g;
}

/* Fixed numbers in (-1, 1); the weights' logarithms change so that their sum stays 1 to first order. */
static void direction(const struct gaussian *g, const double *theta, double *change) {
  double mean = 0;
  for (size_t i = 0; i < emblas_gaussian_free_size(g); i++) change[i] = sin(3.7 * (double)(i + 1));
  for (size_t c = 0; c < K; c++) mean += theta[c] * change[c];
  for (size_t c = 0; c < K; c++) change[c] -= mean;
}

static double entry(const struct gaussian *g, const double *theta, size_t c, size_t i, size_t j) {
  return emblas_geometry_factor_entry(g->geometry, D, theta + K * (1 + D) + c * g->f, i, j);
}

/* KL(N(mean, L L') : N(mean', L' L'')) = (|L'^-1 L|^2 + |L'^-1 (mean' - mean)|^2 - d) / 2 + log |L'| / |L|.
 */
static double divergence_of(const struct gaussian *g, const double *a, const double *b, size_t c) {
  double sum = -(double)D, y[D];
  for (size_t column = 0; column <= D; column++) {
    for (size_t i = 0; i < D; i++) {
      y[i] = column < D ? entry(g, a, c, i, column) : b[K + c * D + i] - a[K + c * D + i];
      for (size_t j = 0; j < i; j++) y[i] -= entry(g, b, c, i, j) * y[j];
      y[i] /= entry(g, b, c, i, i);
      sum += y[i] * y[i];
    }
  }
  for (size_t j = 0; j < D; j++) sum += 2 * log(entry(g, b, c, j, j) / entry(g, a, c, j, j));
  return sum / 2;
}

/* Of the complete data: component and row. */
static double divergence(const struct gaussian *g, const double *a, const double *b) {
  double sum = 0;
  for (size_t c = 0; c < K; c++) sum += a[c] * (log(a[c] / b[c]) + divergence_of(g, a, b, c));
  return sum;
}

/* 2 KL(theta : theta + change) = |E change|^2 + O(change^3), of which both signs leave a fourth power.
   Where components share a part of their covariances, the change is what becomes of it in the model. */
Test(metric, is_the_information_of_the_complete_data) {
  const double h = 1e-3;
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    double theta[SIZE], moved[SIZE], at[SIZE], to[SIZE], change[SIZE], scale[SIZE], twice = 0, square = 0;
    struct gaussian g = example((enum emblas_covariance)v, theta);
    struct room room = begin_room(&g);
    size_t size = emblas_gaussian_free_size(&g);
    direction(&g, theta, change);
    emblas_gaussian_to_free(&g, unit, theta, at);
    emblas_gaussian_metric(&g, unit, theta, scale);
    for (int sign = -1; sign <= 1; sign += 2) {
      for (size_t i = 0; i < size; i++) to[i] = at[i] + sign * h * change[i];
      cr_assert_eq(emblas_gaussian_from_free(&g, emblas_backend_reference(), &bound, unit, to, moved,
                                             room.scatter, room.flags, &room.scratch),
                   0);
      twice += divergence(&g, theta, moved);
      emblas_gaussian_to_free(&g, unit, moved, to);
      for (size_t i = 0; i < size; i++) to[i] -= at[i];
      emblas_gaussian_whiten(&g, scale, theta, to);
      for (size_t i = 0; i < size; i++) square += to[i] * to[i] / 2;
    }
    emblas_arena_free(&room.arena);
    /* h^4 times fourth derivatives, which whitened changes of length 10 bring to 1e3 */
    cr_assert_float_eq(twice, square, 1e-3 * square, "model %d: %g, not %g", v, square, twice);
  }
}

Test(metric, there_and_back) {
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    double theta[SIZE], change[SIZE], scale[SIZE], back[SIZE];
    struct gaussian g = example((enum emblas_covariance)v, theta);
    direction(&g, theta, change);
    memcpy(back, change, sizeof back);
    emblas_gaussian_metric(&g, unit, theta, scale);
    emblas_gaussian_whiten(&g, scale, theta, back);
    emblas_gaussian_unwhiten(&g, scale, theta, back);
    for (size_t i = 0; i < emblas_gaussian_free_size(&g); i++)
      cr_assert_float_eq(back[i], change[i], 1e-13, "model %d, entry %zu", v, i);
  }
}

/* A component without weight has no say, but no infinity either. */
Test(metric, empty_component) {
  double theta[SIZE], change[SIZE], scale[SIZE];
  struct gaussian g = example(EMBLAS_FULL, theta);
  direction(&g, theta, change);
  theta[1] = 0;
  emblas_gaussian_metric(&g, unit, theta, scale);
  emblas_gaussian_unwhiten(&g, scale, theta, change);
  emblas_gaussian_whiten(&g, scale, theta, change);
  for (size_t i = 0; i < emblas_gaussian_free_size(&g); i++) cr_assert(isfinite(change[i]));
}

/* A mean that moves by half a deviation along a column of its component's factor, and a factor that grows
   by a thousandth: the distance is in the component's own deviations, whatever its weight, and nobody else
   moves. */
Test(metric, distance_of_a_component) {
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++)
    for (size_t c = 0; c < K; c++) {
      double theta[SIZE], moved[SIZE], at[SIZE], to[SIZE], scale[SIZE], distances[K + 1];
      struct gaussian g = example((enum emblas_covariance)v, theta);
      memcpy(moved, theta, sizeof moved);
      for (size_t i = 0; i < D; i++) gaussian_mean(&g, moved, c)[i] += entry(&g, theta, c, i, 0) / 2;
      if (!common(v))
        for (size_t i = 0; i < g.f; i++) gaussian_factor(&g, moved, c)[i] *= exp(1e-3);
      emblas_gaussian_to_free(&g, unit, theta, at);
      emblas_gaussian_to_free(&g, unit, moved, to);
      for (size_t i = 0; i < emblas_gaussian_free_size(&g); i++) to[i] -= at[i];
      emblas_gaussian_metric(&g, unit, theta, scale);
      emblas_gaussian_whiten(&g, scale, theta, to);
      emblas_gaussian_moved(&g, theta, to, distances);
      double expected = common(v) ? 0.5 : sqrt(0.25 + 2 * D * 1e-6);
      cr_assert_eq(emblas_gaussian_blocks(&g), (size_t)(K + common(v)));
      for (size_t b = 0; b < emblas_gaussian_blocks(&g); b++)
        cr_assert_float_eq(distances[b], b == c ? expected : 0, 1e-12, "model %d, block %zu: %g", v, b,
                           distances[b]);
    }
}
