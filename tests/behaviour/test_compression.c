/* SPDX-License-Identifier: MIT */
/* Compressed rows: the same fit, to roundoff, from fewer of them. */
#include "../support/allocator.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { N = 20000, K = 3, MAPS = 60 };

/* Two passes over the same measure differ by the roundings of each: expanded logits to 4096 u = 4.5e-13.
   The components are separated, and EM does not magnify that. */
static const double tolerance = 1e-12;
static const double loglik_tolerance = 1e-13;

/* Three components, four deviations apart, a tenth of the rows in the last. */
static double *three_humps(size_t n, double scale, double offset) {
  struct generator generator = {21};
  double *x = test_keep(n, sizeof *x);
  for (size_t i = 0; i < n; i++) {
    size_t c = i % 10 == 0 ? 2 : i % 2;
    x[i] = offset + scale * (4 * (double)c + generate_gaussian(&generator));
  }
  return x;
}

/* Equal weights, means off the right ones, deviations of `deviation`. */
static struct emblas_model *start_for(enum emblas_covariance covariance, double scale, double offset,
                                      double deviation) {
  const double weights[] = {1. / 3, 1. / 3, 1. / 3};
  double means[K], covariances[K];
  for (int c = 0; c < K; c++) {
    means[c] = offset + scale * (4 * c + 0.7);
    covariances[c] = scale * scale * deviation * deviation;
  }
  return model_or_fail(covariance, K, 1, weights, means, covariances);
}

static struct fit fit_with(const struct emblas_data *data, struct emblas_options options,
                           enum emblas_compression compress) {
  options.compress = compress;
  options.accelerate = EMBLAS_ACCELERATE_NONE;
  return fit_or_fail(data, &options);
}

/* Parameters by component: weights relative, means by their deviation, deviations relative; in d dimensions
   entries of the factor by the largest on its diagonal. */
static void check_models(const char *what, const struct emblas_model *a, const struct emblas_model *b,
                         double offset) {
  size_t k = emblas_model_components(a), d = emblas_model_dim(a);
  double *factor = test_keep(d * d, sizeof *factor), *other = test_keep(d * d, sizeof *other);
  for (size_t c = 0; c < k; c++) {
    double weight = emblas_model_weights(b)[c], scale = 0;
    emblas_model_cholesky(a, c, factor);
    emblas_model_cholesky(b, c, other);
    for (size_t j = 0; j < d; j++) scale = fmax(scale, other[j * d + j]);
    check_near(what, emblas_model_weights(a)[c], weight, tolerance * weight);
    for (size_t j = 0; j < d; j++)
      check_near(what, emblas_model_means(a)[c * d + j], emblas_model_means(b)[c * d + j],
                 tolerance * scale + DBL_EPSILON * offset);
    for (size_t j = 0; j < d * d; j++) check_near(what, factor[j], other[j], tolerance * scale);
  }
}

/* The same start, the same maps, with and without. Returns the rows that were walked over. */
static size_t check_same_fit(const char *what, const struct emblas_data *data,
                             const struct emblas_options *options, double offset) {
  struct fit a = fit_with(data, *options, EMBLAS_COMPRESS_AUTO);
  struct fit b = fit_with(data, *options, EMBLAS_COMPRESS_NONE);
  size_t rows = a.report.rows;
  check_models(what, a.model, b.model, offset);
  check_near(what, a.report.loglik, b.report.loglik, loglik_tolerance * fabs(b.report.loglik));
  check_near(what, a.report.icl, b.report.icl, tolerance * fabs(b.report.icl));
  check_near(what, a.report.entropy, b.report.entropy, tolerance * fabs(b.report.loglik));
  cr_assert_eq(a.report.iterations, b.report.iterations);
  cr_assert_eq(b.report.rows, data->rows);
  fit_free(&a);
  fit_free(&b);
  return rows;
}

