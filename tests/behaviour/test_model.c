/* SPDX-License-Identifier: MIT */
/* Models: made of parameters, read back, used for prediction and sampling. */
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

static const double weights[] = {.25, .75};
static const double means[] = {0, 1, 5, -3};
static const double covariances[] = {4, 1, 1, 2, 1, -.5, -.5, 3};

static struct emblas_parameters parameters_2d(void) {
  struct emblas_parameters p;
  emblas_parameters_init(&p, sizeof p);
  p.components = 2, p.dim = 2, p.weights = weights, p.means = means, p.covariances = covariances;
  return p;
}

static void check_refused(const char *what, const struct emblas_parameters *p, emblas_status expected,
                          size_t expected_component) {
  struct emblas_model *model = NULL;
  size_t component = 12345;
  emblas_status status = emblas_model_create(p, &model, &component);
  cr_assert(status == expected, "%s: %s", what, emblas_status_string(status));
  cr_assert_null(model);
  cr_assert_eq(component, expected_component, "%s: component %zu", what, component);
  cr_assert_eq(emblas_model_create(p, &model, NULL), expected);
}

Test(model, parameters_come_back) {
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 2, 2, weights, means, covariances);
  cr_assert_eq(emblas_model_components(model), 2);
  cr_assert_eq(emblas_model_dim(model), 2);
  cr_assert_eq(emblas_model_covariance_model(model), EMBLAS_FULL);
  cr_assert(!memcmp(emblas_model_weights(model), weights, sizeof weights));
  cr_assert(!memcmp(emblas_model_means(model), means, sizeof means));
  double *back = model_covariances(model), factor[4];
  for (size_t i = 0; i < 8; i++) check_near("covariance", back[i], covariances[i], 8 * DBL_EPSILON);
  emblas_model_cholesky(model, 0, factor);
  check_near("factor", factor[0], 2, 0);
  cr_assert_eq(factor[1], 0);
  check_near("factor", factor[2], .5, 0);
  check_near("factor", factor[3], sqrt(1.75), DBL_EPSILON);
  emblas_model_free(model);
  emblas_model_free(NULL);
}

/* Matrices are written whole, whatever stood there: what a diagonal geometry does not have is 0. */
Test(model, matrices_are_written_whole) {
  const double spheres[] = {4, 0, 0, 4, .25, 0, 0, .25}, roots[] = {2, 0, 0, 2, .5, 0, 0, .5};
  for (int v = EMBLAS_DIAG; v <= EMBLAS_SPHERICAL; v++) {
    struct emblas_model *model = model_or_fail((enum emblas_covariance)v, 2, 2, weights, means, spheres);
    for (size_t c = 0; c < 2; c++) {
      double matrix[] = {NAN, NAN, NAN, NAN}, factor[] = {NAN, NAN, NAN, NAN};
      emblas_model_covariance(model, c, matrix);
      emblas_model_cholesky(model, c, factor);
      for (size_t i = 0; i < 4; i++)
        cr_assert(matrix[i] == spheres[c * 4 + i] && factor[i] == roots[c * 4 + i]);
    }
    emblas_model_free(model);
  }
}

/* From factors: bit for bit the same factors, so that a model read back from its file is the same. */
Test(model, factors_come_back_bit_for_bit) {
  const double factors[] = {2.1, 0, .3, .7, .9, 0, -1e-3, 1e-7};
  struct emblas_parameters p = parameters_2d();
  p.cholesky = factors; /* counts, where both are given */
  struct emblas_model *model = NULL, *again = NULL;
  cr_assert_eq(emblas_model_create(&p, &model, NULL), EMBLAS_OK);
  double back[8];
  for (size_t c = 0; c < 2; c++) emblas_model_cholesky(model, c, back + c * 4);
  cr_assert(!memcmp(back, factors, sizeof factors));
  p.covariances = NULL, p.cholesky = back, p.weights = emblas_model_weights(model);
  p.means = emblas_model_means(model);
  cr_assert_eq(emblas_model_create(&p, &again, NULL), EMBLAS_OK);
  cr_assert(same_model(model, again));
  emblas_model_free(model);
  emblas_model_free(again);
}

