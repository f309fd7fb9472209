/* SPDX-License-Identifier: MIT */
/* Problems whose answer rounding could decide: data with symmetries, and starts that are symmetric. */
#include "../support/generate.h"
#include "every_way.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* The corners of a square by turns (N38): two pairs of components are equally good. Which of them is found
   does not depend on the number of threads or on who asks first. */
Test(symmetry, n38_corners_of_a_square) {
  enum { MOST = 20000 };
  const size_t rows[] = {100, MOST}, threads[] = {2, 3, 8, 16};
  double *x = test_keep(MOST * 2, sizeof *x);
  for (size_t i = 0; i < MOST; i++) x[i * 2] = (double)(i % 2), x[i * 2 + 1] = (double)(i / 2 % 2);
  for (size_t n = 0; n < 2; n++)
    for (int way = 0; way < 2 * TEST_MODELS; way++) {
      struct emblas_data data = view(x, rows[n], 2);
      struct emblas_options options = options_for(2, (enum emblas_covariance)(way / 2));
      options.threads = 1, options.starts = 5;
      options.compress = way % 2 ? EMBLAS_COMPRESS_NONE : EMBLAS_COMPRESS_AUTO;
      struct fit fit = fit_or_fail(&data, &options);
      check_near("half the rows", emblas_model_weights(fit.model)[0], .5, 1e-2);
      for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        options.threads = threads[t];
        struct fit other = fit_or_fail(&data, &options);
        cr_assert(same_model(fit.model, other.model) && fit.report.loglik == other.report.loglik,
                  "%zu rows, %s: %zu threads find another solution", rows[n],
                  emblas_covariance_string(options.covariance), threads[t]);
        fit_free(&other);
      }
      fit_free(&fit);
    }
}

static bool same_components(const struct emblas_model *model) {
  size_t d = emblas_model_dim(model);
  const double *means = emblas_model_means(model), *covariances = model_covariances(model);
  return !memcmp(means, means + d, d * sizeof *means) &&
         !memcmp(covariances, covariances + d * d, d * d * sizeof *covariances);
}

/* Both components begin as one (N39). They stay so, bit for bit: one Gaussian written twice, whose
   log-likelihood is that of one component. */
Test(symmetry, n39_equal_components_at_the_start) {
  const double weights[] = {.5, .5}, means[] = {1, 2, 1, 2}, unit[] = {4, 0, 0, 4, 4, 0, 0, 4};
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  for (int v = 0; v < TEST_MODELS; v++)
    for (int how = EMBLAS_ACCELERATE_AUTO; how <= EMBLAS_ACCELERATE_ANDERSON; how++) {
      struct emblas_model *start = model_or_fail((enum emblas_covariance)v, 2, 2, weights, means, unit);
      struct emblas_options options = options_from_model(start, 1000);
      options.tolerance = 1e-7, options.accelerate = (enum emblas_acceleration)how;
      struct fit fit = fit_or_fail(&data, &options);
      options = options_for(1, (enum emblas_covariance)v);
      struct fit one = fit_or_fail(&data, &options);
      cr_assert(same_components(fit.model), "model %d, acceleration %d", v, how);
      cr_assert_eq(fit.report.stop, EMBLAS_CONVERGED);
      check_near("weight", emblas_model_weights(fit.model)[0], .5, 4 * DBL_EPSILON);
      check_near("as one component", fit.report.loglik, one.report.loglik,
                 64 * DBL_EPSILON * fabs(one.report.loglik));
      fit_free(&fit);
      fit_free(&one);
      emblas_model_free(start);
    }
}
