/* SPDX-License-Identifier: MIT */
/* In cells that are narrow enough the rule's sums are those of much narrower ones, whatever the mixture. */
#include "base/random.h"
#include "line/quadrature.h"
#include "families/gaussian/reach.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 24, TRIALS = 300, PARTS = 8 };

struct mixture {
  size_t k;
  double theta[3 * MOST]; /* weights, means, deviations */
  double low, high;
};

/* Close together or far apart; of one width, of similar ones, or up to a thousandfold different. */
static struct mixture draw_mixture(struct random *random) {
  static const double spreads[] = {3, 20, 200}, widths[] = {0, 0.3, 1.5};
  struct mixture m = {.k = 2 + (size_t)(emblas_random_uniform(random) * (MOST - 2))};
  double spread = spreads[(int)(3 * emblas_random_uniform(random))];
  double width = widths[(int)(3 * emblas_random_uniform(random))], sum = 0;
  m.low = INFINITY, m.high = -INFINITY;
  for (size_t c = 0; c < m.k; c++) {
    double *weight = &m.theta[c], *mean = &m.theta[m.k + c], *deviation = &m.theta[2 * m.k + c];
    *weight = 1e-6 + pow(log(emblas_random_uniform(random) + 0x1p-54), 2);
    *mean = spread * emblas_random_uniform(random);
    *deviation = exp(width * emblas_random_normal(random));
    sum += *weight;
    m.low = fmin(m.low, *mean - 6 * *deviation);
    m.high = fmax(m.high, *mean + 6 * *deviation);
  }
  for (size_t c = 0; c < m.k; c++) m.theta[c] /= sum;
  return m;
}

/* What EM adds up over rows. */
struct sums {
  double share[MOST], offset[MOST], square[MOST], loglik, magnitude;
};

static void add_row(const struct mixture *m, double x, double weight, struct sums *sums) {
  double logit[MOST], most = -INFINITY, sum = 0;
  for (size_t c = 0; c < m->k; c++) {
    double z = (x - m->theta[m->k + c]) / m->theta[2 * m->k + c];
    logit[c] = log(m->theta[c] / m->theta[2 * m->k + c]) - z * z / 2;
    most = fmax(most, logit[c]);
  }
  for (size_t c = 0; c < m->k; c++) sum += exp(logit[c] - most);
  for (size_t c = 0; c < m->k; c++) {
    double z = (x - m->theta[m->k + c]) / m->theta[2 * m->k + c];
    double share = weight * exp(logit[c] - most) / sum;
    sums->share[c] += share;
    sums->offset[c] += share * z;
    sums->square[c] += share * z * z;
  }
  sums->loglik += weight * (most + log(sum));
  sums->magnitude += weight * fabs(most + log(sum));
}

/* Rows are uniform on the line: [low, high] by the rule of its parts. */
static void add_cell(const struct quadrature *quadrature, const struct mixture *m, double low, double high,
                     int parts, struct sums *sums) {
  double moments[QUADRATURE_MOMENTS], nodes[QUADRATURE_NODES], weights[QUADRATURE_NODES];
  for (int j = 0; j < QUADRATURE_MOMENTS; j++) moments[j] = j % 2 ? 0 : 1 / (1 - (double)j * j);
  cr_assert(emblas_quadrature_rule(quadrature, moments, -1, 1, nodes, weights));
  double half = (high - low) / 2 / parts;
  for (int part = 0; part < parts; part++)
    for (int i = 0; i < QUADRATURE_NODES; i++)
      add_row(m, low + half * (2 * part + 1 + nodes[i]), 2 * half * weights[i], sums);
}

/* The widest cell from `low` on, to a tenth. */
static double widest(struct reach *reach, double low, double guess, double high) {
  double width = fmin(guess, high - low);
  while (emblas_reach_strain(reach, low, low + width) > 1) width /= 2;
  while (low + width < high && emblas_reach_strain(reach, low, low + 1.1 * width) <= 1) width *= 1.1;
  return fmin(width, high - low);
}

/* A responsibility is told by the rule to 2e-15 of the larger of it and the mixing weight; and a logit of
   -1000, rounded by 1e-13, makes that of its exponential, relative. */
