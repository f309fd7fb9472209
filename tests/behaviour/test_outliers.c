/* SPDX-License-Identifier: MIT */
/* One row far from the others, up to the end of the range of double: it gets a component of its own, and
   the other one describes the rest as if it were not there. N17, N18, ... only name the data sets. */
#include "../support/generate.h"
#include "every_way.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

enum { D = BASE_COLUMNS, N = BASE_ROWS + 1 };

/* The components of the outlier and of the rest. */
struct parts {
  size_t outlier, rest;
};

static struct parts parts_of(const char *id, const struct fit *fit, double share) {
  size_t outlier = emblas_model_weights(fit->model)[1] < emblas_model_weights(fit->model)[0];
  check_near(id, emblas_model_weights(fit->model)[outlier], share, 8 * DBL_EPSILON);
  return (struct parts){outlier, !outlier};
}

/* Two components, one of which begins with the last row alone: of its own accord a fit prefers components
   of more rows. */
static struct emblas_options last_row_apart(size_t rows) {
  struct emblas_options options = components(2);
  size_t *labels = test_keep(rows, sizeof *labels);
  labels[rows - 1] = 1;
  options.start = EMBLAS_START_LABELS, options.labels = labels;
  return options;
}

/* Mean and covariance of the rows but the last. */
static void moments_of_rest(const struct emblas_data *data, double *mean, double *covariance) {
  size_t n = data->rows - 1, d = data->columns;
  for (size_t j = 0; j < d; j++) {
    long double sum = 0;
    for (size_t i = 0; i < n; i++) sum += data->values[i * d + j];
    mean[j] = (double)(sum / n);
  }
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l < d; l++) {
      long double sum = 0;
      for (size_t i = 0; i < n; i++)
        sum += ((long double)data->values[i * d + j] - mean[j]) * (data->values[i * d + l] - mean[l]);
      covariance[j * d + l] = (double)(sum / n);
    }
}

/* What the covariance model makes of the covariance of the rest. */
static double modelled(enum emblas_covariance covariance, const double *s, size_t j, size_t l) {
  switch (covariance) {
  case EMBLAS_TIED:
    return s[j * D + l] * BASE_ROWS / N;
  case EMBLAS_DIAG:
    return j == l ? s[j * D + l] : 0;
  case EMBLAS_SPHERICAL:
    return j == l ? (s[0] + s[D + 1]) / 2 : 0;
  default:
    return s[j * D + l];
  }
}

/* The outlier's place is exact but for the way into the whitened frame and back: two solves with a factor
   of condition number 1e6 at most, which do not cancel in a single number. */
static void check_place(const char *id, const struct emblas_data *data, const struct fit *fit,
                        size_t outlier) {
  for (size_t j = 0; j < D; j++) {
    double place = data->values[(N - 1) * D + j];
    check_near(id, emblas_model_means(fit->model)[outlier * D + j], place, 8 * DBL_EPSILON * fabs(place));
  }
}

/* N17. In a frame as wide as the outlier is far the rest's coordinates are small numbers with all their
   digits. A mean is the sum of n of them, each within 10 of the origin, over n; a covariance is as right as
   the expanded form may leave it (docs/numerics.md). */
static void check_rest(const char *id, const struct emblas_data *data, const struct fit *fit,
                       void *context) {
  double mean[D], s[D * D];
  const double *covariances = model_covariances(fit->model);
  enum emblas_covariance covariance = emblas_model_covariance_model(fit->model);
  struct parts parts = parts_of(id, fit, 1. / N);
  (void)context;
  moments_of_rest(data, mean, s);
  check_place(id, data, fit, parts.outlier);
  for (size_t j = 0; j < D; j++) {
    check_near(id, emblas_model_means(fit->model)[parts.rest * D + j], mean[j], 10 * N * DBL_EPSILON);
    for (size_t l = 0; l < D; l++)
      check_near(id, covariances[(parts.rest * D + j) * D + l], modelled(covariance, s, j, l),
                 4096 * D * DBL_EPSILON * s[0]);
  }
  /* beside the outlier the rest is narrow */
  cr_assert_eq(fit->report.component_flags[parts.rest] & ~EMBLAS_COMPONENT_SPURIOUS, 0, "%s", id);
  cr_assert_eq(fit->report.component_flags[parts.outlier],
               covariance == EMBLAS_TIED ? EMBLAS_COMPONENT_SPURIOUS : EMBLAS_COMPONENT_COLLAPSED, "%s",
               id);
  const struct emblas_component_rows *rows = &fit->report.component_rows[parts.outlier];
  cr_assert(rows->row == N - 1 && rows->equal == 1, "%s: row %zu, %zu equal", id, rows->row, rows->equal);
  check_near(id, rows->rows, 1, 1e-12);
}

Test(outliers, n17_far) {
  const double far[] = {1e6, 1e6};
  struct emblas_data data = view(join_rows(generate_base(), BASE_ROWS, D, far, 1), N, D);
  fit_every_way("N17", &data, last_row_apart(N), check_rest, NULL);
}

/* N18, N19, N19b: so far that the rest is as good as a point. Of the pooled deviation, 1e153 and more, its
   own is less than a millionth: both components are held at the floor, and flagged. The means are those of
   both parts; of the rest's, numbers like 3 in a frame whose unit may be 1e308, half an ulp of 1 is known.
 */
