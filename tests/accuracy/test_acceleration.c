/* SPDX-License-Identifier: MIT */
/* Accelerated EM ends where plain EM does, sooner; it never falls, and keeps to its limits. */
#include "em_models.h"

#include "../support/allocator.h"
#include "../support/dataset.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { METHODS = EMBLAS_ACCELERATE_ANDERSON + 1 };

static struct emblas_em_model poisson(void) {
  struct emblas_em_model model = em_model(4, 2, two_poisson, two_poisson_days);
  model.free = 3, model.to_free = poisson_to_free, model.from_free = poisson_from_free;
  return model;
}

static const double poisson_start[4] = {.5, .5, 1, 3};
/* The published optimum, to the digits that are published. */
static const double poisson_loglik = -1989.94585988296;

/* || M(theta) - theta || by the parameters p and means. */
static double residual(const struct emblas_em_model *model, const double *theta) {
  double next[4], sum = 0;
  struct emblas_em_value value;
  model->map(model->context, theta, next, &value);
  for (size_t i = 1; i < 4; i++) sum += (next[i] - theta[i]) * (next[i] - theta[i]);
  return sqrt(sum);
}

/* The literature counts maps until one of them changes the parameters by less than 1e-8: plain EM 2643,
   SQUAREM 66, DAAREM 43. A change of 1e-8 is 1e-8/(1 - .996) from the optimum at worst. */
Test(acceleration, hasselblad) {
  struct emblas_em_model model = poisson();
  struct emblas_em_options options = accelerated_options(EMBLAS_ACCELERATE_AUTO);
  struct emblas_em *em;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  options.tolerance = 0, options.max_iterations = 1000;
  cr_assert_eq(emblas_em_create(&model, &options, poisson_start, &em), EMBLAS_OK);
  do cr_assert_eq(emblas_em_step(em, &reason), EMBLAS_OK);
  while (reason == EMBLAS_RUNNING && residual(&model, emblas_em_theta(em)) >= 1e-8);
  cr_assert_leq(emblas_em_maps(em), 45);
  const double *theta = emblas_em_theta(em);
  check_near("weight", theta[0], .359885396986, 1e-8 / (1 - .996));
  check_near("mean", theta[2], 1.256095101226, 1e-8 / (1 - .996));
  check_near("mean", theta[3], 2.663404356634, 1e-8 / (1 - .996));
  emblas_em_free(em);
}

/* By its own rule every method stops within the tolerance of the optimum, after fewer maps than plain EM.
 */
Test(acceleration, stops_at_the_optimum) {
  struct emblas_em_model model = poisson();
  size_t plain = 0;
  for (int method = METHODS - 1; method >= 0; method--) {
    struct emblas_em_options options = accelerated_options((enum emblas_acceleration)method);
    double theta[4];
    memcpy(theta, poisson_start, sizeof theta);
    struct emblas_em_result result = em_run(&model, &options, theta);
    cr_assert_eq(result.stop, EMBLAS_CONVERGED, "method %d", method);
    check_near("log-likelihood", result.point.loglik, poisson_loglik, 2e-7);
    if (method == EMBLAS_ACCELERATE_NONE) plain = result.maps;
  }
  struct emblas_em_options options = accelerated_options(EMBLAS_ACCELERATE_AUTO);
  double theta[4];
  memcpy(theta, poisson_start, sizeof theta);
  cr_assert_lt(em_run(&model, &options, theta).maps * 20, plain);
}

