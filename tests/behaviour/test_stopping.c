/* SPDX-License-Identifier: MIT */
/* Stop rules, iteration limits, the progress hook; and a fitter driven by hand. */
#include "../support/dataset.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static struct emblas_data faithful(void) {
  struct dataset x = dataset_read("faithful");
  return view(x.values, x.rows, x.columns);
}

/* N maps are N M steps: the trace holds the start and what came after each. */
Test(stopping, exact_number_of_maps) {
  struct emblas_data data = faithful();
  size_t *labels = dataset_labels("faithful", 2);
  const size_t limits[] = {0, 1, 5, 100};
  for (size_t i = 0; i < 4; i++) {
    struct emblas_options options = options_from_labels(2, EMBLAS_FULL, labels, limits[i]);
    struct fit fit = fit_or_fail(&data, &options);
    cr_assert_eq(fit.report.stop, EMBLAS_ITERATION_LIMIT);
    cr_assert_eq(fit.report.iterations, limits[i]);
    cr_assert_eq(fit.report.maps, limits[i]);
    cr_assert_eq(fit.report.trace_length, limits[i] + 1);
    for (size_t t = 0; t <= limits[i]; t++) cr_assert_eq(fit.report.trace[t].iteration, t);
    fit_free(&fit);
  }
}

/* A run that stops earlier is the beginning of one that goes on. */
Test(stopping, prefix) {
  struct emblas_data data = faithful();
  struct emblas_options options = options_from_labels(2, EMBLAS_TIED, dataset_labels("faithful", 2), 30);
  struct fit all = fit_or_fail(&data, &options);
  options.max_iterations = 7;
  struct fit part = fit_or_fail(&data, &options);
  for (size_t t = 0; t <= 7; t++) cr_assert_eq(all.report.trace[t].loglik, part.report.trace[t].loglik);
  fit_free(&all);
  fit_free(&part);
}

static int rule_holds(enum emblas_stop_rule rule, double tolerance, const struct emblas_em_point *trace,
                      size_t t) {
  if (t == 0) return 0;
  switch (rule) {
  case EMBLAS_STOP_LOGLIK:
    return trace[t].projected < tolerance && trace[t - 1].projected < tolerance;
  case EMBLAS_STOP_Q:
    return fabs(trace[t].q - trace[t - 1].q) < tolerance;
  default:
    return trace[t].weight_change < tolerance;
  }
}

/* Each rule stops a fit at the first iteration where it holds; and what the default promises is kept: the
   log-likelihood is right to 1e-6. */
Test(stopping, rules) {
  struct emblas_data data = faithful();
  size_t *labels = dataset_labels("faithful", 3);
  for (int rule = EMBLAS_STOP_LOGLIK; rule <= EMBLAS_STOP_WEIGHTS; rule++) {
    struct emblas_options options = options_from_labels(3, EMBLAS_FULL, labels, 10000);
    options.stop = (enum emblas_stop_rule)rule;
    options.tolerance = rule == EMBLAS_STOP_LOGLIK ? 1e-7 : 1e-5;
    struct fit fit = fit_or_fail(&data, &options);
    cr_assert_eq(fit.report.stop, EMBLAS_CONVERGED);
    for (size_t t = 0; t < fit.report.trace_length; t++)
      cr_assert_eq(rule_holds(options.stop, options.tolerance, fit.report.trace, t),
                   t == fit.report.trace_length - 1, "rule %d, iteration %zu", rule, t);
    if (rule == EMBLAS_STOP_LOGLIK)
      check_near("faithful, 3, full", fit.report.loglik, -1127.071667401734, 1e-6);
    fit_free(&fit);
  }
}

/* A limit that leaves no room for the rule does not hide an end: from a fixed point every limit but 0 says
   that it has converged, with every acceleration; from elsewhere none does, nor with a tolerance of 0. */
Test(stopping, few_maps_from_a_fixed_point) {
  struct emblas_data data = faithful();
  struct emblas_options options = options_from_labels(2, EMBLAS_FULL, dataset_labels("faithful", 2), 300);
  struct fit end = fit_or_fail(&data, &options);
  options.max_iterations = 1;
  struct fit early = fit_or_fail(&data, &options);
  for (int how = EMBLAS_ACCELERATE_AUTO; how <= EMBLAS_ACCELERATE_ANDERSON; how++)
    for (size_t limit = 0; limit <= 5; limit++) {
      options = options_from_model(end.model, limit);
      options.accelerate = (enum emblas_acceleration)how, options.tolerance = 1e-7;
      struct fit fit = fit_or_fail(&data, &options);
      cr_assert_eq(fit.report.stop, limit > 0 ? EMBLAS_CONVERGED : EMBLAS_ITERATION_LIMIT,
                   "acceleration %d, %zu maps", how, limit);
      if (limit > 0) cr_assert_lt(fit.report.trace[fit.report.trace_length - 1].projected, 1e-7);
      fit_free(&fit);
      options.tolerance = 0;
      fit = fit_or_fail(&data, &options);
      cr_assert_eq(fit.report.stop, EMBLAS_ITERATION_LIMIT);
      fit_free(&fit);
      if (limit > 2) continue; /* where it may come to its end */
      options.tolerance = 1e-7, options.model = early.model;
      fit = fit_or_fail(&data, &options);
      cr_assert_eq(fit.report.stop, EMBLAS_ITERATION_LIMIT);
      fit_free(&fit);
    }
  fit_free(&end);
  fit_free(&early);
}

