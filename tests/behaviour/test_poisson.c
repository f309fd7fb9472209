/* SPDX-License-Identifier: MIT */
/* Mixtures of Poisson counts: beside an EM of their own in 113 bits, and through everything that a family
   goes through. */
#include "../support/fit.h"
#include "../support/generate.h"
#include "../support/real.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ counts */

/* A sum of rare events: about Poisson, and no two libraries' draws. */
static double draw(struct generator *generator, double rate) {
  double limit = exp(-rate), product = generate_uniform(generator), x = 0;
  for (; product > limit && x < 1000; x++) product *= generate_uniform(generator);
  return x;
}

/* n x d counts of k groups in turn; column j of group c has the rate low (1 + c + j % 3) ^ 1.5. */
static double *counts(size_t n, size_t d, size_t k, double low, uint64_t seed) {
  struct generator generator = {seed};
  double *x = test_keep(n * d, sizeof *x);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < d; j++)
      x[i * d + j] = draw(&generator, low * pow((double)(1 + i % k + j % 3), 1.5));
  return x;
}

static size_t *labels_in_turn(size_t n, size_t k) {
  size_t *labels = test_keep(n, sizeof *labels);
  for (size_t i = 0; i < n; i++) labels[i] = (i + i / 7) % k; /* some of them wrong */
  return labels;
}

static struct emblas_options poisson_options(size_t k) {
  struct emblas_options options = options_for(k, EMBLAS_FULL);
  options.family = EMBLAS_POISSON;
  return options;
}

/* ------------------------------------------------------------------ EM in 113 bits */

static real log_factorial(double x) {
  real sum = 0;
  for (double i = 2; i <= x; i++) sum += real_log(i);
  return sum;
}

struct oracle {
  size_t n, d, k;
  const double *x, *w;
  real *r, *base;         /* n x k, n */
  real *weights, *rates;  /* k, k x d */
  real loglik, magnitude; /* at these parameters */
};

static void oracle_maximise(struct oracle *o) {
  real total = 0;
  for (size_t c = 0; c < o->k; c++) o->weights[c] = 0;
  memset(o->rates, 0, o->k * o->d * sizeof *o->rates);
  for (size_t i = 0; i < o->n; i++)
    for (size_t c = 0; c < o->k; c++) {
      real r = o->r[i * o->k + c] * (o->w != NULL ? o->w[i] : 1);
      total += r, o->weights[c] += r;
      for (size_t j = 0; j < o->d; j++) o->rates[c * o->d + j] += r * o->x[i * o->d + j];
    }
  for (size_t c = 0; c < o->k; c++) {
    for (size_t j = 0; j < o->d; j++) o->rates[c * o->d + j] /= o->weights[c];
    o->weights[c] /= total;
  }
}

static void oracle_expect(struct oracle *o) {
  o->loglik = o->magnitude = 0;
  for (size_t i = 0; i < o->n; i++) {
    real *r = o->r + i * o->k, most = 0, sum = 0;
    for (size_t c = 0; c < o->k; c++) {
      r[c] = real_log(o->weights[c]) - o->base[i];
      for (size_t j = 0; j < o->d; j++)
        r[c] += o->x[i * o->d + j] * real_log(o->rates[c * o->d + j]) - o->rates[c * o->d + j];
      if (c == 0 || r[c] > most) most = r[c];
    }
    for (size_t c = 0; c < o->k; c++) sum += r[c] = real_exp(r[c] - most);
    for (size_t c = 0; c < o->k; c++) r[c] /= sum;
    real own = (o->w != NULL ? o->w[i] : 1) * (most + real_log(sum));
    o->loglik += own, o->magnitude += real_abs(own);
  }
}

static struct oracle oracle_start(const struct emblas_data *data, size_t k, const size_t *labels) {
  size_t n = data->rows, d = data->columns;
  struct oracle o = {.n = n, .d = d, .k = k, .x = data->values, .w = data->weights};
  o.r = test_keep(n * k, sizeof *o.r), o.base = test_keep(n, sizeof *o.base);
  o.weights = test_keep(k, sizeof *o.weights), o.rates = test_keep(k * d, sizeof *o.rates);
  for (size_t i = 0; i < n; i++) {
    o.r[i * k + labels[i]] = 1;
    for (size_t j = 0; j < d; j++) o.base[i] += log_factorial(data->values[i * d + j]);
  }
  oracle_maximise(&o);
  oracle_expect(&o);
  return o;
}