static void check_sums(const struct mixture *m, const struct sums *rule, const struct sums *fine,
                       int trial) {
  for (size_t c = 0; c < m->k; c++) {
    double mass = fine->share[c] + m->theta[c] * (m->high - m->low);
    double bound = 1e-12 * (mass + fine->square[c]);
    cr_assert(fabs(rule->share[c] - fine->share[c]) <= 1e-12 * mass, "trial %d: share of %zu off by %g",
              trial, c, (rule->share[c] - fine->share[c]) / mass);
    cr_assert(fabs(rule->offset[c] - fine->offset[c]) <= bound, "trial %d: mean of %zu", trial, c);
    cr_assert(fabs(rule->square[c] - fine->square[c]) <= bound, "trial %d: variance of %zu", trial, c);
  }
  cr_assert(fabs(rule->loglik - fine->loglik) <= 1e-14 * fine->magnitude, "trial %d: log-likelihood",
            trial);
}

/* The line cut into the widest cells there may be; returns how many they are. */
static int check_rules(const struct quadrature *quadrature, const struct mixture *m, int trial) {
  struct arena arena;
  struct reach reach;
  struct sums rule = {0}, fine = {0};
  int cells = 0;
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  emblas_reach_allocate(&reach, &arena, m->k);
  emblas_reach_prepare(&reach, m->theta);
  double width = m->high - m->low;
  for (double low = m->low; m->high - low > 1e-9 * (m->high - m->low); low += width, cells++) {
    width = widest(&reach, low, width, m->high);
    add_cell(quadrature, m, low, low + width, 1, &rule);
    add_cell(quadrature, m, low, low + width, PARTS, &fine);
  }
  check_sums(m, &rule, &fine, trial);
  emblas_arena_free(&arena);
  return cells;
}

Test(reach, rules_are_exact_in_cells) {
  struct quadrature quadrature;
  struct random random;
  emblas_quadrature_init(&quadrature);
  emblas_random_seed(&random, 11, 0);
  for (int trial = 0; trial < TRIALS; trial++) {
    struct mixture m = draw_mixture(&random);
    check_rules(&quadrature, &m, trial);
  }
}

/* A component of next to no weight with its mean beside the rows: it bends no logit of the mixture, but its
   own sums grow a thousandfold within a deviation. */
Test(reach, a_rare_component_beside_the_rows) {
  struct quadrature quadrature;
  struct mixture m = {.k = 2, .theta = {1, 1e-30, 0, 6, 1, 1}, .low = -4, .high = 4};
  emblas_quadrature_init(&quadrature);
  int cells = check_rules(&quadrature, &m, 0);
  cr_assert(cells <= 8, "%d cells", cells);
}

/* One component alone: as many deviations as roundings allow. Two that overlap: cells of the order of their
   deviations, not much narrower. */
Test(reach, cells_are_no_narrower_than_need_be) {
  double theta[] = {0.5, 0.5, 0, 1, 1, 1}, alone[] = {1, 0, 1};
  struct arena arena;
  struct reach one, two;
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  emblas_reach_allocate(&one, &arena, 1);
  emblas_reach_allocate(&two, &arena, 2);
  emblas_reach_prepare(&one, alone);
  emblas_reach_prepare(&two, theta);
  cr_assert(emblas_reach_strain(&one, -8, 8) <= 1);
  cr_assert(emblas_reach_strain(&one, -50, 50) > 1);
  cr_assert(emblas_reach_strain(&two, -0.3, 1.3) <= 1);
  cr_assert(emblas_reach_strain(&two, -5, 6) > 1);
  emblas_arena_free(&arena);
}

/* Parameters so far off the rows that no logit is a number: no cell is narrow enough. */
Test(reach, no_cells_where_logits_are_no_numbers) {
  double theta[] = {0.5, 0.5, 1e200, -1e200, 1e160, 1e170};
  struct arena arena;
  struct reach reach;
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  emblas_reach_allocate(&reach, &arena, 2);
  emblas_reach_prepare(&reach, theta);
  cr_assert(emblas_reach_strain(&reach, 0, 1e-6) > 1);
  emblas_arena_free(&arena);
}