static size_t check_humps(const char *what, enum emblas_covariance covariance, double scale, double offset,
                          const double *weights, double outlier) {
  double *x = three_humps(N, scale, offset);
  if (outlier != 0) x[17] = outlier;
  struct emblas_data data = view(x, N, 1);
  data.weights = weights;
  struct emblas_model *start = start_for(covariance, scale, offset, 1.5);
  struct emblas_options options = options_from_model(start, MAPS);
  options.covariance = covariance;
  size_t rows = check_same_fit(what, &data, &options, fabs(offset));
  cr_assert(rows <= N / 4, "%s: %zu rows", what, rows);
  emblas_model_free(start);
  return rows;
}

Test(compression, agrees_with_all_rows) {
  struct generator generator = {22};
  double *weights = test_keep(N, sizeof *weights);
  for (size_t i = 0; i < N; i++) weights[i] = i % 5 == 0 ? 0 : 0.1 + generate_uniform(&generator);
  check_humps("free variances", EMBLAS_FULL, 1, 0, NULL, 0);
  check_humps("one variance", EMBLAS_TIED, 1, 0, NULL, 0);
  check_humps("weights", EMBLAS_FULL, 1, 0, weights, 0);
  check_humps("offset", EMBLAS_FULL, 1, 1e8, NULL, 0);
  check_humps("tiny", EMBLAS_FULL, 1e-150, 0, NULL, 0);
  check_humps("outlier", EMBLAS_FULL, 1, 0, NULL, 60);
}

/* The row far out gets a component of its own, which the floor holds: narrower than all else by a million.
 */
Test(compression, spike_on_an_outlier) {
  double *x = three_humps(N, 1, 0);
  x[17] = 1e4;
  struct emblas_data data = view(x, N, 1);
  const double weights[] = {.5, .4, .1}, means[] = {0, 4, 1e4}, variances[] = {4, 4, 1};
  struct emblas_model *start = model_or_fail(EMBLAS_FULL, K, 1, weights, means, variances);
  struct emblas_options options = options_from_model(start, MAPS);
  size_t rows = check_same_fit("spike", &data, &options, 1e4);
  cr_assert(rows <= N / 4, "%zu rows", rows);
  emblas_model_free(start);
}

/* Components that are a hundred times too wide at first need few rows, and more as they narrow. */
Test(compression, follows_components_that_narrow) {
  struct emblas_data data = view(three_humps(N, 1, 0), N, 1);
  struct emblas_model *start = start_for(EMBLAS_FULL, 1, 0, 100);
  struct emblas_options options = options_from_model(start, 400);
  struct emblas_fitter *fitter = NULL;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  size_t rows[2];
  options.tolerance = 1e-9, options.accelerate = EMBLAS_ACCELERATE_NONE;
  cr_assert_eq(emblas_fitter_create(&data, &options, &fitter, NULL), EMBLAS_OK);
  cr_assert_eq(emblas_fitter_start(fitter, 0), EMBLAS_OK);
  for (int end = 0; end < 2; end++) {
    struct fit fit = {0};
    do cr_assert_eq(emblas_fitter_step(fitter, NULL, &reason), EMBLAS_OK);
    while (end && reason == EMBLAS_RUNNING);
    emblas_report_init(&fit.report, sizeof fit.report);
    cr_assert_eq(emblas_fitter_finish(fitter, &fit.model, &fit.report), EMBLAS_OK);
    rows[end] = fit.report.rows;
    check_fit(&fit);
    fit_free(&fit);
  }
  cr_assert(rows[0] >= 8 && rows[1] >= 2 * rows[0] && rows[1] <= N / 4, "%zu rows, then %zu", rows[0],
            rows[1]);
  emblas_fitter_free(fitter);
  emblas_model_free(start);
}