/* After as many maps. Logits are sums of d + 2 terms, none larger than the counts times the logarithm of
   the ratio of rates, which is below 4: they are off by `logit`, and so, relative to themselves, is what a
   map makes of them; a dozen maps add up. The log-likelihood is flat there: it is off by the logits'
   roundings, which are independent from row to row, and its own. */
static void check_oracle(const struct emblas_data *data, size_t k, size_t maps, double largest) {
  const size_t *labels = labels_in_turn(data->rows, k);
  struct emblas_options options = poisson_options(k);
  struct oracle o = oracle_start(data, k, labels);
  options.start = EMBLAS_START_LABELS, options.labels = labels;
  options.accelerate = EMBLAS_ACCELERATE_NONE, options.tolerance = 0, options.max_iterations = maps;
  struct fit fit = fit_or_fail(data, &options);
  for (size_t map = 0; map < maps; map++) oracle_maximise(&o), oracle_expect(&o);
  double logit = 4 * DBL_EPSILON * (double)(data->columns + 2) * largest;
  check_near("log-likelihood", fit.report.loglik, (double)o.loglik,
             8 * DBL_EPSILON * (double)o.magnitude + logit * sqrt((double)data->rows));
  for (size_t c = 0; c < k; c++) {
    double weight = (double)o.weights[c];
    check_near("weight", emblas_model_weights(fit.model)[c], weight, (double)maps * logit * weight);
    for (size_t j = 0; j < data->columns; j++) {
      double rate = (double)o.rates[c * data->columns + j];
      check_near("rate", emblas_model_means(fit.model)[c * data->columns + j], rate,
                 (double)maps * logit * rate);
    }
  }
  fit_free(&fit);
}

Test(poisson, oracle) {
  SKIP_WITHOUT_REAL();
  struct emblas_data few = view(counts(300, 3, 3, 0.7, 1), 300, 3);
  check_oracle(&few, 3, 12, 40);
  struct emblas_data large = view(counts(300, 2, 2, 90, 2), 300, 2);
  check_oracle(&large, 2, 12, 900);
  struct emblas_data wide = view(counts(120, 330, 2, 0.3, 3), 120, 330); /* features take several panels */
  check_oracle(&wide, 2, 6, 8);
  struct emblas_data many = view(counts(3000, 4, 4, 1, 4), 3000, 4);
  check_oracle(&many, 4, 12, 60);
}

Test(poisson, oracle_weighted) {
  SKIP_WITHOUT_REAL();
  struct emblas_data data = view(counts(300, 3, 3, 0.7, 5), 300, 3);
  double *weights = test_keep(300, sizeof *weights);
  for (size_t i = 0; i < 300; i++) weights[i] = i % 13 == 4 ? 0 : 0.25 + (double)(i % 5);
  data.weights = weights;
  check_oracle(&data, 3, 12, 40);
}

/* Deaths of women over 80 in The Times on 1096 days (Hasselblad 1969; docs give this optimum to 12 digits).
 */
