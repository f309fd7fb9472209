/* SPDX-License-Identifier: MIT */
/* Data whose location, units or conditioning break implementations: right to the last digits here. The
   log-likelihoods per row were computed in 113-bit arithmetic from the same doubles; parameters are
   compared with the test's own 113-bit EM. N00, N14, ... only name the data sets. */
#include "../support/fit.h"
#include "../support/generate.h"
#include "../support/quad_em.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct problem {
  const char *id;
  const double *x;
  size_t n, d, k, maps;
  const size_t *labels;
  double loglik_per_row; /* NAN: the oracle's alone */
  double tolerance;      /* of log-likelihood per row and parameters, relative */
};

/* Weights within tolerance, means and Cholesky factors (covariances may be beyond the range of double)
   within tolerance times the columns' standard deviations. */
static void check_oracle(const struct problem *p, const struct fit *fit,
                         const struct quad_mixture *oracle) {
  const double *weights = quad_weights(oracle), *means = quad_means(oracle), *scale = quad_scale(oracle);
  const double *factors = quad_factors(oracle);
  double *factor = test_keep(p->d * p->d, sizeof *factor);
  for (size_t c = 0; c < p->k; c++) {
    check_near(p->id, emblas_model_weights(fit->model)[c], weights[c], p->tolerance);
    emblas_model_cholesky(fit->model, c, factor);
    for (size_t i = 0; i < p->d; i++) {
      /* a mean far from 0 is known to half an ulp of itself */
      double ulp = fabs(means[c * p->d + i]) * DBL_EPSILON;
      check_near(p->id, emblas_model_means(fit->model)[c * p->d + i], means[c * p->d + i],
                 p->tolerance * scale[i] + ulp);
      /* and a factor in the subnormal range to a multiple of the smallest number */
      for (size_t j = 0; j <= i; j++)
        check_near(p->id, factor[i * p->d + j], factors[(c * p->d + i) * p->d + j],
                   p->tolerance * scale[i] + 2 * DBL_TRUE_MIN);
    }
  }
}

static void check_problem(const struct problem *p) {
  SKIP_WITHOUT_REAL();
  struct emblas_data data = view(p->x, p->n, p->d);
  struct emblas_options options = options_from_labels(p->k, EMBLAS_FULL, p->labels, p->maps);
  struct fit fit = fit_or_fail(&data, &options);
  struct quad_mixture oracle = quad_start(&data, p->k, EMBLAS_FULL, p->labels);
  quad_run(&oracle, p->maps);
  double n = (double)p->n, exact = (double)(oracle.loglik / p->n),
         allowed = p->tolerance * fmax(1, fabs(exact));
  check_near(p->id, fit.report.loglik / n, exact, allowed);
  if (!isnan(p->loglik_per_row)) check_near(p->id, fit.report.loglik / n, p->loglik_per_row, allowed);
  check_oracle(p, &fit, &oracle);
  for (size_t c = 0; c < p->k; c++)
    cr_assert_eq(fit.report.component_flags[c] & ~EMBLAS_COMPONENT_SPURIOUS, 0, "%s: flagged", p->id);
  fit_free(&fit);
}

/* x * scale[column] + offset. */
static double *moved(const double *x, size_t n, size_t d, const double *scale, double offset) {
  double *out = test_keep(n * d, sizeof *out);
  for (size_t i = 0; i < n * d; i++) out[i] = x[i] * scale[i % d] + offset;
  return out;
}

/* BASE converges in a few maps: its halves are six standard deviations apart. */
static struct problem base_problem(const char *id, double scale, double offset, double loglik_per_row) {
  return (struct problem){id,
                          moved(generate_base(), BASE_ROWS, BASE_COLUMNS, (double[]){scale, scale}, offset),
                          BASE_ROWS,
                          BASE_COLUMNS,
                          2,
                          30,
                          generate_block_labels(BASE_ROWS, 2),
                          loglik_per_row,
                          1e-12};
}

Test(torture, n00_base) {
  struct problem p = base_problem("N00", 1, 0, -3.46024602677190839);
  check_problem(&p);
}

/* Offsets: the loss is in the data, and only there. */
Test(torture, n20_n21_offsets) {
  struct problem p = base_problem("N20", 1, 1e8, -3.46024602702698408);
  check_problem(&p);
  p = base_problem("N21", 1, 1e12, -3.46025177817840283);
  check_problem(&p);
}