Test(model, renormalises_weights) {
  const double nearly[] = {.25 + 2e-10, .75 - 5e-10};
  struct emblas_parameters p = parameters_2d();
  struct emblas_model *model = NULL;
  p.weights = nearly;
  cr_assert_eq(emblas_model_create(&p, &model, NULL), EMBLAS_OK);
  const double *w = emblas_model_weights(model);
  check_near("sum", w[0] + w[1], 1, DBL_EPSILON);
  check_near("ratio", w[0] / w[1], nearly[0] / nearly[1], 4 * DBL_EPSILON);
  emblas_model_free(model);
}

Test(model, bad_parameters) {
  const size_t none = EMBLAS_NOWHERE;
  struct emblas_parameters p = parameters_2d();
  p.components = 0;
  check_refused("no components", &p, EMBLAS_ERROR_ARGUMENT, none);
  p = parameters_2d(), p.dim = 0;
  check_refused("no dimension", &p, EMBLAS_ERROR_ARGUMENT, none);
  p = parameters_2d(), p.weights = NULL;
  check_refused("no weights", &p, EMBLAS_ERROR_ARGUMENT, none);
  p = parameters_2d(), p.means = NULL;
  check_refused("no means", &p, EMBLAS_ERROR_ARGUMENT, none);
  p = parameters_2d(), p.covariances = NULL;
  check_refused("no covariances", &p, EMBLAS_ERROR_ARGUMENT, none);
  p = parameters_2d(), p.size = 0;
  check_refused("not initialised", &p, EMBLAS_ERROR_ARGUMENT, none);
  p = parameters_2d(), p.covariance = (enum emblas_covariance)99;
  check_refused("covariance model", &p, EMBLAS_ERROR_ARGUMENT, none);
  p = parameters_2d(), p.dim = (size_t)1 << 62;
  check_refused("sizes overflow", &p, EMBLAS_ERROR_SIZE, none);
  cr_assert_eq(emblas_model_create(NULL, NULL, NULL), EMBLAS_ERROR_ARGUMENT);
}

Test(model, bad_weights) {
  const double bad[][2] = {{-.25, 1.25}, {.25, .7}, {0, 0}, {1, 1}};
  for (size_t i = 0; i < 4; i++) {
    struct emblas_model *model = NULL;
    struct emblas_parameters p = parameters_2d();
    p.weights = bad[i];
    cr_assert_eq(emblas_model_create(&p, &model, NULL), EMBLAS_ERROR_MIXING_WEIGHTS, "weights %zu", i);
  }
}

Test(model, bad_numbers) {
  const double bad[] = {NAN, INFINITY, -INFINITY};
  for (size_t b = 0; b < 3; b++) {
    double w[2], m[4], c[8], l[] = {1, 0, 0, 1, 1, 0, 0, 1};
    struct emblas_parameters p = parameters_2d();
    p.weights = memcpy(w, weights, sizeof w), w[1] = bad[b];
    check_refused("weight", &p, EMBLAS_ERROR_NOT_FINITE, 1);
    p = parameters_2d(), p.means = memcpy(m, means, sizeof m), m[3] = bad[b];
    check_refused("mean", &p, EMBLAS_ERROR_NOT_FINITE, 1);
    p = parameters_2d(), p.covariances = memcpy(c, covariances, sizeof c), c[7] = bad[b];
    check_refused("covariance", &p, EMBLAS_ERROR_NOT_FINITE, 1);
    p = parameters_2d(), p.cholesky = l, l[6] = bad[b];
    check_refused("factor", &p, EMBLAS_ERROR_NOT_FINITE, 1);
  }
}