/* So many iterations first are those of plain EM, to the bit, and what follows is accelerated. */
Test(acceleration, plain_first) {
  enum { FIRST = 6 };
  struct emblas_em_model model = poisson();
  struct emblas_em_options options = accelerated_options(EMBLAS_ACCELERATE_NONE);
  struct emblas_em *plain, *later;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  size_t length;
  cr_assert_eq(emblas_em_create(&model, &options, poisson_start, &plain), EMBLAS_OK);
  options.accelerate = EMBLAS_ACCELERATE_AUTO, options.plain = FIRST;
  cr_assert_eq(emblas_em_create(&model, &options, poisson_start, &later), EMBLAS_OK);
  for (int i = 0; i <= FIRST; i++) {
    cr_assert_eq(emblas_em_step(plain, &reason), EMBLAS_OK);
    cr_assert_eq(emblas_em_step(later, &reason), EMBLAS_OK);
    cr_assert_arr_eq(emblas_em_theta(plain), emblas_em_theta(later), 4 * sizeof(double), "%d", i);
    cr_assert_eq(emblas_em_maps(plain), emblas_em_maps(later));
  }
  while (reason == EMBLAS_RUNNING) cr_assert_eq(emblas_em_step(later, &reason), EMBLAS_OK);
  const struct emblas_em_point *trace = emblas_em_trace(later, &length);
  check_near("log-likelihood", trace[length - 1].loglik, poisson_loglik, 2e-7);
  cr_assert_lt(emblas_em_maps(later), 100); /* plain EM: thousands */
  emblas_em_free(plain);
  emblas_em_free(later);
}

Test(acceleration, linkage) {
  double part = 1;
  struct emblas_em_model model = em_model(1, 0, linkage, &part);
  model.free = 1, model.to_free = linkage_to_free, model.from_free = linkage_from_free;
  for (int method = 0; method < METHODS; method++) {
    double theta = .5;
    struct emblas_em_options options = accelerated_options((enum emblas_acceleration)method);
    options.tolerance = 0, options.max_iterations = 60;
    em_run(&model, &options, &theta);
    check_near("linkage", theta, .626821497870982, 0.5e-15 + 8 * DBL_EPSILON);
  }
}

Test(acceleration, two_coins) {
  const double heads[] = {5, 9, 8, 4, 7};
  struct emblas_em_model model = em_model(2, 0, two_coins, heads);
  model.free = 2, model.to_free = coins_to_free, model.from_free = coins_from_free;
  for (int method = 0; method < METHODS; method++) {
    double theta[] = {.6, .5};
    struct emblas_em_options options = accelerated_options((enum emblas_acceleration)method);
    options.tolerance = 0, options.max_iterations = 200;
    em_run(&model, &options, theta);
    check_near("first coin", theta[0], .796789066923, 0.5e-12 + 1e-13);
    check_near("second coin", theta[1], .519583120145, 0.5e-12 + 1e-13);
  }
}

/* Two normals whose variances the model fixes: theta = weights, means, variances, the last by their
   logarithms. */
static emblas_status fixed_variances(void *context, const double *theta, double *next,
                                     struct emblas_em_value *value) {
  const double *x = context;
  double mass[2] = {0, 0}, sum[2] = {0, 0};
  *value = (struct emblas_em_value){0, NAN, 0};
  if (!(theta[0] > 0 && theta[1] > 0)) return EMBLAS_ERROR_MIXING_WEIGHTS;
  for (size_t i = 0; i < 200; i++) {
    double p[2];
    for (size_t c = 0; c < 2; c++)
      p[c] = theta[c] * exp(-pow(x[i] - theta[2 + c], 2) / (2 * theta[4 + c])) / sqrt(theta[4 + c]);
    for (size_t c = 0; c < 2; c++) mass[c] += p[c] / (p[0] + p[1]), sum[c] += x[i] * p[c] / (p[0] + p[1]);
    value->loglik += log(p[0] + p[1]);
    value->magnitude += fabs(log(p[0] + p[1]));
  }
  for (size_t c = 0; next && c < 2; c++)
    next[c] = mass[c] / 200, next[2 + c] = sum[c] / mass[c], next[4 + c] = theta[4 + c];
  return EMBLAS_OK;
}

static void variances_to_free(void *context, const double *theta, double *free) {
  (void)context;
  for (size_t i = 0; i < 6; i++) free[i] = i == 2 || i == 3 ? theta[i] : log(theta[i]);
}

