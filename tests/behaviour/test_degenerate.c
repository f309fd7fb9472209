/* SPDX-License-Identifier: MIT */
/* Data without full rank, without spread, with fewer distinct rows than components: a finite model that
   says what is wrong with it. fit_or_fail checks that everything is finite and the trace monotone. N01,
   N02, ... only name the data sets. */
#include "../support/dataset.h"
#include "../support/fit.h"
#include "../support/generate.h"
#include "every_way.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* A column of equal values joined to BASE (N01): flagged; the others as without it. Not bit for bit:
   products of three columns round differently from those of two. */
Test(degenerate, n01_constant_column) {
  enum { N = BASE_ROWS, K = 2 };
  const double *base = generate_base(), constants[] = {7, 0, 1e9 + .1};
  double *x = test_keep(N * 3, sizeof *x);
  size_t *labels = generate_block_labels(N, K);
  struct emblas_data plain = view(base, N, 2), data = view(x, N, 3);
  for (int v = 0; v < TEST_MODELS - 1; v++) /* a sphere has one radius for all columns */
    for (size_t value = 0; value < 3; value++) {
      for (size_t i = 0; i < N * 3; i++) x[i] = i % 3 < 2 ? base[i / 3 * 2 + i % 3] : constants[value];
      struct emblas_options options = options_from_labels(K, (enum emblas_covariance)v, labels, 40);
      struct fit a = fit_or_fail(&plain, &options), b = fit_or_fail(&data, &options);
      cr_assert_eq(b.report.columns, 3);
      cr_assert(b.report.column_flags[0] == 0 && b.report.column_flags[1] == 0);
      cr_assert_eq(b.report.column_flags[2], EMBLAS_COLUMN_CONSTANT);
      cr_assert_eq(count_flagged(&b), 0, "the column is at fault, not the components");
      const double *ca = model_covariances(a.model), *cb = model_covariances(b.model);
      for (size_t c = 0; c < K; c++) {
        check_near("weight", emblas_model_weights(b.model)[c], emblas_model_weights(a.model)[c], 1e-12);
        cr_assert_eq(emblas_model_means(b.model)[c * 3 + 2], constants[value]);
        for (size_t j = 0; j < 2; j++) {
          check_near("mean", emblas_model_means(b.model)[c * 3 + j], emblas_model_means(a.model)[c * 2 + j],
                     1e-12);
          for (size_t l = 0; l < 2; l++)
            check_near("covariance", cb[(c * 3 + j) * 3 + l], ca[(c * 2 + j) * 2 + l], 1e-12);
        }
      }
      fit_free(&a);
      fit_free(&b);
    }
}

/* All rows equal (N02, N03; N10: one row): a point mass, its place exact, no component off the data. */
Test(degenerate, n02_n03_n10_one_distinct_row) {
  const double points[][2] = {{1.5, -2.5}, {0, 0}, {1, 2}, {1e300, -1e-300}};
  const size_t rows[] = {50, 50, 1, 7}, sizes[] = {2, 2, 1, 3};
  for (size_t p = 0; p < 4; p++)
    for (int v = 0; v < TEST_MODELS; v++)
      for (int kind = EMBLAS_START_KMEANSPP; kind <= EMBLAS_START_RANDOM; kind++) {
        double *x = test_keep(rows[p] * 2, sizeof *x);
        for (size_t i = 0; i < rows[p] * 2; i++) x[i] = points[p][i % 2];
        struct emblas_data data = view(x, rows[p], 2);
        struct emblas_options options = options_for(sizes[p], (enum emblas_covariance)v);
        options.start = (enum emblas_start)kind;
        struct fit fit = fit_or_fail(&data, &options);
        cr_assert(fit.report.column_flags[0] == EMBLAS_COLUMN_CONSTANT &&
                  fit.report.column_flags[1] == EMBLAS_COLUMN_CONSTANT);
        for (size_t c = 0; c < sizes[p]; c++)
          cr_assert(!memcmp(emblas_model_means(fit.model) + c * 2, points[p], sizeof points[p]),
                    "point %zu, component %zu at (%g, %g)", p, c, emblas_model_means(fit.model)[c * 2],
                    emblas_model_means(fit.model)[c * 2 + 1]);
        fit_free(&fit);
      }
}

/* A spike beside a cloud (N04): held at the floor, and said so; the weights are the shares. */
Test(degenerate, n04_spike) {
  double *x = generate_matrix(110, 1, 4);
  size_t *labels = test_keep(110, sizeof *labels);
  for (size_t i = 100; i < 110; i++) x[i] = 10, labels[i] = 1;
  struct emblas_data data = view(x, 110, 1);
  struct emblas_options options = options_from_labels(2, EMBLAS_FULL, labels, 50);
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(fit.report.component_flags[0], 0);
  cr_assert_eq(fit.report.component_flags[1], EMBLAS_COMPONENT_COLLAPSED);
  check_near("weight", emblas_model_weights(fit.model)[0], 10.0 / 11, 1e-15);
  check_near("mean", emblas_model_means(fit.model)[1], 10, 0);
  double floor = options.floor * dataset_scale(x, 110, 1)[0] * dataset_scale(x, 110, 1)[0];
  check_near("variance at the floor", model_covariances(fit.model)[1], floor, 1e-12 * floor);
  fit_free(&fit);
}