Test(model, bad_matrices) {
  const double indefinite[] = {4, 1, 1, 2, 1, 2, 2, 3}, singular[] = {4, 1, 1, 2, 1, 2, 2, 4};
  const double lopsided[] = {4, 1, 1, 2, 1, .5, -.5, 3}, one = 1;
  const double bad_factor[] = {1, 0, 0, 1, 1, 0, 0, 0}, negative_factor[] = {-1, 0, 0, 1, 1, 0, 0, 1};
  struct emblas_parameters p = parameters_2d();
  p.covariances = indefinite;
  check_refused("indefinite", &p, EMBLAS_ERROR_NOT_POSITIVE_DEFINITE, 1);
  p.covariances = singular;
  check_refused("singular", &p, EMBLAS_ERROR_NOT_POSITIVE_DEFINITE, 1);
  p.covariances = lopsided;
  check_refused("not symmetric", &p, EMBLAS_ERROR_NOT_SYMMETRIC, 1);
  p.covariances = lopsided + 4, p.components = 1, p.weights = &one;
  for (int v = 0; v < TEST_MODELS; v++) {
    p.covariance = (enum emblas_covariance)v;
    check_refused("not symmetric", &p, EMBLAS_ERROR_NOT_SYMMETRIC, 0);
  }
  const double no_variances[] = {4, 0, 0, 4, 0, 0, 0, 0}, negative[] = {4, 0, 0, 4, -1, 0, 0, -1};
  for (int v = EMBLAS_DIAG; v <= EMBLAS_SPHERICAL; v++) {
    p = parameters_2d(), p.covariance = (enum emblas_covariance)v, p.covariances = no_variances;
    check_refused("variances of 0", &p, EMBLAS_ERROR_NOT_POSITIVE_DEFINITE, 1);
    p.covariances = negative;
    check_refused("negative variances", &p, EMBLAS_ERROR_NOT_POSITIVE_DEFINITE, 1);
  }
  p = parameters_2d(), p.cholesky = bad_factor;
  check_refused("factor with a 0", &p, EMBLAS_ERROR_NOT_POSITIVE_DEFINITE, 1);
  p.cholesky = negative_factor;
  check_refused("factor with a negative diagonal", &p, EMBLAS_ERROR_NOT_POSITIVE_DEFINITE, 0);
  const double upper[] = {1, 0, 0, 1, 1, .5, 0, 1};
  p.cholesky = upper;
  check_refused("factor with an entry above its diagonal", &p, EMBLAS_ERROR_COVARIANCE, 1);
}

/* What the covariance model does not have must not be there. */
Test(model, constraints) {
  const double diagonal[] = {4, 0, 0, 2, 1, 0, 0, 3}, sphere[] = {4, 0, 0, 4, 1, 0, 0, 1};
  const double tied[] = {4, 1, 1, 2, 4, 1, 1, 2};
  const struct {
    const double *covariances;
    int accepted[TEST_MODELS]; /* full, tied, diag, spherical */
  } cases[] = {
      {covariances, {1, 0, 0, 0}}, {diagonal, {1, 0, 1, 0}}, {sphere, {1, 0, 1, 1}}, {tied, {1, 1, 0, 0}}};
  for (size_t i = 0; i < 4; i++)
    for (int v = 0; v < TEST_MODELS; v++) {
      struct emblas_parameters p = parameters_2d();
      struct emblas_model *model = NULL;
      p.covariances = cases[i].covariances, p.covariance = (enum emblas_covariance)v;
      emblas_status expected = cases[i].accepted[v] ? EMBLAS_OK : EMBLAS_ERROR_COVARIANCE;
      cr_assert_eq(emblas_model_create(&p, &model, NULL), expected, "matrices %zu as %s", i,
                   emblas_covariance_string(p.covariance));
      emblas_model_free(model);
    }
}

static struct emblas_prediction predict(const struct emblas_model *model, const struct emblas_data *data) {
  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.labels = test_keep(data->rows, sizeof(size_t));
  prediction.logpdf = test_keep(data->rows, sizeof(double));
  prediction.responsibilities = test_keep(data->rows * emblas_model_components(model), sizeof(double));
  cr_assert_eq(emblas_predict(model, data, predict_options(), &prediction, NULL), EMBLAS_OK);
  return prediction;
}

