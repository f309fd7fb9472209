/* SPDX-License-Identifier: MIT */
/* Starts that the caller gives: responsibilities, and models that may be of another kind. */
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

/* ------------------------------------------------------------------ models of another kind */

enum { CONVERTED_K = 3, CONVERTED_D = 3 };

/* A component's matrix that each covariance model would estimate from rows with the covariances `from`. */
static void nearest(enum emblas_covariance covariance, const double *weights, const double *from,
                    double *to) {
  enum { K = CONVERTED_K, D = CONVERTED_D };
  for (size_t c = 0; c < K; c++)
    for (size_t i = 0; i < D * D; i++) {
      double value = from[c * D * D + i], trace = 0;
      size_t row = i / D, column = i % D;
      if (covariance == EMBLAS_TIED) {
        value = 0;
        for (size_t b = 0; b < K; b++) value += weights[b] * from[b * D * D + i];
      }
      for (size_t j = 0; j < D; j++) trace += from[c * D * D + j * (D + 1)] / D;
      if (covariance == EMBLAS_DIAG && row != column) value = 0;
      if (covariance == EMBLAS_SPHERICAL) value = row == column ? trace : 0;
      to[c * D * D + i] = value;
    }
}

/* All pairs of covariance models: with no map, what is nearest, one matrix where there is but one; with
   maps, a log-likelihood that never falls; and the model itself where the kind is the same. */
Test(model_starts, of_every_kind) {
  enum { K = CONVERTED_K, D = CONVERTED_D, N = 300 };
  struct emblas_data data = view(generate_blobs(N, D, 2, 11), N, D);
  double *scale = dataset_scale(data.values, N, D), converted[K * D * D];
  for (int a = 0; a < EMBLAS_COVARIANCE_COUNT; a++) {
    struct emblas_options options =
        options_from_labels(K, (enum emblas_covariance)a, generate_block_labels(N, K), 4);
    struct fit fit = fit_or_fail(&data, &options);
    const double *weights = emblas_model_weights(fit.model), *covariances = model_covariances(fit.model);
    for (int b = 0; b < EMBLAS_COVARIANCE_COUNT; b++) {
      options = options_from_model(fit.model, 0);
      options.covariance = (enum emblas_covariance)b;
      struct fit start = fit_or_fail(&data, &options);
      if (b < TEST_MODELS) nearest(options.covariance, weights, covariances, converted);
      struct expected expected = {weights, emblas_model_means(fit.model), converted, scale};
      if (b < TEST_MODELS) check_parameters("converted", start.model, &expected, 1e-13);
      cr_assert_eq(emblas_model_covariance_model(start.model), options.covariance);
      const double *back = model_covariances(start.model);
      for (size_t c = 1; c < K && b == EMBLAS_TIED; c++)
        cr_assert(!memcmp(back, back + c * D * D, D * D * sizeof *back), "%d into tied: component %zu", a,
                  c);
      fit_free(&start);

      options.max_iterations = 100;
      for (int how = EMBLAS_ACCELERATE_AUTO; how <= EMBLAS_ACCELERATE_ANDERSON; how++) {
        options.accelerate = (enum emblas_acceleration)how;
        start = fit_or_fail(&data, &options); /* which checks that the trace does not fall */
        fit_free(&start);
      }
    }
    fit_free(&fit);
  }
}

/* In one dimension there are two kinds. */
Test(model_starts, of_one_dimension) {
  struct emblas_data data = view(generate_blobs(200, 1, 6, 15), 200, 1);
  const double weights[] = {.25, .75}, means[] = {0, 6}, variances[] = {4, 1};
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 2, 1, weights, means, variances);
  for (int b = 0; b < EMBLAS_COVARIANCE_COUNT; b++) {
    struct emblas_options options = options_from_model(model, 0);
    options.covariance = (enum emblas_covariance)b;
    struct fit fit = fit_or_fail(&data, &options);
    const double *back = model_covariances(fit.model);
    for (size_t c = 0; c < 2; c++)
      check_near("variance", back[c],
                 *emblas_covariance_mclust(options.covariance, 1) == 'E' ? 1.75 : variances[c],
                 8 * DBL_EPSILON);
    fit_free(&fit);
  }
  emblas_model_free(model);
}