/* weight_change is the norm of the difference of the weights, and NaN where there is none. */
Test(stopping, weight_change) {
  struct emblas_data data = faithful();
  struct emblas_options options = options_from_labels(2, EMBLAS_FULL, dataset_labels("faithful", 2), 3);
  struct fit later = fit_or_fail(&data, &options);
  options.max_iterations = 2;
  struct fit earlier = fit_or_fail(&data, &options);
  const double *w = emblas_model_weights(later.model), *v = emblas_model_weights(earlier.model);
  cr_assert(isnan(later.report.trace[0].weight_change));
  check_near("weight change", later.report.trace[3].weight_change, hypot(w[0] - v[0], w[1] - v[1]), 1e-15);
  fit_free(&later);
  fit_free(&earlier);
}

struct observer {
  size_t calls, cancel_at; /* cancels at this call, from 1; 0: never */
  size_t start, iteration; /* what the last call was of */
  double best;             /* the highest log-likelihood seen when a run ended */
  double last;
  size_t starts;
};

static int observe(void *context, const struct emblas_progress *progress) {
  struct observer *o = context;
  if (o->calls == 0 || progress->start != o->start) {
    cr_assert_eq(progress->start, o->calls == 0 ? 0 : o->start + 1);
    cr_assert_eq(progress->point.iteration, 0);
    if (o->calls) o->best = fmax(o->best, o->last);
  } else {
    cr_assert_eq(progress->point.iteration, o->iteration + 1);
  }
  /* of runs at the same optimum the first is kept */
  cr_assert(progress->best_loglik == o->best || fabs(progress->best_loglik - o->best) <= 1e-6,
            "run %zu iteration %zu: %.17g, not %.17g", progress->start, progress->point.iteration,
            progress->best_loglik, o->best);
  o->start = progress->start, o->iteration = progress->point.iteration, o->last = progress->point.loglik;
  o->starts = progress->starts;
  return ++o->calls == o->cancel_at;
}

static struct emblas_options observed(struct observer *observer, size_t starts) {
  struct emblas_options options = options_for(2, EMBLAS_FULL);
  *observer = (struct observer){.best = -INFINITY};
  options.starts = starts, options.progress = observe, options.progress_context = observer;
  return options;
}

/* The hook sees every iteration of every start and move, in order. */
Test(progress, sees_everything) {
  struct emblas_data data = faithful();
  struct observer observer;
  struct emblas_options options = observed(&observer, 4);
  struct fit fit = fit_or_fail(&data, &options);
  size_t points = 0, starts = fit.report.start_count;
  for (size_t s = 0; s < starts; s++) points += fit.report.starts[s].iterations + 1;
  cr_assert_geq(observer.calls, points + fit.report.moves);
  cr_assert_eq(observer.starts, starts + fit.report.moves);
  cr_assert_eq(observer.start + 1, observer.starts);
  fit_free(&fit);
}

/* Cancelled at any iteration of any start: success, and the best so far. */
Test(progress, cancels_and_keeps_the_best) {
  struct emblas_data data = faithful();
  struct observer observer;
  struct emblas_options options = observed(&observer, 3);
  struct fit all = fit_or_fail(&data, &options);
  size_t total = observer.calls;
  for (size_t call = 1; call < total; call++) {
    options = observed(&observer, 3);
    observer.cancel_at = call;
    struct fit fit = fit_or_fail(&data, &options);
    cr_assert_eq(observer.calls, call, "called again after it cancelled");
    check_near("best", fit.report.loglik, fmax(observer.best, observer.last), 1e-6);
    cr_assert_eq(fit.report.start_count + fit.report.moves, observer.start + 1);
    if (observer.start < fit.report.start_count)
      cr_assert_eq(fit.report.starts[observer.start].iterations, observer.iteration);
    fit_free(&fit);
  }
  fit_free(&all);
}

Test(progress, cancels_a_single_start) {
  struct emblas_data data = faithful();
  struct observer observer;
  struct emblas_options options = observed(&observer, 1);
  observer.cancel_at = 4;
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert_eq(fit.report.stop, EMBLAS_CANCELLED);
  cr_assert_eq(fit.report.iterations, 3);
  cr_assert_eq(fit.report.trace_length, 4);
  fit_free(&fit);
}

