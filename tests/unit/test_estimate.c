/* SPDX-License-Identifier: MIT */
/* The M step of the covariances, model by model, against what it claims: it never makes Q smaller, it ends
   where no covariances of the model near by have a larger one, and what components share is the same in all
   of them. */
#include "base/random.h"
#include "families/gaussian/gaussian.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_K = 5, MOST_D = 5, SIZE = MOST_K * (1 + MOST_D + MOST_D * MOST_D) };

/* EMBLAS_TEST_ESTIMATES: M steps of each model; unset: so many that the suite stays quick. */
static size_t steps(void) {
  const char *given = getenv("EMBLAS_TEST_ESTIMATES");
  return given != NULL ? (size_t)strtoull(given, NULL, 10) : 400;
}

static const double FLOOR = 1e-6;

struct problem {
  struct gaussian g;
  struct arena arena;
  struct gaussian_scratch scratch;
  struct gaussian_floor floor;
  double smallest[MOST_D];
  unsigned char constant[MOST_D];
  unsigned flags[MOST_K];
  double theta[SIZE], scatter[SIZE], room[SIZE];
  struct random random;
};

static double uniform(struct problem *p) {
  return emblas_random_uniform(&p->random);
}

static double normal(struct problem *p) {
  return sqrt(-2 * log(uniform(p) + 0x1p-54)) * cos(6.283185307179586 * uniform(p));
}

static void begin(struct problem *p, enum emblas_covariance covariance, uint64_t seed) {
  struct emblas_options defaults;
  emblas_options_init(&defaults, sizeof defaults);
  memset(p, 0, sizeof *p);
  emblas_random_seed(&p->random, seed, (uint64_t)covariance);
  size_t k = 1 + (size_t)(uniform(p) * MOST_K), d = 2 + (size_t)(uniform(p) * (MOST_D - 1));
  p->g = emblas_gaussian_shape(covariance, k, d);
  emblas_arena_init(&p->arena, defaults.allocator);
  emblas_gaussian_scratch_allocate(&p->g, &p->arena, 1, &p->scratch);
  for (size_t j = 0; j < d; j++) p->smallest[j] = FLOOR;
  p->floor = (struct gaussian_floor){p->smallest, p->constant};
}

static void end(struct problem *p) {
  emblas_arena_free(&p->arena);
}

/* A scatter matrix of `rows` rows of deviations from exp(-spread) to exp(spread), packed as the geometry
 * has it. */
static void draw_scatter(struct problem *p, size_t rows, double spread, double *scatter) {
  const struct gaussian *g = &p->g;
  double x[MOST_D], mix[MOST_D * MOST_D], s[MOST_D * MOST_D] = {0};
  size_t d = g->d, at = 0;
  for (size_t i = 0; i < d * d; i++) mix[i] = normal(p) * exp(spread * (2 * uniform(p) - 1));
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < d; j++) x[j] = normal(p);
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l < d; l++)
        for (size_t a = 0; a < d; a++)
          for (size_t b = 0; b < d; b++)
            s[j * d + l] += mix[j * d + a] * x[a] * mix[l * d + b] * x[b] / (double)rows;
  }
  double mean = 0;
  for (size_t j = 0; j < d; j++) mean += s[j * d + j] / (double)d;
  for (size_t j = 0; j < d; j++)
    for (size_t l = g->geometry == GEOMETRY_FULL ? 0 : j; l <= j; l++)
      scatter[at++] = g->geometry == GEOMETRY_SPHERICAL ? mean : s[j * d + l];
}

static void draw_weights(struct problem *p, int some_empty) {
  double sum = 0;
  for (size_t c = 0; c < p->g.k; c++) {
    p->theta[c] = some_empty && c > 0 && uniform(p) < .2 ? 0 : .05 + uniform(p);
    sum += p->theta[c];
  }
  for (size_t c = 0; c < p->g.k; c++) p->theta[c] /= sum;
}

