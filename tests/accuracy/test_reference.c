/* SPDX-License-Identifier: MIT */
/* Fits of real data sets from given labels, run to the end, against maxima that a 113-bit EM found from the
   same labels (data/quad-reference.json). Log-likelihood: 1e-12 relative. Weights, means and covariances:
   1e-8 of the data's scale, the standard deviation of each column. */
#include "../support/dataset.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <float.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>

/* The slowest of them, acidity with three components, needs 886 maps for its last digits. */
enum { MAPS = 3000, REFERENCE_FITS = 20, MCLUST_FITS = 22 };

static struct json_object *member(struct json_object *object, const char *key) {
  struct json_object *value = NULL;
  cr_assert(json_object_object_get_ex(object, key, &value), "the reference has no '%s'", key);
  return value;
}

static double *numbers(struct json_object *object, const char *key, size_t count) {
  struct json_object *array = member(object, key);
  double *values = test_keep(count, sizeof *values);
  cr_assert(json_object_array_length(array) == count, "'%s' has %zu numbers", key,
            json_object_array_length(array));
  for (size_t i = 0; i < count; i++)
    values[i] = json_object_get_double(json_object_array_get_idx(array, i));
  return values;
}

/* loglik - Q is the entropy of the responsibilities, which predict sums up by itself. Both are sums over
   rows with k terms each; Q has the size of the log-likelihood. */
static void check_entropy(const char *what, const struct fit *fit, const struct emblas_data *data) {
  size_t n = data->rows, k = emblas_model_components(fit->model);
  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.responsibilities = test_keep(n * k, sizeof(double));
  cr_assert_eq(emblas_predict(fit->model, data, predict_options(), &prediction, NULL), EMBLAS_OK);
  double entropy = 0;
  for (size_t i = 0; i < n * k; i++) {
    double r = prediction.responsibilities[i];
    if (r > 0) entropy -= r * log(r);
  }
  const struct emblas_em_point *last = &fit->report.trace[fit->report.trace_length - 1];
  double tolerance = 100 * DBL_EPSILON * (last->magnitude + (double)n);
  check_near(what, last->loglik - last->q, entropy, tolerance);
  check_near(what, fit->report.entropy, entropy, tolerance);
  check_near(what, prediction.entropy, entropy, tolerance);
  check_near(what, prediction.loglik, last->loglik, tolerance);
}

static void check_reference(struct json_object *entry) {
  const char *set = json_object_get_string(member(entry, "set"));
  const char *covariance_name = json_object_get_string(member(entry, "cov"));
  size_t k = (size_t)json_object_get_int(member(entry, "K"));
  struct json_object *reference = member(entry, "fit");
  struct dataset x = dataset_read(set);
  struct emblas_data data = view(x.values, x.rows, x.columns);
  enum emblas_covariance covariance;
  cr_assert_eq(emblas_covariance_parse(covariance_name, &covariance), EMBLAS_OK);
  char what[80];
  snprintf(what, sizeof what, "%s, %zu components, %s", set, k, covariance_name);

  struct emblas_options options = options_from_labels(k, covariance, dataset_labels(set, k), MAPS);
  struct fit fit = fit_or_fail(&data, &options);
  double loglik = *numbers(reference, "loglik", 1);
  check_near(what, fit.report.loglik, loglik, 1e-12 * fabs(loglik));
  struct expected expected = {numbers(reference, "weights", k), numbers(reference, "means", k * x.columns),
                              numbers(reference, "covariances", k * x.columns * x.columns),
                              dataset_scale(x.values, x.rows, x.columns)};
  check_parameters(what, fit.model, &expected, 1e-8);
  check_entropy(what, &fit, &data);
  fit_free(&fit);
}

Test(reference, every_published_fit) {
  test_backend();
  struct json_object *entries = json_object_from_file(TEST_ACCURACY_DATA "/quad-reference.json");
  cr_assert_not_null(entries, "%s", json_util_get_last_err());
  size_t count = json_object_array_length(entries);
  cr_assert_eq(count, REFERENCE_FITS);
  for (size_t i = 0; i < count; i++) check_reference(json_object_array_get_idx(entries, i));
  json_object_put(entries);
}

/* mclust 6.0.0 from the same labels: log-likelihood, degrees of freedom, and BIC = -2 loglik + df ln n
   (mclust prints its negative). It stopped at a relative change of 1e-13, 1e-10 nats: where EM gains a
   hundredth of what is left in an iteration, as in the slowest of these fits, 1e-8 remained to be gained.
 */
Test(reference, mclust) {
  FILE *table = fopen(TEST_ACCURACY_DATA "/mclust-reference.csv", "r");
  cr_assert_not_null(table);
  char set[32], model[8], line[256];
  double loglik, df, bic;
  size_t k, compared = 0;
  while (fgets(line, sizeof line, table)) {
    enum emblas_covariance covariance;
    if (sscanf(line, "%31[^,],%zu,%7[^,],%lf,%lf,%lf", set, &k, model, &loglik, &df, &bic) != 6) continue;
    if (emblas_covariance_parse(model, &covariance)) continue;
    struct dataset x = dataset_read(set);
    struct emblas_data data = view(x.values, x.rows, x.columns);
    struct emblas_options options = options_from_labels(k, covariance, dataset_labels(set, k), MAPS);
    struct fit fit = fit_or_fail(&data, &options);
    check_near(line, fit.report.loglik, loglik, 1e-8);
    check_near(line, (double)fit.report.parameters, df, 0);
    check_near(line, fit.report.bic, -bic, 1e-6);
    fit_free(&fit);
    compared++;
  }
  fclose(table);
  cr_assert_eq(compared, MCLUST_FITS);
}