/* Each output from the others: rows sum to 1, labels are the largest, sums are sums of rows; with weights
 * too. */
Test(predict, is_consistent) {
  enum { N = 2100, K = 3 };
  struct emblas_data data = view(generate_blobs(N, 2, 2, 4), N, 2);
  struct emblas_options options = options_from_labels(K, EMBLAS_FULL, generate_block_labels(N, K), 5);
  struct fit fit = fit_or_fail(&data, &options);
  double *w = test_keep(N, sizeof *w);
  for (size_t i = 0; i < N; i++) w[i] = (double)(i % 4);
  for (int weighted = 0; weighted < 2; weighted++) {
    data.weights = weighted ? w : NULL;
    struct emblas_prediction p = predict(fit.model, &data);
    double loglik = 0, entropy = 0, hard = 0, magnitude = 0;
    for (size_t i = 0; i < N; i++) {
      const double *r = p.responsibilities + i * K, weight = weighted ? w[i] : 1;
      double sum = 0, max = 0, row_entropy = 0;
      size_t label = 0;
      for (size_t c = 0; c < K; c++) {
        sum += r[c];
        row_entropy -= r[c] > 0 ? r[c] * log(r[c]) : 0;
        if (r[c] > max) max = r[c], label = c;
      }
      check_near("row sum", sum, 1, (K + 2) * DBL_EPSILON);
      cr_assert_eq(p.labels[i], label);
      loglik += weight * p.logpdf[i], magnitude += weight * fabs(p.logpdf[i]);
      entropy += weight * row_entropy, hard += weight * log(max);
    }
    check_near("loglik", p.loglik, loglik, N * DBL_EPSILON * magnitude);
    check_near("entropy", p.entropy, entropy, 100 * DBL_EPSILON * (magnitude + N));
    check_near("hard", p.hard, hard, 100 * DBL_EPSILON * (magnitude + N));
  }
  fit_free(&fit);
}

/* What is not wanted changes nothing in what is. */
Test(predict, each_output_alone) {
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 2, 2, weights, means, covariances);
  struct emblas_prediction all = predict(model, &data);
  for (int which = 0; which < 4; which++) {
    struct emblas_prediction one;
    emblas_prediction_init(&one, sizeof one);
    if (which == 1) one.labels = test_keep(BASE_ROWS, sizeof(size_t));
    if (which == 2) one.responsibilities = test_keep(BASE_ROWS * 2, sizeof(double));
    if (which == 3) one.logpdf = test_keep(BASE_ROWS, sizeof(double));
    cr_assert_eq(emblas_predict(model, &data, predict_options(), &one, NULL), EMBLAS_OK);
    cr_assert_eq(one.loglik, all.loglik);
    cr_assert(which != 1 || !memcmp(one.labels, all.labels, BASE_ROWS * sizeof(size_t)));
    cr_assert(which != 2 ||
              !memcmp(one.responsibilities, all.responsibilities, BASE_ROWS * 2 * sizeof(double)));
    cr_assert(which != 3 || !memcmp(one.logpdf, all.logpdf, BASE_ROWS * sizeof(double)));
  }
  emblas_model_free(model);
}

/* Equal components share; the lowest index has the label. A component of weight 0 has none. */
Test(predict, ties_and_absent_components) {
  const double tied_weights[] = {0, .5, .5}, tied_means[] = {1, 1, 1, 1, 1, 1};
  const double unit[] = {1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1};
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 3, 2, tied_weights, tied_means, unit);
  struct emblas_prediction p = predict(model, &data);
  for (size_t i = 0; i < BASE_ROWS; i++) {
    cr_assert_eq(p.labels[i], 1);
    cr_assert(p.responsibilities[i * 3] == 0 && p.responsibilities[i * 3 + 1] == .5 &&
              p.responsibilities[i * 3 + 2] == .5);
  }
  emblas_model_free(model);
}