static int variances_from_free(void *context, const double *free, double *theta) {
  (void)context;
  for (size_t i = 0; i < 6; i++) theta[i] = i == 2 || i == 3 ? free[i] : exp(free[i]);
  double sum = theta[0] + theta[1];
  theta[0] /= sum, theta[1] /= sum;
  return 0;
}

/* What the map never changes is no parameter: it stays, to the bit, through coordinates that would round
   it, and through the push that leaves saddle points, next to which this one starts. */
Test(acceleration, constants_stay) {
  double *x = generate_matrix(200, 1, 3);
  for (size_t i = 0; i < 200; i++) x[i] += i % 2 ? 2 : 0;
  struct emblas_em_model model = em_model(6, 2, fixed_variances, x);
  for (int method = 0; method < METHODS; method++)
    for (int coordinates = 0; coordinates < 2; coordinates++) {
      double theta[] = {.5, .5, .9999999, 1, 1.3, .7};
      model.free = coordinates ? 6 : 0;
      model.to_free = coordinates ? variances_to_free : NULL;
      model.from_free = coordinates ? variances_from_free : NULL;
      struct emblas_em_options options = accelerated_options((enum emblas_acceleration)method);
      em_run(&model, &options, theta);
      cr_assert_eq(theta[4], 1.3, "method %d: %.17g", method, theta[4]);
      cr_assert_eq(theta[5], .7, "method %d: %.17g", method, theta[5]);
    }
}

/* ------------------------------------------------------------------ limits */

/* A map that counts, and fails in a way of its own where theta was not made by a map before. */
struct watched {
  size_t maps, e_steps, candidates, failed;
  int fail; /* 0: never; 1: a status; 2: NaN; 3: infinity */
  double expected[4];
};

static emblas_status watch(void *context, const double *theta, double *next,
                           struct emblas_em_value *value) {
  struct watched *w = context;
  int plain = w->maps == 0 || memcmp(theta, w->expected, sizeof w->expected) == 0;
  w->candidates += !plain;
  emblas_status status = two_poisson((void *)two_poisson_days, theta, next, value);
  w->maps += next != NULL, w->e_steps += next == NULL;
  if (plain || !w->fail) {
    if (next) memcpy(w->expected, next, sizeof w->expected);
    return status;
  }
  w->failed++;
  if (w->fail == 1) return EMBLAS_ERROR_NOT_POSITIVE_DEFINITE;
  value->loglik = w->fail == 2 ? NAN : INFINITY;
  return EMBLAS_OK;
}

/* At most so many maps, candidates that were rejected among them; then one E step at the last parameters.
 */
Test(acceleration, exact_number_of_maps) {
  for (int method = 0; method < METHODS; method++)
    for (size_t limit = 0; limit <= 30; limit++) {
      struct watched w = {0};
      struct emblas_em_model model = poisson();
      model.map = watch, model.context = &w;
      struct emblas_em_options options = accelerated_options((enum emblas_acceleration)method);
      options.tolerance = 0, options.max_iterations = limit;
      double theta[4];
      memcpy(theta, poisson_start, sizeof theta);
      struct emblas_em_result result = em_run(&model, &options, theta);
      cr_assert_eq(result.maps, limit, "method %d: %zu maps of %zu", method, result.maps, limit);
      cr_assert_eq(w.maps, limit);
      cr_assert_eq(w.e_steps, 1);
      cr_assert_eq(result.stop, EMBLAS_ITERATION_LIMIT);
      cr_assert_leq(result.point.iteration, limit);
      struct emblas_em_value value;
      two_poisson((void *)two_poisson_days, theta, NULL, &value);
      cr_assert_eq(value.loglik, result.point.loglik, "theta is not that of the last point");
    }
}