static const double days[10] = {162, 267, 271, 185, 111, 61, 27, 8, 3, 1};
static const double deaths[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

Test(poisson, deaths_in_the_times) {
  struct emblas_data data = view(deaths, 10, 1);
  struct emblas_options options = poisson_options(2);
  data.weights = days;
  options.tolerance = 1e-12;
  struct fit fit = fit_or_fail(&data, &options);
  size_t few = emblas_model_means(fit.model)[0] > emblas_model_means(fit.model)[1];
  check_near("log-likelihood", fit.report.loglik, -1989.94585988296, 1e-9);
  /* The ridge is flat: 1e-9 nats are a thousandth of these. */
  check_near("weight", emblas_model_weights(fit.model)[few], .359885396986, 1e-3);
  check_near("rate", emblas_model_means(fit.model)[few], 1.256095101226, 2e-3);
  check_near("rate", emblas_model_means(fit.model)[1 - few], 2.663404356634, 2e-3);
  cr_assert_eq(fit.report.parameters, 3);
  fit_free(&fit);
}

/* ------------------------------------------------------------------ what every family goes through */

/* Equal rows are merged, and say what their weights say. */
Test(poisson, duplicates) {
  const size_t n = 6000;
  double *x = counts(n, 1, 2, 2, 6), weight[64] = {0}, value[64], most = 0;
  for (size_t i = 0; i < n; i++) weight[(size_t)x[i]]++, most = fmax(most, x[i]);
  for (size_t i = 0; i < 64; i++) value[i] = (double)i;
  cr_assert_lt(most, 63);
  struct emblas_data all = view(x, n, 1), merged = view(value, (size_t)most + 1, 1);
  merged.weights = weight;
  struct emblas_options options = poisson_options(2);
  options.tolerance = 1e-11;
  struct fit of_all = fit_or_fail(&all, &options), of_merged = fit_or_fail(&merged, &options);
  cr_assert_lt(of_all.report.rows, 64);
  check_near("log-likelihood", of_all.report.loglik, of_merged.report.loglik, 1e-8);
  fit_free(&of_all), fit_free(&of_merged);
}

Test(poisson, threads_change_no_bit) {
  struct emblas_data data = view(counts(5000, 3, 3, 2, 7), 5000, 3);
  struct emblas_options options = poisson_options(3);
  options.starts = 4, options.threads = 1;
  struct fit one = fit_or_fail(&data, &options);
  options.threads = 3;
  struct fit three = fit_or_fail(&data, &options);
  cr_assert(same_model(one.model, three.model));
  cr_assert_eq(one.report.loglik, three.report.loglik);
  fit_free(&one), fit_free(&three);
}

/* Groups that are far apart are found, and each row's own. */
Test(poisson, search_finds_groups) {
  const size_t n = 900, k = 5;
  double *x = test_keep(n * 2, sizeof *x);
  struct generator generator = {8};
  for (size_t i = 0; i < n; i++) {
    x[2 * i] = draw(&generator, 2 + 20 * (double)(i % k));
    x[2 * i + 1] = draw(&generator, 40 - 9 * (double)(i % k));
  }
  struct emblas_data data = view(x, n, 2);
  struct emblas_options options = poisson_options(k);
  struct fit fit = fit_or_fail(&data, &options);
  const size_t *labels = model_labels(fit.model, &data);
  size_t apart = 0;
  for (size_t i = k; i < n; i++) apart += labels[i] != labels[i % k];
  cr_assert_lt(apart, n / 20, "%zu rows are with others", apart);
  for (size_t c = 0; c < k; c++) cr_assert_eq(fit.report.component_flags[c], 0);
  fit_free(&fit);
}

/* The size that counts of three groups have, by a search over sizes; there is one model of each. */
Test(poisson, select) {
  struct emblas_data data = view(counts(600, 4, 3, 3, 9), 600, 4);
  struct emblas_options options = poisson_options(1);
  struct emblas_candidates candidates;
  struct emblas_selection selection;
  struct emblas_model *model = NULL;
  emblas_candidates_init(&candidates, sizeof candidates);
  emblas_selection_init(&selection, sizeof selection);
  candidates.most_components = 5;
  cr_assert_eq(emblas_select(&data, &options, &candidates, &model, NULL, &selection), EMBLAS_OK);
  cr_assert_eq(selection.count, 5);
  cr_assert_eq(selection.trials[0].family, EMBLAS_POISSON);
  cr_assert_eq(emblas_model_components(model), 3);
  cr_assert_eq(emblas_model_family(model), EMBLAS_POISSON);
  emblas_model_free(model);
  emblas_selection_clear(&selection);
}

/* A count that a component has never met is unlikely there, and not impossible. */
Test(poisson, a_column_of_zeros) {
  double x[] = {0, 5, 0, 7, 0, 6, 0, 4, 9, 50, 11, 60, 10, 55, 8, 52}, row[] = {1, 5}, rates[4];
  size_t labels[] = {0, 0, 0, 0, 1, 1, 1, 1};
  struct emblas_data data = view(x, 8, 2);
  struct emblas_options options = poisson_options(2);
  options.start = EMBLAS_START_LABELS, options.labels = labels;
  struct fit fit = fit_or_fail(&data, &options);
  memcpy(rates, emblas_model_means(fit.model), sizeof rates);
  check_near("rate", rates[0], 1e-12 * 4.75, 1e-25);
  double density = emblas_model_log_density(fit.model, row, NULL);
  cr_assert(isfinite(density) && density < -20, "%g", density);
  fit_free(&fit);
}

/* ------------------------------------------------------------------ densities and draws */

static struct emblas_model *model_of(size_t k, size_t d, const double *weights, const double *rates) {
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.family = EMBLAS_POISSON;
  parameters.components = k, parameters.dim = d, parameters.weights = weights, parameters.means = rates;
  cr_assert_eq(emblas_model_create(&parameters, &model, NULL), EMBLAS_OK);
  return model;
}

/* A density's terms do not cancel: it is right to some eps of itself and of 1, however large the counts. */
Test(poisson, density) {
  SKIP_WITHOUT_REAL();
  enum { RATES = 7 };
  const double rates[RATES] = {0.3, 1, 7.5, 22, 23.5, 300, 4e4}, unit = 1;
  struct emblas_model *models[RATES];
  real factorial = 0;
  for (size_t r = 0; r < RATES; r++) models[r] = model_of(1, 1, &unit, &rates[r]);
  for (double x = 0, next = 0; x < 1e5; factorial += real_log(++x)) {
    if (x < next) continue;
    next = floor(1.3 * x) + 1;
    for (size_t r = 0; r < RATES; r++) {
      double exact = (double)(x * real_log(rates[r]) - rates[r] - factorial), one;
      double found = emblas_model_log_density(models[r], &x, &one);
      cr_assert(fabs(found - exact) <= 64 * DBL_EPSILON * (1 + fabs(exact)), "%g at %g: %.17g for %.17g", x,
                rates[r], found, exact);
      cr_assert_eq(one, 1);
    }
  }
  for (size_t r = 0; r < RATES; r++) emblas_model_free(models[r]);
}

Test(poisson, predict_says_what_the_density_says) {
  const double weights[] = {.2, .5, .3}, rates[] = {1, 30, 4, 4, 90, 2};
  struct emblas_model *model = model_of(3, 2, weights, rates);
  struct emblas_data data = view(counts(400, 2, 3, 3, 10), 400, 2);
  double *logpdf = test_keep(400, sizeof *logpdf), *r = test_keep(400 * 3, sizeof *r), own[3], sum = 0;
  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.logpdf = logpdf, prediction.responsibilities = r;
  cr_assert_eq(emblas_predict(model, &data, predict_options(), &prediction, NULL), EMBLAS_OK);
  for (size_t i = 0; i < 400; i++) {
    double density = emblas_model_log_density(model, data.values + 2 * i, own);
    check_near("log density", logpdf[i], density, 8 * DBL_EPSILON * fabs(density));
    for (size_t c = 0; c < 3; c++) check_near("responsibility", r[3 * i + c], own[c], 64 * DBL_EPSILON);
    sum += density;
  }
  check_near("log-likelihood", prediction.loglik, sum, 400 * DBL_EPSILON * fabs(sum));
  emblas_model_free(model);
}

/* Mean and variance of draws are the rate, within five of their own deviations. */
Test(poisson, sample) {
  enum { DRAWS = 20000 };
  const double rates[] = {0.4, 3, 9.9, 10.1, 60, 5e5}, unit = 1;
  double *x = test_keep(DRAWS, sizeof *x);
  for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
    struct emblas_model *model = model_of(1, 1, &unit, &rates[r]);
    double mean = 0, variance = 0, rate = rates[r];
    cr_assert_eq(emblas_sample(model, DRAWS, 3, x, NULL), EMBLAS_OK);
    for (size_t i = 0; i < DRAWS; i++) {
      cr_assert(x[i] >= 0 && x[i] == floor(x[i]));
      mean += x[i] / DRAWS, variance += (x[i] - rate) * (x[i] - rate) / DRAWS;
    }
    check_near("mean", mean, rate, 5 * sqrt(rate / DRAWS));
    check_near("variance", variance, rate, 5 * rate * sqrt((2 + 1 / rate) / DRAWS));
    emblas_model_free(model);
  }
}