/* The density of a fit is the density of its model: what predict says of the data of the fit. */
Test(predict, agrees_with_the_fit) {
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    struct emblas_options options = options_for(3, (enum emblas_covariance)v);
    struct fit fit = fit_or_fail(&data, &options);
    struct emblas_prediction p = predict(fit.model, &data);
    double tolerance = 1e-12 * fabs(fit.report.loglik), bic, aic, icl;
    check_near("loglik", p.loglik, fit.report.loglik, tolerance);
    check_near("entropy", p.entropy, fit.report.entropy, tolerance);
    emblas_criteria(p.loglik, p.hard, BASE_ROWS, fit.report.parameters, &bic, &aic, &icl);
    check_near("bic", fit.report.bic, bic, 4 * tolerance);
    check_near("aic", fit.report.aic, aic, 4 * tolerance);
    check_near("icl", fit.report.icl, icl, 4 * tolerance);
    fit_free(&fit);
  }
}

/* Sample moments of each component, within five standard errors; shares of the labels likewise. */
Test(sample, has_the_moments_of_the_model) {
  enum { N = 40000 };
  double *x = test_keep(N * 2, sizeof *x), count[2] = {0}, mean[2][2] = {{0}}, scatter[2][3] = {{0}};
  size_t *labels = test_keep(N, sizeof *labels);
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 2, 2, weights, means, covariances);
  cr_assert_eq(emblas_sample(model, N, 7, x, labels), EMBLAS_OK);
  for (size_t i = 0; i < N; i++) {
    size_t c = labels[i];
    cr_assert(c < 2);
    double y[] = {x[i * 2] - means[c * 2], x[i * 2 + 1] - means[c * 2 + 1]};
    count[c]++;
    for (size_t j = 0; j < 2; j++) mean[c][j] += y[j];
    scatter[c][0] += y[0] * y[0], scatter[c][1] += y[0] * y[1], scatter[c][2] += y[1] * y[1];
  }
  for (size_t c = 0; c < 2; c++) {
    const double *s = covariances + c * 4, n = count[c];
    check_near("share", n / N, weights[c], 5 * sqrt(weights[c] * (1 - weights[c]) / N));
    for (size_t j = 0; j < 2; j++) check_near("mean", mean[c][j] / n, 0, 5 * sqrt(s[j * 3] / n));
    /* Var(y_j y_l) = s_jj s_ll + s_jl^2 for a Gaussian */
    check_near("variance", scatter[c][0] / n, s[0], 5 * sqrt(2 * s[0] * s[0] / n));
    check_near("covariance", scatter[c][1] / n, s[1], 5 * sqrt((s[0] * s[3] + s[1] * s[1]) / n));
    check_near("variance", scatter[c][2] / n, s[3], 5 * sqrt(2 * s[3] * s[3] / n));
  }
  emblas_model_free(model);
}

/* The first rows of a long sample are a short one; other seeds are other samples; labels do not matter. */
Test(sample, is_reproducible) {
  double many[200], few[50], other[50];
  size_t labels[100];
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 2, 2, weights, means, covariances);
  cr_assert_eq(emblas_sample(model, 100, 3, many, labels), EMBLAS_OK);
  cr_assert_eq(emblas_sample(model, 25, 3, few, NULL), EMBLAS_OK);
  cr_assert(!memcmp(many, few, sizeof few));
  cr_assert_eq(emblas_sample(model, 25, 4, other, NULL), EMBLAS_OK);
  cr_assert(memcmp(other, few, sizeof few) != 0);
  cr_assert_eq(emblas_sample(NULL, 25, 4, other, NULL), EMBLAS_ERROR_ARGUMENT);
  cr_assert_eq(emblas_sample(model, 25, 4, NULL, NULL), EMBLAS_ERROR_ARGUMENT);
  emblas_model_free(model);
}