/* Integers near 1e15 are exact: the same log-likelihood as without the offset. */
Test(torture, n22_integers_with_offset) {
  if (REAL_MANTISSA_BITS < 113) cr_skip_test("long double is too short for an oracle at an offset of 1e15");
  double *x = generate_base();
  for (size_t i = 0; i < BASE_ROWS * BASE_COLUMNS; i++) x[i] = floor(x[i]);
  struct emblas_data data = view(x, BASE_ROWS, BASE_COLUMNS);
  struct quad_mixture plain = quad_start(&data, 2, EMBLAS_FULL, generate_block_labels(BASE_ROWS, 2));
  quad_run(&plain, 30);
  struct problem p = base_problem("N22", 1, 0, (double)(plain.loglik / BASE_ROWS));
  p.x = moved(x, BASE_ROWS, BASE_COLUMNS, (double[]){1, 1}, 1e15);
  check_problem(&p);
}

Test(torture, n24_to_n27_units) {
  const struct problem problems[] = {
      base_problem("N24", 1e-300, 0, -3.46024602677190839 + 2 * 300 * 2.302585092994045684),
      base_problem("N25", 1e-160, 0, 733.36698373132271),
      base_problem("N25b", 1e-8, 0, 33.38111546113282),
      base_problem("N26", 1e300, 0, -1385.01130182319932),
      base_problem("N27", 1e160, 0, NAN),
  };
  for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) check_problem(&problems[i]);
}

/* Powers of two are exact: the bits of the responsibilities do not change. */
Test(torture, n25c_powers_of_two) {
  const double scales[] = {0x1p-40, 0x1p1000, 0x1p-1000};
  double *responsibilities[4];
  for (size_t s = 0; s < 4; s++) {
    struct problem p = base_problem("N25c", s == 0 ? 1 : scales[s - 1], 0, NAN);
    struct emblas_data data = view(p.x, p.n, p.d);
    struct emblas_options options = options_from_labels(2, EMBLAS_FULL, p.labels, p.maps);
    struct fit fit = fit_or_fail(&data, &options);
    struct emblas_prediction prediction;
    emblas_prediction_init(&prediction, sizeof prediction);
    responsibilities[s] = prediction.responsibilities = test_keep(p.n * 2, sizeof(double));
    cr_assert_eq(emblas_predict(fit.model, &data, predict_options(), &prediction, NULL), EMBLAS_OK);
    cr_assert(!memcmp(responsibilities[0], responsibilities[s], p.n * 2 * sizeof(double)), "scale %g",
              s == 0 ? 1 : scales[s - 1]);
    fit_free(&fit);
  }
}

Test(torture, n28_columns_of_different_units) {
  const double *x = generate_blobs(200, 3, 6, 28), wide[] = {1e-150, 1, 1e150}, apart[] = {1e-8, 1, 1e8};
  struct problem p = {
      "N28", moved(x, 200, 3, wide, 0), 200, 3, 2, 30, generate_block_labels(200, 2), -4.945893509266154,
      1e-12};
  check_problem(&p);
  p.id = "N28b", p.x = moved(x, 200, 3, apart, 0);
  check_problem(&p);
}

/* Subnormal data. Factors near 1e-310 are themselves multiples of 5e-324; the oracle's, rounded, as well.
 */
Test(torture, n29_subnormal) {
  struct problem p = base_problem("N29", 1e-310, 0, 1424.142511629536);
  check_problem(&p);
}

/* The multiples of the smallest number: finite, whatever it finds. */
Test(torture, n29b_smallest_numbers) {
  double *x = test_keep(100, sizeof *x);
  for (size_t i = 0; i < 100; i++) x[i] = (double)i * DBL_TRUE_MIN;
  struct emblas_data data = view(x, 100, 1);
  struct emblas_options options = options_for(2, EMBLAS_FULL);
  struct fit fit = fit_or_fail(&data, &options);
  fit_free(&fit);
}

static void multiply_factor(double *x, size_t rows, size_t d, const double *lower, const double *offset) {
  for (size_t i = 0; i < rows; i++, x += d)
    for (size_t j = d; j-- > 0;) {
      double sum = 0;
      for (size_t l = 0; l <= j; l++) sum += lower[j * d + l] * x[l];
      x[j] = sum + offset[j];
    }
}

/* Columns correlated to a condition number of 1e9: no floor is hit, and the error is what a Cholesky factor
   can promise, 30 eps cond. */
Test(torture, n14_ill_conditioned) {
  double factor[] = {32.00000007, 0, 0, 35.99999993, 40.50000006, 0, 8.00000001, 8.99999998, 2.00000008};
  cr_assert_eq(emblas_backend_reference()->cholesky(3, factor), 0);
  double *x = generate_matrix(500, 3, 14);
  multiply_factor(x, 500, 3, factor, (double[]){0, 0, 0});
  struct problem p = {
      "N14", x, 500, 3, 2, 30, generate_block_labels(500, 2), NAN, 30 * DBL_EPSILON * 1.017e9};
  check_problem(&p);
}

