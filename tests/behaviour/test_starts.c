/* SPDX-License-Identifier: MIT */
/* Where fits begin, and how the best of several is kept. */
#include "../support/dataset.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static struct emblas_data iris(void) {
  struct dataset x = dataset_read("iris");
  return view(x.values, x.rows, x.columns);
}

/* Runs start number s by hand, for so many iterations or to its end; returns its last log-likelihood. */
static double run_start(struct emblas_fitter *fitter, size_t s, size_t iterations) {
  struct emblas_em_point point = {0};
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  cr_assert_eq(emblas_fitter_start(fitter, s), EMBLAS_OK);
  do cr_assert_eq(emblas_fitter_step(fitter, &point, &reason), EMBLAS_OK);
  while (reason == EMBLAS_RUNNING && point.iteration < iterations);
  return point.loglik;
}

/* At least half of the starts are run, and all but the one that moves went on from take the same bits by
 * hand, one by one. */
static void check_starts_by_hand(const struct emblas_data *data, const struct emblas_options *options,
                                 const struct emblas_report *report) {
  struct emblas_fitter *fitter = NULL;
  cr_assert_eq(emblas_fitter_create(data, options, &fitter, NULL), EMBLAS_OK);
  for (size_t s = 0; s < report->start_count; s++) {
    const struct emblas_start_result *start = &report->starts[s];
    double by_hand = run_start(fitter, s, start->iterations);
    if (s != report->best_start || report->moves_kept == 0) cr_assert_eq(by_hand, start->loglik);
  }
  emblas_fitter_free(fitter);
}

/* The report's best start is the best of those without flagged components, but for what the stop rule
   leaves, and the fit's own result is that start's. For many seeds. */
static void check_best_of_several(const struct emblas_data *data, const struct emblas_options *options) {
  struct fit fit = fit_or_fail(data, options);
  const struct emblas_report *report = &fit.report;
  const struct emblas_start_result *best = &report->starts[report->best_start];
  size_t unflagged = 0, maps = 0;
  double same =
      options->tolerance + 64 * DBL_EPSILON * fabs(best->loglik); /* the first of equals is kept */
  for (size_t s = 0; s < report->start_count; s++) unflagged += report->starts[s].flagged == 0;
  size_t half = (options->starts + 1) / 2;
  if (options->components > 3 && best->flagged == 0) cr_assert_eq(report->start_count, half);
  cr_assert(report->start_count >= half && report->start_count <= 8 * options->starts);
  cr_assert_geq(report->moves, report->moves_kept);
  for (size_t s = 0; s < report->start_count; s++) {
    const struct emblas_start_result *start = &report->starts[s];
    cr_assert_eq(start->status, EMBLAS_OK);
    if (s != report->best_start) maps += start->iterations;
    if (unflagged == 0 || start->flagged == 0)
      cr_assert(start->loglik <= best->loglik + same, "start %zu was better, seed %llu", s,
                (unsigned long long)options->seed);
  }
  cr_assert(unflagged == 0 || best->flagged == 0);
  cr_assert_eq(report->loglik, best->loglik);
  cr_assert_eq(report->iterations, best->iterations);
  cr_assert_eq(report->stop, best->stop);
  cr_assert_geq(report->maps, maps);
  check_starts_by_hand(data, options, report);
  fit_free(&fit);
}

Test(starts, the_best_is_kept) {
  struct emblas_data data = iris();
  for (int kind = EMBLAS_START_KMEANSPP; kind <= EMBLAS_START_RANDOM; kind++) {
    struct emblas_options options = options_for(3, EMBLAS_FULL);
    options.start = (enum emblas_start)kind;
    options.starts = 5;
    options.max_iterations = 50;
    for (options.seed = 1; options.seed <= 20; options.seed++) check_best_of_several(&data, &options);
    options.components = 4, options.covariance = EMBLAS_SPHERICAL;
    for (options.seed = 1; options.seed <= 5; options.seed++) check_best_of_several(&data, &options);
  }
}

/* Eight values and eight components: each of them is a spike, and no further start would find a sound
 * model. */