/* ------------------------------------------------------------------ starts below the floor */

/* 30 values of which ten are 0, and a component of variance 1e-30 there. */
Test(model_starts, raised_to_the_floor) {
  double x[30] = {0};
  struct generator generator = {3};
  for (size_t i = 10; i < 30; i++) x[i] = 30 + generate_gaussian(&generator);
  struct emblas_data data = view(x, 30, 1);
  double pooled = dataset_covariance(x, 30, 1)[0];
  const double weights[] = {.5, .5}, means[] = {0, 30}, variances[] = {1e-30, 1};
  for (int v = 0; v < TEST_MODELS; v += EMBLAS_DIAG) {
    struct emblas_model *model = model_or_fail((enum emblas_covariance)v, 2, 1, weights, means, variances);
    struct emblas_options options = options_from_model(model, 0);
    struct fit fit = fit_or_fail(&data, &options);
    check_near("variance", model_covariances(fit.model)[0], options.floor * pooled,
               1e-10 * options.floor * pooled);
    cr_assert_eq(fit.report.component_flags[0], EMBLAS_COMPONENT_COLLAPSED);
    cr_assert_eq(fit.report.component_flags[1], 0);
    cr_assert_eq(fit.report.starts[0].flagged, 1);
    fit_free(&fit);
    options.max_iterations = 20;
    for (int how = EMBLAS_ACCELERATE_AUTO; how <= EMBLAS_ACCELERATE_ANDERSON; how++) {
      options.accelerate = (enum emblas_acceleration)how;
      fit = fit_or_fail(&data, &options); /* the trace does not fall */
      cr_assert_eq(fit.report.component_flags[0], EMBLAS_COMPONENT_COLLAPSED);
      fit_free(&fit);
    }
    emblas_model_free(model);
  }
}

/* Matrices with directions below the floor, from far below to just below it, along the axes and across;
   beside them one that is above it. Of several covariance models, with a column without spread beside them
   and without. */
Test(model_starts, matrices_raised_to_the_floor) {
  enum { N = 200 };
  const double small[] = {1e-300, 1e-30, 1e-13, 0.5e-12, 0.999e-12};
  const double weights[] = {.5, .5};
  for (size_t constant = 0; constant < 2; constant++) {
    size_t d = 2 + constant;
    double *x = test_keep(N * d, sizeof *x), *base = generate_base(), means[6] = {0}, matrices[18] = {0};
    for (size_t i = 0; i < N; i++) x[i * d] = base[i * 2], x[i * d + 1] = base[i * 2 + 1];
    for (size_t i = 0; i < N && constant; i++) x[i * d + 2] = 7;
    struct emblas_data data = view(x, N, d);
    const double *pooled = dataset_covariance(x, N, d);
    means[d] = means[d + 1] = 6;
    for (size_t c = 0; c < 2 && constant; c++) means[c * 3 + 2] = 7, matrices[c * 9 + 8] = 1e-3;
    for (size_t s = 0; s < sizeof small / sizeof *small; s++)
      for (int across = 0; across < 2; across++)
        for (int v = 0; v < TEST_MODELS; v++) {
          /* in units of the variance of all rows in that direction */
          double low = small[s] * (across ? (pooled[0] + pooled[d + 1]) / 2 - pooled[1] : pooled[d + 1]);
          if (v == EMBLAS_SPHERICAL) low = small[s] * (pooled[0] + pooled[d + 1]) / 2;
          double *m = matrices;
          m[0] = m[d + 1] = across ? 1 + low : low, m[1] = m[d] = across ? 1 : 0;
          if (!across && v != EMBLAS_SPHERICAL) m[0] = 1;
          m += d * d;
          m[0] = m[d + 1] = 1, m[1] = m[d] = v == EMBLAS_FULL ? 0.25 : 0;
          if (v == EMBLAS_TIED) memcpy(m, matrices, d * d * sizeof *m);
          struct emblas_parameters parameters;
          struct emblas_model *model = NULL;
          emblas_parameters_init(&parameters, sizeof parameters);
          parameters.covariance = (enum emblas_covariance)v, parameters.components = 2, parameters.dim = d;
          parameters.weights = weights, parameters.means = means, parameters.covariances = matrices;
          if (emblas_model_create(&parameters, &model, NULL) != EMBLAS_OK) continue; /* no such matrix */
          struct emblas_options options = options_from_model(model, 5);
          struct fit fit = fit_or_fail(&data, &options); /* the trace does not fall */
          options.max_iterations = 0;
          struct fit start = fit_or_fail(&data, &options);
          const unsigned *flags = start.report.component_flags; /* that it has no row left is another */
          cr_assert(flags[0] & EMBLAS_COMPONENT_COLLAPSED, "%zu columns: %g across %d, %s", d, small[s],
                    across, emblas_covariance_string((enum emblas_covariance)v));
          if (v != EMBLAS_TIED) cr_assert_eq(flags[1], 0);
          fit_free(&fit);
          fit_free(&start);
          emblas_model_free(model);
        }
  }
}