/* The first log-likelihood and the last of start number `number`, after a few maps. */
static void run_start(const struct emblas_data *data, enum emblas_compression compress, size_t number,
                      double *loglik) {
  struct emblas_fitter *fitter = NULL;
  struct emblas_options options;
  struct emblas_em_point point;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  emblas_options_init(&options, sizeof options);
  options.components = K, options.compress = compress, options.seed = 3;
  options.accelerate = EMBLAS_ACCELERATE_NONE;
  cr_assert_eq(emblas_fitter_create(data, &options, &fitter, NULL), EMBLAS_OK);
  cr_assert_eq(emblas_fitter_start(fitter, number), EMBLAS_OK);
  for (int i = 0; i < 10; i++) {
    cr_assert_eq(emblas_fitter_step(fitter, &point, &reason), EMBLAS_OK);
    loglik[i > 0] = point.loglik;
  }
  emblas_fitter_free(fitter);
}

/* The third k-means++ start is a random one: in the coordinates of the fit, however far these are from
   those of the data. */
Test(compression, random_starts_are_those_of_all_rows) {
  static const double scales[] = {1, 1e-3, 1e200};
  for (int i = 0; i < 3; i++) {
    double compressed[2], all[2];
    struct emblas_data data = view(three_humps(N, scales[i], 1e3 * scales[i]), N, 1);
    run_start(&data, EMBLAS_COMPRESS_AUTO, 2, compressed);
    run_start(&data, EMBLAS_COMPRESS_NONE, 2, all);
    for (int end = 0; end < 2; end++)
      check_near("log-likelihood", compressed[end], all[end], loglik_tolerance * fabs(all[end]));
  }
}

/* 64 different values in one column: each is one row, whatever the components do. */
Test(compression, grid) {
  struct generator generator = {23};
  double *x = test_keep(N, sizeof *x);
  for (size_t i = 0; i < N; i++)
    x[i] = floor(8 + 2 * generate_gaussian(&generator) + (double)(i % 3) * 9) / 2;
  struct emblas_data data = view(x, N, 1);
  const double weights[] = {.3, .3, .4}, means[] = {4, 8, 13}, variances[] = {1, 1, 1};
  struct emblas_model *start = model_or_fail(EMBLAS_FULL, K, 1, weights, means, variances);
  struct emblas_options options = options_from_model(start, MAPS);
  cr_assert(check_same_fit("grid", &data, &options, 0) <= 64);
  emblas_model_free(start);
}

/* Pixels: 5000 rows, 64 different ones, also -0 beside 0. */
Test(compression, equal_rows_are_merged) {
  enum { ROWS = 5000, D = 3 };
  struct generator generator = {41};
  double *x = test_keep(ROWS * D, sizeof *x);
  size_t *labels = test_keep(ROWS, sizeof *labels);
  for (size_t i = 0; i < ROWS * D; i++) {
    x[i] = 64 * floor(4 * generate_uniform(&generator));
    if (x[i] == 0 && i % 2) x[i] = -0.0;
  }
  for (size_t i = 0; i < ROWS; i++) labels[i] = (size_t)(x[i * D] / 64);
  struct emblas_data data = view(x, ROWS, D);
  for (int v = EMBLAS_TIED; v < TEST_MODELS; v++) {
    struct emblas_options options = options_from_labels(4, (enum emblas_covariance)v, labels, 20);
    cr_assert_eq(check_same_fit("pixels", &data, &options, 0), 64);
  }
}

/* One column with too many components for cells: equal rows are merged still, and none where none are. */
Test(compression, many_components) {
  enum { HUMPS = 30, ROWS = 5000 };
  struct generator generator = {29};
  double *x = test_keep(ROWS, sizeof *x), *rounded = test_keep(ROWS, sizeof *rounded);
  size_t *labels = test_keep(ROWS, sizeof *labels);
  for (size_t i = 0; i < ROWS; i++) {
    labels[i] = (size_t)(HUMPS * generate_uniform(&generator));
    x[i] = 5 * (double)labels[i] + generate_gaussian(&generator);
    rounded[i] = floor(2 * x[i]) / 2;
  }
  struct emblas_data as_drawn = view(x, ROWS, 1), on_grid = view(rounded, ROWS, 1);
  struct emblas_options options = options_from_labels(HUMPS, EMBLAS_FULL, labels, 20);
  cr_assert_eq(check_same_fit("as drawn", &as_drawn, &options, 0), ROWS);
  cr_assert_lt(check_same_fit("on a grid", &on_grid, &options, 0), 2 * 5 * (HUMPS + 1));
}

