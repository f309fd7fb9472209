/* SPDX-License-Identifier: MIT */
#include "fit.h"
#include "generate.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct emblas_backend *test_backend(void) {
  const char *name = getenv("EMBLAS_TEST_BACKEND");
  const struct emblas_backend *backend = name ? emblas_backend_find(name) : emblas_backend_auto(1, 3);
  if (!backend) cr_skip_test("this build has no backend '%s'", name);
  return backend;
}

struct emblas_data view(const double *values, size_t rows, size_t columns) {
  struct emblas_data data;
  emblas_data_init(&data, sizeof data);
  data.values = values, data.rows = rows, data.columns = columns;
  return data;
}

struct emblas_options options_for(size_t components, enum emblas_covariance covariance) {
  struct emblas_options options;
  emblas_options_init(&options, sizeof options);
  options.components = components, options.covariance = covariance, options.backend = test_backend();
  return options;
}

const struct emblas_predict_options *predict_options(void) {
  static struct emblas_predict_options options;
  emblas_predict_options_init(&options, sizeof options);
  options.backend = test_backend();
  return &options;
}

struct emblas_options options_from_labels(size_t components, enum emblas_covariance covariance,
                                          const size_t *labels, size_t maps) {
  struct emblas_options options = options_for(components, covariance);
  options.start = EMBLAS_START_LABELS, options.labels = labels;
  options.tolerance = 0, options.max_iterations = maps, options.accelerate = EMBLAS_ACCELERATE_NONE;
  return options;
}

struct emblas_options options_from_model(const struct emblas_model *model, size_t maps) {
  struct emblas_options options =
      options_for(emblas_model_components(model), emblas_model_covariance_model(model));
  options.start = EMBLAS_START_MODEL, options.model = model;
  options.tolerance = 0, options.max_iterations = maps, options.accelerate = EMBLAS_ACCELERATE_NONE;
  return options;
}

struct fit fit_or_fail(const struct emblas_data *data, const struct emblas_options *options) {
  struct fit fit = {0};
  emblas_report_init(&fit.report, sizeof fit.report);
  emblas_status status = emblas_fit(data, options, &fit.model, &fit.report);
  cr_assert(status == EMBLAS_OK, "fit: %s (row %zd, column %zd, component %zd, iteration %zd)",
            emblas_status_string(status), (ptrdiff_t)fit.report.row, (ptrdiff_t)fit.report.column,
            (ptrdiff_t)fit.report.component, (ptrdiff_t)fit.report.iteration);
  check_fit(&fit);
  return fit;
}

void fit_free(struct fit *fit) {
  emblas_model_free(fit->model);
  emblas_report_clear(&fit->report);
  fit->model = NULL;
}

void check_monotone(const struct emblas_em_point *trace, size_t length) {
  for (size_t t = 1; t < length; t++) {
    double fall = trace[t - 1].loglik - trace[t].loglik;
    if (!(fall <= 8 * DBL_EPSILON * trace[t].magnitude))
      cr_assert_fail("iteration %zu: the log-likelihood fell by %.3g from %.17g, %.1f eps magnitude", t,
                     fall, trace[t - 1].loglik, fall / (DBL_EPSILON * trace[t].magnitude));
  }
}

void check_fit(const struct fit *fit) {
  const struct emblas_report *report = &fit->report;
  size_t k = emblas_model_components(fit->model), d = emblas_model_dim(fit->model);
  const double *weights = emblas_model_weights(fit->model), *means = emblas_model_means(fit->model);
  double sum = 0, *factor = test_keep(d * d, sizeof *factor);

  cr_assert(report->trace_length > 0);
  check_monotone(report->trace, report->trace_length);
  cr_assert(report->loglik == report->trace[report->trace_length - 1].loglik,
            "reported log-likelihood %.17g, last of the trace %.17g", report->loglik,
            report->trace[report->trace_length - 1].loglik);
  cr_assert(isfinite(report->loglik) && isfinite(report->entropy) && isfinite(report->bic) &&
            isfinite(report->aic) && isfinite(report->icl));
  for (size_t c = 0; c < k; c++) {
    cr_assert(weights[c] >= 0 && weights[c] <= 1, "weight %zu is %.17g", c, weights[c]);
    sum += weights[c];
    emblas_model_cholesky(fit->model, c, factor);
    for (size_t j = 0; j < d; j++) {
      if (!isfinite(means[c * d + j])) cr_assert_fail("mean %zu,%zu is %g", c, j, means[c * d + j]);
      for (size_t l = 0; l <= j; l++)
        if (!isfinite(factor[j * d + l]) || (j == l && !(factor[j * d + j] > 0)))
          cr_assert_fail("Cholesky factor %zu: entry %zu,%zu is %g", c, j, l, factor[j * d + l]);
    }
  }
  /* k weights, each rounded once, none above 1 */
  check_near("sum of the weights", sum, 1, (double)k * DBL_EPSILON);
}

