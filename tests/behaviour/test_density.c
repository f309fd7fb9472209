/* SPDX-License-Identifier: MIT */
/* The density of a model: of one row and of many, far out, at the ends of the range, for any number of
 * threads. */
#include "../support/allocator.h"
#include "../support/fit.h"
#include "../support/generate.h"
#include "../support/real.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { MOST_K = 17, MOST_D = 40 };

/* Parameters of k components in d dimensions, with factors that every covariance model admits. */
struct mixture {
  size_t k, d;
  double weights[MOST_K], means[MOST_K * MOST_D], factors[MOST_K * MOST_D * MOST_D];
};

/* Off the diagonal the factor's rows sum to half of what stands on it, at most. */
static struct mixture *random_mixture(enum emblas_covariance covariance, size_t k, size_t d,
                                      uint64_t seed) {
  struct mixture *m = test_keep(1, sizeof *m);
  struct generator generator = {seed};
  double total = 0;
  m->k = k, m->d = d;
  for (size_t c = 0; c < k; c++) total += m->weights[c] = c == 1 ? 0 : .2 + generate_uniform(&generator);
  for (size_t c = 0; c < k; c++) m->weights[c] /= total;
  for (size_t i = 0; i < k * d; i++) m->means[i] = 2 * generate_gaussian(&generator);
  for (size_t c = 0; c < k; c++)
    for (size_t j = 0; j < d; j++) {
      double *row = m->factors + (c * d + j) * d;
      row[j] = .5 + generate_uniform(&generator);
      for (size_t l = 0; l < j && covariance < EMBLAS_DIAG; l++)
        row[l] = row[j] * (generate_uniform(&generator) - .5) / (double)d;
      if (covariance == EMBLAS_SPHERICAL) row[j] = m->factors[c * d * d];
    }
  for (size_t c = 1; c < k && covariance == EMBLAS_TIED; c++)
    memcpy(m->factors + c * d * d, m->factors, d * d * sizeof *m->factors);
  return m;
}

static emblas_status create(const struct mixture *m, enum emblas_covariance covariance,
                            struct emblas_allocator allocator, struct emblas_model **model,
                            size_t *component) {
  struct emblas_parameters p;
  emblas_parameters_init(&p, sizeof p);
  p.covariance = covariance, p.components = m->k, p.dim = m->d, p.allocator = allocator;
  p.weights = m->weights, p.means = m->means, p.cholesky = m->factors;
  return emblas_model_create(&p, model, component);
}

static struct emblas_model *create_or_fail(const struct mixture *m, enum emblas_covariance covariance) {
  struct emblas_model *model = NULL;
  cr_assert_eq(create(m, covariance, (struct emblas_allocator){0}, &model, NULL), EMBLAS_OK);
  return model;
}

/* The log density by forward substitution, in more digits. */
static real oracle(const struct mixture *m, const double *x, real *logits) {
  real most = 0, sum = 0, z[MOST_D];
  for (size_t c = 0; c < m->k; c++) {
    real logit = m->weights[c] > 0 ? real_log(m->weights[c]) : -(real)1e30;
    for (size_t j = 0; j < m->d; j++) {
      const double *row = m->factors + (c * m->d + j) * m->d;
      z[j] = (real)x[j] - m->means[c * m->d + j];
      for (size_t l = 0; l < j; l++) z[j] -= row[l] * z[l];
      z[j] /= row[j];
      logit -= real_log(row[j]) + z[j] * z[j] / 2 + (real)0.918938533204672741780329736405617640L;
    }
    logits[c] = logit;
    if (c == 0 || logit > most) most = logit;
  }
  for (size_t c = 0; c < m->k; c++) sum += real_exp(logits[c] - most);
  return most + real_log(sum);
}

/* With |K||M| <= 3 by rows (see random_mixture) and the residual of the inverse K, z_j is wrong by 3 (2 d +
   4) u max |z|, and the square of the distance by twice sqrt(d) as much of itself; the constant by (d + 4)
   u of the sum of its terms, each below 2. */
static double tolerance(size_t d, double log_density) {
  double n = (double)d;
  return DBL_EPSILON * ((6 * n + 12) * sqrt(n) * (fabs(log_density) + 2 * n) + (n + 4) * 2 * (n + 2));
}

