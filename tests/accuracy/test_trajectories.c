/* SPDX-License-Identifier: MIT */
/* Trajectories of plain EM from given parameters: trace[t] is the log-likelihood after t M steps. The
   numbers are printed with nine decimals and must agree to half a unit of the last; the last of each, where
   the run that was printed came to its stop rule, with twelve. (The maxima lie up to 5e-10 above:
   test_reference.c.) */
#include "../support/dataset.h"
#include "../support/fit.h"

#include <criterion/criterion.h>
#include <math.h>

static const double half_unit = 0.5e-9;
/* The log-likelihoods, about 1e3, are themselves known and computed to no more than this. */
static const double rounding = 1e-12;

struct trajectory {
  const char *what;
  enum emblas_covariance covariance;
  size_t first; /* the iteration of the first value */
  double values[6];
  size_t count;
  double last; /* after `maps` maps */
  size_t maps;
};

static struct fit follow(const struct dataset *x, const struct trajectory *expected, size_t k,
                         const double *means, const double *covariances) {
  double weights[3];
  for (size_t c = 0; c < k; c++) weights[c] = 1.0 / (double)k;
  struct emblas_model *start =
      model_or_fail(expected->covariance, k, x->columns, weights, means, covariances);
  struct emblas_data data = view(x->values, x->rows, x->columns);
  struct emblas_options options = options_from_model(start, expected->maps);
  struct fit fit = fit_or_fail(&data, &options);
  for (size_t t = 0; t < expected->count; t++)
    check_near(expected->what, fit.report.trace[expected->first + t].loglik, expected->values[t],
               half_unit + rounding);
  check_near(expected->what, fit.report.loglik, expected->last, 0.5e-12 + rounding);
  emblas_model_free(start);
  return fit;
}

Test(trajectory, waiting) {
  const struct trajectory free_variances = {
      "waiting, variances free",
      EMBLAS_FULL,
      0,
      {-1051.089641420, -1034.178639520, -1034.054128519, -1034.023872752, -1034.011268767},
      5,
      -1034.001749832112,
      24};
  /* The start has equal variances, so that the value there is the one above. */
  const struct trajectory equal_variances = {
      "waiting, variances equal", EMBLAS_TIED, 1, {-1034.173864376, -1034.013938990, -1034.002762891}, 3,
      -1034.001760357862,         10};
  struct dataset x = dataset_column("faithful", 1);
  const double means[] = {55, 80}, variances[] = {25, 25};

  struct fit fit = follow(&x, &free_variances, 2, means, variances);
  const double *mu = emblas_model_means(fit.model);
  double *var = model_covariances(fit.model);
  check_near("weight", emblas_model_weights(fit.model)[0], 0.360886507882, 0.5e-12 + rounding);
  check_near("mean", mu[0], 54.61487058, 0.5e-8 + rounding);
  check_near("mean", mu[1], 80.09107855, 0.5e-8 + rounding);
  check_near("variance", var[0], 34.47136239, 0.5e-8 + rounding);
  check_near("variance", var[1], 34.43020003, 0.5e-8 + rounding);
  fit_free(&fit);

  fit = follow(&x, &equal_variances, 2, means, variances);
  mu = emblas_model_means(fit.model);
  check_near("mean", mu[0], 54.61362990, 0.5e-8 + rounding);
  check_near("mean", mu[1], 80.09030614, 0.5e-8 + rounding);
  check_near("sigma", sqrt(model_covariances(fit.model)[0]), 5.86909, 0.5e-5);
  check_near("published weight", emblas_model_weights(fit.model)[0], 0.36085, 0.5e-5);
  fit_free(&fit);
}

Test(trajectory, faithful) {
  const struct trajectory expected[TEST_MODELS] = {
      {"faithful full",
       EMBLAS_FULL,
       0,
       {-1327.102420131, -1239.863409477, -1187.279354550, -1164.248851887, -1148.003629923,
        -1135.880352476},
       6,
       -1130.263960184767,
       14},
      {"faithful tied", EMBLAS_TIED, 1, {-1256.067464834, -1201.390204327}, 2, -1140.186759437082, 11},
      {"faithful diag", EMBLAS_DIAG, 0, {-1462.714348188, -1195.791591602}, 2, -1147.806352537811, 13},
      {"faithful spherical",
       EMBLAS_SPHERICAL,
       0,
       {-1947.381614799, -1740.649837516},
       2,
       -1709.529282177519,
       14}};
  struct dataset x = dataset_read("faithful");
  const double means[] = {2, 55, 4.5, 80}, *s = dataset_covariance(x.values, x.rows, x.columns);
  double mean_variance = (s[0] + s[3]) / 2;
  const double starts[TEST_MODELS][4] = {{s[0], s[1], s[1], s[3]},
                                                     {s[0], s[1], s[1], s[3]},
                                                     {s[0], 0, 0, s[3]},
                                                     {mean_variance, 0, 0, mean_variance}};
  for (size_t v = 0; v < TEST_MODELS; v++) {
    double covariances[8];
    for (size_t i = 0; i < 8; i++) covariances[i] = starts[v][i % 4];
    struct fit fit = follow(&x, &expected[v], 2, means, covariances);
    fit_free(&fit);
  }
}

/* A local optimum, and stays one: the best known is -180.185477131. */
Test(trajectory, iris) {
  const struct trajectory expected = {
      "iris full", EMBLAS_FULL,       0,  {-512.377724235, -307.143844491, -284.179754065},
      3,           -186.569459798452, 126};
  struct dataset x = dataset_read("iris");
  const double *s = dataset_covariance(x.values, x.rows, x.columns);
  double means[3 * 4], covariances[3 * 16];
  for (size_t c = 0; c < 3; c++) {
    for (size_t j = 0; j < 4; j++) means[c * 4 + j] = x.values[c * 50 * 4 + j];
    for (size_t j = 0; j < 16; j++) covariances[c * 16 + j] = s[j / 4 > j % 4 ? j % 4 * 4 + j / 4 : j];
  }
  struct fit fit = follow(&x, &expected, 3, means, covariances);
  fit_free(&fit);
}