struct emblas_model *model_or_fail(enum emblas_covariance covariance, size_t k, size_t d,
                                   const double *weights, const double *means, const double *covariances) {
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.covariance = covariance, parameters.components = k, parameters.dim = d;
  parameters.weights = weights, parameters.means = means, parameters.covariances = covariances;
  emblas_status status = emblas_model_create(&parameters, &model, NULL);
  cr_assert(status == EMBLAS_OK, "model: %s", emblas_status_string(status));
  return model;
}

double *model_covariances(const struct emblas_model *model) {
  size_t k = emblas_model_components(model), d = emblas_model_dim(model);
  double *covariances = test_keep(k * d * d, sizeof *covariances);
  for (size_t c = 0; c < k; c++) emblas_model_covariance(model, c, covariances + c * d * d);
  return covariances;
}

size_t *model_labels(const struct emblas_model *model, const struct emblas_data *data) {
  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.labels = test_keep(data->rows, sizeof *prediction.labels);
  emblas_status status = emblas_predict(model, data, predict_options(), &prediction, NULL);
  cr_assert(status == EMBLAS_OK, "predict: %s", emblas_status_string(status));
  return prediction.labels;
}

bool same_model(const struct emblas_model *a, const struct emblas_model *b) {
  size_t k = emblas_model_components(a), d = emblas_model_dim(a);
  if (k != emblas_model_components(b) || d != emblas_model_dim(b)) return false;
  double *factor_a = test_keep(d * d, sizeof(double)), *factor_b = test_keep(d * d, sizeof(double));
  bool same = !memcmp(emblas_model_weights(a), emblas_model_weights(b), k * sizeof(double)) &&
              !memcmp(emblas_model_means(a), emblas_model_means(b), k * d * sizeof(double));
  for (size_t c = 0; c < k; c++) {
    emblas_model_cholesky(a, c, factor_a);
    emblas_model_cholesky(b, c, factor_b);
    same = same && !memcmp(factor_a, factor_b, d * d * sizeof(double));
  }
  return same;
}

void check_near_at(const char *file, int line, const char *what, double actual, double expected,
                   double tolerance) {
  if (!(fabs(actual - expected) <= tolerance))
    cr_assert_fail("%s:%d: %s is %.17g, expected %.17g: off by %.3g, allowed %.3g", file, line, what,
                   actual, expected, actual - expected, tolerance);
}

void check_parameters(const char *what, const struct emblas_model *model, const struct expected *expected,
                      double tolerance) {
  size_t k = emblas_model_components(model), d = emblas_model_dim(model);
  const double *weights = emblas_model_weights(model), *means = emblas_model_means(model);
  const double *covariances = model_covariances(model), *scale = expected->scale;
  char name[160];
  for (size_t c = 0; c < k; c++) {
    snprintf(name, sizeof name, "%s: weight %zu", what, c);
    check_near(name, weights[c], expected->weights[c], tolerance);
    for (size_t j = 0; j < d; j++) {
      snprintf(name, sizeof name, "%s: mean %zu,%zu", what, c, j);
      check_near(name, means[c * d + j], expected->means[c * d + j], tolerance * scale[j]);
      for (size_t l = 0; l < d; l++) {
        size_t at = (c * d + j) * d + l;
        snprintf(name, sizeof name, "%s: covariance %zu,%zu,%zu", what, c, j, l);
        check_near(name, covariances[at], expected->covariances[at], tolerance * scale[j] * scale[l]);
      }
    }
  }
}
