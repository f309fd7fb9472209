/* SPDX-License-Identifier: MIT */
/* EM for models that are no Gaussian mixture, as a user of <emblas/em.h> writes them, with known answers.
 */
#include "../support/fit.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

static struct emblas_em_options em_options(size_t maps) {
  struct emblas_em_options options;
  emblas_em_options_init(&options, sizeof options);
  options.tolerance = 0, options.max_iterations = maps;
  return options;
}

static struct emblas_em_model em_model(size_t parameters, size_t weights,
                                       emblas_status (*map)(void *, const double *, double *,
                                                            struct emblas_em_value *),
                                       const void *context) {
  struct emblas_em_model model;
  emblas_em_model_init(&model, sizeof model);
  model.parameters = parameters, model.weights = weights, model.map = map;
  model.context = (void *)context;
  return model;
}

static struct emblas_em_result run(const struct emblas_em_model *model,
                                   const struct emblas_em_options *options, double *theta) {
  struct emblas_em_result result;
  emblas_em_result_init(&result, sizeof result);
  emblas_status status = emblas_em_run(model, options, theta, &result);
  cr_assert(status == EMBLAS_OK, "%s", emblas_status_string(status));
  return result;
}

static double entropy_term(double p) {
  return p > 0 ? -p * log(p) : 0;
}

/* Three coins (Li Hang): coin A (head with pi) chooses B (p) or C (q), whose side is seen. theta = pi, p,
 * q. */
static emblas_status three_coins(void *context, const double *theta, double *next,
                                 struct emblas_em_value *value) {
  const char *y = context;
  double pi = theta[0], p = theta[1], q = theta[2], mass = 0, heads = 0, all = 0, n = 0;
  *value = (struct emblas_em_value){0, 0, 0};
  for (; *y; y++, n++) {
    double b = pi * (*y == '1' ? p : 1 - p), c = (1 - pi) * (*y == '1' ? q : 1 - q), mu = b / (b + c);
    value->loglik += log(b + c);
    value->q += log(b + c) - entropy_term(mu) - entropy_term(1 - mu);
    value->magnitude += fabs(log(b + c));
    mass += mu, heads += *y == '1' ? mu : 0, all += *y == '1';
  }
  if (next) next[0] = mass / n, next[1] = heads / mass, next[2] = (all - heads) / (n - mass);
  return EMBLAS_OK;
}

Test(em, three_coins) {
  const double starts[3][3] = {{.5, .5, .5}, {.4, .6, .7}, {.46, .55, .67}};
  const double limits[3][3] = {{.5, .6, .6},
                               {.406417112299465, .536842105263158, .643243243243243},
                               {.461862835113919, .534595003785011, .656134641785732}};
  struct emblas_em_model model = em_model(3, 0, three_coins, "1101001011");
  for (size_t s = 0; s < 3; s++)
    for (size_t maps = 1; maps <= 20; maps += 19) { /* there after one map, and stays */
      double theta[3] = {starts[s][0], starts[s][1], starts[s][2]};
      struct emblas_em_options options = em_options(maps);
      struct emblas_em_result result = run(&model, &options, theta);
      for (size_t j = 0; j < 3; j++)
        check_near("three coins", theta[j], limits[s][j], 0.5e-15 + 4 * DBL_EPSILON);
      check_near("P(y=1)", theta[0] * theta[1] + (1 - theta[0]) * theta[2], .6, 4 * DBL_EPSILON);
      check_near("log-likelihood", result.point.loglik, -6.73011667009256, 0.5e-14 + 8 * DBL_EPSILON * 7);
      cr_assert_eq(result.maps, maps);
      cr_assert_eq(result.stop, EMBLAS_ITERATION_LIMIT);
    }
}

/* Two coins (Do and Batzoglou 2008): heads in five rows of ten tosses, each of a coin chosen by even odds.
 */
static emblas_status two_coins(void *context, const double *theta, double *next,
                               struct emblas_em_value *value) {
  const double *heads = context;
  double seen[2] = {0, 0}, tosses[2] = {0, 0};
  *value = (struct emblas_em_value){0, NAN, 0};
  for (size_t i = 0; i < 5; i++) {
    double likelihood[2];
    for (size_t c = 0; c < 2; c++)
      likelihood[c] = pow(theta[c], heads[i]) * pow(1 - theta[c], 10 - heads[i]) / 2;
    double sum = likelihood[0] + likelihood[1];
    value->loglik += log(sum);
    value->magnitude += fabs(log(sum));
    for (size_t c = 0; c < 2; c++) {
      seen[c] += likelihood[c] / sum * heads[i];
      tosses[c] += likelihood[c] / sum * 10;
    }
  }
  for (size_t c = 0; next && c < 2; c++) next[c] = seen[c] / tosses[c];
  return EMBLAS_OK;
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
    struct emblas_em_options options = em_options(expected[e].maps);
    run(&model, &options, theta);
    for (size_t j = 0; j < 2; j++)
      check_near("two coins", theta[j], expected[e].theta[j], expected[e].tolerance);
  }
}