/* Fewer distinct values than components (N06): the two that exist are found, and what is left is flagged.
 */
Test(degenerate, n06_two_values_three_components) {
  double *x = test_keep(100, sizeof *x), share[2] = {0, 0};
  for (size_t i = 50; i < 100; i++) x[i] = 1;
  struct emblas_data data = view(x, 100, 1);
  struct emblas_options options = options_for(3, EMBLAS_FULL);
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(count_flagged(&fit), 3);
  for (size_t c = 0; c < 3; c++) {
    double mean = emblas_model_means(fit.model)[c], weight = emblas_model_weights(fit.model)[c];
    cr_assert(weight == 0 || mean == 0 || mean == 1, "a component of weight %g at %g", weight, mean);
    if (weight > 0) share[mean == 1] += weight;
  }
  check_near("share of 0", share[0], .5, 1e-15);
  check_near("share of 1", share[1], .5, 1e-15);
  fit_free(&fit);
}

/* The row that a component's mean is, within the rounding of weighted means (exactly for tolerance 0). */
static size_t row_of_mean(const double *mean, const double *x, size_t n, size_t d, double tolerance) {
  for (size_t i = 0; i < n; i++) {
    size_t j = 0;
    while (j < d && fabs(mean[j] - x[i * d + j]) <= tolerance) j++;
    if (j == d) return i;
  }
  return n;
}

/* As many distinct values as components (N07, N09, N46, N50): each its own. */
static void check_spikes(const char *id, const double *x, size_t n, size_t d, size_t k, double tolerance) {
  struct emblas_data data = view(x, n, d);
  struct emblas_options options = options_for(k, EMBLAS_FULL);
  struct fit fit = fit_or_fail(&data, &options);
  size_t *rows = test_keep(k, sizeof *rows);
  for (size_t c = 0; c < k; c++) {
    cr_assert_eq(fit.report.component_flags[c], EMBLAS_COMPONENT_COLLAPSED,
                 "%s: component %zu has flags %u", id, c, fit.report.component_flags[c]);
    check_near(id, emblas_model_weights(fit.model)[c], 1 / (double)k, 1e-15);
    rows[c] = row_of_mean(emblas_model_means(fit.model) + c * d, x, n, d, tolerance);
    cr_assert_lt(rows[c], n, "%s: mean %zu is no row", id, c);
    for (size_t other = 0; other < c; other++)
      cr_assert(memcmp(x + rows[c] * d, x + rows[other] * d, d * sizeof *x), "%s: %zu and %zu are the same",
                id, other, c);
  }
  fit_free(&fit);
}

Test(degenerate, n07_grid) {
  double *x = test_keep(8000, sizeof *x);
  for (size_t i = 0; i < 8000; i++) x[i] = -3 + .25 * (double)(i % 25);
  check_spikes("N07", x, 8000, 1, 25, 0);
}

Test(degenerate, n09_as_many_components_as_rows) {
  double *x = generate_matrix(5, 2, 9);
  for (size_t i = 0; i < 10; i++) x[i] *= 10;
  check_spikes("N09", x, 5, 2, 5, 40 * DBL_EPSILON);
}

Test(degenerate, n46_one_hot_rows) {
  double *x = test_keep(200 * 4, sizeof *x);
  for (size_t i = 0; i < 200; i++) x[i * 4 + i % 4] = 1;
  check_spikes("N46", x, 200, 4, 4, 4 * DBL_EPSILON);
}

/* Rows on a line: the third column of a mean comes out of the whitened frame as the difference of three
   products, each of them rounded by half an eps of up to the columns' range, 333. Which way depends on the
   BLAS. */
Test(degenerate, n50_distant_repeated_rows) {
  double *x = test_keep(100 * 3, sizeof *x);
  for (size_t i = 0; i < 100; i++)
    for (size_t j = 0; j < 3; j++) x[i * 3 + j] = (double)(i % 4 + 1) * (const double[]){1, 11, 111}[j];
  check_spikes("N50", x, 100, 3, 4, 1.5 * DBL_EPSILON * 333);
}

/* Two rows, two components (N11): means exact, variances at the floor and never below 0. */
Test(degenerate, n11_two_rows) {
  const double x[] = {9999, 0};
  check_spikes("N11", x, 2, 1, 2, 0);
  struct emblas_data data = view(x, 2, 1);
  struct emblas_options options = options_for(2, EMBLAS_SPHERICAL);
  struct fit fit = fit_or_fail(&data, &options);
  const double *variances = model_covariances(fit.model), floor = options.floor * 4999.5 * 4999.5;
  for (size_t c = 0; c < 2; c++) check_near("variance", variances[c], floor, 1e-12 * floor);
  fit_free(&fit);
}