/* Labels are those of all rows. */
Test(compression, starts_from_labels) {
  double *x = three_humps(N, 1, 0);
  size_t *labels = test_keep(N, sizeof *labels);
  struct emblas_data data = view(x, N, 1);
  for (size_t i = 0; i < N; i++) labels[i] = x[i] < 1 ? 0 : x[i] < 6 ? 1 : 2;
  struct emblas_options options = options_from_labels(K, EMBLAS_FULL, labels, MAPS);
  cr_assert(check_same_fit("labels", &data, &options, 0) < N);
}

/* The optimum that starts find, on compressed rows, is the one of all rows. */
Test(compression, random_starts) {
  struct emblas_data data = view(three_humps(N, 1, 0), N, 1);
  for (int start = EMBLAS_START_KMEANSPP; start <= EMBLAS_START_RANDOM; start++) {
    struct emblas_options options = options_for(K, EMBLAS_FULL);
    options.start = (enum emblas_start)start, options.starts = 4;
    struct fit a = fit_with(&data, options, EMBLAS_COMPRESS_AUTO);
    struct fit b = fit_with(&data, options, EMBLAS_COMPRESS_NONE);
    check_near("best of the starts", a.report.loglik, b.report.loglik, 1e-5);
    cr_assert(a.report.rows < N);
    cr_assert_eq(a.report.loglik, a.report.starts[a.report.best_start].loglik);
    fit_free(&a);
    fit_free(&b);
  }
}

/* With few rows, few maps or nothing to gain the bits are those of all rows. */
Test(compression, leaves_small_fits_alone) {
  double *x = three_humps(N, 1, 0), *wide = generate_matrix(N, 2, 24);
  struct emblas_model *start = start_for(EMBLAS_FULL, 1, 0, 1.5);
  struct emblas_options few_maps = options_from_model(start, 5), maps = options_from_model(start, 20);
  struct emblas_options columns = options_from_labels(2, EMBLAS_FULL, generate_block_labels(N, 2), 20);
  struct emblas_data all = view(x, N, 1), few = view(x, 4095, 1), two = view(wide, N, 2);
  const struct emblas_data *data[] = {&all, &few, &two};
  const struct emblas_options *options[] = {&few_maps, &maps, &columns};
  for (size_t i = 0; i < 3; i++) {
    struct fit a = fit_with(data[i], *options[i], EMBLAS_COMPRESS_AUTO);
    struct fit b = fit_with(data[i], *options[i], EMBLAS_COMPRESS_NONE);
    cr_assert(same_model(a.model, b.model) && a.report.loglik == b.report.loglik, "case %zu", i);
    cr_assert_eq(a.report.rows, data[i]->rows);
    fit_free(&a);
    fit_free(&b);
  }
  emblas_model_free(start);
}

/* Of one column and many components rows may be put in order, and those of weight 0 left out. The reference
   backend takes them as they come. */
Test(compression, order_of_rows_changes_nothing) {
  enum { HUMPS = 16, ROWS = 8000 };
  struct generator generator = {27};
  double *x = test_keep(ROWS, sizeof *x), *weights = test_keep(ROWS, sizeof *weights);
  size_t *labels = test_keep(ROWS, sizeof *labels);
  for (size_t i = 0; i < ROWS; i++) {
    labels[i] = (size_t)(HUMPS * generate_uniform(&generator));
    x[i] = 5 * (double)labels[i] + generate_gaussian(&generator);
    weights[i] = i % 7 == 2 ? 0 : 1 + (double)labels[i];
  }
  struct emblas_data data = view(x, ROWS, 1);
  struct emblas_options options = options_from_labels(HUMPS, EMBLAS_FULL, labels, 15);
  for (int weighted = 0; weighted < 2; weighted++) {
    data.weights = weighted ? weights : NULL;
    struct fit a = fit_with(&data, options, EMBLAS_COMPRESS_NONE);
    struct emblas_options as_they_come = options;
    as_they_come.backend = emblas_backend_reference();
    struct fit b = fit_with(&data, as_they_come, EMBLAS_COMPRESS_NONE);
    check_models("in order", a.model, b.model, 0);
    check_near("in order", a.report.loglik, b.report.loglik, loglik_tolerance * fabs(b.report.loglik));
    check_near("in order", a.report.icl, b.report.icl, tolerance * fabs(b.report.icl));
    cr_assert_eq(a.report.rows, ROWS);
    fit_free(&a);
    fit_free(&b);
  }
}