/* Factors that are in no model become such; where all components have the same, the first's. */
static void admit(struct problem *p) {
  const struct gaussian *g = &p->g;
  emblas_gaussian_admit(g, emblas_backend_reference(), &p->floor, p->theta, p->room, p->flags, &p->scratch);
  for (size_t c = 1; c < g->k && emblas_covariance_common(g->model); c++)
    memcpy(gaussian_factor(g, p->theta, c), gaussian_factor(g, p->theta, 0), g->f * sizeof(double));
}

/* Factors of the model, from covariances that are not. */
static void draw_factors(struct problem *p, double spread) {
  const struct gaussian *g = &p->g;
  size_t size = g->p - 1 - g->d;
  for (size_t c = 0; c < g->k; c++) {
    draw_scatter(p, 3 * g->d, spread, p->room + c * size);
    emblas_gaussian_factorise(g, emblas_backend_reference(), &p->floor, p->room + c * size,
                              gaussian_factor(g, p->theta, c), &p->scratch);
  }
  admit(p);
}

static double entry(const struct gaussian *g, const double *theta, size_t c, size_t i, size_t j) {
  return emblas_geometry_factor_entry(g->geometry, g->d, theta + g->k * (1 + g->d) + c * g->f, i, j);
}

static double scatter_entry(const struct gaussian *g, const double *scatter, size_t i, size_t j) {
  if (g->geometry == GEOMETRY_FULL)
    return i >= j ? scatter[i * (i + 1) / 2 + j] : scatter[j * (j + 1) / 2 + i];
  return i != j ? 0 : scatter[g->geometry == GEOMETRY_DIAG ? i : 0];
}

/* sum_c w_c (log |L L'| + tr (L L')^-1 S_c), which is -2 Q / n but for a constant. */
static double loss(const struct problem *p, const double *theta) {
  const struct gaussian *g = &p->g;
  size_t d = g->d, size = g->p - 1 - d;
  double sum = 0, inverse[MOST_D * MOST_D];
  for (size_t c = 0; c < g->k; c++) {
    if (!(theta[c] > 0)) continue;
    double own = 0;
    memset(inverse, 0, sizeof inverse);
    for (size_t j = 0; j < d; j++) {
      for (size_t l = 0; l <= j; l++) {
        double value = j == l;
        for (size_t m = l; m < j; m++) value -= entry(g, theta, c, j, m) * inverse[m * d + l];
        inverse[j * d + l] = value / entry(g, theta, c, j, j);
      }
      own += 2 * log(entry(g, theta, c, j, j));
    }
    for (size_t m = 0; m < d; m++)
      for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
          own += inverse[m * d + i] * scatter_entry(g, p->scatter + c * size, i, j) * inverse[m * d + j];
    sum += theta[c] * own;
  }
  return sum;
}

static void estimate(struct problem *p) {
  struct gaussian_estimate e = {.weights = p->theta,
                                .scatter = p->room,
                                .factors = gaussian_factor(&p->g, p->theta, 0),
                                .flags = p->flags,
                                .keep = 1,
                                .floor = &p->floor,
                                .backend = emblas_backend_reference(),
                                .scratch = &p->scratch};
  memcpy(p->room, p->scatter, sizeof p->room);
  memset(p->flags, 0, sizeof p->flags);
  p->g.model->estimate(&p->g, &e);
}

/* What rounding can hide of the loss: the scatter's own, beside variances as small as the floor. */
static double rounding(double value) {
  return 1e-13 * (1 + fabs(value)) + 16 * 2.3e-16 / FLOOR;
}