/* ------------------------------------------------------------------ what is refused */

static void refused(double value) {
  double x[] = {1, 2, 3, 4, 5, 6, 7, 8};
  struct emblas_data data = view(x, 4, 2);
  struct emblas_options options = poisson_options(1);
  struct emblas_model *model = NULL;
  struct emblas_report report;
  x[5] = value;
  emblas_report_init(&report, sizeof report);
  cr_assert_eq(emblas_fit(&data, &options, &model, &report), EMBLAS_ERROR_VALUE, "%g", value);
  cr_assert(report.row == 2 && report.column == 1);
  const double unit = 1, rates[] = {1, 1};
  struct emblas_prediction prediction;
  model = model_of(1, 2, &unit, rates);
  emblas_prediction_init(&prediction, sizeof prediction);
  cr_assert_eq(emblas_predict(model, &data, predict_options(), &prediction, &report), EMBLAS_ERROR_VALUE);
  cr_assert(report.row == 2 && report.column == 1);
  cr_assert(isnan(emblas_model_log_density(model, x + 4, NULL)));
  emblas_model_free(model);
}

Test(poisson, no_counts) {
  refused(-1);
  refused(.5);
  refused(0x1p54);
}

Test(poisson, options_of_other_families) {
  struct emblas_data data = view(counts(20, 2, 2, 3, 11), 20, 2);
  struct emblas_options options = poisson_options(1);
  struct emblas_model *model = NULL;
  struct emblas_report report;
  emblas_report_init(&report, sizeof report);
  options.covariance = EMBLAS_DIAG;
  cr_assert_eq(emblas_fit(&data, &options, &model, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "options.covariance");
  options = options_for(1, EMBLAS_FULL);
  struct fit normal = fit_or_fail(&data, &options);
  options = poisson_options(1);
  options.start = EMBLAS_START_MODEL, options.model = normal.model;
  cr_assert_eq(emblas_fit(&data, &options, &model, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "options.model");
  options.family = (enum emblas_family)EMBLAS_FAMILY_COUNT;
  cr_assert_eq(emblas_fit(&data, &options, &model, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "options.family");
  fit_free(&normal);
}

Test(poisson, parameters) {
  const double unit = 1, wrong[] = {0, -1, NAN, INFINITY}, rate = 2, variance = 1;
  const emblas_status status[] = {EMBLAS_ERROR_VALUE, EMBLAS_ERROR_VALUE, EMBLAS_ERROR_NOT_FINITE,
                                  EMBLAS_ERROR_NOT_FINITE};
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;
  size_t component;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.family = EMBLAS_POISSON, parameters.components = parameters.dim = 1,
  parameters.weights = &unit;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    parameters.means = &wrong[i];
    cr_assert_eq(emblas_model_create(&parameters, &model, &component), status[i]);
    cr_assert_eq(component, 0);
  }
  parameters.means = &rate, parameters.covariances = &variance;
  cr_assert_eq(emblas_model_create(&parameters, &model, &component), EMBLAS_ERROR_COVARIANCE);
  model = model_of(1, 1, &unit, &rate);
  double found;
  emblas_model_covariance(model, 0, &found);
  cr_assert_eq(found, rate);
  emblas_model_cholesky(model, 0, &found);
  cr_assert_eq(found, sqrt(rate));
  emblas_model_free(model);
}

/* A fit that goes on from its own model is there. */
Test(poisson, model_start) {
  struct emblas_data data = view(counts(500, 2, 2, 4, 12), 500, 2);
  struct emblas_options options = poisson_options(2);
  struct fit first = fit_or_fail(&data, &options);
  options.start = EMBLAS_START_MODEL, options.model = first.model;
  struct fit again = fit_or_fail(&data, &options);
  check_near("log-likelihood", again.report.loglik, first.report.loglik, 1e-6);
  cr_assert_leq(again.report.iterations, 3);
  fit_free(&first), fit_free(&again);
}
