/* SPDX-License-Identifier: MIT */
/* Observation weights: a row of weight w counts as w rows. */
#include "../support/dataset.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { N = 200, D = 2, K = 2, MAPS = 40 };

/* The order of summation is another, and after convergence errors are not magnified: a few hundred eps. */
static const double tolerance = 1e-12;

static struct expected parameters_of(const struct emblas_model *model) {
  static const double scale[] = {1, 1}; /* BASE has unit variances within its halves */
  return (struct expected){emblas_model_weights(model), emblas_model_means(model), model_covariances(model),
                           scale};
}

static void check_same(const char *what, const struct fit *a, const struct fit *b, double loglik_factor) {
  struct expected expected = parameters_of(a->model);
  check_parameters(what, b->model, &expected, tolerance);
  check_near(what, b->report.loglik, loglik_factor * a->report.loglik, tolerance * fabs(b->report.loglik));
}

/* Rows repeated 0..3 times, against the rows with those weights. */
Test(weights, integers_are_repetitions) {
  const double *x = generate_base();
  size_t *labels = generate_block_labels(N, K), *repeated_labels = test_keep(3 * N, sizeof(size_t)),
         rows = 0;
  double *weights = test_keep(N, sizeof(double)), *repeated = test_keep(3 * N * D, sizeof(double));
  for (size_t i = 0; i < N; i++) {
    weights[i] = (double)(i * 7 % 4);
    for (size_t r = 0; r < i * 7 % 4; r++, rows++) {
      memcpy(repeated + rows * D, x + i * D, D * sizeof *x);
      repeated_labels[rows] = labels[i];
    }
  }
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    struct emblas_data weighted = view(x, N, D), unweighted = view(repeated, rows, D);
    weighted.weights = weights;
    struct emblas_options options =
        options_from_labels(K, (enum emblas_covariance)v, repeated_labels, MAPS);
    struct fit a = fit_or_fail(&unweighted, &options);
    options.labels = labels;
    struct fit b = fit_or_fail(&weighted, &options);
    check_same("repeated rows", &a, &b, 1);
    check_near("total weight", b.report.total_weight, (double)rows, 0);
    check_near("total weight", a.report.total_weight, (double)rows, 0);
    check_near("BIC", b.report.bic, a.report.bic, 2 * tolerance * fabs(a.report.bic));
    fit_free(&a);
    fit_free(&b);
  }
}

/* Weights of 4 only change exponents, in their square roots too: bit for bit the parameters without
   weights, four times the log-likelihood. (Every row four times is not the same bits: s + x + x rounds once
   more than s + 2 x. It agrees to rounding.) */
Test(weights, fours) {
  const double *x = generate_base();
  double *fours = test_keep(N, sizeof *fours), *repeated = test_keep(4 * N * D, sizeof *repeated);
  size_t *labels = generate_block_labels(N, K), *repeated_labels = test_keep(4 * N, sizeof(size_t));
  for (size_t i = 0; i < 4 * N; i++) {
    fours[i / 4] = 4;
    memcpy(repeated + i * D, x + i / 4 * D, D * sizeof *x);
    repeated_labels[i] = labels[i / 4];
  }
  struct emblas_data plain = view(x, N, D), weighted = view(x, N, D), all = view(repeated, 4 * N, D);
  weighted.weights = fours;
  struct emblas_options options = options_from_labels(K, EMBLAS_FULL, labels, MAPS);
  struct fit a = fit_or_fail(&plain, &options), b = fit_or_fail(&weighted, &options);
  cr_assert(same_model(a.model, b.model));
  cr_assert_eq(b.report.loglik, 4 * a.report.loglik);
  options.labels = repeated_labels;
  struct fit c = fit_or_fail(&all, &options);
  check_same("rows four times", &b, &c, 1);
  fit_free(&a);
  fit_free(&b);
  fit_free(&c);
}