Test(estimate, q_never_falls) {
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++)
    for (size_t step = 0; step < steps(); step++) {
      struct problem p;
      begin(&p, (enum emblas_covariance)v, step);
      draw_weights(&p, step % 3 == 0);
      draw_factors(&p, step % 4 == 0 ? 3 : .7);
      size_t size = p.g.p - 1 - p.g.d;
      for (size_t c = 0; c < p.g.k; c++) /* of as few rows as leave the matrix singular, too */
        draw_scatter(&p, 1 + (size_t)(uniform(&p) * 3 * MOST_D), step % 5 == 0 ? 3 : .7,
                     p.scatter + c * size);
      double before = loss(&p, p.theta);
      estimate(&p);
      double after = loss(&p, p.theta);
      cr_assert(after <= before + rounding(before), "%s, %zu: %.17g became %.17g",
                emblas_covariance_string((enum emblas_covariance)v), step, before, after);
      end(&p);
    }
}

/* Nearby covariances of the model: the factors change a little and are brought back into it. */
static void perturb(struct problem *p, const double *theta, double size) {
  const struct gaussian *g = &p->g;
  memcpy(p->theta, theta, gaussian_theta_size(g) * sizeof *theta);
  for (size_t c = 0; c < g->k; c++) {
    double *factor = gaussian_factor(g, p->theta, c);
    for (size_t i = 0; i < g->f; i++) {
      size_t row = i / g->d, column = i % g->d;
      if (g->geometry != GEOMETRY_FULL || row == column)
        factor[i] *= exp(size * normal(p));
      else if (column < row)
        factor[i] += size * normal(p) * factor[row * g->d + row];
    }
  }
  admit(p);
}

Test(estimate, ends_at_the_largest_q_of_the_model) {
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++)
    for (size_t seed = 0; seed < 20; seed++) {
      struct problem p;
      double best[SIZE];
      begin(&p, (enum emblas_covariance)v, 1000 + seed);
      draw_weights(&p, 0);
      draw_factors(&p, .7);
      for (size_t c = 0; c < p.g.k; c++)
        draw_scatter(&p, 4 * MOST_D, .7, p.scatter + c * (p.g.p - 1 - p.g.d));
      for (int step = 0; step < 200; step++) estimate(&p);
      memcpy(best, p.theta, sizeof best);
      double least = loss(&p, best);
      for (int trial = 0; trial < 100; trial++) {
        perturb(&p, best, pow(10, -1 - trial % 4));
        double other = loss(&p, p.theta);
        cr_assert(other >= least - 1e-10 * (1 + fabs(least)), "%s, %zu: %.17g, and nearby %.17g",
                  emblas_covariance_string((enum emblas_covariance)v), seed, least, other);
      }
      end(&p);
    }
}

/* One component whose rows lie in a plane, after covariances that were far too large: a single M step finds
   theirs, and the floor across the plane. */
Test(estimate, comes_down_beside_the_floor) {
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    struct problem p;
    uint64_t seed = 0;
    do { /* until the sizes are these */
      begin(&p, (enum emblas_covariance)v, seed++);
      if (p.g.k == 1 && p.g.d == 3 && p.g.geometry != GEOMETRY_SPHERICAL) break;
      end(&p);
    } while (seed < 200);
    if (seed == 200) continue; /* spheres have no plane */
    int full = p.g.geometry == GEOMETRY_FULL;
    const double plane[] = {1, 0, 1, 0, 0, 0}, variances[] = {1, 1, 0};
    memcpy(p.scatter, full ? plane : variances, (full ? 6 : 3) * sizeof *plane);
    p.theta[0] = 1;
    for (size_t j = 0; j < 3; j++) gaussian_factor(&p.g, p.theta, 0)[full ? 4 * j : j] = 1e6;
    estimate(&p);
    for (size_t j = 0; j < 3; j++)
      cr_assert_float_eq(entry(&p.g, p.theta, 0, j, j), j < 2 ? 1 : sqrt(FLOOR), 1e-9, "%s",
                         emblas_covariance_string((enum emblas_covariance)v));
    end(&p);
  }
}

/* ------------------------------------------------------------------ what components share */

