/* SPDX-License-Identifier: MIT */
/* What is refused, with which status, at which place; and outputs that stay as they were. */
#define _GNU_SOURCE
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { N = BASE_ROWS, D = BASE_COLUMNS, K = 2 };

/* Fits, expects this status and place; the model pointer must not be touched. */
static void check_refused(const char *what, const struct emblas_data *data,
                          const struct emblas_options *options, emblas_status expected, size_t row,
                          size_t column, size_t component) {
  struct emblas_model *const untouched = (struct emblas_model *)(uintptr_t)0x1234, *model = untouched;
  struct emblas_report report;
  emblas_report_init(&report, sizeof report);
  emblas_status status = emblas_fit(data, options, &model, &report);
  cr_assert(status == expected, "%s: %s, expected: %s", what, emblas_status_string(status),
            emblas_status_string(expected));
  cr_assert_eq(model, untouched, "%s: the model was touched", what);
  cr_assert(report.row == row && report.column == column && report.component == component,
            "%s: at row %zd column %zd component %zd", what, (ptrdiff_t)report.row,
            (ptrdiff_t)report.column, (ptrdiff_t)report.component);
  emblas_report_clear(&report);
  model = untouched;
  cr_assert_eq(emblas_fit(data, options, &model, NULL), expected, "%s: without a report", what);
  cr_assert_eq(model, untouched);
}

/* The report names the argument, or the field of one. */
static void check_argument(const char *name, const struct emblas_data *data,
                           const struct emblas_options *options) {
  struct emblas_model *model = NULL;
  struct emblas_report report;
  check_refused(name, data, options, EMBLAS_ERROR_ARGUMENT, EMBLAS_NOWHERE, EMBLAS_NOWHERE, EMBLAS_NOWHERE);
  emblas_report_init(&report, sizeof report);
  emblas_fit(data, options, &model, &report);
  cr_assert(report.argument != NULL, "%s: the report names no argument", name);
  cr_assert_str_eq(report.argument, name);
  emblas_report_clear(&report);
  cr_assert_null(report.argument);
}

/* The first bad value in the order of rows, then of columns; data of several blocks. */
Test(errors, not_finite) {
  const double bad[] = {NAN, INFINITY, -INFINITY, -NAN};
  const size_t places[][2] = {{17, 1}, {0, 0}, {2999, 2}, {1024, 0}};
  double *x = generate_matrix(3000, 3, 3);
  struct emblas_data data = view(x, 3000, 3);
  struct emblas_options options = options_for(K, EMBLAS_FULL);
  for (size_t b = 0; b < 4; b++)
    for (size_t p = 0; p < 4; p++) {
      double *value = x + places[p][0] * 3 + places[p][1], kept = *value;
      *value = bad[b];
      check_refused("a value", &data, &options, EMBLAS_ERROR_NOT_FINITE, places[p][0], places[p][1],
                    EMBLAS_NOWHERE);
      *value = kept;
    }
  x[20 * 3 + 1] = NAN, x[20 * 3 + 2] = INFINITY, x[21 * 3] = NAN;
  check_refused("several", &data, &options, EMBLAS_ERROR_NOT_FINITE, 20, 1, EMBLAS_NOWHERE);
  for (size_t i = 0; i < 3000; i++) x[i * 3 + 1] = NAN;
  check_refused("a whole column", &data, &options, EMBLAS_ERROR_NOT_FINITE, 0, 1, EMBLAS_NOWHERE);
}

/* Every kind of NaN, signalling ones too, in a program that traps invalid operations: at the first row, in
   the last row of the last block, in rows that a second thread would walk over. */
static void trap_invalid_operations(void) {
#ifdef __GLIBC__
  feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
#endif
}