/* A row of weight 0 might as well not be there, wherever it lies, in every kind of start. */
Test(weights, zero_weight_has_no_influence) {
  const double *x = generate_base();
  double *more = test_keep(2 * N * D, sizeof *more), *weights = test_keep(2 * N, sizeof *weights);
  size_t *labels = generate_block_labels(N, K), *more_labels = test_keep(2 * N, sizeof(size_t));
  for (size_t i = 0; i < 2 * N; i++) {
    weights[i] = (double)(i % 2);
    more_labels[i] = i % 2 ? labels[i / 2] : 0;
    for (size_t j = 0; j < D; j++) more[i * D + j] = i % 2 ? x[i / 2 * D + j] : 1e3 * (double)(i + 1);
  }
  struct emblas_data plain = view(x, N, D), padded = view(more, 2 * N, D);
  padded.weights = weights;
  struct emblas_options options = options_from_labels(K, EMBLAS_FULL, labels, MAPS);
  struct fit a = fit_or_fail(&plain, &options);
  options.labels = more_labels;
  struct fit b = fit_or_fail(&padded, &options);
  check_same("labels", &a, &b, 1);
  fit_free(&b);

  for (int start = EMBLAS_START_KMEANSPP; start <= EMBLAS_START_RANDOM; start++) {
    options = options_for(K, EMBLAS_FULL);
    options.start = (enum emblas_start)start;
    b = fit_or_fail(&padded, &options);
    check_near("best of several starts", b.report.loglik, a.report.loglik, 1e-6);
    fit_free(&b);
  }
  fit_free(&a);
}

/* Only the ratios of weights count for the parameters, down to the smallest and up to large ones. */
Test(weights, unit_of_weights) {
  const double units[] = {1e-300, 1e-10, 1e6, 1e250};
  const double *x = generate_base();
  struct generator generator = {5};
  double *base = test_keep(N, sizeof *base), *weights = test_keep(N, sizeof *weights);
  for (size_t i = 0; i < N; i++) base[i] = 0.1 + generate_uniform(&generator);
  struct emblas_data data = view(x, N, D);
  struct emblas_options options = options_from_labels(K, EMBLAS_FULL, generate_block_labels(N, K), MAPS);
  data.weights = base;
  struct fit a = fit_or_fail(&data, &options);
  data.weights = weights;
  for (size_t u = 0; u < 4; u++) {
    for (size_t i = 0; i < N; i++) weights[i] = base[i] * units[u];
    struct fit b = fit_or_fail(&data, &options);
    check_same("unit of the weights", &a, &b, units[u]);
    fit_free(&b);
  }
  fit_free(&a);
}

/* One weight of 1e308 beside ones; a sum of weights beyond the range of double: an answer or an error, and
   with success nothing that is not finite (fit_or_fail). The total log-likelihood is a sum over weights,
   and may not be representable. */
Test(weights, near_the_end_of_the_range) {
  const double *x = generate_base();
  double *weights = test_keep(N, sizeof *weights);
  for (int all = 0; all < 2; all++) {
    for (size_t i = 0; i < N; i++) weights[i] = all || i == 17 ? 1e308 : 1;
    struct emblas_data data = view(x, N, D);
    data.weights = weights;
    struct emblas_options options = options_from_labels(K, EMBLAS_FULL, generate_block_labels(N, K), MAPS);
    struct fit fit = {0};
    emblas_report_init(&fit.report, sizeof fit.report);
    emblas_status status = emblas_fit(&data, &options, &fit.model, &fit.report);
    if (status == EMBLAS_OK) check_fit(&fit);
    cr_assert(status == EMBLAS_OK || status == EMBLAS_ERROR_WEIGHT || status == EMBLAS_ERROR_NUMERICAL,
              "%s", emblas_status_string(status));
    cr_assert_eq(status == EMBLAS_OK, fit.model != NULL);
    fit_free(&fit);
  }
}