/* Linkage (Dempster, Laird, Rubin 1977): cells (1/2 + t/4, (1-t)/4, (1-t)/4, t/4), the first split in two.
   The context is the part of the way to the maximum of Q that an M step goes: below 1 it is a generalised
   EM. */
static emblas_status linkage(void *context, const double *theta, double *next,
                             struct emblas_em_value *value) {
  double t = *theta, part = *(const double *)context, hidden = 125 * t / (2 + t);
  value->loglik = 125 * log(2 + t) + 38 * log(1 - t) + 34 * log(t);
  value->q = NAN;
  value->magnitude = fabs(value->loglik);
  if (next) *next = t + part * ((hidden + 34) / (hidden + 34 + 38) - t);
  return EMBLAS_OK;
}

Test(em, linkage) {
  const double expected[] = {.608247423, .624321050, .626488879, .626777322, .626815632};
  double part = 1;
  struct emblas_em_model model = em_model(1, 0, linkage, &part);
  for (size_t maps = 1; maps <= 5; maps++) {
    double theta = .5;
    struct emblas_em_options options = em_options(maps);
    run(&model, &options, &theta);
    check_near("linkage", theta, expected[maps - 1], 0.5e-9 + 4 * DBL_EPSILON);
  }
  double theta = .5;
  struct emblas_em_options options = em_options(100);
  run(&model, &options, &theta);
  check_near("linkage, limit", theta, .626821497870982, 0.5e-15 + 4 * DBL_EPSILON);
}

/* Half the way to the maximum of a concave Q raises it: monotone, slower, the same limit. */
Test(em, generalised) {
  double part = .5, theta = .5;
  struct emblas_em_model model = em_model(1, 0, linkage, &part);
  struct emblas_em_options options = em_options(300);
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

/* Two Poisson components (Hasselblad 1969): deaths of women over 80 in The Times. theta = p, 1-p, means. */
static emblas_status two_poisson(void *context, const double *theta, double *next,
                                 struct emblas_em_value *value) {
  const double *days = context;
  double mass[2] = {0, 0}, sum[2] = {0, 0}, n = 0;
  *value = (struct emblas_em_value){0, 0, 0};
  for (size_t y = 0; y < 10; y++) {
    double f[2];
    for (size_t c = 0; c < 2; c++)
      f[c] = theta[c] * exp((double)y * log(theta[2 + c]) - theta[2 + c] - lgamma((double)y + 1));
    double total = f[0] + f[1], log_total = log(total);
    value->loglik += days[y] * log_total;
    value->magnitude += days[y] * fabs(log_total);
    value->q += days[y] * (log_total - entropy_term(f[0] / total) - entropy_term(f[1] / total));
    for (size_t c = 0; c < 2; c++) {
      mass[c] += days[y] * f[c] / total;
      sum[c] += days[y] * f[c] / total * (double)y;
    }
    n += days[y];
  }
  for (size_t c = 0; next && c < 2; c++) next[c] = mass[c] / n, next[2 + c] = sum[c] / mass[c];
  return EMBLAS_OK;
}

static const double days[] = {162, 267, 271, 185, 111, 61, 27, 8, 3, 1};

/* EM gains a factor of about 0.996 an iteration here: 20,000 maps leave nothing but rounding, which the
   flat likelihood (curvature 1e-3 of the others' in one direction) carries into the tenth digit. */
Test(em, two_poisson) {
  double theta[] = {.5, .5, 1, 3};
  struct emblas_em_model model = em_model(4, 2, two_poisson, days);
  struct emblas_em_options options = em_options(20000);
  struct emblas_em_result result = run(&model, &options, theta);
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
    struct emblas_em_model model = em_model(4, 2, two_poisson, days);
    struct emblas_em_options options = em_options(10000);
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
  struct emblas_em_model model = em_model(4, 2, two_poisson, days);
  struct emblas_em_options options = em_options(10000);
  options.tolerance = 1e-5;
  struct emblas_em_result result = run(&model, &options, theta);
  cr_assert_eq(result.stop, EMBLAS_CONVERGED);
  double left = -1989.94585988296 - result.point.loglik;
  cr_assert(left > 0.5 * result.point.projected && left < 2 * result.point.projected,
            "left %g, projected %g", left, result.point.projected);
}