Test(starts, are_no_more_where_no_model_is_sound) {
  double x[80];
  for (size_t i = 0; i < 80; i++) x[i] = (double)(i % 8);
  struct emblas_data data = view(x, 80, 1);
  struct emblas_options options = options_for(8, EMBLAS_FULL);
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_gt(fit.report.starts[fit.report.best_start].flagged, 4);
  cr_assert_eq(fit.report.start_count, options.starts / 2);
  fit_free(&fit);
}

/* Several starts are several: not all of them alike. */
Test(starts, differ_from_each_other) {
  struct emblas_data data = iris();
  for (int kind = EMBLAS_START_KMEANSPP; kind <= EMBLAS_START_RANDOM; kind++) {
    struct emblas_options options = options_for(3, EMBLAS_DIAG);
    options.start = (enum emblas_start)kind;
    options.starts = 40, options.max_iterations = 0;
    struct fit fit = fit_or_fail(&data, &options);
    cr_assert_geq(fit.report.start_count, 20);
    size_t distinct = 0;
    for (size_t s = 0; s < 20; s++) {
      size_t before = 0;
      while (before < s && fit.report.starts[before].loglik != fit.report.starts[s].loglik) before++;
      distinct += before == s;
    }
    cr_assert(distinct >= (kind == EMBLAS_START_RANDOM ? 20 : 2), "%zu distinct starts of kind %d",
              distinct, kind);
    fit_free(&fit);
  }
}

/* Same seed, same bits, in everything; another seed, another trajectory. */
Test(starts, seed) {
  struct emblas_data data = iris();
  for (int kind = EMBLAS_START_KMEANSPP; kind <= EMBLAS_START_RANDOM; kind++) {
    struct emblas_options options = options_for(3, EMBLAS_FULL), other;
    options.start = (enum emblas_start)kind, options.starts = 8;
    other = options, other.seed = 2;
    struct fit a = fit_or_fail(&data, &options), c = fit_or_fail(&data, &other),
               b = fit_or_fail(&data, &options);
    cr_assert(same_model(a.model, b.model));
    cr_assert_eq(a.report.trace_length, b.report.trace_length);
    for (size_t t = 0; t < a.report.trace_length; t++)
      cr_assert_eq(a.report.trace[t].loglik, b.report.trace[t].loglik);
    size_t same = 0;
    for (size_t s = 0; s < 4; s++)
      same += a.report.starts[s].loglik == c.report.starts[s].loglik &&
              a.report.starts[s].iterations == c.report.starts[s].iterations;
    cr_assert_lt(same, 4, "seeds 1 and 2 gave the same %d starts", kind);
    fit_free(&a);
    fit_free(&b);
    fit_free(&c);
  }
}

/* The start from labels is an M step: weights are shares, means are means of the labelled rows. */
Test(starts, labels) {
  struct emblas_data data = iris();
  size_t *labels = dataset_labels("iris", 3);
  struct emblas_options options = options_from_labels(3, EMBLAS_FULL, labels, 0);
  struct fit fit = fit_or_fail(&data, &options);
  double count[3] = {0}, mean[3][4] = {{0}};
  for (size_t i = 0; i < data.rows; i++) count[labels[i]]++;
  for (size_t i = 0; i < data.rows; i++)
    for (size_t j = 0; j < 4; j++) mean[labels[i]][j] += data.values[i * 4 + j] / count[labels[i]];
  for (size_t c = 0; c < 3; c++) {
    check_near("weight", emblas_model_weights(fit.model)[c], count[c] / (double)data.rows, 1e-15);
    for (size_t j = 0; j < 4; j++)
      check_near("mean", emblas_model_means(fit.model)[c * 4 + j], mean[c][j], 1e-13);
  }
  cr_assert_eq(fit.report.start_count, 1);
  fit_free(&fit);
}

/* The start from a model is that model, and starting from one's own result ends at once. The stop rule
   needs the projected gain below the tolerance twice, and a projection needs three values: with nothing to
   gain that is the third iteration, the earliest there is. A later one follows only gains that are
   roundings, of which one may be larger than the one before and have no projection. */
