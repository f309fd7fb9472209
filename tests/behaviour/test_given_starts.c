/* SPDX-License-Identifier: MIT */
/* Starts that the caller gives: responsibilities. */
#include "../support/dataset.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ responsibilities */

static struct emblas_options options_from_responsibilities(size_t k, enum emblas_covariance covariance,
                                                           const double *responsibilities, size_t maps) {
  struct emblas_options options = options_for(k, covariance);
  options.start = EMBLAS_START_RESPONSIBILITIES, options.responsibilities = responsibilities;
  options.tolerance = 0, options.max_iterations = maps, options.accelerate = EMBLAS_ACCELERATE_NONE;
  return options;
}

/* n x 3 positive numbers, of rows whose sums differ. */
static double *soft_shares(size_t n) {
  struct generator generator = {7};
  double *r = test_keep(n * 3, sizeof *r);
  for (size_t i = 0; i < n * 3; i++)
    r[i] = (1 + (double)(i / 3 % 5)) * (0.05 + generate_uniform(&generator));
  return r;
}

/* Responsibilities of 0 and 1 are labels: the same fit, bit for bit, weighted or not. */
Test(responsibilities, of_labels_are_labels) {
  enum { N = 1200, K = 3 };
  struct emblas_data data = view(generate_blobs(N, 2, 2, 4), N, 2);
  size_t *labels = generate_block_labels(N, K);
  double *r = test_keep(N * K, sizeof *r), *w = test_keep(N, sizeof *w);
  for (size_t i = 0; i < N; i++) r[i * K + labels[i]] = 1, w[i] = (double)(1 + i % 3);
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++)
    for (int weighted = 0; weighted < 2; weighted++) {
      data.weights = weighted ? w : NULL;
      struct emblas_options of_labels = options_from_labels(K, (enum emblas_covariance)v, labels, 3);
      struct emblas_options options = options_from_responsibilities(K, (enum emblas_covariance)v, r, 3);
      struct fit a = fit_or_fail(&data, &of_labels), b = fit_or_fail(&data, &options);
      cr_assert(same_model(a.model, b.model), "%s", emblas_covariance_string((enum emblas_covariance)v));
      cr_assert_eq(a.report.trace[0].loglik, b.report.trace[0].loglik);
      cr_assert_eq(b.report.start_count, 1);
      fit_free(&a);
      fit_free(&b);
    }
}

/* The M step from soft ones, by sums over the rows. Rows are divided by their sums: of different size here,
   and in one run near the ends of the range of doubles. */
Test(responsibilities, are_an_m_step) {
  enum { N = BASE_ROWS, D = 2, K = 3 };
  struct emblas_data data = view(generate_base(), N, D);
  double *r = soft_shares(N), n[K] = {0}, mean[K * D] = {0}, covariance[K * D * D] = {0}, weight[K];
  double *share = test_keep(N * K, sizeof *share);
  for (size_t i = 0; i < N; i++)
    for (size_t c = 0; c < K; c++) {
      share[i * K + c] = r[i * K + c] / (r[i * K] + r[i * K + 1] + r[i * K + 2]);
      n[c] += share[i * K + c];
    }
  for (size_t i = 0; i < N * K; i++)
    for (size_t j = 0; j < D; j++) mean[i % K * D + j] += share[i] * data.values[i / K * D + j] / n[i % K];
  for (size_t i = 0; i < N * K; i++)
    for (size_t j = 0; j < D * D; j++)
      covariance[i % K * D * D + j] +=
          share[i] * (data.values[i / K * D + j / D] - mean[i % K * D + j / D]) *
          (data.values[i / K * D + j % D] - mean[i % K * D + j % D]) / n[i % K];
  for (size_t c = 0; c < K; c++) weight[c] = n[c] / N;
  struct expected expected = {weight, mean, covariance, dataset_scale(data.values, N, D)};
  const double factors[] = {1, 0x1p1021, 0x1p-1060};
  for (size_t f = 0; f < 3; f++) {
    double *scaled = test_keep(N * K, sizeof *scaled);
    for (size_t i = 0; i < N * K; i++) scaled[i] = r[i] * factors[f];
    struct emblas_options options = options_from_responsibilities(K, EMBLAS_FULL, scaled, 0);
    struct fit fit = fit_or_fail(&data, &options);
    check_parameters("soft responsibilities", fit.model, &expected, f < 2 ? 1e-13 : 1e-3);
    fit_free(&fit);
  }
}

static void check_refused(const double *r, size_t row, size_t component) {
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_options options = options_from_responsibilities(3, EMBLAS_FULL, r, 5);
  struct emblas_model *model = NULL;
  struct emblas_report report;
  emblas_report_init(&report, sizeof report);
  emblas_status status = emblas_fit(&data, &options, &model, &report);
  cr_assert(status == EMBLAS_ERROR_RESPONSIBILITY, "%s", emblas_status_string(status));
  cr_assert_null(model);
  cr_assert(report.row == row && report.component == component, "row %zd component %zd",
            (ptrdiff_t)report.row, (ptrdiff_t)report.component);
  emblas_report_clear(&report);
}

Test(responsibilities, bad_ones) {
  const double bad[] = {-1e-300, NAN, INFINITY, -INFINITY};
  double *r = soft_shares(BASE_ROWS);
  for (size_t b = 0; b < 4; b++) {
    double kept = r[42 * 3 + 1];
    r[42 * 3 + 1] = bad[b];
    check_refused(r, 42, 1);
    r[42 * 3 + 1] = kept;
  }
  for (size_t c = 0; c < 3; c++) r[17 * 3 + c] = 0;
  check_refused(r, 17, EMBLAS_NOWHERE);
  r[17 * 3] = 1;
  for (size_t i = 0; i < BASE_ROWS; i++) r[i * 3 + 2] = 0;
  check_refused(r, EMBLAS_NOWHERE, 2);
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_options options = options_from_responsibilities(3, EMBLAS_FULL, NULL, 5);
  struct emblas_model *model = NULL;
  cr_assert_eq(emblas_fit(&data, &options, &model, NULL), EMBLAS_ERROR_ARGUMENT);
}