/* Where every candidate fails, what is left is plain EM, bit for bit; and no error. */
Test(acceleration, failing_candidates) {
  double plain[4];
  struct emblas_em_model bare = poisson();
  for (int method = 0; method < METHODS; method++)
    for (int fail = 1; fail <= 3; fail++) {
      if (method == EMBLAS_ACCELERATE_NONE) continue;
      struct watched w = {.fail = fail};
      struct emblas_em_model model = poisson();
      model.map = watch, model.context = &w;
      struct emblas_em_options options = accelerated_options((enum emblas_acceleration)method);
      options.tolerance = 0, options.max_iterations = 60;
      double theta[4];
      memcpy(theta, poisson_start, sizeof theta);
      struct emblas_em_result result = em_run(&model, &options, theta);
      cr_assert_gt(w.failed, 0, "method %d proposed nothing", method);
      cr_assert_eq(result.maps, 60);
      struct emblas_em_options fewer = plain_options(60 - w.failed);
      memcpy(plain, poisson_start, sizeof plain);
      em_run(&bare, &fewer, plain);
      cr_assert_arr_eq(theta, plain, sizeof plain, "method %d", method);
    }
}

static int refuse(void *context, const double *free, double *theta) {
  (void)context, (void)free, (void)theta;
  return 1;
}

/* Coordinates that stand for nothing are not tried, and cost no map. */
Test(acceleration, refused_coordinates) {
  struct emblas_em_model model = poisson(), bare = poisson();
  model.from_free = refuse;
  for (int method = 0; method < METHODS; method++) {
    struct emblas_em_options options = accelerated_options((enum emblas_acceleration)method),
                             plain = plain_options(40);
    options.tolerance = 0, options.max_iterations = 40;
    double theta[4], expected[4];
    memcpy(theta, poisson_start, sizeof theta);
    memcpy(expected, poisson_start, sizeof expected);
    em_run(&model, &options, theta);
    em_run(&bare, &plain, expected);
    cr_assert_arr_eq(theta, expected, sizeof theta, "method %d", method);
  }
}

/* Memory is taken when the run is made; then only the trace grows. */
Test(acceleration, steps_do_not_allocate) {
  for (int method = 0; method < METHODS; method++) {
    struct counting_allocator counter = {0};
    struct emblas_em_model model = poisson();
    struct emblas_em_options options = accelerated_options((enum emblas_acceleration)method);
    struct emblas_em *em;
    enum emblas_stop_reason reason = EMBLAS_RUNNING;
    options.allocator = counting_hooks(&counter), options.tolerance = 0, options.max_iterations = 500;
    cr_assert_eq(emblas_em_create(&model, &options, poisson_start, &em), EMBLAS_OK);
    size_t length = 0, created = counter.calls, live = counter.live;
    while (reason == EMBLAS_RUNNING) {
      size_t before = counter.calls;
      const struct emblas_em_point *trace = length ? emblas_em_trace(em, &length) : NULL;
      cr_assert_eq(emblas_em_step(em, &reason), EMBLAS_OK);
      int grown = emblas_em_trace(em, &length) != trace;
      cr_assert_eq(counter.calls - before, (size_t)grown, "step %zu of method %d", length, method);
    }
    cr_assert_leq(counter.calls - created, 8); /* it grows by half */
    cr_assert_eq(counter.live, live + 1);
    emblas_em_free(em);
    cr_assert_eq(counter.live, 0);
  }
}

/* ------------------------------------------------------------------ mixtures */

/* Whole traces never fall (fit_or_fail checks). The default ends where plain EM does; others may climb
   another hill, but to its top. */
