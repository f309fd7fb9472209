/* SPDX-License-Identifier: MIT */
/* Compressed rows that do not say what all rows say are found out at the end of a start, which then goes on
   with all of them. */
#include "base/random.h"
#include "mixture/fitter.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { N = 8192, K = 2 };

static double two_humps(size_t i, struct random *random) {
  return 5 * (double)(i % 2) + emblas_random_normal(random);
}

/* Every point off by a little: what too wide a cell would do. */
static void spoil(struct compressor *line, double by) {
  struct leaves *leaves = &line->leaves;
  for (size_t i = 0; i < line->pairs.count; i++) line->pairs.values[i] += by;
  for (size_t i = 0; i < leaves->rows.count; i++) leaves->rows.values[i] += by;
  for (size_t i = 0; i < leaves->count; i++) {
    leaves->low[i] += by, leaves->high[i] += by;
    for (size_t j = 0; j < leaves->atoms[i]; j++) leaves->value[i * LEAF_POINTS + j] += by;
  }
}

/* Runs one start to its end; the mean of component 0, and the rows of the last map. */
static double run(const struct emblas_data *data, double by, size_t *rows, size_t *iterations) {
  struct emblas_options options;
  struct emblas_fitter *fitter = NULL;
  struct emblas_model *model = NULL;
  struct emblas_report report;
  struct emblas_em_point point = {0};
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  emblas_options_init(&options, sizeof options);
  emblas_report_init(&report, sizeof report);
  options.components = K, options.tolerance = 1e-11, options.accelerate = EMBLAS_ACCELERATE_NONE;
  cr_assert_eq(emblas_fitter_create(data, &options, &fitter, NULL), EMBLAS_OK);
  spoil(&fitter->compression.line, by);
  cr_assert_eq(emblas_fitter_start(fitter, 0), EMBLAS_OK);
  for (*iterations = 0; reason == EMBLAS_RUNNING;) {
    cr_assert_eq(emblas_fitter_step(fitter, &point, &reason), EMBLAS_OK);
    cr_assert(point.iteration >= *iterations, "the count of iterations goes on");
    *iterations = point.iteration;
  }
  cr_assert_eq(reason, EMBLAS_CONVERGED);
  cr_assert_eq(emblas_fitter_finish(fitter, &model, &report), EMBLAS_OK);
  cr_assert_eq(report.iterations, *iterations);
  *rows = report.rows;
  double mean = fmin(emblas_model_means(model)[0], emblas_model_means(model)[1]);
  emblas_model_free(model);
  emblas_report_clear(&report);
  emblas_fitter_free(fitter);
  return mean;
}

Test(fallback, spoilt_rows_are_found_out) {
  struct random random;
  struct emblas_data data;
  double *x = malloc(N * sizeof *x);
  size_t rows, spoilt_rows, iterations, spoilt_iterations;
  emblas_random_seed(&random, 7, 0);
  for (size_t i = 0; i < N; i++) x[i] = two_humps(i, &random);
  emblas_data_init(&data, sizeof data);
  data.values = x, data.rows = N, data.columns = 1;
  double mean = run(&data, 0, &rows, &iterations);
  double spoilt = run(&data, 1e-6, &spoilt_rows, &spoilt_iterations);
  cr_assert(rows < N / 2, "compressed rows are good, and are kept: %zu", rows);
  cr_assert_eq(spoilt_rows, N);
  cr_assert(spoilt_iterations > iterations);
  /* The stop rule leaves the square root of 1e-11 over the information, n / variance. */
  cr_assert_float_eq(spoilt, mean, 1e-6 / 4, "the spoilt rows' mean is off by %g", spoilt - mean);
  free(x);
}
