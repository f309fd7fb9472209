/* SPDX-License-Identifier: MIT */
/* Units and origin are the caller's business: moving or scaling the data moves and scales the result. */
#include "../support/dataset.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* Enough for faithful with two components to converge to the last bit, from its labels. */
enum { MAPS = 200, ROWS = 272, D = 2, K = 2 };
static const double tolerance = 1e-9; /* of parameters mapped back, relative to the columns' scale */

/* A map x -> x * scale[j] + offset, and data that it leads to. */
struct motion {
  const char *what;
  double scale[D], offset;
};

static double *moved(const double *x, const struct motion *m) {
  double *out = test_keep(ROWS * D, sizeof *out);
  for (size_t i = 0; i < ROWS * D; i++) out[i] = x[i] * m->scale[i % D] + m->offset;
  return out;
}

/* The parameters of a model of moved data, but for the offset, in the units of the data before. */
static struct expected scaled_back(const struct emblas_model *model, const struct motion *m,
                                   const double *scale) {
  double *means = test_keep(K * D, sizeof *means), *covariances = model_covariances(model);
  for (size_t i = 0; i < K * D; i++)
    means[i] = (emblas_model_means(model)[i] - m->offset) / m->scale[i % D];
  for (size_t i = 0; i < K * D * D; i++) covariances[i] /= m->scale[i / D % D] * m->scale[i % D];
  return (struct expected){emblas_model_weights(model), means, covariances, scale};
}

/* Fits x and its image alike; the second, mapped back, is the first. A mean near 1e8 is a multiple of
   2^-26: what that rounds away, no fit can return. */
static void check_motion(const double *x, const struct motion *m, const struct emblas_options *options) {
  const double *image = moved(x, m), *scale = dataset_scale(x, ROWS, D);
  struct emblas_data data = view(x, ROWS, D), image_data = view(image, ROWS, D);
  struct fit fit = fit_or_fail(&data, options), image_fit = fit_or_fail(&image_data, options);
  struct expected back = scaled_back(image_fit.model, m, scale);
  if (m->offset > 0) {
    double *rounded = test_keep(K * D, sizeof *rounded);
    for (size_t i = 0; i < K * D; i++) {
      double mean = emblas_model_means(fit.model)[i], half_ulp = 0x1p-27;
      check_near(m->what, back.means[i], mean, half_ulp + tolerance * scale[i % D]);
      rounded[i] = mean;
    }
    back.means = rounded;
  }
  check_parameters(m->what, fit.model, &back, tolerance);
  cr_assert(!memcmp(model_labels(fit.model, &data), model_labels(image_fit.model, &image_data),
                    ROWS * sizeof(size_t)),
            "%s: other labels", m->what);
  /* a density has the unit 1 / volume */
  double volume = (double)ROWS * (log(m->scale[0]) + log(m->scale[1]));
  check_near(m->what, image_fit.report.loglik + volume, fit.report.loglik, 1e-10 * fabs(fit.report.loglik));
  fit_free(&fit);
  fit_free(&image_fit);
}

static void check_each_covariance(const double *x, const struct motion *m) {
  size_t *labels = dataset_labels("faithful", K);
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    if (wants_one_unit((enum emblas_covariance)v) && m->scale[0] != m->scale[1]) continue;
    struct emblas_options options = options_from_labels(K, (enum emblas_covariance)v, labels, MAPS);
    check_motion(x, m, &options);
    options = options_for(K, (enum emblas_covariance)v); /* and from the default starts */
    check_motion(x, m, &options);
  }
}

Test(equivariance, units) {
  const double *x = dataset_read("faithful").values;
  const struct motion motions[] = {
      {"x 1e-8", {1e-8, 1e-8}, 0}, {"x 1e8", {1e8, 1e8}, 0}, {"x (1e-8, 1e8)", {1e-8, 1e8}, 0}};
  for (size_t i = 0; i < 3; i++) check_each_covariance(x, &motions[i]);
}