static void check_rows(enum emblas_covariance covariance, size_t k, size_t d) {
  enum { ROWS = 5 };
  const struct mixture *m = random_mixture(covariance, k, d, 100 * k + d);
  struct emblas_model *model = create_or_fail(m, covariance);
  struct emblas_data data = view(generate_matrix(ROWS, d, d), ROWS, d);
  double many[ROWS], shares[ROWS * MOST_K], r[MOST_K];
  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.logpdf = many, prediction.responsibilities = shares;
  cr_assert_eq(emblas_predict(model, &data, predict_options(), &prediction, NULL), EMBLAS_OK);
  for (size_t i = 0; i < ROWS; i++) {
    real logits[MOST_K], exact = oracle(m, data.values + i * d, logits);
    double one = emblas_model_log_density(model, data.values + i * d, NULL), sum = 0;
    double bound = tolerance(d, (double)exact);
    check_near("log density", one, (double)exact, bound);
    /* The distances are the same bits; the exponentials, their sum and its logarithm are not. */
    check_near("of many rows", many[i], one, ((double)k + 8) * DBL_EPSILON * (1 + fabs(one)));
    cr_assert_eq(emblas_model_log_density(model, data.values + i * d, r), one);
    for (size_t c = 0; c < k; c++) {
      double share = (double)real_exp(logits[c] - exact);
      check_near("share", r[c], share, 2 * bound * share * (1 - (double)logits[c]));
      check_near("share of many", shares[i * k + c], r[c],
                 ((double)k + 8) * DBL_EPSILON * fmax(r[c], DBL_MIN));
      sum += r[c];
    }
    check_near("sum of shares", sum, 1, ((double)k + 4) * DBL_EPSILON);
  }
  emblas_model_free(model);
}

Test(density, is_that_of_the_formula) {
  SKIP_WITHOUT_REAL();
  const size_t ks[] = {1, 2, 3, 4, 5, 8, 9, MOST_K}, ds[] = {1, 2, 3, 4, 5, 9, 16, 33, MOST_D};
  for (int v = 0; v < TEST_MODELS; v++)
    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
      for (size_t j = 0; j < sizeof ds / sizeof *ds; j++)
        check_rows((enum emblas_covariance)v, ks[i], ds[j]);
}

Test(density, allocates_nothing) {
  struct counting_allocator counter = {0};
  struct emblas_model *model = NULL;
  const struct mixture *m = random_mixture(EMBLAS_FULL, 9, 5, 3);
  const double *x = generate_matrix(1, 5, 1);
  double r[9];
  cr_assert_eq(create(m, EMBLAS_FULL, counting_hooks(&counter), &model, NULL), EMBLAS_OK);
  size_t calls = counter.calls;
  for (int i = 0; i < 3; i++) emblas_model_log_density(model, x, i ? r : NULL);
  cr_assert_eq(counter.calls, calls);
  emblas_model_free(model);
  cr_assert_eq(counter.live, 0);
}

Test(density, of_a_value_that_is_none) {
  const struct mixture *m = random_mixture(EMBLAS_FULL, 2, 3, 4);
  struct emblas_model *model = create_or_fail(m, EMBLAS_FULL);
  const double none[] = {NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < 3; i++) {
    double x[] = {0, 1, 2}, r[] = {17, 18};
    x[i] = none[i];
    cr_assert(isnan(emblas_model_log_density(model, x, r)));
    cr_assert(r[0] == 17 && r[1] == 18);
  }
  emblas_model_free(model);
}

/* Deviations and means at the ends of the range, together in one model, and rows as far out. */
static void check_ends(const struct mixture *m, enum emblas_covariance covariance) {
  const double ends[] = {0,        1,       -1e-200,       1e200,       -1e308,     DBL_MAX,
                         -DBL_MAX, DBL_MIN, -DBL_TRUE_MIN, 1e154 * 1e3, 0x1.8p-1000};
  enum { ROWS = sizeof ends / sizeof *ends };
  double x[ROWS * 2], many[ROWS], shares[ROWS * 4], r[4];
  struct emblas_model *model = create_or_fail(m, covariance);
  for (size_t i = 0; i < ROWS * m->d; i++) x[i] = ends[(i * (1 + m->d)) % ROWS];
  struct emblas_data data = view(x, ROWS, m->d);
  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.logpdf = many, prediction.responsibilities = shares;
  cr_assert_eq(emblas_predict(model, &data, predict_options(), &prediction, NULL), EMBLAS_OK);
  cr_assert(isfinite(prediction.loglik) && isfinite(prediction.entropy) && isfinite(prediction.hard));
  for (size_t i = 0; i < ROWS; i++) {
    double one = emblas_model_log_density(model, x + i * m->d, r), sum = 0, sum_of_many = 0;
    cr_assert(isfinite(one), "row %zu: %g", i, one);
    check_near("of many", many[i], one, 12 * DBL_EPSILON * (1 + fabs(one)));
    for (size_t c = 0; c < m->k; c++) sum += r[c], sum_of_many += shares[i * m->k + c];
    check_near("sum of shares", sum, 1, 8 * DBL_EPSILON);
    check_near("sum of shares of many", sum_of_many, 1, 8 * DBL_EPSILON);
  }
  emblas_model_free(model);
}

