/* SPDX-License-Identifier: MIT */
/* Starts are tried on a sample where there are many rows; the best of them go on with all rows. */
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>

enum { N = 70000, D = 2, STARTS = 12 };

static struct emblas_options many_starts(void) {
  struct emblas_options options = options_for(2, EMBLAS_FULL);
  options.starts = STARTS;
  return options;
}

/* Every start has a result; those of fewer rows were given up, the one that is kept was not. */
Test(sample, starts_are_tried_on_it) {
  struct emblas_data data = view(generate_blobs(N, D, 4, 1), N, D);
  struct emblas_options options = many_starts();
  struct fit fit = fit_or_fail(&data, &options);
  size_t given_up = 0;
  cr_assert_eq(fit.report.start_count, STARTS / 2);
  cr_assert_eq(fit.report.starts[fit.report.best_start].rows, N);
  cr_assert_eq(fit.report.starts[fit.report.best_start].loglik, fit.report.loglik);
  for (size_t s = 0; s < STARTS / 2; s++) given_up += fit.report.starts[s].rows < N;
  cr_assert_geq(given_up, STARTS / 2 - 3);

  /* A single start is run in full: it finds the same optimum. Both stop within the tolerance of its top. */
  options.starts = 1;
  struct fit full = fit_or_fail(&data, &options);
  cr_assert_eq(full.report.starts[0].rows, N);
  check_near("log-likelihood", fit.report.loglik, full.report.loglik, 1e-6);
  fit_free(&fit);
  fit_free(&full);
}

Test(sample, is_the_same_every_time) {
  struct emblas_data data = view(generate_blobs(N, D, 4, 2), N, D);
  struct emblas_options options = many_starts();
  struct fit a = fit_or_fail(&data, &options);
  options.threads = 1;
  struct fit b = fit_or_fail(&data, &options);
  cr_assert(same_model(a.model, b.model));
  cr_assert_eq(a.report.loglik, b.report.loglik);
  fit_free(&a);
  fit_free(&b);
}

/* Rows of weight 0 are in the sample and change nothing: the far cluster is not there. */
Test(sample, keeps_the_weights) {
  const double *x = generate_blobs(N, D, 100, 3);
  double *weights = test_keep(N, sizeof *weights);
  struct emblas_data data = view(x, N, D);
  struct emblas_options options = many_starts();
  for (size_t i = 0; i < N; i++) weights[i] = i < N / 2;
  data.weights = weights;
  struct fit fit = fit_or_fail(&data, &options);
  for (size_t c = 0; c < 2 * D; c++) cr_assert_lt(emblas_model_means(fit.model)[c], 50);
  fit_free(&fit);
}

static int cancel(void *context, const struct emblas_progress *progress) {
  (void)progress;
  return ++*(int *)context == 3;
}

/* Ended while the first start is tried: there is a model nevertheless, of all rows, for one more E step. */
Test(sample, cancels) {
  struct emblas_data data = view(generate_blobs(N, D, 4, 4), N, D);
  struct emblas_options options = many_starts();
  int calls = 0;
  options.progress = cancel, options.progress_context = &calls;
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(fit.report.stop, EMBLAS_CANCELLED);
  cr_assert_eq(fit.report.start_count, 1);
  cr_assert_eq(calls, 4);
  fit_free(&fit);
}
