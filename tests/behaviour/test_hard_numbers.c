/* SPDX-License-Identifier: MIT */
/* Numbers near the ends of the range of double, and weights of many magnitudes. fit_or_fail checks that
   everything is finite, factors positive, and that the log-likelihood never falls. */
#include "../support/dataset.h"
#include "../support/generate.h"
#include "every_way.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { N = 40, K = 3 };

/* Integers 0 to 3, in d columns. */
static double *draw_integers(size_t n, size_t d, uint64_t seed) {
  struct generator generator = {seed};
  double *x = test_keep(n * d, sizeof *x);
  for (size_t i = 0; i < n * d; i++) x[i] = floor(4 * generate_uniform(&generator));
  return x;
}

static void fit_all(const struct emblas_data *data, struct emblas_options options) {
  for (int v = 0; v < TEST_MODELS; v++)
    for (int plain = 0; plain < 2; plain++) {
      options.covariance = (enum emblas_covariance)v;
      options.accelerate = plain ? EMBLAS_ACCELERATE_NONE : EMBLAS_ACCELERATE_AUTO;
      struct fit fit = fit_or_fail(data, &options);
      fit_free(&fit);
    }
}

/* One weight that is up to 1e60 times all others: a pooled variance that is a part of 1e-60 of the squared
   range, and whitened rows 1e30 deviations away. */
Test(hard_numbers, one_heavy_weight) {
  const double heavy[] = {1e8, 1e18, 1.6e19, 1e40, 1e60};
  double *weights = test_keep(N, sizeof *weights);
  struct emblas_data data = view(draw_integers(N, 3, 18), N, 3);
  data.weights = weights;
  for (size_t h = 0; h < sizeof heavy / sizeof *heavy; h++)
    for (int kind = EMBLAS_START_KMEANSPP; kind <= EMBLAS_START_RANDOM; kind++) {
      for (size_t i = 0; i < N; i++) weights[i] = i == 7 ? heavy[h] : 1;
      struct emblas_options options = few_starts(K);
      options.start = (enum emblas_start)kind;
      fit_all(&data, options);
    }
}

Test(hard_numbers, weights_from_1e_300_to_1e18) {
  double *weights = test_keep(N, sizeof *weights);
  for (size_t i = 0; i < N; i++) weights[i] = pow(10, 18 - 318. * (double)i / (N - 1));
  struct emblas_data data = view(draw_integers(N, 3, 19), N, 3);
  data.weights = weights;
  fit_all(&data, few_starts(K));
}

/* Weights times a constant change no step, nor where the run stops: a tolerance in nats would stop 8 nats
   short with weights of 1e-8, in units of the weight. */
Test(hard_numbers, a_constant_times_all_weights) {
  const double units[] = {1e-8, 0x1p-40, 1e-200, 1e12};
  double *base = test_keep(BASE_ROWS, sizeof *base), *weights = test_keep(BASE_ROWS, sizeof *weights);
  struct generator generator = {20};
  for (size_t i = 0; i < BASE_ROWS; i++) base[i] = 0.25 + generate_uniform(&generator);
  struct emblas_data data = view(generate_blobs(BASE_ROWS, 2, 2, 20), BASE_ROWS, 2);
  struct emblas_options options = options_for(2, EMBLAS_FULL);
  options.starts = 1, options.accelerate = EMBLAS_ACCELERATE_NONE;
  data.weights = base;
  struct fit a = fit_or_fail(&data, &options);
  cr_assert_gt(a.report.iterations, 20, "%zu iterations test little", a.report.iterations);
  data.weights = weights;
  for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
    for (size_t i = 0; i < BASE_ROWS; i++) weights[i] = base[i] * units[u];
    struct fit b = fit_or_fail(&data, &options);
    cr_assert_eq(b.report.iterations, a.report.iterations, "weights times %g: %zu iterations, not %zu",
                 units[u], b.report.iterations, a.report.iterations);
    check_near("log-likelihood", b.report.loglik / units[u], a.report.loglik,
               1e-12 * fabs(a.report.loglik));
    if (u == 1) cr_assert(same_model(a.model, b.model), "a power of two");
    fit_free(&b);
  }
  fit_free(&a);
}