static void check_points(const char *id, const struct emblas_data *data, const struct fit *fit,
                         void *context) {
  double mean[D], s[D * D], factor[D * D];
  struct parts parts = parts_of(id, fit, 1. / N);
  (void)context;
  moments_of_rest(data, mean, s);
  check_place(id, data, fit, parts.outlier);
  cr_assert_eq(count_flagged(fit), 2, "%s", id);
  emblas_model_cholesky(fit->model, parts.rest, factor);
  for (size_t j = 0; j < D; j++) {
    check_near(id, emblas_model_means(fit->model)[parts.rest * D + j], mean[j], 10 * N * DBL_EPSILON);
    /* the floor: a millionth of the pooled deviation, which is sqrt(n - 1) / n of the distance */
    double deviation = hypot(factor[j * D], j > 0 ? factor[j * D + 1] : 0);
    double floor = 1e-6 * fabs(data->values[(N - 1) * D + j]) * sqrt(N - 1) / N;
    check_near(id, deviation, floor, 1e-3 * floor);
  }
}

Test(outliers, n18_n19_at_the_end_of_the_range) {
  const double far[][D] = {{1e154, 1e154}, {1e200, 1e200}, {1.7e308, -1.7e308}};
  const char *const ids[] = {"N18", "N19", "N19b"};
  for (size_t i = 0; i < 3; i++) {
    struct emblas_data data = view(join_rows(generate_base(), BASE_ROWS, D, far[i], 1), N, D);
    fit_every_way(ids[i], &data, last_row_apart(N), check_points, NULL);
  }
}

/* One of 20001 rows (N43). */
static void check_kept(const char *id, const struct emblas_data *data, const struct fit *fit,
                       void *context) {
  struct parts parts = parts_of(id, fit, 1 / (double)data->rows);
  (void)context;
  for (size_t j = 0; j < D; j++)
    check_near(id, emblas_model_means(fit->model)[parts.outlier * D + j], 50, 50 * 8 * DBL_EPSILON);
}

Test(outliers, n43_one_of_many_rows) {
  const double far[] = {50, 50};
  struct emblas_data data = view(join_rows(generate_matrix(20000, D, 44), 20000, D, far, 1), 20001, D);
  fit_every_model("N43", &data, last_row_apart(20001), check_kept, NULL);
}

/* Ratios of normals (N40): tails without a variance. */
Test(outliers, n40_heavy_tails) {
  struct generator generator = {40};
  double *x = test_keep(2000, sizeof *x);
  for (size_t i = 0; i < 2000; i++) {
    double numerator = generate_gaussian(&generator);
    x[i] = numerator / generate_gaussian(&generator);
  }
  struct emblas_data line = view(x, 1000, 1), plane = view(x, 1000, 2);
  fit_every_way("N40", &line, components(3), NULL, NULL);
  fit_every_way("N40, two columns", &plane, components(3), NULL, NULL);
}

/* Five rows that nearly coincide (N42): by themselves a spike of the likelihood, which a fit of its own
   accord leaves for components of more spread; one that begins there stays, and is flagged. */
static void check_sound(const char *id, const struct emblas_data *data, const struct fit *fit,
                        void *context) {
  const double *variances = model_covariances(fit->model);
  (void)data, (void)context;
  for (size_t c = 0; c < 2; c++)
    cr_assert(fit->report.component_flags[c] == 0 && variances[c] > 0.9e-6, "%s: variance %g", id,
              variances[c]);
}

Test(outliers, n42_rows_that_nearly_coincide) {
  enum { ROWS = 1000, NEAR = 5 };
  struct generator generator = {42};
  double *x = test_keep(ROWS, sizeof *x);
  size_t *labels = test_keep(ROWS, sizeof *labels);
  for (size_t i = 0; i < ROWS; i++) {
    x[i] = generate_gaussian(&generator);
    labels[i] = i >= ROWS - NEAR;
    if (labels[i]) x[i] = 1 + 1e-8 * x[i];
  }
  struct emblas_data data = view(x, ROWS, 1);
  fit_every_model("N42", &data, components(2), check_sound, NULL);
  struct emblas_options options = options_from_labels(2, EMBLAS_FULL, labels, 100);
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(fit.report.component_flags[1], EMBLAS_COMPONENT_COLLAPSED);
  check_near("N42 from the spike", emblas_model_means(fit.model)[1], 1, 1e-6);
  fit_free(&fit);
}

/* All rows but one are the same (N59): two spikes, and their places and shares are exact. */
static void check_two_points(const char *id, const struct emblas_data *data, const struct fit *fit,
                             void *context) {
  struct parts parts = parts_of(id, fit, 1 / (double)data->rows);
  (void)context;
  for (size_t j = 0; j < data->columns; j++) {
    cr_assert_eq(emblas_model_means(fit->model)[parts.outlier * data->columns + j], 5.5, "%s", id);
    cr_assert_eq(emblas_model_means(fit->model)[parts.rest * data->columns + j], 1.25, "%s", id);
  }
  for (size_t c = 0; c < 2; c++)
    cr_assert_eq(fit->report.component_flags[c], EMBLAS_COMPONENT_COLLAPSED, "%s", id);
}

Test(outliers, n59_all_rows_but_one_are_the_same) {
  size_t most = test_small() ? 10000 : 1000000;
  double *x = test_keep(most, sizeof *x);
  for (size_t d = 1; d <= 2; d++) {
    size_t rows = most / d / d;
    for (size_t i = 0; i < rows * d; i++) x[i] = i / d == rows / 9 * 7 ? 5.5 : 1.25;
    struct emblas_data data = view(x, rows, d);
    fit_every_model(d == 1 ? "N59" : "N59, two columns", &data, few_starts(2), check_two_points, NULL);
  }
}