Test(density, ends_of_the_range) {
  struct mixture m = {.k = 4, .d = 1, .weights = {.25, .25, .25, .25}};
  const double deviations[][4] = {{1e-200, 1e200, 1, 1e-308}, {DBL_TRUE_MIN, DBL_MAX, 1e-310, 1e308}};
  const double means[][4] = {{0, 0, 0, 0}, {1e308, -1e308, 1e-310, 1}, {DBL_MAX, -DBL_MAX, DBL_MIN, 0}};
  for (size_t i = 0; i < 6; i++) {
    memcpy(m.factors, deviations[i / 3], sizeof deviations[0]);
    memcpy(m.means, means[i % 3], sizeof means[0]);
    check_ends(&m, EMBLAS_FULL);
    check_ends(&m, EMBLAS_DIAG);
  }
  struct mixture plane = {.k = 2, .d = 2, .weights = {.5, .5}, .means = {0, 1e200, -1e300, 1}};
  const double factors[] = {1e-200, 0, 1e-201, 1e-200, 1e200, 0, -1e3, 1e-3};
  memcpy(plane.factors, factors, sizeof factors);
  check_ends(&plane, EMBLAS_FULL);
}

/* -log s - log(2 pi)/2 - (x/s)^2 / 2 where that is in range. */
Test(density, of_wide_deviations) {
  struct mixture m = {.k = 2, .d = 1, .weights = {.5, .5}, .factors = {1e-200, 1e200}};
  struct emblas_model *model = create_or_fail(&m, EMBLAS_FULL);
  const double half_log_2pi = 0.91893853320467274178, log_10 = 2.302585092994045684;
  const double x[] = {0, 3e-200, 1, 3e200};
  const double exact[] = {200 * log_10, 200 * log_10 - 4.5, -200 * log_10, -200 * log_10 - 4.5};
  double r[2];
  for (size_t i = 0; i < 4; i++) {
    double expected = exact[i] - half_log_2pi - log(2);
    check_near("wide", emblas_model_log_density(model, x + i, r), expected, 4 * DBL_EPSILON * 461);
    cr_assert(r[0] == (i < 2) && r[1] == (i >= 2));
  }
  emblas_model_free(model);
}

/* Far out the square of the distance decides, up to 1e150 deviations. */
Test(density, of_far_rows) {
  struct mixture m = {.k = 1, .d = 1, .weights = {1}, .factors = {2}};
  struct emblas_model *model = create_or_fail(&m, EMBLAS_FULL);
  for (double x = 1e10; x < 1e150; x *= 1e10)
    check_near("far", emblas_model_log_density(model, &x, NULL) / (x * x), -.125, 4 * DBL_EPSILON);
  emblas_model_free(model);
}

Test(density, factors_that_have_no_inverse) {
  struct mixture m = {.k = 2, .d = 3, .weights = {.5, .5}};
  const double unit[] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, singular[] = {1, 0, 0, 1, 1e-200, 0, 1, 1, 1e-200};
  struct emblas_model *model = NULL;
  size_t component = 0;
  memcpy(m.factors, unit, sizeof unit);
  memcpy(m.factors + 9, singular, sizeof singular);
  cr_assert_eq(create(&m, EMBLAS_FULL, (struct emblas_allocator){0}, &model, &component),
               EMBLAS_ERROR_RANGE);
  cr_assert_eq(component, 1);
  cr_assert_null(model);
}