/* Nats of subnormal weights are too small for a tolerance that is stated in them: the run would never stop.
 */
Test(hard_numbers, subnormal_weights_converge) {
  double *weights = test_keep(BASE_ROWS, sizeof *weights);
  for (size_t i = 0; i < BASE_ROWS; i++) weights[i] = 1e-320;
  struct emblas_data data = view(generate_blobs(BASE_ROWS, 2, 2, 20), BASE_ROWS, 2);
  struct emblas_options options = options_for(2, EMBLAS_FULL);
  options.starts = 1;
  data.weights = weights;
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(fit.report.stop, EMBLAS_CONVERGED);
  cr_assert_lt(fit.report.iterations, 500);
  fit_free(&fit);
}

/* Values at the ends of the range: their sums, ranges and squares are beyond it. */
Test(hard_numbers, ends_of_the_range) {
  static const double x[] = {1.7e308, -1.7e308, 1.7e308, -1.7e308, 1.6e308, -1.6e308, DBL_MAX, -DBL_MAX};
  struct emblas_data line = view(x, 8, 1), plane = view(x, 4, 2);
  for (int kind = EMBLAS_START_KMEANSPP; kind <= EMBLAS_START_RANDOM; kind++) {
    struct emblas_options options = few_starts(2);
    options.start = (enum emblas_start)kind;
    fit_all(&line, options);
    fit_all(&plane, options);
  }
}

Test(hard_numbers, subnormal_values) {
  static const double x[] = {0, 0, 0, 5e-324, 5e-324, 5e-324, 1e-323, 1e-322, 2e-322, 0};
  struct emblas_data line = view(x, 10, 1), plane = view(x, 5, 2);
  fit_all(&line, few_starts(2));
  fit_all(&plane, few_starts(2));
}

/* A sphere has one unit for all columns: one beyond 1e300 of a column that is 1e10 throughout would make
   that column overflow. */
Test(hard_numbers, spheres_beside_a_constant_column) {
  double x[16];
  for (size_t i = 0; i < 8; i++) x[2 * i] = 1e10, x[2 * i + 1] = ((double)i + 1.5) * 1e-300;
  struct emblas_data data = view(x, 8, 2);
  struct emblas_options options = few_starts(2);
  options.covariance = EMBLAS_SPHERICAL;
  struct fit fit = fit_or_fail(&data, &options);
  for (size_t c = 0; c < 2; c++) cr_assert_eq(emblas_model_means(fit.model)[2 * c], 1e10);
  fit_free(&fit);
}

/* Rows without weight have none, wherever they are: 1e154 beside columns of 1e-58, squared, is infinite. */
Test(hard_numbers, rows_without_weight_far_off) {
  double x[2 * N], weights[N];
  for (size_t i = 0; i < N; i++) {
    weights[i] = i % 5 == 0 ? 0 : 1;
    x[2 * i] = weights[i] > 0 ? (double)(i % 7) * 1e-58 : 1e154;
    x[2 * i + 1] = (double)(i % 3);
  }
  struct emblas_data data = view(x, N, 2);
  data.weights = weights;
  for (int kind = EMBLAS_START_KMEANSPP; kind <= EMBLAS_START_RANDOM; kind++) {
    struct emblas_options options = few_starts(2);
    options.start = (enum emblas_start)kind;
    fit_all(&data, options);
  }
}

