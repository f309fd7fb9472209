/* SPDX-License-Identifier: MIT */
/* The host's state is left alone; backends agree with each other. */
#define _GNU_SOURCE
#include "../support/dataset.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <fenv.h>
#include <locale.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct emblas_data iris(void) {
  struct dataset x = dataset_read("iris");
  return view(x.values, x.rows, x.columns);
}

/* A fit, a prediction, and a fit that fails: what a program does. */
static void use_the_library(void) {
  struct emblas_data data = iris();
  struct emblas_options options = options_for(3, EMBLAS_FULL);
  struct emblas_model *none = NULL;
  options.starts = 2;
  struct fit fit = fit_or_fail(&data, &options);
  model_labels(fit.model, &data);
  fit_free(&fit);
  options.components = 1000;
  cr_assert_eq(emblas_fit(&data, &options, &none, NULL), EMBLAS_ERROR_TOO_FEW_ROWS);
}

Test(host, blas_threads_are_restored) {
  int (*get_threads)(void) = (int (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "openblas_get_num_threads");
  void (*set_threads)(int) = (void (*)(int))(uintptr_t)dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
  if (!get_threads || !set_threads) cr_skip_test("no OpenBLAS in this process");
  for (int threads = 1; threads <= 2; threads++) {
    set_threads(threads);
    use_the_library();
    cr_assert_eq(get_threads(), threads);
  }
}

static int threads_seen;
static void watching_moments(size_t b, size_t stride, size_t p, size_t k, const double *r,
                             const double *phi, double *stats, size_t stats_stride) {
  int (*get_threads)(void) = (int (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "openblas_get_num_threads");
  if (get_threads() > threads_seen) threads_seen = get_threads();
  emblas_backend_blas()->moments(b, stride, p, k, r, phi, stats, stats_stride);
}

/* One BLAS thread while kernels run: the same bits whatever the host has set. */
Test(host, one_blas_thread_in_a_fit) {
  int (*get_threads)(void) = (int (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "openblas_get_num_threads");
  void (*set_threads)(int) = (void (*)(int))(uintptr_t)dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
  if (!get_threads || !set_threads || !emblas_backend_blas()) cr_skip_test("no OpenBLAS in this process");
  struct emblas_backend watching = *emblas_backend_blas();
  struct emblas_data data = iris();
  struct emblas_options options = options_for(3, EMBLAS_FULL);
  watching.moments = watching_moments;
  options.backend = &watching, options.starts = 2;
  set_threads(2);
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(threads_seen, 1);
  cr_assert_eq(get_threads(), 2);
  fit_free(&fit);
}

/* Rounding mode, locale. */
Test(host, floating_point_and_locale) {
  char *before = strdup(setlocale(LC_ALL, NULL));
  const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  use_the_library();
  for (size_t i = 0; i < 4; i++) {
    cr_assert_eq(fesetround(modes[i]), 0);
    use_the_library();
    cr_assert_eq(fegetround(), modes[i]);
  }
  fesetround(FE_TONEAREST);
  cr_assert_str_eq(setlocale(LC_ALL, NULL), before);
  free(before);
}

/* What a forked child does: the parent's fit and prediction once more. Returns its exit status. */
static int fit_again(const struct emblas_data *data, const struct emblas_options *options,
                     const struct emblas_model *expected) {
  struct emblas_model *model = NULL;
  struct emblas_report report;
  struct emblas_prediction prediction;
  emblas_report_init(&report, sizeof report);
  emblas_prediction_init(&prediction, sizeof prediction);
  if (emblas_fit(data, options, &model, &report) != EMBLAS_OK) return 1;
  if (emblas_predict(model, data, NULL, &prediction, NULL) != EMBLAS_OK) return 2;
  if (report.threads != 1) return 3;
  return same_model(model, expected) ? 0 : 4;
}

/* OpenMP's threads do not come along into a child, where a fit must not wait for them. */
Test(host, forks_after_a_fit) {
  struct emblas_data data = view(generate_blobs(30000, 3, 3, 1), 30000, 3);
  struct emblas_options options = options_for(4, EMBLAS_FULL);
  options.starts = 1, options.max_iterations = 5, options.threads = 2;
  struct fit parent = fit_or_fail(&data, &options);
  int status = -1;
  if (parent.report.threads < 2) cr_skip_test("this build or this process has one thread");
  pid_t child = fork();
  if (child == 0) {
    alarm(60); /* ends a child that waits for ever */
    _exit(fit_again(&data, &options, parent.model));
  }
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert(!WIFSIGNALED(status), "the child was ended by signal %d", WTERMSIG(status));
  cr_assert_eq(WEXITSTATUS(status), 0, "what the child found wrong: %d", WEXITSTATUS(status));
  fit_free(&parent);
}

/* A program that wants to know of every invalid operation, division by 0 and overflow: there are none in a
   fit of sound data, in one dimension (compressed) or more. */
Test(host, traps_stay_quiet) {
#ifndef __GLIBC__
  cr_skip_test("no feenableexcept()");
#else
  struct emblas_data line = view(generate_blobs(5000, 1, 4, 6), 5000, 1);
  struct emblas_data plane = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
  use_the_library();
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    struct emblas_options options = options_for(2, (enum emblas_covariance)v);
    struct fit a = fit_or_fail(&line, &options), b = fit_or_fail(&plane, &options);
    fit_free(&a);
    fit_free(&b);
  }
  cr_assert_eq(fegetexcept(), FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
#endif
}

/* From the same labels each backend climbs the same hill: after convergence the log-likelihoods agree to
   1e-12 relative, and the parameters to 1e-12 of the data's scale. An error e made in every map adds up to
   e / (1 - rate), 7 e in the slowest of these fits; the maps themselves differ by some ten eps. */
Test(backends, agree_on_the_same_fit) {
  const struct emblas_backend *blas = emblas_backend_blas();
  if (!blas) cr_skip_test("the reference backend is the only one of this build");
  const struct {
    const char *set;
    size_t k;
  } problems[] = {{"faithful", 2}, {"iris", 2}, {"iris", 3}};
  for (size_t p = 0; p < 3; p++)
    for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
      struct dataset x = dataset_read(problems[p].set);
      struct emblas_data data = view(x.values, x.rows, x.columns);
      struct emblas_options options = options_from_labels(
          problems[p].k, (enum emblas_covariance)v, dataset_labels(problems[p].set, problems[p].k), 500);
      options.backend = emblas_backend_reference();
      struct fit a = fit_or_fail(&data, &options);
      options.backend = blas;
      struct fit b = fit_or_fail(&data, &options);
      cr_assert_str_eq(a.report.backend, "reference");
      cr_assert_str_eq(b.report.backend, "blas");
      struct expected expected = {emblas_model_weights(a.model), emblas_model_means(a.model),
                                  model_covariances(a.model), dataset_scale(x.values, x.rows, x.columns)};
      check_near(problems[p].set, b.report.loglik, a.report.loglik, 1e-12 * fabs(a.report.loglik));
      check_parameters(problems[p].set, b.model, &expected, 1e-12);
      fit_free(&a);
      fit_free(&b);
    }
}

/* .. and reach the same optimum from the default starts, however many iterations either takes. */
Test(backends, agree_by_default) {
  if (!emblas_backend_blas()) cr_skip_test("the reference backend is the only one of this build");
  struct emblas_data data = iris();
  struct emblas_options options = options_for(3, EMBLAS_FULL);
  options.backend = emblas_backend_reference();
  struct fit a = fit_or_fail(&data, &options);
  options.backend = emblas_backend_blas();
  struct fit b = fit_or_fail(&data, &options);
  check_near("iris", b.report.loglik, a.report.loglik, 1e-6);
  fit_free(&a);
  fit_free(&b);
}

/* A table of the caller's own: the reference with one kernel of his is used, and named. */
static size_t softmax_calls;
static void counting_softmax(size_t b, size_t stride, size_t k, double *logits, const double *weights,
                             double *row_loglik, struct emblas_block_sums *sums) {
  softmax_calls++;
  emblas_backend_reference()->softmax(b, stride, k, logits, weights, row_loglik, sums);
}

Test(backends, of_the_caller) {
  struct emblas_backend own = *emblas_backend_reference();
  own.name = "own", own.softmax = counting_softmax;
  struct emblas_data data = iris();
  struct emblas_options options = options_from_labels(3, EMBLAS_FULL, dataset_labels("iris", 3), 10);
  options.backend = emblas_backend_reference();
  struct fit a = fit_or_fail(&data, &options);
  options.backend = &own;
  struct fit b = fit_or_fail(&data, &options);
  cr_assert_str_eq(b.report.backend, "own");
  cr_assert_geq(softmax_calls, 11);
  cr_assert(same_model(a.model, b.model));
  fit_free(&a);
  fit_free(&b);
}
