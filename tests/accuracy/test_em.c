/* SPDX-License-Identifier: MIT */
/* EM for models that are no Gaussian mixture, as a user of <emblas/em.h> writes them, with known answers.
 */
#include "em_models.h"

#include "../support/fit.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

Test(em, three_coins) {
  const double starts[3][3] = {{.5, .5, .5}, {.4, .6, .7}, {.46, .55, .67}};
  const double limits[3][3] = {{.5, .6, .6},
                               {.406417112299465, .536842105263158, .643243243243243},
                               {.461862835113919, .534595003785011, .656134641785732}};
  struct emblas_em_model model = em_model(3, 0, three_coins, "1101001011");
  for (size_t s = 0; s < 3; s++)
    for (size_t maps = 1; maps <= 20; maps += 19) { /* there after one map, and stays */
      double theta[3] = {starts[s][0], starts[s][1], starts[s][2]};
      struct emblas_em_options options = plain_options(maps);
      struct emblas_em_result result = em_run(&model, &options, theta);
      for (size_t j = 0; j < 3; j++)
        check_near("three coins", theta[j], limits[s][j], 0.5e-15 + 4 * DBL_EPSILON);
      check_near("P(y=1)", theta[0] * theta[1] + (1 - theta[0]) * theta[2], .6, 4 * DBL_EPSILON);
      check_near("log-likelihood", result.point.loglik, -6.73011667009256, 0.5e-14 + 8 * DBL_EPSILON * 7);
      cr_assert_eq(result.maps, maps);
      cr_assert_eq(result.stop, EMBLAS_ITERATION_LIMIT);
    }
}

Test(em, two_coins) {
  const double heads[] = {5, 9, 8, 4, 7};
  const struct {
    size_t maps;
    double theta[2], tolerance;
  } expected[] = {{1, {.713012235400516, .581339308313663}, 0.5e-15 + 4 * DBL_EPSILON},
                  {10, {.796744149475, .519658662204}, 0.5e-12 + 4 * DBL_EPSILON},
                  {500, {.796789066923, .519583120145}, 0.5e-12 + 4 * DBL_EPSILON}};
  struct emblas_em_model model = em_model(2, 0, two_coins, heads);
  for (size_t e = 0; e < 3; e++) {
    double theta[] = {.6, .5};
    struct emblas_em_options options = plain_options(expected[e].maps);
    em_run(&model, &options, theta);
    for (size_t j = 0; j < 2; j++)
      check_near("two coins", theta[j], expected[e].theta[j], expected[e].tolerance);
  }
}

Test(em, linkage) {
  const double expected[] = {.608247423, .624321050, .626488879, .626777322, .626815632};
  double part = 1;
  struct emblas_em_model model = em_model(1, 0, linkage, &part);
  for (size_t maps = 1; maps <= 5; maps++) {
    double theta = .5;
    struct emblas_em_options options = plain_options(maps);
    em_run(&model, &options, &theta);
    check_near("linkage", theta, expected[maps - 1], 0.5e-9 + 4 * DBL_EPSILON);
  }
  double theta = .5;
  struct emblas_em_options options = plain_options(100);
  em_run(&model, &options, &theta);
  check_near("linkage, limit", theta, .626821497870982, 0.5e-15 + 4 * DBL_EPSILON);
}

/* Half the way to the maximum of a concave Q raises it: monotone, slower, the same limit. */
Test(em, generalised) {
  double part = .5, theta = .5;
  struct emblas_em_model model = em_model(1, 0, linkage, &part);
  struct emblas_em_options options = plain_options(300);
  struct emblas_em *em;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  cr_assert_eq(emblas_em_create(&model, &options, &theta, &em), EMBLAS_OK);
  while (reason == EMBLAS_RUNNING) cr_assert_eq(emblas_em_step(em, &reason), EMBLAS_OK);
  size_t length;
  const struct emblas_em_point *trace = emblas_em_trace(em, &length);
  cr_assert_eq(length, 301);
  check_monotone(trace, length);
  check_near("linkage by half steps", *emblas_em_theta(em), .626821497870982, 0.5e-15 + 8 * DBL_EPSILON);
  emblas_em_free(em);
}