Test(errors, not_finite_with_traps) {
  enum { ROWS = 20000 };
  const uint64_t bad[] = {UINT64_C(0x7ff8000000000000), UINT64_C(0xfff8dead0000beef), /* quiet */
                          UINT64_C(0x7ff0000000000001), UINT64_C(0xfff4000000000000), /* signalling */
                          UINT64_C(0x7ff0000000000000), UINT64_C(0xfff0000000000000)};
  const size_t places[][2] = {{0, 0}, {ROWS - 1, 2}, {ROWS / 2 + 1, 1}};
  const size_t none = EMBLAS_NOWHERE;
  double *x = generate_matrix(ROWS, 3, 34), *weights = test_keep(ROWS, sizeof *weights);
  for (size_t i = 0; i < ROWS; i++) weights[i] = 1;
  trap_invalid_operations();
  for (size_t b = 0; b < sizeof bad / sizeof *bad; b++)
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
      size_t row = places[p][0], column = places[p][1];
      double *value = x + row * 3 + column;
      uint64_t kept;
      struct emblas_data data = view(x, ROWS, 3);
      struct emblas_options options = options_for(K, EMBLAS_FULL);
      options.threads = 2;
      memcpy(&kept, value, sizeof kept);
      memcpy(value, &bad[b], sizeof *value);
      check_refused("a value", &data, &options, EMBLAS_ERROR_NOT_FINITE, row, column, none);
      data.weights = weights;
      check_refused("a weighted value", &data, &options, EMBLAS_ERROR_NOT_FINITE, row, column, none);
      memcpy(value, &kept, sizeof kept);
      memcpy(weights + row, &bad[b], sizeof *weights);
      check_refused("a weight", &data, &options, EMBLAS_ERROR_WEIGHT, row, none, none);
      weights[row] = 1;
    }
}

Test(errors, observation_weights) {
  const double bad[] = {-1, NAN, INFINITY, -INFINITY, -DBL_TRUE_MIN};
  double *weights = test_keep(N, sizeof *weights);
  struct emblas_data data = view(generate_base(), N, D);
  struct emblas_options options = options_for(K, EMBLAS_FULL);
  data.weights = weights;
  check_refused("all 0", &data, &options, EMBLAS_ERROR_WEIGHT, EMBLAS_NOWHERE, EMBLAS_NOWHERE,
                EMBLAS_NOWHERE);
  for (size_t i = 0; i < N; i++) weights[i] = 1;
  for (size_t b = 0; b < 5; b++) {
    weights[42] = bad[b];
    check_refused("a bad weight", &data, &options, EMBLAS_ERROR_WEIGHT, 42, EMBLAS_NOWHERE, EMBLAS_NOWHERE);
  }
}

Test(errors, labels) {
  size_t *labels = generate_block_labels(N, 3);
  struct emblas_data data = view(generate_base(), N, D);
  struct emblas_options options = options_from_labels(3, EMBLAS_FULL, labels, 5);
  labels[33] = 3;
  check_refused("label 3 of 0..2", &data, &options, EMBLAS_ERROR_LABEL, 33, EMBLAS_NOWHERE, EMBLAS_NOWHERE);
  labels[33] = SIZE_MAX;
  check_refused("label -1", &data, &options, EMBLAS_ERROR_LABEL, 33, EMBLAS_NOWHERE, EMBLAS_NOWHERE);
  for (size_t i = 0; i < N; i++) labels[i] = i % 2 * 2;
  check_refused("unused label", &data, &options, EMBLAS_ERROR_LABEL, EMBLAS_NOWHERE, EMBLAS_NOWHERE, 1);
  options.labels = NULL;
  check_argument("options.labels", &data, &options);
}

Test(errors, too_few_rows) {
  struct emblas_data data = view(generate_matrix(3, 2, 8), 3, 2);
  double *weights = test_keep(N, sizeof *weights);
  weights[3] = weights[5] = 1;
  const size_t none = EMBLAS_NOWHERE;
  const size_t counts[] = {4, 5, 1000000};
  for (size_t i = 0; i < 3; i++) {
    struct emblas_options options = options_for(counts[i], EMBLAS_FULL);
    check_refused("more components than rows", &data, &options, EMBLAS_ERROR_TOO_FEW_ROWS, none, none,
                  none);
  }
  /* So many that even their number is no good: one of the two, never an attempt. */
  const size_t absurd[] = {(size_t)1 << 31, SIZE_MAX / 2, SIZE_MAX};
  for (size_t i = 0; i < 3; i++) {
    struct emblas_options options = options_for(absurd[i], EMBLAS_FULL);
    struct emblas_model *model = NULL;
    emblas_status status = emblas_fit(&data, &options, &model, NULL);
    cr_assert(status == EMBLAS_ERROR_TOO_FEW_ROWS || status == EMBLAS_ERROR_SIZE, "%zu components: %s",
              absurd[i], emblas_status_string(status));
  }
  struct emblas_options options = options_for(3, EMBLAS_FULL);
  data = view(generate_base(), N, D);
  data.weights = weights;
  check_refused("than rows that count", &data, &options, EMBLAS_ERROR_TOO_FEW_ROWS, none, none, none);
}