/* More columns than rows in a component (N12): no full rank, but the diagonal has every variance. */
Test(degenerate, n12_more_columns_than_rows) {
  struct emblas_data data = view(generate_matrix(20, 50, 12), 20, 50);
  const size_t *labels = generate_block_labels(20, 2);
  struct emblas_options options = options_from_labels(2, EMBLAS_FULL, labels, 20);
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(count_flagged(&fit), 2);
  fit_free(&fit);
  options = options_from_labels(2, EMBLAS_DIAG, labels, 20);
  fit = fit_or_fail(&data, &options);
  cr_assert_eq(count_flagged(&fit), 0);
  fit_free(&fit);
}

/* Columns that are multiples of each other (N15): rank 1, whichever column one looks at. */
Test(degenerate, n15_dependent_columns) {
  const double *line = generate_blobs(200, 1, 6, 15);
  double *x = test_keep(600, sizeof *x);
  for (size_t i = 0; i < 600; i++) x[i] = line[i / 3] * (const double[]){1, 2, -1}[i % 3];
  struct emblas_data data = view(x, 200, 3), one = view(line, 200, 1);
  const size_t *labels = generate_block_labels(200, 2);
  struct emblas_options options = options_from_labels(2, EMBLAS_FULL, labels, 50);
  struct fit fit = fit_or_fail(&data, &options), single = fit_or_fail(&one, &options);
  cr_assert_eq(count_flagged(&fit), 2);
  for (size_t c = 0; c < 2; c++) {
    /* Where the variance across the line is a floor's, it cannot tell the components apart: the weights and
       means are those of the line, to what 1e-12 of its variance leaves. */
    double mean = emblas_model_means(single.model)[c];
    check_near("weight", emblas_model_weights(fit.model)[c], emblas_model_weights(single.model)[c], 1e-3);
    check_near("mean", emblas_model_means(fit.model)[c * 3], mean, 1e-2);
    check_near("mean", emblas_model_means(fit.model)[c * 3 + 1], 2 * emblas_model_means(fit.model)[c * 3],
               1e-9);
  }
  fit_free(&fit);
  fit_free(&single);
}

/* A component that starts without weight stays without (N39b), keeps its place, and is flagged. */
Test(degenerate, n39b_weight_zero_at_the_start) {
  const double weights[] = {1, 0}, means[] = {0, 0, 6, 6}, unit[] = {1, 0, 0, 1, 1, 0, 0, 1};
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_model *start = model_or_fail(EMBLAS_FULL, 2, 2, weights, means, unit);
  struct emblas_options options = options_from_model(start, 50);
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(emblas_model_weights(fit.model)[1], 0);
  cr_assert_eq(fit.report.component_flags[1], EMBLAS_COMPONENT_EMPTY);
  cr_assert_eq(fit.report.component_flags[0], 0);
  for (size_t j = 0; j < 2; j++)
    check_near("its last mean", emblas_model_means(fit.model)[2 + j], 6, 1e-14);
  size_t *labels = model_labels(fit.model, &data);
  for (size_t i = 0; i < BASE_ROWS; i++) cr_assert_eq(labels[i], 0);
  fit_free(&fit);
  emblas_model_free(start);
}

/* A component so far away that no row is left to it empties in the first iteration: the same. */
Test(degenerate, component_off_the_data) {
  const double weights[] = {.5, .5}, means[] = {3, 3, 1e8, 1e8}, unit[] = {9, 0, 0, 9, 1, 0, 0, 1};
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  for (int v = 0; v < TEST_MODELS; v++) {
    const double tied[] = {9, 0, 0, 9, 9, 0, 0, 9};
    struct emblas_model *start =
        model_or_fail((enum emblas_covariance)v, 2, 2, weights, means, v == EMBLAS_TIED ? tied : unit);
    struct emblas_options options = options_from_model(start, 20);
    struct fit fit = fit_or_fail(&data, &options);
    cr_assert_eq(emblas_model_weights(fit.model)[1], 0);
    cr_assert_eq(emblas_model_weights(fit.model)[0], 1);
    cr_assert_eq(fit.report.component_flags[1], EMBLAS_COMPONENT_EMPTY);
    check_near("its last mean", emblas_model_means(fit.model)[2], 1e8, 1e-6);
    fit_free(&fit);
    emblas_model_free(start);
  }
}

/* A start without a flag is kept before one that has a higher likelihood by collapsing. */
Test(degenerate, a_sound_start_is_preferred) {
  struct dataset x = dataset_read("galaxies");
  struct emblas_data data = view(x.values, x.rows, x.columns);
  struct emblas_options options = options_for(6, EMBLAS_FULL);
  options.starts = 40;
  struct fit fit = fit_or_fail(&data, &options);
  size_t flagged = 0, count = fit.report.start_count;
  for (size_t s = 0; s < count; s++) flagged += fit.report.starts[s].flagged > 0;
  cr_assert(flagged > 0 && flagged < count, "%zu of %zu starts flagged: these data do not test it", flagged,
            count);
  cr_assert_eq(count_flagged(&fit), 0);
  fit_free(&fit);
}