/* x + 1e8 is rounded to multiples of 2^-26, by more than the 1e-9 that the parameters shall agree to: that
   loss is in the data, not in the fit. So the comparison is with the data as rounded, (x + 1e8) - 1e8,
   which is exact: both operands are multiples of 2^-26 and so is the difference, which is smaller. */
Test(equivariance, offset) {
  double *x = dataset_read("faithful").values;
  for (size_t i = 0; i < ROWS * D; i++) {
    volatile double sum = x[i] + 1e8;
    x[i] = sum - 1e8;
  }
  check_each_covariance(x, &(struct motion){"+ 1e8", {1, 1}, 1e8});
}

/* Powers of two only change exponents: every bit of the weights stays, and so do those of the means and
   factors behind their exponents. */
Test(equivariance, powers_of_two) {
  const double *x = dataset_read("faithful").values;
  const struct motion motions[] = {{"x 2^20", {0x1p20, 0x1p20}, 0},
                                   {"x 2^-30", {0x1p-30, 0x1p-30}, 0},
                                   {"x (2^-40, 2^33)", {0x1p-40, 0x1p33}, 0}};
  for (size_t i = 0; i < 3; i++)
    for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
      const struct motion *m = &motions[i];
      if (wants_one_unit((enum emblas_covariance)v) && m->scale[0] != m->scale[1]) continue;
      struct emblas_data data = view(x, ROWS, D), image = view(moved(x, m), ROWS, D);
      struct emblas_options options = options_for(3, (enum emblas_covariance)v);
      options.starts = 3, options.max_iterations = 200;
      struct fit a = fit_or_fail(&data, &options), b = fit_or_fail(&image, &options);
      cr_assert(!memcmp(emblas_model_weights(a.model), emblas_model_weights(b.model), 3 * sizeof(double)),
                "%s: other weights", m->what);
      for (size_t j = 0; j < 3 * D; j++)
        cr_assert_eq(emblas_model_means(a.model)[j] * m->scale[j % D], emblas_model_means(b.model)[j]);
      cr_assert_eq(a.report.iterations, b.report.iterations);
      fit_free(&a);
      fit_free(&b);
    }
}

/* Columns in another order, rows in another order: the same fit. Sums are taken in another order: to
 * rounding. */
Test(equivariance, order_of_rows_and_columns) {
  const double *x = dataset_read("faithful").values;
  size_t *labels = dataset_labels("faithful", K), *reversed_labels = test_keep(ROWS, sizeof(size_t));
  double *reversed = test_keep(ROWS * D, sizeof(double)), *swapped = test_keep(ROWS * D, sizeof(double));
  for (size_t i = 0; i < ROWS; i++) {
    reversed_labels[ROWS - 1 - i] = labels[i];
    for (size_t j = 0; j < D; j++) {
      reversed[(ROWS - 1 - i) * D + j] = x[i * D + j];
      swapped[i * D + (D - 1 - j)] = x[i * D + j];
    }
  }
  struct emblas_data data = view(x, ROWS, D), back = view(reversed, ROWS, D),
                     across = view(swapped, ROWS, D);
  struct emblas_options options = options_from_labels(K, EMBLAS_FULL, labels, MAPS);
  struct fit fit = fit_or_fail(&data, &options), other = fit_or_fail(&across, &options);
  check_near("columns swapped", other.report.loglik, fit.report.loglik, 1e-12 * 1130);
  check_near("columns swapped", emblas_model_means(other.model)[0], emblas_model_means(fit.model)[1],
             1e-10);
  fit_free(&other);
  options.labels = reversed_labels;
  other = fit_or_fail(&back, &options);
  struct expected expected = {emblas_model_weights(fit.model), emblas_model_means(fit.model),
                              model_covariances(fit.model), dataset_scale(x, ROWS, D)};
  check_near("rows reversed", other.report.loglik, fit.report.loglik, 1e-12 * 1130);
  check_parameters("rows reversed", other.model, &expected, 1e-11);
  fit_free(&fit);
  fit_free(&other);
}