Test(acceleration, gaussian_mixtures) {
  static const struct {
    const char *name;
    size_t k;
  } sets[] = {{"faithful", 3}, {"iris", 3}, {"acidity", 3}, {"galaxies", 4}};
  for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
    struct dataset x = dataset_read(sets[s].name);
    struct emblas_data data = view(x.values, x.rows, x.columns);
    for (int v = 0; v < (x.columns > 1 ? TEST_MODELS : EMBLAS_TIED + 1); v++) {
      struct emblas_options options = options_from_labels(sets[s].k, (enum emblas_covariance)v,
                                                          dataset_labels(sets[s].name, sets[s].k), 10000);
      options.tolerance = 1e-10;
      struct fit plain = fit_or_fail(&data, &options);
      options.tolerance = 1e-7;
      for (int method = 0; method < METHODS; method++) {
        options.accelerate = (enum emblas_acceleration)method;
        struct fit fit = fit_or_fail(&data, &options);
        char what[80];
        snprintf(what, sizeof what, "%s, %zu, %s, method %d", sets[s].name, sets[s].k,
                 emblas_covariance_string(options.covariance), method);
        if (method == EMBLAS_ACCELERATE_AUTO) {
          check_near(what, fit.report.loglik, plain.report.loglik, 1e-6);
          cr_assert_lt(fit.report.maps, plain.report.maps);
        }
        struct emblas_options on = options_from_model(fit.model, 10000);
        on.tolerance = 1e-10;
        struct fit further = fit_or_fail(&data, &on);
        check_near(what, fit.report.loglik, further.report.loglik, 1e-6);
        fit_free(&further);
        fit_free(&fit);
      }
      fit_free(&plain);
    }
  }
}

/* Eight components that overlap have many optima, and between them saddle points that EM passes slowly. The
   default leaves them on plain EM's side, to the same optimum with its components in the same order. */
Test(acceleration, ends_where_plain_em_ends) {
  enum { ROWS = 400, COMPONENTS = 8 };
  double *x = generate_matrix(ROWS, 2, 11);
  for (size_t i = 0; i < ROWS; i++) x[2 * i] += 2 * (double)(i % 4), x[2 * i + 1] += i % 8 < 4 ? 0 : 2.5;
  struct emblas_data data = view(x, ROWS, 2);
  for (uint64_t seed = 1; seed <= (test_small() ? 2u : 10u); seed++) {
    struct emblas_options options;
    emblas_options_init(&options, sizeof options);
    options.components = COMPONENTS, options.covariance = EMBLAS_SPHERICAL, options.seed = seed;
    options.starts = 1, options.threads = 1, options.max_iterations = 20000;
    options.accelerate = EMBLAS_ACCELERATE_NONE;
    struct fit plain = fit_or_fail(&data, &options);
    options.accelerate = EMBLAS_ACCELERATE_AUTO;
    struct fit fit = fit_or_fail(&data, &options);
    cr_assert_lt(fit.report.maps, plain.report.maps);
    check_near("log-likelihood", fit.report.loglik, plain.report.loglik, 1e-5);
    for (size_t c = 0; c < COMPONENTS; c++) /* in the same order */
      check_near("mean", emblas_model_means(fit.model)[2 * c], emblas_model_means(plain.model)[2 * c],
                 0.02);
    fit_free(&plain);
    fit_free(&fit);
  }
}

/* Two components 1.5 deviations apart: plain EM gains a factor of 0.999 or worse a map. Whoever stops by
   the size of the last steps stops on the plain. */
Test(acceleration, no_false_stop_where_em_is_slow) {
  enum { ROWS = 500 };
  double weights[] = {.5, .5}, means[] = {-.5, 2}, variances[] = {1.5, 1.5};
  struct emblas_model *start = model_or_fail(EMBLAS_FULL, 2, 1, weights, means, variances);
  for (uint64_t seed = 1; seed <= (test_small() ? 2u : 6u); seed++) {
    double *x = generate_matrix(ROWS, 1, seed);
    for (size_t i = 0; i < ROWS; i++) x[i] += i % 2 ? 1.5 : 0;
    struct emblas_data data = view(x, ROWS, 1);
    struct emblas_options options = options_from_model(start, 200000);
    options.tolerance = 1e-7;
    for (int method = 0; method < METHODS; method++) {
      if (method == EMBLAS_ACCELERATE_NONE) continue;
      options.accelerate = (enum emblas_acceleration)method;
      struct fit fit = fit_or_fail(&data, &options);
      struct emblas_options on = options_from_model(fit.model, 3000);
      on.accelerate = EMBLAS_ACCELERATE_AUTO;
      struct fit further = fit_or_fail(&data, &on);
      cr_assert_lt(further.report.loglik - fit.report.loglik, 1e-6, "seed %zu, method %d: %g left",
                   (size_t)seed, method, further.report.loglik - fit.report.loglik);
      fit_free(&fit);
      fit_free(&further);
    }
  }
  emblas_model_free(start);
}