/* Two overlapping clouds of correlated columns, 300 and 100 rows, so many times. */
enum { CLOUD_ROWS = 400 };
static double *overlapping_clouds(size_t times) {
  const double f1[] = {sqrt(5), 0, 2 / sqrt(5), sqrt(6 - 0.8)}, f2[] = {2, 0, 1, sqrt(2)};
  double *x = test_keep(times * CLOUD_ROWS * 2, sizeof *x), *first = generate_matrix(300, 2, 36),
         *second = generate_matrix(100, 2, 37);
  multiply_factor(first, 300, 2, f1, (double[]){2, 4});
  multiply_factor(second, 100, 2, f2, (double[]){0, 0});
  for (size_t t = 0; t < times; t++) {
    memcpy(x + t * CLOUD_ROWS * 2, first, 600 * sizeof *x);
    memcpy(x + t * CLOUD_ROWS * 2 + 600, second, 200 * sizeof *x);
  }
  return x;
}

static size_t *cloud_labels(size_t times) {
  size_t *labels = test_keep(times * CLOUD_ROWS, sizeof *labels);
  for (size_t i = 0; i < times * CLOUD_ROWS; i++) labels[i] = i % CLOUD_ROWS >= 300;
  return labels;
}

/* EM is slow there, and stopping early is wrong. From the generating blocks, and from the default starts.
 */
Test(torture, n36_overlapping) {
  struct emblas_data data = view(overlapping_clouds(1), CLOUD_ROWS, 2);
  struct emblas_options options = options_from_labels(2, EMBLAS_FULL, cloud_labels(1), 3000);
  const struct expected expected = {
      (double[]){.699923721231184, .300076278768816},
      (double[]){1.85093931200198406, 4.28964030113087227, .865601524966978739, .0659512749391701912},
      (double[]){5.89263140904501706, 2.98197434312240654, 2.98197434312240654, 6.11678972480006915,
                 6.03314528015100543, 2.48905238577593717, 2.48905238577593717, 2.21069228794000149},
      (double[]){2.5, 2.5}};
  struct fit fit = fit_or_fail(&data, &options);
  check_near("N36", fit.report.loglik / 400, -4.63683284925532170, 1e-12 * 4.6);
  check_parameters("N36", fit.model, &expected, 1e-8);
  fit_free(&fit);

  options = options_for(2, EMBLAS_FULL);
  fit = fit_or_fail(&data, &options);
  check_near("N36 by default", fit.report.loglik, 400 * -4.63683284925532170, 1e-6);
  fit_free(&fit);
}

/* The same rows twice, and a hundred times (N36b): EM does not see it. The stop rule does, since what is
   left to gain is a hundred times as much; with a tolerance that grows with the rows it ends where it did,
   but for an iteration that rounding decides. */
Test(torture, n36b_stacked) {
  const size_t times[] = {1, 2, 100};
  const double scale[] = {2.5, 2.5};
  struct fit first = {0};
  for (size_t t = 0; t < 3; t++)
    for (int how = EMBLAS_COMPRESS_AUTO; how <= (t < 2 ? EMBLAS_COMPRESS_NONE : EMBLAS_COMPRESS_AUTO);
         how++) {
      struct emblas_data data = view(overlapping_clouds(times[t]), times[t] * CLOUD_ROWS, 2);
      struct emblas_options options = options_from_labels(2, EMBLAS_FULL, cloud_labels(times[t]), 10000);
      options.tolerance = 1e-7 * (double)times[t], options.compress = (enum emblas_compression)how;
      struct fit fit = fit_or_fail(&data, &options);
      if (first.model == NULL) {
        first = fit;
        continue;
      }
      struct expected expected = {emblas_model_weights(first.model), emblas_model_means(first.model),
                                  model_covariances(first.model), scale};
      cr_assert_eq(fit.report.stop, EMBLAS_CONVERGED);
      check_near("iterations", (double)fit.report.iterations, (double)first.report.iterations, 1);
      check_parameters("N36b", fit.model, &expected, 1e-9);
      fit_free(&fit);
    }
  fit_free(&first);
}

/* Components of one mean whose variances differ by 1e12 (N57), the narrow one's twice the floor's. Its
   coordinates, in a frame as wide as the other, are numbers like 1e-6 with as many digits as others have:
   it is as right as others, in its own deviations. Two columns: the whitened frame mixes them, and both are
   small. */