Test(starts, model) {
  struct emblas_data data = iris();
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    struct emblas_options options = options_for(3, (enum emblas_covariance)v);
    options.tolerance = 1e-9;
    struct fit fit = fit_or_fail(&data, &options);
    options = options_from_model(fit.model, 0);
    struct fit same = fit_or_fail(&data, &options);
    check_near("log-likelihood at its own result", same.report.loglik, fit.report.loglik,
               1e-12 * fabs(fit.report.loglik));
    struct expected expected = {emblas_model_weights(fit.model), emblas_model_means(fit.model),
                                model_covariances(fit.model),
                                dataset_scale(data.values, data.rows, data.columns)};
    check_parameters("the model as it was", same.model, &expected, 1e-13);
    fit_free(&same);

    options = options_from_model(fit.model, 1000);
    options.tolerance = 1e-7;
    same = fit_or_fail(&data, &options);
    cr_assert_eq(same.report.stop, EMBLAS_CONVERGED);
    cr_assert(same.report.iterations <= 10, "%zu iterations", same.report.iterations);
    const struct emblas_em_point *trace = same.report.trace;
    for (size_t t = 2; t < same.report.iterations && same.report.iterations > 3; t++)
      check_near("gain of a late iteration", trace[t].loglik, trace[t - 1].loglik,
                 8 * DBL_EPSILON * trace[t].magnitude);
    check_near("log-likelihood from its own result", same.report.loglik, fit.report.loglik, 1e-9);
    fit_free(&same);
    fit_free(&fit);
  }
}

/* A fit of other data in between changes nothing. */
Test(starts, no_state_between_fits) {
  struct emblas_data data = iris(), other = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_options options = options_for(2, EMBLAS_FULL);
  struct fit before = fit_or_fail(&data, &options), between = fit_or_fail(&other, &options);
  struct fit after = fit_or_fail(&data, &options);
  cr_assert(same_model(before.model, after.model));
  fit_free(&before);
  fit_free(&between);
  fit_free(&after);

  /* nor does a fitter that has run other starts */
  struct emblas_fitter *fitter = NULL;
  cr_assert_eq(emblas_fitter_create(&data, &options, &fitter, NULL), EMBLAS_OK);
  double first = run_start(fitter, 3, SIZE_MAX);
  run_start(fitter, 0, SIZE_MAX);
  cr_assert_eq(run_start(fitter, 3, SIZE_MAX), first);
  emblas_fitter_free(fitter);
}

/* Random starts as documented: means uniform over the columns' ranges, weights and variances positive,
   covariances diagonal. */
Test(starts, random_is_within_the_data) {
  struct emblas_data data = iris();
  struct emblas_options options = options_for(5, EMBLAS_FULL);
  options.start = EMBLAS_START_RANDOM, options.starts = 1, options.max_iterations = 0;
  for (options.seed = 1; options.seed <= 20; options.seed++) {
    struct fit fit = fit_or_fail(&data, &options);
    const double *covariances = model_covariances(fit.model);
    for (size_t j = 0; j < 4; j++) {
      double low = INFINITY, high = -INFINITY;
      for (size_t i = 0; i < data.rows; i++) {
        low = fmin(low, data.values[i * 4 + j]);
        high = fmax(high, data.values[i * 4 + j]);
      }
      for (size_t c = 0; c < 5; c++) {
        double mean = emblas_model_means(fit.model)[c * 4 + j];
        const double *covariance = covariances + c * 16;
        cr_assert(mean >= low - 1e-12 && mean <= high + 1e-12);
        cr_assert(covariance[j * 5] > 0 && covariance[j * 5] <= (high - low) * (high - low) * (1 + 1e-12));
        for (size_t l = 0; l < j; l++) cr_assert(fabs(covariance[j * 4 + l]) <= 1e-12);
      }
    }
    fit_free(&fit);
  }
}

/* Where most components are at the floor whatever the start, there is nothing that moves could mend. */
Test(starts, no_moves_among_spikes) {
  enum { ROWS = 300, COMPONENTS = 9 };
  double x[ROWS];
  for (size_t i = 0; i < ROWS; i++) x[i] = (double)(i % 3);
  struct emblas_data data = view(x, ROWS, 1);
  struct emblas_options options = options_for(COMPONENTS, EMBLAS_FULL);
  struct fit fit = fit_or_fail(&data, &options);
  size_t flagged = 0;
  for (size_t c = 0; c < COMPONENTS; c++) flagged += fit.report.component_flags[c] != 0;
  cr_assert_gt(flagged, COMPONENTS / 2);
  cr_assert_eq(fit.report.moves, 0);
  fit_free(&fit);
}