/* Two components that start as good as equal are next to a saddle point, where nothing is gained but the
   difference grows: the method that is the default leaves it. */
Test(acceleration, leaves_a_saddle_point) {
  enum { ROWS = 1000 };
  double *x = generate_matrix(ROWS, 1, 7);
  size_t *labels = generate_block_labels(ROWS, 2);
  for (size_t i = 0; i < ROWS; i++) x[i] += i % 2 ? 1.5 : 0;
  struct emblas_data data = view(x, ROWS, 1);
  struct emblas_options options = options_from_labels(2, EMBLAS_FULL, labels, 10000);
  options.tolerance = 1e-7, options.accelerate = EMBLAS_ACCELERATE_AUTO;
  struct fit fit = fit_or_fail(&data, &options);
  check_near("the optimum", fit.report.loglik, -1655.840507597, 1e-6);
  fit_free(&fit);
}

/* Two rows of three points, and starts that keep their symmetry but for rounding: -28.46021 is a saddle
   point, where plain EM gains less than 1e-10 a map for some hundred maps, and then leaves for the
   collapsed ends at -2.2 and 52.7. */
Test(acceleration, leaves_a_symmetric_saddle_point) {
  const double x[] = {1, 2, 1, 4, 1, 0, 10, 2, 10, 4, 10, 0};
  struct emblas_data data = view(x, 6, 2);
  for (uint64_t seed = 1; seed <= 24; seed++) {
    struct emblas_options options;
    emblas_options_init(&options, sizeof options);
    options.components = 2, options.starts = 1, options.seed = seed;
    struct fit fit = fit_or_fail(&data, &options);
    cr_assert_gt(fit.report.loglik, -3, "seed %zu: %g", (size_t)seed, fit.report.loglik);
    fit_free(&fit);
  }
}

/* A component of weight 0 stays there, and the others are fitted as if it were not. */
Test(acceleration, empty_component) {
  struct dataset x = dataset_column("faithful", 1);
  struct emblas_data data = view(x.values, x.rows, 1);
  double weights[] = {.5, 0, .5}, means[] = {55, 70, 80}, variances[] = {25, 25, 25};
  struct emblas_model *start = model_or_fail(EMBLAS_FULL, 3, 1, weights, means, variances);
  struct emblas_options options = options_from_model(start, 1000);
  options.tolerance = 1e-7, options.accelerate = EMBLAS_ACCELERATE_AUTO;
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(emblas_model_weights(fit.model)[1], 0);
  cr_assert_eq(emblas_model_means(fit.model)[1], 70);
  check_near("waiting, 2", fit.report.loglik, -1034.001749832112, 1e-6);
  fit_free(&fit);
  emblas_model_free(start);
}

/* Rules that compare one plain step with the next are run with plain steps, unless another method is asked
   for. */
Test(acceleration, classic_rules_mean_plain_em) {
  struct dataset x = dataset_read("faithful");
  struct emblas_data data = view(x.values, x.rows, x.columns);
  for (int rule = EMBLAS_STOP_Q; rule <= EMBLAS_STOP_WEIGHTS; rule++) {
    struct emblas_options options =
        options_from_labels(3, EMBLAS_FULL, dataset_labels("faithful", 3), 10000);
    options.stop = (enum emblas_stop_rule)rule, options.tolerance = 1e-5;
    struct fit plain = fit_or_fail(&data, &options);
    options.accelerate = EMBLAS_ACCELERATE_AUTO;
    struct fit fit = fit_or_fail(&data, &options);
    cr_assert(same_model(fit.model, plain.model));
    cr_assert_eq(fit.report.maps, plain.report.maps);
    fit_free(&fit);
    fit_free(&plain);
  }
}
