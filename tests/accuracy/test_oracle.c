/* SPDX-License-Identifier: MIT */
/* Generated problems against the test's own 113-bit EM, after the same number of maps from the same start:
   no convergence is needed, and none can hide an error. And densities against exact values. */
#include "../support/dataset.h"
#include "../support/fit.h"
#include "../support/generate.h"
#include "../support/quad_em.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

/* Overlapping blocks, the second of them narrower and correlated. */
static double *overlapping(size_t n, size_t d, size_t k, uint64_t seed) {
  double *x = generate_matrix(n, d, seed);
  for (size_t i = 0; i < n; i++) {
    size_t block = i * k / n;
    for (size_t j = 0; j < d; j++) x[i * d + j] += 2 * (double)block;
    if (block == 1 && d > 1) x[i * d + 1] = 0.3 * x[i * d + 1] + 0.6 * x[i * d];
  }
  return x;
}

static void check_problem(size_t n, size_t d, size_t k, enum emblas_covariance covariance,
                          const double *weights, const size_t maps) {
  struct emblas_data data = view(overlapping(n, d, k, 100 + d), n, d);
  data.weights = weights;
  const size_t *labels = generate_block_labels(n, k);
  struct emblas_options options = options_from_labels(k, covariance, labels, maps);
  struct fit fit = fit_or_fail(&data, &options);
  struct quad_mixture oracle = quad_start(&data, k, covariance, labels);
  quad_run(&oracle, maps);

  char what[96];
  snprintf(what, sizeof what, "n=%zu d=%zu k=%zu %s%s", n, d, k, emblas_covariance_string(covariance),
           weights ? ", weighted" : "");
  check_near(what, fit.report.loglik, (double)oracle.loglik, 1e-13 * fit.report.trace[maps].magnitude);
  struct expected expected = {quad_weights(&oracle), quad_means(&oracle), quad_covariances(&oracle),
                              quad_scale(&oracle)};
  check_parameters(what, fit.model, &expected, 1e-11);
  fit_free(&fit);
}

/* 2500 rows: three blocks of rows, the last one not full. */
Test(oracle, generated_problems) {
  SKIP_WITHOUT_REAL();
  test_backend();
  struct generator generator = {77};
  double *weights = test_keep(2500, sizeof *weights);
  for (size_t i = 0; i < 2500; i++) weights[i] = i % 9 ? 2 * generate_uniform(&generator) : 0;
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    enum emblas_covariance covariance = (enum emblas_covariance)v;
    check_problem(400, 1, 2, covariance, NULL, 20);
    check_problem(300, 3, 3, covariance, NULL, 20);
    check_problem(300, 6, 2, covariance, NULL, 10);
    check_problem(300, 3, 3, covariance, weights, 20);
    check_problem(2500, 2, 3, covariance, weights, 2);
  }
}

/* Every covariance model on real sets, from their labels. */
Test(oracle, real_data) {
  SKIP_WITHOUT_REAL();
  enum { K = 3, REAL_MAPS = 12 };
  const char *const sets[] = {"faithful", "iris"};
  for (size_t s = 0; s < 2; s++) {
    struct dataset x = dataset_read(sets[s]);
    struct emblas_data data = view(x.values, x.rows, x.columns);
    const size_t *labels = dataset_labels(sets[s], K);
    for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
      struct emblas_options options = options_from_labels(K, (enum emblas_covariance)v, labels, REAL_MAPS);
      struct fit fit = fit_or_fail(&data, &options);
      struct quad_mixture oracle = quad_start(&data, K, options.covariance, labels);
      quad_run(&oracle, REAL_MAPS);
      char what[96];
      snprintf(what, sizeof what, "%s, %s", sets[s], emblas_covariance_mclust(options.covariance, 2));
      check_near(what, fit.report.loglik, (double)oracle.loglik, 1e-12 * fabs((double)oracle.loglik));
      struct expected expected = {quad_weights(&oracle), quad_means(&oracle), quad_covariances(&oracle),
                                  dataset_scale(x.values, x.rows, x.columns)};
      check_parameters(what, fit.model, &expected, 1e-8);
      fit_free(&fit);
    }
  }
}

/* A component much narrower than the data, and far from the origin of the others. */
Test(oracle, narrow_component) {
  SKIP_WITHOUT_REAL();
  double *x = generate_matrix(600, 3, 91);
  for (size_t i = 300 * 3; i < 600 * 3; i++) x[i] = 40 + 1e-4 * x[i];
  struct emblas_data data = view(x, 600, 3);
  const size_t *labels = generate_block_labels(600, 2);
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    enum emblas_covariance covariance = (enum emblas_covariance)v;
    struct emblas_options options = options_from_labels(2, covariance, labels, 3);
    struct fit fit = fit_or_fail(&data, &options);
    struct quad_mixture oracle = quad_start(&data, 2, covariance, labels);
    quad_run(&oracle, 3);
    check_near("narrow", fit.report.loglik, (double)oracle.loglik, 1e-12 * fit.report.trace[3].magnitude);
    /* by its own scale, not the data's: entries of the narrow covariance are 1e-8 */
    const double *exact = quad_covariances(&oracle), *actual = model_covariances(fit.model);
    for (size_t c = 0; c < 2; c++)
      for (size_t i = 0; i < 9; i++)
        check_near("narrow covariance", actual[c * 9 + i], exact[c * 9 + i], 1e-8 * exact[c * 9]);
    fit_free(&fit);
  }
}

/* A covariance with condition number 1.017e9: 30 eps cond is what a Cholesky factor can promise. */
Test(density, ill_conditioned) {
  const double one = 1, zero[] = {0, 0, 0};
  const double covariance[] = {32.00000007, 35.99999993, 8.00000001, 35.99999993, 40.50000006,
                               8.99999998,  8.00000001,  8.99999998, 2.00000008};
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 1, 3, &one, zero, covariance);
  struct emblas_data data = view(zero, 1, 3);
  struct emblas_prediction prediction;
  double logpdf;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.logpdf = &logpdf;
  cr_assert_eq(emblas_predict(model, &data, predict_options(), &prediction, NULL), EMBLAS_OK);
  check_near("log N(0; 0, C)", logpdf, 11.18527088724915317658, 30 * DBL_EPSILON * 1.017e9);
  check_near("its sum", prediction.loglik, logpdf, 0);
  emblas_model_free(model);
}

/* Rows of a mixture far beyond the range of exp: log densities stay exact to a few ulp. */
Test(density, far_rows) {
  const double weights[] = {.25, .75}, means[] = {0, 1}, variances[] = {1, 4}, x[] = {0, 1e3, -1e5, 1e8};
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 2, 1, weights, means, variances);
  struct emblas_data data = view(x, 4, 1);
  struct emblas_prediction prediction;
  double logpdf[4];
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.logpdf = logpdf;
  cr_assert_eq(emblas_predict(model, &data, predict_options(), &prediction, NULL), EMBLAS_OK);
  for (size_t i = 0; i < 4; i++) {
    double log_2pi = 1.8378770664093454836, far = x[i] - 1;
    double a = log(.25) - log_2pi / 2 - x[i] * x[i] / 2,
           b = log(.75) - log_2pi / 2 - log(2) - far * far / 8;
    double exact = fmax(a, b) + log1p(exp(-fabs(a - b)));
    check_near("log density", logpdf[i], exact, 8 * DBL_EPSILON * fmax(1, fabs(exact)));
  }
  emblas_model_free(model);
}