/* The fit after so many maps of plain EM, of which there might have been more. */
static struct fit fit_steps(const struct emblas_data *data, struct emblas_options options, size_t maps) {
  struct emblas_fitter *fitter = NULL;
  struct fit fit = {0};
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  options.max_iterations = 10 * maps, options.accelerate = EMBLAS_ACCELERATE_NONE;
  cr_assert_eq(emblas_fitter_create(data, &options, &fitter, NULL), EMBLAS_OK);
  cr_assert_eq(emblas_fitter_start(fitter, 0), EMBLAS_OK);
  for (size_t i = 0; i <= maps; i++) /* the first step is to the start */
    cr_assert_eq(emblas_fitter_step(fitter, NULL, &reason), EMBLAS_OK);
  emblas_report_init(&fit.report, sizeof fit.report);
  cr_assert_eq(emblas_fitter_finish(fitter, &fit.model, &fit.report), EMBLAS_OK);
  check_fit(&fit);
  emblas_fitter_free(fitter);
  return fit;
}

/* Many components in two columns: rows are put in boxes where many maps may come, and what is out of reach
   is left out. The rows that a component stands on are those of the caller. */
Test(compression, boxes_change_nothing) {
  enum { GROUPS = 20, ROWS = 5000, FEW = 8 };
  struct generator generator = {28};
  double *x = test_keep(ROWS * 2, sizeof *x), *weights = test_keep(ROWS, sizeof *weights);
  size_t *labels = test_keep(ROWS, sizeof *labels);
  for (size_t i = 0; i < ROWS; i++) {
    size_t c = labels[i] =
        i % 2500 == 77 ? GROUPS - 1 : (size_t)((GROUPS - 1) * generate_uniform(&generator));
    double deviation = c == GROUPS - 1 ? 1e-3 : 1; /* two rows, too few */
    x[2 * i] = 8 * (double)(c % 5) + deviation * generate_gaussian(&generator);
    x[2 * i + 1] = 8 * (double)(c / 5) + deviation * generate_gaussian(&generator);
    weights[i] = i % 7 == 2 ? 0 : 1 + (double)(c % 3);
  }
  struct emblas_data data = view(x, ROWS, 2);
  for (int v = EMBLAS_FULL; v < TEST_MODELS; v++)
    for (int weighted = 0; weighted < 2; weighted++) {
      struct emblas_options options = options_from_labels(GROUPS, (enum emblas_covariance)v, labels, FEW);
      data.weights = weighted ? weights : NULL;
      struct fit a = fit_steps(&data, options, FEW);
      struct fit b = fit_with(&data, options, EMBLAS_COMPRESS_AUTO);
      cr_assert_eq(a.report.iterations, b.report.iterations);
      check_models("boxes", a.model, b.model, 0);
      check_near("boxes", a.report.loglik, b.report.loglik, loglik_tolerance * fabs(b.report.loglik));
      check_near("boxes", a.report.icl, b.report.icl, tolerance * fabs(b.report.icl));
      check_near("boxes", a.report.entropy, b.report.entropy, tolerance * fabs(b.report.loglik));
      cr_assert_eq(a.report.rows, ROWS);
      for (size_t c = 0; c < GROUPS; c++) {
        cr_assert_eq(a.report.component_flags[c], b.report.component_flags[c]);
        if (a.report.component_flags[c] == 0) continue;
        cr_assert_eq(a.report.component_rows[c].row, b.report.component_rows[c].row);
        cr_assert_eq(a.report.component_rows[c].row % 2500, 77);
      }
      fit_free(&a);
      fit_free(&b);
    }
}