/* EM gains a factor of about 0.996 an iteration here: 20,000 maps leave nothing but rounding, which the
   flat likelihood (curvature 1e-3 of the others' in one direction) carries into the tenth digit. */
Test(em, two_poisson) {
  double theta[] = {.5, .5, 1, 3};
  struct emblas_em_model model = em_model(4, 2, two_poisson, two_poisson_days);
  struct emblas_em_options options = plain_options(20000);
  struct emblas_em_result result = em_run(&model, &options, theta);
  check_near("weight", theta[0], .359885396986, 1e-9);
  check_near("mean", theta[2], 1.256095101226, 1e-9);
  check_near("mean", theta[3], 2.663404356634, 1e-9);
  check_near("log-likelihood", result.point.loglik, -1989.94585988296, 0.5e-11 + 8 * DBL_EPSILON * 1990);
}

/* Whether a rule holds at point t of a trace, as <emblas/em.h> states it. */
static int rule_holds(enum emblas_stop_rule rule, double tolerance, const struct emblas_em_point *trace,
                      size_t t) {
  if (t == 0) return 0;
  switch (rule) {
  case EMBLAS_STOP_LOGLIK:
    return trace[t].projected < tolerance && trace[t - 1].projected < tolerance;
  case EMBLAS_STOP_Q:
    return fabs(trace[t].q - trace[t - 1].q) < tolerance;
  default:
    return trace[t].weight_change < tolerance;
  }
}

/* Each rule stops at the first iteration where it holds. */
Test(em, stop_rules) {
  const double tolerances[] = {1e-6, 1e-6, 1e-6};
  for (enum emblas_stop_rule rule = EMBLAS_STOP_LOGLIK; rule <= EMBLAS_STOP_WEIGHTS; rule++) {
    double theta[] = {.5, .5, 1, 3};
    struct emblas_em_model model = em_model(4, 2, two_poisson, two_poisson_days);
    struct emblas_em_options options = plain_options(10000);
    options.stop = rule, options.tolerance = tolerances[rule];
    struct emblas_em *em;
    enum emblas_stop_reason reason = EMBLAS_RUNNING;
    cr_assert_eq(emblas_em_create(&model, &options, theta, &em), EMBLAS_OK);
    while (reason == EMBLAS_RUNNING) cr_assert_eq(emblas_em_step(em, &reason), EMBLAS_OK);
    cr_assert_eq(reason, EMBLAS_CONVERGED);
    size_t length;
    const struct emblas_em_point *trace = emblas_em_trace(em, &length);
    cr_assert_gt(length, 10);
    for (size_t t = 0; t < length; t++)
      cr_assert_eq(rule_holds(rule, options.tolerance, trace, t), t == length - 1,
                   "rule %d, iteration %zu of %zu", (int)rule, t, length);
    check_monotone(trace, length);
    emblas_em_free(em);
  }
}

/* The projection is what it says: the log-likelihood still to gain, to the accuracy of Aitken's formula. */
Test(em, projected_gain_is_the_gain_left) {
  double theta[] = {.5, .5, 1, 3};
  struct emblas_em_model model = em_model(4, 2, two_poisson, two_poisson_days);
  struct emblas_em_options options = plain_options(10000);
  options.tolerance = 1e-5;
  struct emblas_em_result result = em_run(&model, &options, theta);
  cr_assert_eq(result.stop, EMBLAS_CONVERGED);
  double left = -1989.94585988296 - result.point.loglik;
  cr_assert(left > 0.5 * result.point.projected && left < 2 * result.point.projected,
            "left %g, projected %g", left, result.point.projected);
}