static void covariance_of(const struct problem *p, size_t c, double *out) {
  const struct gaussian *g = &p->g;
  for (size_t i = 0; i < g->d; i++)
    for (size_t j = 0; j < g->d; j++) {
      double sum = 0;
      for (size_t m = 0; m <= (i < j ? i : j); m++)
        sum += entry(g, p->theta, c, i, m) * entry(g, p->theta, c, j, m);
      out[i * g->d + j] = sum;
    }
}

static double log_volume(const struct problem *p, size_t c) {
  double sum = 0;
  for (size_t j = 0; j < p->g.d; j++) sum += 2 * log(entry(&p->g, p->theta, c, j, j)) / (double)p->g.d;
  return sum;
}

/* Power sums of the eigenvalues beside the volume tell the shape: tr (Sigma / volume)^m. */
static double power_sum(const struct problem *p, size_t c, int power) {
  size_t d = p->g.d;
  double a[MOST_D * MOST_D], product[MOST_D * MOST_D], next[MOST_D * MOST_D], trace = 0;
  covariance_of(p, c, a);
  for (size_t i = 0; i < d * d; i++) product[i] = a[i] /= exp(log_volume(p, c));
  for (int m = 1; m < power; m++) {
    for (size_t i = 0; i < d; i++)
      for (size_t j = 0; j < d; j++) {
        next[i * d + j] = 0;
        for (size_t l = 0; l < d; l++) next[i * d + j] += product[i * d + l] * a[l * d + j];
      }
    memcpy(product, next, sizeof product);
  }
  for (size_t i = 0; i < d; i++) trace += product[i * d + i];
  return trace;
}

/* Matrices of the same eigenvectors commute. */
static double commutator(const struct problem *p, size_t c) {
  size_t d = p->g.d;
  double a[MOST_D * MOST_D], b[MOST_D * MOST_D], most = 0, size = 0;
  covariance_of(p, 0, a);
  covariance_of(p, c, b);
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++) {
      double sum = 0, absolute = 0;
      for (size_t l = 0; l < d; l++) {
        sum += a[i * d + l] * b[l * d + j] - b[i * d + l] * a[l * d + j];
        absolute += fabs(a[i * d + l] * b[l * d + j]);
      }
      most = fmax(most, fabs(sum));
      size = fmax(size, absolute);
    }
  return most / size;
}

Test(estimate, shares_what_its_name_says) {
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++)
    for (size_t seed = 0; seed < 60; seed++) {
      struct problem p;
      begin(&p, (enum emblas_covariance)v, 2000 + seed);
      const char *name = emblas_covariance_mclust((enum emblas_covariance)v, p.g.d);
      draw_weights(&p, seed % 3 == 0);
      draw_factors(&p, .7);
      for (size_t c = 0; c < p.g.k; c++)
        draw_scatter(&p, seed % 2 ? 3 : 20, .7, p.scatter + c * (p.g.p - 1 - p.g.d));
      estimate(&p);
      for (size_t c = 0; c < p.g.k; c++) {
        double a[MOST_D * MOST_D];
        covariance_of(&p, c, a);
        if (name[0] == 'E')
          cr_assert_float_eq(log_volume(&p, c), log_volume(&p, 0), 1e-9, "%s %zu", name, seed);
        for (int m = 1; m <= 3; m++) {
          double own = power_sum(&p, c, m), first = power_sum(&p, 0, m);
          if (name[1] == 'E') cr_assert_float_eq(own, first, 1e-8 * first, "%s %zu", name, seed);
          if (name[1] == 'I') cr_assert_float_eq(own, (double)p.g.d, 1e-9, "%s %zu", name, seed);
        }
        if (name[2] == 'E')
          cr_assert(commutator(&p, c) < 1e-9, "%s %zu: %g", name, seed, commutator(&p, c));
        for (size_t i = 0; name[2] == 'I' && i < p.g.d; i++)
          for (size_t j = 0; j < i; j++) cr_assert_eq(a[i * p.g.d + j], 0);
      }
      end(&p);
    }
}