/* At least the floor, which is relative to each column's variance, or for spheres to their mean. */
static void check_variances(const struct fit *fit, const double *scale, double floor) {
  const double *covariance = model_covariances(fit->model);
  double mean = 0;
  for (size_t j = 0; j < 3; j++) mean += scale[j] * scale[j] / 3;
  for (size_t c = 0; c < 4; c++)
    for (size_t j = 0; j < 3; j++) {
      int spheres = emblas_model_covariance_model(fit->model) == EMBLAS_SPHERICAL;
      double least = floor * (spheres ? mean : scale[j] * scale[j]);
      cr_assert_geq(covariance[c * 9 + j * 4], least * (1 - 1e-12), "component %zu, column %zu", c, j);
    }
}

/* Random starts narrower than a large floor begin at it: the first M step cannot lower the log-likelihood.
 */
Test(hard_numbers, random_starts_below_a_large_floor) {
  const double floors[] = {0.9, 0.1, 1e-3};
  struct emblas_data data = view(generate_blobs(100, 3, 4, 21), 100, 3);
  for (size_t f = 0; f < 3; f++) {
    struct emblas_options options = few_starts(4);
    options.start = EMBLAS_START_RANDOM, options.floor = floors[f], options.starts = 1;
    for (options.seed = 1; options.seed <= 5; options.seed++)
      for (int v = 0; v < TEST_MODELS; v++) {
        options.covariance = (enum emblas_covariance)v, options.max_iterations = 0;
        struct fit start = fit_or_fail(&data, &options);
        check_variances(&start, dataset_scale(data.values, 100, 3), floors[f]);
        options.max_iterations = 20;
        struct fit fit = fit_or_fail(&data, &options);
        fit_free(&start);
        fit_free(&fit);
      }
  }
}

/* Random spheres are as wide as all columns are on average, not as the first: a first column without
   spread, or with one of 1e-8, would make every start one of spikes. */
Test(hard_numbers, random_spheres_look_at_all_columns) {
  double *x = generate_blobs(100, 3, 4, 22);
  for (size_t i = 0; i < 100; i++) x[3 * i] *= 1e-8;
  struct emblas_data data = view(x, 100, 3);
  struct emblas_options options = options_for(2, EMBLAS_SPHERICAL);
  struct emblas_fitter *fitter = NULL;
  options.start = EMBLAS_START_RANDOM, options.max_iterations = 0;
  cr_assert_eq(emblas_fitter_create(&data, &options, &fitter, NULL), EMBLAS_OK);
  for (size_t s = 0; s < 10; s++) {
    struct emblas_model *model = NULL;
    enum emblas_stop_reason reason;
    cr_assert_eq(emblas_fitter_start(fitter, s), EMBLAS_OK);
    cr_assert_eq(emblas_fitter_step(fitter, NULL, &reason), EMBLAS_OK);
    cr_assert_eq(emblas_fitter_finish(fitter, &model, NULL), EMBLAS_OK);
    for (size_t c = 0; c < 2; c++) cr_assert_gt(model_covariances(model)[9 * c], 1e-9, "start %zu", s);
    emblas_model_free(model);
  }
  emblas_fitter_free(fitter);
}

/* A floor relative to the pooled covariance in every direction, for one component as for two: the variance
   of the sum of two columns is a part of 1e-8 of theirs, and is no floor's. */
Test(hard_numbers, one_component_of_collinear_columns) {
  const double *g = generate_matrix(N, 2, 23);
  double *x = test_keep(2 * N, sizeof *x);
  for (size_t i = 0; i < N; i++) x[2 * i] = g[2 * i], x[2 * i + 1] = -g[2 * i] + 1e-9 * g[2 * i + 1];
  struct emblas_data data = view(x, N, 2);
  for (int v = EMBLAS_FULL; v <= EMBLAS_TIED; v++)
    for (size_t k = 1; k <= 2; k++) {
      struct emblas_options options =
          options_from_labels(k, (enum emblas_covariance)v, generate_block_labels(N, k), 5);
      struct fit fit = fit_or_fail(&data, &options);
      cr_assert_eq(count_flagged(&fit), 0, "%s, %zu", emblas_covariance_string(options.covariance), k);
      fit_free(&fit);
    }
}