Test(errors, data_arguments) {
  struct emblas_options options = options_for(K, EMBLAS_FULL);
  const struct emblas_data good = view(generate_base(), N, D);
  struct emblas_data data = good;
  data.values = NULL;
  check_argument("data.values", &data, &options);
  data = good, data.rows = 0;
  check_argument("data.rows", &data, &options);
  data = good, data.columns = 0;
  check_argument("data.columns", &data, &options);
  data = good, data.stride = 1;
  check_argument("data.stride", &data, &options);
  data = good, data.size = 0;
  check_argument("data.size", &data, &options);
  check_argument("data", NULL, &options);
  struct emblas_report report;
  emblas_report_init(&report, sizeof report);
  cr_assert_eq(emblas_fit(&good, &options, NULL, NULL), EMBLAS_ERROR_ARGUMENT);
  cr_assert_eq(emblas_fit(&good, &options, NULL, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "model");
  cr_assert_eq(emblas_fitter_create(&good, &options, NULL, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "fitter");
}

Test(errors, option_ranges) {
  const struct emblas_data data = view(generate_base(), N, D);
  const struct emblas_options good = options_for(K, EMBLAS_FULL);
  const double bad_tolerances[] = {-1e-300, -1, NAN, INFINITY}, bad_floors[] = {0, -1, 1, 2, NAN, INFINITY};
  struct emblas_options options = good;
  options.components = 0;
  check_argument("options.components", &data, &options);
  options = good, options.starts = 0;
  check_argument("options.starts", &data, &options);
  options = good, options.size = 0;
  check_argument("options.size", &data, &options);
  options = good, options.covariance = (enum emblas_covariance)EMBLAS_COVARIANCE_COUNT;
  check_argument("options.covariance", &data, &options);
  options = good, options.start = (enum emblas_start)17;
  check_argument("options.start", &data, &options);
  options = good, options.stop = (enum emblas_stop_rule)17;
  check_argument("options.stop", &data, &options);
  options = good, options.accelerate = (enum emblas_acceleration)17;
  check_argument("options.accelerate", &data, &options);
  options = good, options.compress = (enum emblas_compression)17;
  check_argument("options.compress", &data, &options);
  options = good, options.start = EMBLAS_START_RESPONSIBILITIES;
  check_argument("options.responsibilities", &data, &options);
  options = good, options.start = EMBLAS_START_MODEL;
  check_argument("options.model", &data, &options);
  options = good, options.allocator.allocate = (void *(*)(void *, size_t))(uintptr_t)1;
  check_argument("options.allocator", &data, &options);
  for (size_t i = 0; i < 4; i++) {
    options = good, options.tolerance = bad_tolerances[i];
    check_argument("options.tolerance", &data, &options);
  }
  for (size_t i = 0; i < 6; i++) {
    options = good, options.floor = bad_floors[i];
    check_argument("options.floor", &data, &options);
  }
}

static void *no_memory(void *context, size_t bytes) {
  (void)context, (void)bytes;
  return NULL;
}

static emblas_status no_map(void *context, const double *theta, double *next,
                            struct emblas_em_value *value) {
  (void)context, (void)theta, (void)next, (void)value;
  return EMBLAS_ERROR_NUMERICAL;
}

/* What is taken could not be given back: refused before anything is. */
Test(errors, half_an_allocator) {
  const double one = 1, zero = 0;
  double theta = 0;
  struct emblas_data data = view(&zero, 1, 1);
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 1, 1, &one, &zero, &one), *none = NULL;
  struct emblas_parameters parameters;
  struct emblas_predict_options options = *predict_options();
  struct emblas_prediction prediction;
  struct emblas_em_model map;
  struct emblas_em_options em;
  emblas_parameters_init(&parameters, sizeof parameters);
  emblas_prediction_init(&prediction, sizeof prediction);
  emblas_em_model_init(&map, sizeof map);
  emblas_em_options_init(&em, sizeof em);
  parameters.components = parameters.dim = 1;
  parameters.weights = parameters.covariances = &one, parameters.means = &zero;
  map.parameters = 1, map.map = no_map;
  parameters.allocator.allocate = options.allocator.allocate = em.allocator.allocate = no_memory;
  cr_expect_eq(emblas_model_create(&parameters, &none, NULL), EMBLAS_ERROR_ARGUMENT);
  cr_expect_eq(emblas_predict(model, &data, &options, &prediction, NULL), EMBLAS_ERROR_ARGUMENT);
  cr_expect_eq(emblas_em_run(&map, &em, &theta, NULL), EMBLAS_ERROR_ARGUMENT);
  emblas_model_free(model);
}

Test(errors, defaults_without_options) {
  const struct emblas_data data = view(generate_base(), N, D);
  struct fit fit = fit_or_fail(&data, NULL);
  cr_assert_eq(emblas_model_components(fit.model), 1);
  cr_assert_eq(emblas_model_covariance_model(fit.model), EMBLAS_FULL);
  cr_assert_str_eq(fit.report.backend, emblas_backend_auto(1, 3)->name);
  fit_free(&fit);
}

/* A model of another dimension, or of another number of components. */
Test(errors, model_to_start_from) {
  const double weights[] = {.5, .5}, means[] = {0, 1, 2, 3, 4, 5},
               unit[18] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  const struct emblas_data data = view(generate_base(), N, D);
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 2, 3, weights, means, unit);
  struct emblas_options options = options_from_model(model, 5);
  const size_t none = EMBLAS_NOWHERE;
  check_refused("3 columns, not 2", &data, &options, EMBLAS_ERROR_DIMENSION, none, none, none);
  struct emblas_data three = view(generate_matrix(50, 3, 1), 50, 3);
  options.components = 3;
  check_refused("2 components, not 3", &three, &options, EMBLAS_ERROR_COMPONENTS, none, none, none);

  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.loglik = 17;
  cr_assert_eq(emblas_predict(model, &data, predict_options(), &prediction, NULL), EMBLAS_ERROR_DIMENSION);
  cr_assert_eq(prediction.loglik, 17);
  emblas_model_free(model);
}