/* A column without spread has a nominal variance, which a start has from the first iteration on: from half
   of it, with all else at rest, the log-likelihood would fall. */
Test(model_starts, column_without_spread) {
  enum { N = 200, D = 3, K = 2 };
  double *x = test_keep(N * D, sizeof *x), *base = generate_base();
  for (size_t i = 0; i < N; i++) x[i * D] = base[i * 2], x[i * D + 1] = base[i * 2 + 1], x[i * D + 2] = 7;
  struct emblas_data data = view(x, N, D);
  for (int v = 0; v < EMBLAS_SPHERICAL; v++) {
    struct emblas_options options = options_for(K, (enum emblas_covariance)v);
    struct fit fit = fit_or_fail(&data, &options);
    double *covariances = model_covariances(fit.model);
    for (size_t c = 0; c < K; c++) covariances[c * 9 + 8] /= 2;
    struct emblas_model *start = model_or_fail(options.covariance, K, D, emblas_model_weights(fit.model),
                                               emblas_model_means(fit.model), covariances);
    options = options_from_model(start, 3);
    struct fit again = fit_or_fail(&data, &options);
    cr_assert_eq(again.report.component_flags[0], 0);
    fit_free(&fit);
    fit_free(&again);
    emblas_model_free(start);
  }
}

/* What has come to lie on the floor stays where it is: a refit begins with the same bits. */
Test(model_starts, on_the_floor) {
  enum { N = 60, D = 2 };
  double *x = generate_matrix(N, D, 5);
  for (size_t i = 0; i < N / 2; i++) x[i * D + 1] = 3 * x[i * D]; /* half of the rows on a line */
  struct emblas_data data = view(x, N, D);
  struct emblas_options options = options_from_labels(2, EMBLAS_FULL, generate_block_labels(N, 2), 50);
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(fit.report.component_flags[0], EMBLAS_COMPONENT_COLLAPSED);
  options = options_from_model(fit.model, 0);
  struct fit again = fit_or_fail(&data, &options);
  check_near("log-likelihood", again.report.loglik, fit.report.loglik, 1e-9 * fabs(fit.report.loglik));
  cr_assert_eq(again.report.component_flags[0], EMBLAS_COMPONENT_COLLAPSED);
  fit_free(&fit);
  fit_free(&again);
}

