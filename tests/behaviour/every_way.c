/* SPDX-License-Identifier: MIT */
#include "every_way.h"

#include "../support/generate.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

size_t count_flagged(const struct fit *fit) {
  size_t count = 0;
  for (size_t c = 0; c < fit->report.components; c++) count += fit->report.component_flags[c] != 0;
  return count;
}

double *join_rows(const double *x, size_t n, size_t d, const double *a, size_t m) {
  double *joined = test_keep((n + m) * d, sizeof *joined);
  memcpy(joined, x, n * d * sizeof *x);
  memcpy(joined + n * d, a, m * d * sizeof *a);
  return joined;
}

static void check_flags(const char *id, const struct fit *fit) {
  const unsigned known = EMBLAS_COMPONENT_EMPTY | EMBLAS_COMPONENT_COLLAPSED | EMBLAS_COMPONENT_SPURIOUS;
  for (size_t c = 0; c < fit->report.components; c++) {
    unsigned flags = fit->report.component_flags[c];
    cr_assert(!(flags & ~known), "%s: component %zu has flags %u", id, c, flags);
    cr_assert(emblas_model_weights(fit->model)[c] > 0 || flags & EMBLAS_COMPONENT_EMPTY,
              "%s: component %zu has no weight, and no flag", id, c);
  }
  cr_assert(fit->report.entropy >= 0, "%s: an entropy of %g", id, fit->report.entropy);
}

/* Sums of k responsibilities are off by k / 2 roundings, and those themselves by 2 eps. */
static void check_prediction(const char *id, const struct emblas_data *data, const struct fit *fit) {
  struct emblas_prediction prediction;
  size_t n = data->rows, k = fit->report.components;
  double magnitude = 0;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.logpdf = test_keep(n, sizeof(double));
  prediction.responsibilities = test_keep(n * k, sizeof(double));
  cr_assert_eq(emblas_predict(fit->model, data, predict_options(), &prediction, NULL), EMBLAS_OK);
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t c = 0; c < k; c++) sum += prediction.responsibilities[i * k + c];
    if (!isfinite(prediction.logpdf[i]) || !(fabs(sum - 1) <= (double)(k + 4) * DBL_EPSILON))
      cr_assert_fail("%s: row %zu has log density %g and responsibilities that sum to %.17g", id, i,
                     prediction.logpdf[i], sum);
    magnitude += fabs(prediction.logpdf[i]);
  }
  if (count_flagged(fit) == 0)
    check_near(id, prediction.loglik, fit->report.loglik, 64 * DBL_EPSILON * magnitude);
}

/* A run that converged had next to nothing to gain when its last iteration began: the log-likelihood is
   right to ten times the tolerance, of which it is a projection. */
static void check_end(const char *id, const struct emblas_options *options, const struct fit *fit) {
  const struct emblas_em_point *last = &fit->report.trace[fit->report.trace_length - 1];
  if (fit->report.stop != EMBLAS_CONVERGED || fit->report.trace_length < 2) return;
  double gain = last[0].loglik - last[-1].loglik;
  cr_assert(gain <= 10 * options->tolerance + 64 * DBL_EPSILON * last->magnitude,
            "%s: converged after %zu iterations, of which the last gained %g", id, fit->report.iterations,
            gain);
}

static void check_threads(const char *id, const struct emblas_data *data, struct emblas_options options,
                          const struct fit *fit) {
  options.threads = 2;
  struct fit other = fit_or_fail(data, &options);
  cr_assert(same_model(fit->model, other.model) && fit->report.loglik == other.report.loglik &&
                fit->report.maps == other.report.maps,
            "%s: two threads find something else", id);
  fit_free(&other);
}

void check_promises(const char *id, const struct emblas_data *data, const struct emblas_options *options,
                    const struct fit *fit) {
  check_flags(id, fit);
  check_end(id, options, fit);
  check_prediction(id, data, fit);
  check_threads(id, data, *options, fit);
}

void fit_every_model(const char *id, const struct emblas_data *data, struct emblas_options options,
                     inspection *inspect, void *context) {
  for (int v = 0; v < TEST_MODELS; v++) {
    char name[160];
    options.covariance = (enum emblas_covariance)v, options.threads = 1;
    snprintf(name, sizeof name, "%.80s %s", id, emblas_covariance_string(options.covariance));
    struct fit fit = fit_or_fail(data, &options);
    check_promises(name, data, &options, &fit);
    if (inspect != NULL) inspect(name, data, &fit, context);
    fit_free(&fit);
  }
}

void fit_every_way(const char *id, const struct emblas_data *data, struct emblas_options options,
                   inspection *inspect, void *context) {
  char plain[80];
  fit_every_model(id, data, options, inspect, context);
  options.accelerate = EMBLAS_ACCELERATE_NONE, options.compress = EMBLAS_COMPRESS_NONE;
  snprintf(plain, sizeof plain, "%s, plain EM,", id);
  fit_every_model(plain, data, options, inspect, context);
}

struct emblas_options components(size_t k) {
  return options_for(k, EMBLAS_FULL);
}

struct emblas_options few_starts(size_t k) {
  struct emblas_options options = components(k);
  options.starts = 3;
  return options;
}