/* n d beyond what memory can address: no allocation, no overflow, no reading. */
Test(errors, sizes_that_overflow) {
  const double one = 1;
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  const size_t shapes[][3] = {
      {SIZE_MAX, 2, 2}, {2, SIZE_MAX, SIZE_MAX}, {SIZE_MAX / 4, 8, 8}, {4, 8, SIZE_MAX / 2}};
  for (size_t i = 0; i < 4; i++) {
    struct emblas_data data = view(&one, shapes[i][0], shapes[i][1]);
    data.stride = shapes[i][2];
    check_refused("overflow", &data, &options, EMBLAS_ERROR_SIZE, EMBLAS_NOWHERE, EMBLAS_NOWHERE,
                  EMBLAS_NOWHERE);
  }
}

/* More columns than LAPACK's integers take the square of: full matrices are refused before anything of
   their size is asked for, diagonal ones are fitted, and used. */
Test(errors, sizes_beyond_lapack) {
  enum { WIDE = 46400 };
  double *x = test_keep(2 * WIDE, sizeof *x), logpdf[2];
  for (size_t j = 0; j < WIDE; j++) x[j] = -1, x[WIDE + j] = 3;
  struct emblas_data data = view(x, 2, WIDE);
  for (int v = 0; v < TEST_MODELS; v++) {
    struct emblas_options options = options_for(1, (enum emblas_covariance)v);
    if (v <= EMBLAS_TIED) {
      check_refused("full", &data, &options, EMBLAS_ERROR_SIZE, EMBLAS_NOWHERE, EMBLAS_NOWHERE,
                    EMBLAS_NOWHERE);
      continue;
    }
    struct fit fit = {0}; /* not fit_or_fail(), which looks at every matrix as a whole */
    emblas_report_init(&fit.report, sizeof fit.report);
    cr_assert_eq(emblas_fit(&data, &options, &fit.model, &fit.report), EMBLAS_OK);
    check_near("mean", emblas_model_means(fit.model)[WIDE - 1], 1, 4 * DBL_EPSILON);
    double row =
        -0.5 * WIDE * (log(2 * acos(-1) * 4) + 1); /* both rows are a deviation of 2 from the mean */
    check_near("log-likelihood", fit.report.loglik, 2 * row, 1e-9 * -row);
    struct emblas_prediction prediction;
    emblas_prediction_init(&prediction, sizeof prediction);
    prediction.logpdf = logpdf;
    cr_assert_eq(emblas_predict(fit.model, &data, predict_options(), &prediction, NULL), EMBLAS_OK);
    check_near("density", logpdf[1], row, 1e-9 * -row);
    fit_free(&fit);
  }
}