struct phases {
  size_t on_sample, on_all, rows;
};

static int count_phases(void *context, const struct emblas_progress *progress) {
  struct phases *phases = context;
  if (progress->sample > 0) {
    cr_assert_eq(phases->on_all, 0, "a sample after all rows");
    cr_assert_lt(progress->sample, phases->rows);
    phases->on_sample++;
  } else {
    phases->on_all++;
  }
  return 0;
}

/* Starts on many rows begin on a sample, and the hook is told so; those on few rows do not. */
Test(progress, tells_a_sample_from_all_rows) {
  struct phases phases = {.rows = 66000};
  struct emblas_data data = view(generate_blobs(phases.rows, 2, 4, 5), phases.rows, 2);
  struct emblas_options options = options_for(3, EMBLAS_FULL);
  options.compress = EMBLAS_COMPRESS_NONE;
  options.starts = 6, options.tolerance = 1;
  options.progress = count_phases, options.progress_context = &phases;
  struct fit fit = fit_or_fail(&data, &options);
  cr_assert(phases.on_sample > 0 && phases.on_all > 0, "%zu, %zu", phases.on_sample, phases.on_all);
  fit_free(&fit);
  phases = (struct phases){.rows = 500};
  data.rows = phases.rows;
  fit = fit_or_fail(&data, &options);
  cr_assert(phases.on_sample == 0 && phases.on_all > 0);
  fit_free(&fit);
}

/* create, start, step, finish is emblas_fit of one start, bit for bit; a model may be had on the way. */
Test(fitter, by_hand_is_the_same) {
  struct emblas_data data = faithful();
  for (int kind = EMBLAS_START_KMEANSPP; kind <= EMBLAS_START_LABELS; kind++) {
    struct emblas_options options = options_for(3, EMBLAS_FULL);
    options.start = (enum emblas_start)kind, options.starts = 1;
    options.labels = kind == EMBLAS_START_LABELS ? dataset_labels("faithful", 3) : NULL;
    struct fit fit = fit_or_fail(&data, &options), hand = {0};

    struct emblas_fitter *fitter = NULL;
    struct emblas_em_point point;
    enum emblas_stop_reason reason = EMBLAS_RUNNING;
    cr_assert_eq(emblas_fitter_create(&data, &options, &fitter, NULL), EMBLAS_OK);
    cr_assert_eq(emblas_fitter_start(fitter, 0), EMBLAS_OK);
    for (size_t t = 0; reason == EMBLAS_RUNNING; t++) {
      cr_assert_eq(emblas_fitter_step(fitter, &point, &reason), EMBLAS_OK);
      cr_assert_eq(point.loglik, fit.report.trace[t].loglik);
      cr_assert_eq(point.iteration, t);
      if (t == 2) {
        struct emblas_model *middle = NULL;
        cr_assert_eq(emblas_fitter_finish(fitter, &middle, NULL), EMBLAS_OK);
        cr_assert_not(same_model(middle, fit.model));
        emblas_model_free(middle);
      }
    }
    emblas_report_init(&hand.report, sizeof hand.report);
    cr_assert_eq(emblas_fitter_finish(fitter, &hand.model, &hand.report), EMBLAS_OK);
    check_fit(&hand);
    cr_assert(same_model(hand.model, fit.model));
    cr_assert_eq(hand.report.loglik, fit.report.loglik);
    cr_assert_eq(hand.report.entropy, fit.report.entropy);
    cr_assert_eq(hand.report.iterations, fit.report.iterations);
    cr_assert_eq(hand.report.stop, fit.report.stop);
    cr_assert_eq(hand.report.bic, fit.report.bic);
    cr_assert_eq(hand.report.icl, fit.report.icl);
    /* a step after the end changes nothing */
    enum emblas_stop_reason again = EMBLAS_RUNNING;
    cr_assert_eq(emblas_fitter_step(fitter, NULL, &again), EMBLAS_OK);
    cr_assert_eq(again, reason);
    emblas_fitter_free(fitter);
    fit_free(&fit);
    fit_free(&hand);
  }
}

Test(fitter, before_a_start) {
  struct emblas_data data = faithful();
  struct emblas_options options = options_for(2, EMBLAS_FULL);
  struct emblas_fitter *fitter = NULL;
  struct emblas_model *model = NULL;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  cr_assert_eq(emblas_fitter_create(&data, &options, &fitter, NULL), EMBLAS_OK);
  cr_assert_eq(emblas_fitter_step(fitter, NULL, &reason), EMBLAS_ERROR_ARGUMENT);
  cr_assert_eq(emblas_fitter_finish(fitter, &model, NULL), EMBLAS_ERROR_ARGUMENT);
  cr_assert_null(model);
  emblas_fitter_free(fitter);
  emblas_fitter_free(NULL);
}