static emblas_status fit_compressed(struct emblas_allocator allocator, const struct emblas_data *data,
                                    const struct emblas_model *start) {
  struct emblas_options options = options_from_model(start, 20);
  struct emblas_model *model = NULL;
  options.allocator = allocator;
  emblas_status status = emblas_fit(data, &options, &model, NULL);
  cr_assert_eq(model != NULL, status == EMBLAS_OK);
  emblas_model_free(model);
  return status;
}

static void check_each_allocation(const struct emblas_data *data, const struct emblas_model *start) {
  struct counting_allocator counter = {0};
  cr_assert_eq(fit_compressed(counting_hooks(&counter), data, start), EMBLAS_OK);
  size_t calls = counter.calls;
  for (size_t n = 1; n <= calls; n++) {
    counter = (struct counting_allocator){.fail_at = n};
    cr_assert_eq(fit_compressed(counting_hooks(&counter), data, start), EMBLAS_ERROR_MEMORY, "call %zu", n);
    cr_assert_eq(counter.live, 0, "call %zu", n);
  }
}

Test(compression, each_allocation_fails) {
  struct emblas_data line = view(three_humps(5000, 1, 0), 5000, 1);
  struct emblas_model *start = start_for(EMBLAS_FULL, 1, 0, 1.5);
  check_each_allocation(&line, start);
  emblas_model_free(start);
}

/* Rows in boxes; some weigh nothing. */
Test(compression, each_allocation_fails_in_boxes) {
  enum { GROUPS = 16, ROWS = 4300 };
  struct emblas_data plane = view(generate_blobs(ROWS, 2, 6, 30), ROWS, 2);
  double weights[GROUPS], means[GROUPS * 2], covariances[GROUPS * 4],
      *observed = test_keep(ROWS, sizeof *observed);
  for (size_t i = 0; i < ROWS; i++) observed[i] = i % 50 != 3;
  plane.weights = observed;
  for (size_t c = 0; c < GROUPS; c++) {
    weights[c] = 1. / GROUPS;
    means[2 * c] = 2 * (double)(c % 4), means[2 * c + 1] = 2 * (double)(c / 4);
    covariances[4 * c] = covariances[4 * c + 3] = 0.5;
    covariances[4 * c + 1] = covariances[4 * c + 2] = 0;
  }
  struct emblas_model *start = model_or_fail(EMBLAS_FULL, GROUPS, 2, weights, means, covariances);
  check_each_allocation(&plane, start);
  emblas_model_free(start);
}

/* What k-means++ and its rounds walk over goes through logits(). */
static const struct emblas_backend *counted;
static size_t rows_walked;
static void counting_logits(size_t b, size_t stride, size_t p, size_t k, const double *theta,
                            size_t theta_stride, const double *phi, double *logits, int add) {
  rows_walked += b;
  counted->logits(b, stride, p, k, theta, theta_stride, phi, logits, add);
}

/* Counts, ages, pixels: a line of few values is merged before the starts look at it, too. Some passes over
   all rows remain, not a hundred. */
Test(compression, starts_on_few_values) {
  enum { ROWS = 20000, VALUES = 25 };
  double *x = test_keep(ROWS, sizeof *x);
  struct emblas_backend counting = *(counted = test_backend());
  for (size_t i = 0; i < ROWS; i++) x[i] = (double)(i * i % VALUES);
  struct emblas_data data = view(x, ROWS, 1);
  struct emblas_options options = options_for(3, EMBLAS_TIED);
  counting.logits = counting_logits, options.backend = &counting;
  options.threads = 1, options.max_iterations = 20;
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_leq(fit.report.rows, VALUES);
  cr_assert_lt(rows_walked, 10 * ROWS, "%zu rows in %zu starts", rows_walked, fit.report.start_count);
  fit_free(&fit);
}