Test(errors, predict_places) {
  const double weights[] = {1}, means[] = {0, 0}, unit[] = {1, 0, 0, 1};
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 1, 2, weights, means, unit);
  double *x = generate_base(), *w = test_keep(N, sizeof *w);
  struct emblas_data data = view(x, N, D);
  struct emblas_prediction prediction;
  struct emblas_report report;
  emblas_prediction_init(&prediction, sizeof prediction);
  emblas_report_init(&report, sizeof report);
  prediction.logpdf = test_keep(N, sizeof(double));
  x[17 * D + 1] = INFINITY;
  cr_assert_eq(emblas_predict(model, &data, predict_options(), &prediction, &report),
               EMBLAS_ERROR_NOT_FINITE);
  cr_assert(report.row == 17 && report.column == 1);
  for (size_t i = 0; i < N; i++) cr_assert_eq(prediction.logpdf[i], 0, "output written");
  x[17 * D + 1] = 0;
  data.weights = w, w[5] = -1;
  cr_assert_eq(emblas_predict(model, &data, predict_options(), &prediction, &report), EMBLAS_ERROR_WEIGHT);
  cr_assert(report.row == 5 && report.column == EMBLAS_NOWHERE);
  data.weights = NULL;
  cr_assert_eq(emblas_predict(NULL, &data, predict_options(), &prediction, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "model");
  cr_assert(report.row == EMBLAS_NOWHERE, "the place of the error before");
  cr_assert_eq(emblas_predict(model, NULL, predict_options(), &prediction, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "data");
  cr_assert_eq(emblas_predict(model, &data, predict_options(), NULL, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "prediction");
  emblas_report_clear(&report);
  emblas_report_clear(NULL);
  emblas_model_free(model);
}

Test(errors, texts) {
#define CHECK_TEXT(name, value, text) cr_assert_str_eq(emblas_status_string(name), text);
  EMBLAS_STATUS_LIST(CHECK_TEXT)
#undef CHECK_TEXT
  cr_assert_not_null(emblas_status_string((emblas_status)-1000));
  cr_assert_str_eq(emblas_stop_reason_string(EMBLAS_CONVERGED), "converged");
  cr_assert_str_eq(emblas_stop_reason_string(EMBLAS_ITERATION_LIMIT), "iteration-limit");
  cr_assert_str_eq(emblas_stop_reason_string(EMBLAS_CANCELLED), "cancelled");
  cr_assert_str_eq(emblas_stop_reason_string(EMBLAS_RUNNING), "running");
}

/* As a string and as numbers; meson's is compared with them in headers/architecture.py. */
Test(errors, version) {
  char version[64];
  snprintf(version, sizeof version, "%d.%d.%d", EMBLAS_VERSION_MAJOR, EMBLAS_VERSION_MINOR,
           EMBLAS_VERSION_PATCH);
  cr_assert_str_eq(emblas_version(), version);
  cr_assert_str_eq(EMBLAS_VERSION, version);
}