Test(torture, n57_variances_far_apart) {
  SKIP_WITHOUT_REAL();
  for (size_t d = 1; d <= 2; d++) {
    double *x = generate_matrix(1000, d, 57);
    size_t *labels = generate_block_labels(1000, 2);
    for (size_t i = 500 * d; i < 1000 * d; i++) x[i] *= 1e6;
    struct problem p = {"N57", x, 1000, d, 2, 50, labels, NAN, 1e-12};
    check_problem(&p);
    struct emblas_data data = view(x, 1000, d);
    struct emblas_options options = options_from_labels(2, EMBLAS_FULL, labels, p.maps);
    struct fit fit = fit_or_fail(&data, &options);
    struct quad_mixture oracle = quad_start(&data, 2, EMBLAS_FULL, labels);
    quad_run(&oracle, p.maps);
    const double *covariances = model_covariances(fit.model), *exact = quad_covariances(&oracle);
    for (size_t j = 0; j < d; j++) {
      check_near("narrow mean", emblas_model_means(fit.model)[j], quad_means(&oracle)[j], 1e-12);
      for (size_t l = 0; l < d; l++)
        check_near("narrow covariance", covariances[j * d + l], exact[j * d + l], 1e-12);
    }
    fit_free(&fit);
  }
}

Test(torture, n45_two_points) {
  const double x[] = {0, 1};
  struct emblas_data data = view(x, 2, 1);
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct fit fit = fit_or_fail(&data, &options);
  double variance, rows[3];
  emblas_model_covariance(fit.model, 0, &variance);
  cr_assert_eq(emblas_model_means(fit.model)[0], 0.5);
  cr_assert_eq(variance, 0.25);
  cr_assert_eq(emblas_model_weights(fit.model)[0], 1);
  check_near("N45", fit.report.loglik / 2, -.72579135264472743236, 2 * DBL_EPSILON);
  cr_assert_eq(emblas_sample(fit.model, 3, 1, rows, NULL), EMBLAS_OK);
  fit_free(&fit);
}

/* The determinant, 1e-700, is below every double. */
Test(torture, n48_small_determinant) {
  const double small = 1e-5;
  double *x = generate_matrix(200, 70, 70);
  for (size_t i = 0; i < 200 * 70; i++) x[i] *= small;
  struct problem p = {"N48", x, 200, 70, 1, 1, generate_block_labels(200, 1), 713.498260942580992, 1e-12};
  check_problem(&p);
}

/* One component has a closed form. A mean is the data's origin plus a sum of n terms no larger than the
   range, over n: gamma_n range, and half an ulp of itself, as is what the oracle's is rounded by: n values
   far from 0 may have their mean just between two doubles. A variance is a sum of n squares, which cannot
   cancel: gamma_{n+d+4} relative, with the squares' own rounding and that of the factor and back. (Two ulp,
   whatever n, would take compensated products, which no BLAS has.) */
static void check_closed_form(const char *id, const double *x, size_t n, size_t d) {
  SKIP_WITHOUT_REAL();
  struct emblas_data data = view(x, n, d);
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct fit fit = fit_or_fail(&data, &options);
  struct quad_mixture oracle = quad_start(&data, 1, EMBLAS_FULL, generate_block_labels(n, 1));
  const double *means = quad_means(&oracle), *covariances = quad_covariances(&oracle);
  const double *actual = model_covariances(fit.model), u = DBL_EPSILON / 2;
  for (size_t j = 0; j < d; j++) {
    double low = x[j], high = x[j], variance = covariances[j * d + j];
    for (size_t i = 0; i < n; i++) low = fmin(low, x[i * d + j]), high = fmax(high, x[i * d + j]);
    check_near(id, emblas_model_means(fit.model)[j], means[j],
               (double)n * u * (high / 2 - low / 2) * 2 + 2 * u * fabs(means[j]) + DBL_TRUE_MIN);
    if (isfinite(variance) && variance > DBL_MIN)
      check_near(id, actual[j * d + j], variance, (double)(n + d + 4) * u * variance);
  }
  fit_free(&fit);
}

Test(torture, n23_numacc4) {
  double *x = test_keep(1001, sizeof *x);
  x[0] = 10000000.2;
  for (size_t i = 1; i < 1001; i++) x[i] = i % 2 ? 10000000.1 : 10000000.3;
  check_closed_form("N23", x, 1001, 1);
  struct emblas_data data = view(x, 1001, 1);
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct fit fit = fit_or_fail(&data, &options);
  check_near("N23", fit.report.loglik / 1001, .88414630436797926738, 1e-12);
  fit_free(&fit);
}

Test(torture, n55_closed_form) {
  const double scales[] = {1, 1, 1, 1e-300, 1e-160, 1e-8, 0x1p-40, 1e300, 1e160, 1e-310};
  const double offsets[] = {0, 1e8, 1e12, 0, 0, 0, 0, 0, 0, 0};
  for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
    struct problem p = base_problem("N55", scales[s], offsets[s], NAN);
    check_closed_form(p.id, p.x, p.n, p.d);
  }
  const double *x = generate_blobs(200, 3, 6, 28);
  check_closed_form("N55", moved(x, 200, 3, (double[]){1e-150, 1, 1e150}, 0), 200, 3);
  check_closed_form("N55", moved(x, 200, 3, (double[]){1e-8, 1, 1e8}, 0), 200, 3);
}