/* Weighted and not, every number of threads, every output and sum. */
Test(predict, threads_change_no_bit) {
  enum { N = 30000, D = 3, K = 4 };
  struct emblas_model *model = create_or_fail(random_mixture(EMBLAS_FULL, K, D, 8), EMBLAS_FULL);
  struct emblas_data data = view(generate_matrix(N, D, 2), N, D);
  double *weights = test_keep(N, sizeof *weights), *r[2], *logpdf[2];
  size_t *labels[2];
  for (size_t i = 0; i < N; i++) weights[i] = (double)(i % 3);
  for (int i = 0; i < 2; i++) {
    r[i] = test_keep(N * K, sizeof(double)), logpdf[i] = test_keep(N, sizeof(double));
    labels[i] = test_keep(N, sizeof(size_t));
  }
  for (int weighted = 0; weighted < 2; weighted++) {
    struct emblas_prediction first = {0}, p;
    data.weights = weighted ? weights : NULL;
    for (size_t threads = 1; threads <= 5; threads++) {
      struct emblas_predict_options options = *predict_options();
      int at = threads > 1;
      options.threads = threads;
      emblas_prediction_init(&p, sizeof p);
      p.labels = labels[at], p.responsibilities = r[at], p.logpdf = logpdf[at];
      cr_assert_eq(emblas_predict(model, &data, &options, &p, NULL), EMBLAS_OK);
      if (threads == 1) first = p;
      cr_assert(p.loglik == first.loglik && p.entropy == first.entropy && p.hard == first.hard);
      cr_assert(!memcmp(r[0], r[1], N * K * sizeof(double)) || threads == 1);
      cr_assert(!memcmp(logpdf[0], logpdf[1], N * sizeof(double)) || threads == 1);
      cr_assert(!memcmp(labels[0], labels[1], N * sizeof(size_t)) || threads == 1);
    }
  }
  emblas_model_free(model);
}

Test(predict, takes_the_allocator_it_is_given) {
  struct counting_allocator own = {0}, given = {0};
  struct emblas_model *model = NULL;
  struct emblas_data data = view(generate_matrix(10, 2, 2), 10, 2);
  struct emblas_predict_options options = *predict_options();
  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  cr_assert_eq(
      create(random_mixture(EMBLAS_FULL, 2, 2, 8), EMBLAS_FULL, counting_hooks(&own), &model, NULL),
      EMBLAS_OK);
  size_t before = own.calls;
  options.allocator = counting_hooks(&given);
  cr_assert_eq(emblas_predict(model, &data, &options, &prediction, NULL), EMBLAS_OK);
  cr_assert(own.calls == before && given.calls > 0 && given.live == 0);
  emblas_model_free(model);
}

/* Weights of a row that is out of all range: a sum that no double holds. */
Test(predict, sums_beyond_the_range) {
  const double x = 1e200, weight = 1e10;
  struct mixture m = {.k = 1, .d = 1, .weights = {1}, .factors = {1}};
  struct emblas_model *model = create_or_fail(&m, EMBLAS_FULL);
  struct emblas_data data = view(&x, 1, 1);
  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.loglik = 17, data.weights = &weight;
  cr_assert_eq(emblas_predict(model, &data, predict_options(), &prediction, NULL), EMBLAS_ERROR_RANGE);
  cr_assert_eq(prediction.loglik, 17);
  emblas_model_free(model);
}

/* Rows are finite, or there are none. */
Test(sample, range) {
  const double means[] = {1.7e308, 0, -1e308, 1e308}, deviations[] = {1e308, 1e307, 5e306, 1e305};
  const emblas_status expected[] = {EMBLAS_ERROR_RANGE, EMBLAS_OK, EMBLAS_OK, EMBLAS_OK};
  for (size_t i = 0; i < 4; i++) {
    struct mixture m = {
        .k = 2, .d = 1, .weights = {.5, .5}, .means = {means[i]}, .factors = {deviations[i], 1}};
    struct emblas_model *model = create_or_fail(&m, EMBLAS_FULL);
    double x[100] = {17};
    cr_assert_eq(emblas_sample(model, 100, 1, x, NULL), expected[i]);
    cr_assert(expected[i] == EMBLAS_OK || x[0] == 17);
    for (size_t l = 0; l < 100; l++) cr_assert(isfinite(x[l]));
    emblas_model_free(model);
  }
}