/* Far beyond the range of the rows there are no numbers left. */
Test(model_starts, beyond_the_range) {
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  const double weights[] = {.5, .5}, identities[] = {1, 0, 0, 1, 1, 0, 0, 1}, far[] = {0, 0, 1.7e308, 6};
  const double near[] = {0, 0, 6, 6}, wide[] = {1, 0, 0, 1, 1e302, 0, 0, 1e306};
  struct emblas_data small = data;
  double *x = test_keep(BASE_ROWS * 2, sizeof *x);
  for (size_t i = 0; i < BASE_ROWS * 2; i++) x[i] = data.values[i] * 1e-200;
  small.values = x;
  const struct {
    struct emblas_model *model;
    enum emblas_covariance covariance;
  } cases[] = {{model_or_fail(EMBLAS_FULL, 2, 2, weights, far, identities), EMBLAS_FULL},
               {model_or_fail(EMBLAS_FULL, 2, 2, weights, far, identities), EMBLAS_DIAG},
               {model_or_fail(EMBLAS_FULL, 2, 2, weights, near, wide), EMBLAS_TIED},
               {model_or_fail(EMBLAS_DIAG, 2, 2, weights, near, wide), EMBLAS_SPHERICAL}};
  for (size_t i = 0; i < 4; i++) {
    struct emblas_options options = options_from_model(cases[i].model, 5);
    struct emblas_model *model = NULL;
    struct emblas_report report;
    options.covariance = cases[i].covariance;
    emblas_report_init(&report, sizeof report);
    emblas_status status = emblas_fit(&small, &options, &model, &report);
    cr_assert(status == EMBLAS_ERROR_RANGE, "case %zu: %s", i, emblas_status_string(status));
    cr_assert_null(model);
    cr_assert_eq(report.component, i < 2 ? 1 : 0, "case %zu: component %zd", i,
                 (ptrdiff_t)report.component);
    emblas_report_clear(&report);
    emblas_model_free(cases[i].model);
  }
}

/* ------------------------------------------------------------------ equal components */

/* From a start with two equal components beside another: they stay equal, and both are flagged; the third
   is not. A component without weight counts for none. */
Test(model_starts, equal_components) {
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  const double means[] = {6, 6, 1, 0, 1, 0}, matrices[] = {1, 0, 0, 1, 2, 0, 0, 2, 2, 0, 0, 2};
  const double weights[] = {.5, .2, .3}, without[] = {.5, 0, .5};
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++)
    for (int how = EMBLAS_ACCELERATE_AUTO; how <= EMBLAS_ACCELERATE_ANDERSON; how++) {
      struct emblas_model *model = model_or_fail(EMBLAS_FULL, 3, 2, weights, means, matrices);
      struct emblas_options options = options_from_model(model, 200);
      options.covariance = (enum emblas_covariance)v, options.tolerance = 1e-7;
      options.accelerate = (enum emblas_acceleration)how;
      struct fit fit = fit_or_fail(&data, &options);
      const unsigned *flags = fit.report.component_flags;
      cr_assert(flags[0] == 0 && flags[1] == EMBLAS_COMPONENT_EQUAL && flags[2] == EMBLAS_COMPONENT_EQUAL,
                "%d, accelerated %d: %u %u %u", v, how, flags[0], flags[1], flags[2]);
      cr_assert_eq(fit.report.starts[0].flagged, 2);
      fit_free(&fit);
      emblas_model_free(model);
      model = model_or_fail(EMBLAS_FULL, 3, 2, without, means, matrices);
      options.model = model;
      fit = fit_or_fail(&data, &options);
      for (size_t c = 0; c < 3; c++) cr_assert_not(fit.report.component_flags[c] & EMBLAS_COMPONENT_EQUAL);
      fit_free(&fit);
      emblas_model_free(model);
    }
}

/* Uniform responsibilities are such a start, too. */
Test(responsibilities, uniform_ones_cannot_part) {
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  double *r = test_keep(BASE_ROWS * 2, sizeof *r);
  for (size_t i = 0; i < BASE_ROWS * 2; i++) r[i] = 1;
  struct emblas_options options = options_from_responsibilities(2, EMBLAS_FULL, r, 5);
  struct fit fit = fit_or_fail(&data, &options);
  for (size_t c = 0; c < 2; c++) cr_assert_eq(fit.report.component_flags[c], EMBLAS_COMPONENT_EQUAL);
  fit_free(&fit);
}