/* A component of weight 0 is never drawn. */
Test(sample, absent_component) {
  const double only_second[] = {0, 1};
  double x[2000];
  size_t labels[1000];
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 2, 2, only_second, means, covariances);
  cr_assert_eq(emblas_sample(model, 1000, 3, x, labels), EMBLAS_OK);
  for (size_t i = 0; i < 1000; i++) cr_assert_eq(labels[i], 1);
  emblas_model_free(model);
}

Test(criteria, formulas) {
  double bic, aic, icl;
  emblas_criteria(-100, -7, 50, 11, &bic, &aic, &icl);
  check_near("bic", bic, 200 + 11 * log(50), 1e-12);
  check_near("aic", aic, 222, 0);
  check_near("icl", icl, 200 + 11 * log(50) + 14, 1e-12);
  emblas_criteria(-100, -7, 50, 11, NULL, NULL, NULL);
  /* k - 1 weights, k d means, and the matrices: k d(d+1)/2, d(d+1)/2, k d, k */
  cr_assert_eq(emblas_parameter_count(EMBLAS_FULL, 3, 4), 2 + 12 + 30);
  cr_assert_eq(emblas_parameter_count(EMBLAS_TIED, 3, 4), 2 + 12 + 10);
  cr_assert_eq(emblas_parameter_count(EMBLAS_DIAG, 3, 4), 2 + 12 + 12);
  cr_assert_eq(emblas_parameter_count(EMBLAS_SPHERICAL, 3, 4), 2 + 12 + 3);
}

/* mclust's nMclustParams() of 4 columns and 3 components. */
Test(covariance_models, parameters) {
  const size_t count[EMBLAS_COVARIANCE_COUNT] = {44, 24, 26, 17, 18, 15, 20, 24, 26, 30, 32, 36, 38, 42};
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++)
    cr_assert_eq(emblas_parameter_count((enum emblas_covariance)v, 3, 4), count[v], "%d", v);
}

Test(covariance_models, names) {
  const char *const names[] = {"full", "tied", "diag", "spherical", "tied-diag", "tied-spherical",
                               "vei",  "evi",  "vee",  "eve",       "vve",       "eev",
                               "vev",  "evv"};
  const char *const mclust[] = {"VVV", "EEE", "VVI", "VII", "EEI", "EII", "VEI",
                                "EVI", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV"};
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    enum emblas_covariance parsed = EMBLAS_FULL;
    cr_assert_str_eq(emblas_covariance_string((enum emblas_covariance)v), names[v]);
    cr_assert_str_eq(emblas_covariance_mclust((enum emblas_covariance)v, 2), mclust[v]);
    cr_assert_eq(strncmp(emblas_covariance_mclust((enum emblas_covariance)v, 1), mclust[v], 1), 0);
    cr_assert(emblas_covariance_parse(names[v], &parsed) == EMBLAS_OK &&
              parsed == (enum emblas_covariance)v);
    cr_assert(emblas_covariance_parse(mclust[v], &parsed) == EMBLAS_OK &&
              parsed == (enum emblas_covariance)v);
  }
  enum emblas_covariance parsed = EMBLAS_DIAG;
  cr_assert(emblas_covariance_parse("V", &parsed) == EMBLAS_OK && parsed == EMBLAS_FULL);
  cr_assert(emblas_covariance_parse("E", &parsed) == EMBLAS_OK && parsed == EMBLAS_TIED);
  cr_assert_eq(emblas_covariance_parse("round", &parsed), EMBLAS_ERROR_ARGUMENT);
  cr_assert_eq(emblas_covariance_parse("", &parsed), EMBLAS_ERROR_ARGUMENT);
  cr_assert_eq(emblas_covariance_parse(NULL, &parsed), EMBLAS_ERROR_ARGUMENT);
  cr_assert_eq(parsed, EMBLAS_TIED);
  cr_assert_null(emblas_covariance_string((enum emblas_covariance)EMBLAS_COVARIANCE_COUNT));
}
