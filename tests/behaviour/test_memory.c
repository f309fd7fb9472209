/* SPDX-License-Identifier: MIT */
/* Every allocation fails once, and once for good: an error or success, nothing leaked, outputs untouched.
   A step of a fit allocates nothing but room for its trace. */
#include "../support/allocator.h"
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <stdint.h>

enum { N = 60, D = 2, K = 2 };

static struct emblas_model *const untouched = (struct emblas_model *)(uintptr_t)0x1234;

/* What is done with an allocator. Returns its status; releases all it made. */
typedef emblas_status operation(struct emblas_allocator allocator);

static struct emblas_data blobs(void) {
  return view(generate_blobs(N, D, 6, 1), N, D);
}

static emblas_status fit_all(struct emblas_allocator allocator, enum emblas_start start,
                             enum emblas_covariance covariance) {
  struct emblas_data data = blobs();
  struct emblas_options options = options_for(K, covariance);
  struct emblas_model *model = untouched;
  struct emblas_report report;
  emblas_report_init(&report, sizeof report);
  options.allocator = allocator, options.starts = 2, options.start = start, options.max_iterations = 3;
  options.labels = generate_block_labels(N, K);
  emblas_status status = emblas_fit(&data, &options, &model, &report);
  cr_assert_eq(model == untouched, status != EMBLAS_OK, "%s, and the model was%s written",
               emblas_status_string(status), model == untouched ? " not" : "");
  if (status == EMBLAS_OK) emblas_model_free(model);
  emblas_report_clear(&report);
  return status;
}

static emblas_status fit_kmeanspp(struct emblas_allocator a) {
  return fit_all(a, EMBLAS_START_KMEANSPP, EMBLAS_FULL);
}
static emblas_status fit_random(struct emblas_allocator a) {
  return fit_all(a, EMBLAS_START_RANDOM, EMBLAS_TIED);
}
static emblas_status fit_labels(struct emblas_allocator a) {
  return fit_all(a, EMBLAS_START_LABELS, EMBLAS_DIAG);
}

static emblas_status select_model(struct emblas_allocator allocator) {
  struct emblas_data data = blobs();
  struct emblas_options options = options_for(K, EMBLAS_FULL);
  struct emblas_candidates candidates;
  struct emblas_selection table;
  struct emblas_model *model = untouched;
  emblas_candidates_init(&candidates, sizeof candidates);
  emblas_selection_init(&table, sizeof table);
  candidates.most_components = 2;
  options.allocator = allocator, options.starts = 1, options.max_iterations = 3, options.threads = 1;
  emblas_status status = emblas_select(&data, &options, &candidates, &model, NULL, &table);
  cr_assert_eq(model == untouched, status != EMBLAS_OK);
  if (status == EMBLAS_OK) emblas_model_free(model);
  emblas_selection_clear(&table);
  return status;
}

/* A step that finds no memory leaves the fitter where it was: the next may succeed. */
static emblas_status fit_by_hand(struct emblas_allocator allocator) {
  struct emblas_data data = blobs();
  struct emblas_options options = options_for(K, EMBLAS_FULL);
  struct emblas_fitter *const no_fitter = (struct emblas_fitter *)(uintptr_t)0x4321, *fitter = no_fitter;
  struct emblas_model *model = untouched;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  options.allocator = allocator, options.tolerance = 0, options.max_iterations = 70;
  emblas_status status = emblas_fitter_create(&data, &options, &fitter, NULL);
  cr_assert_eq(fitter == no_fitter, status != EMBLAS_OK);
  if (status != EMBLAS_OK) return status;
  status = emblas_fitter_start(fitter, 0);
  while (status == EMBLAS_OK && reason == EMBLAS_RUNNING)
    status = emblas_fitter_step(fitter, NULL, &reason);
  if (status == EMBLAS_OK) status = emblas_fitter_finish(fitter, &model, NULL);
  cr_assert_eq(model == untouched, status != EMBLAS_OK);
  if (status == EMBLAS_OK) emblas_model_free(model);
  emblas_fitter_free(fitter);
  return status;
}

/* A model, and what needs memory of its own while it is used. */
static emblas_status create_and_predict(struct emblas_allocator allocator) {
  const double weights[] = {.5, .5}, means[] = {0, 0, 6, 6}, unit[] = {1, 0, 0, 1, 1, 0, 0, 1};
  struct emblas_data data = blobs();
  struct emblas_parameters parameters;
  struct emblas_prediction prediction;
  struct emblas_model *model = untouched;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.components = K, parameters.dim = D, parameters.allocator = allocator;
  parameters.weights = weights, parameters.means = means, parameters.covariances = unit;
  emblas_status status = emblas_model_create(&parameters, &model, NULL);
  cr_assert_eq(model == untouched, status != EMBLAS_OK);
  if (status != EMBLAS_OK) return status;

  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.labels = test_keep(N, sizeof(size_t));
  prediction.labels[0] = 99, prediction.loglik = 17;
  status = emblas_predict(model, &data, predict_options(), &prediction, NULL);
  if (status != EMBLAS_OK) cr_assert(prediction.labels[0] == 99 && prediction.loglik == 17);
  emblas_model_free(model);
  return status;
}

static emblas_status identity_map(void *context, const double *theta, double *next,
                                  struct emblas_em_value *value) {
  (void)context;
  value->loglik = value->magnitude = 1;
  if (next) next[0] = theta[0];
  return EMBLAS_OK;
}

static emblas_status run_em(struct emblas_allocator allocator) {
  struct emblas_em_model model;
  struct emblas_em_options options;
  double theta = 5;
  emblas_em_model_init(&model, sizeof model);
  emblas_em_options_init(&options, sizeof options);
  model.parameters = 1, model.map = identity_map;
  options.allocator = allocator, options.tolerance = 0, options.max_iterations = 500;
  emblas_status status = emblas_em_run(&model, &options, &theta, NULL);
  cr_assert_eq(theta, 5);
  return status;
}

/* Fails call number n for every n, until an operation needs fewer calls than that. */
static void fail_each(const char *what, operation *operate, int persistent) {
  struct counting_allocator counter = {0};
  cr_assert_eq(operate(counting_hooks(&counter)), EMBLAS_OK, "%s", what);
  cr_assert_gt(counter.calls, 0, "%s: the allocator was not used", what);
  cr_assert_eq(counter.live, 0, "%s: %zu blocks leaked without a failure", what, counter.live);
  size_t calls = counter.calls, failures = 0;
  for (size_t n = 1; n <= calls; n++) {
    counter = (struct counting_allocator){.fail_at = n, .persistent = persistent};
    emblas_status status = operate(counting_hooks(&counter));
    cr_assert(status == EMBLAS_OK || status == EMBLAS_ERROR_MEMORY, "%s, call %zu failed: %s", what, n,
              emblas_status_string(status));
    cr_assert_eq(counter.live, 0, "%s, call %zu of %zu failed: %zu blocks leaked", what, n, calls,
                 counter.live);
    failures += status != EMBLAS_OK;
  }
  cr_assert_gt(failures, 0, "%s: no failure was reported", what);
}

Test(memory, each_allocation_fails) {
  for (int persistent = 0; persistent < 2; persistent++) {
    fail_each("fit, k-means++", fit_kmeanspp, persistent);
    fail_each("fit, random", fit_random, persistent);
    fail_each("fit, labels", fit_labels, persistent);
    fail_each("search over models", select_model, persistent);
    fail_each("fitter", fit_by_hand, persistent);
    fail_each("model", create_and_predict, persistent);
    fail_each("em", run_em, persistent);
  }
}

/* The trace grows by a factor: 600 steps in a handful of allocations, none of them a step's own. */
Test(memory, steps_allocate_only_for_the_trace) {
  struct counting_allocator counter = {0};
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_options options = options_for(K, EMBLAS_FULL);
  struct emblas_fitter *fitter = NULL;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  options.allocator = counting_hooks(&counter), options.tolerance = 0, options.max_iterations = 600;
  cr_assert_eq(emblas_fitter_create(&data, &options, &fitter, NULL), EMBLAS_OK);
  cr_assert_eq(emblas_fitter_start(fitter, 0), EMBLAS_OK);
  size_t before = counter.calls, growths = 0, last = before;
  while (reason == EMBLAS_RUNNING) {
    cr_assert_eq(emblas_fitter_step(fitter, NULL, &reason), EMBLAS_OK);
    cr_assert(counter.calls - last <= 1, "%zu allocations in one step", counter.calls - last);
    growths += counter.calls - last;
    last = counter.calls;
  }
  cr_assert(growths <= 10, "%zu allocations in 600 steps", growths);
  emblas_fitter_free(fitter);
  cr_assert_eq(counter.live, 0);
}

/* Neither the number of rows nor that of iterations changes how often a fit allocates (but for the trace,
   and for what is so small with few rows that it shares a call). */
Test(memory, allocations_do_not_grow_with_the_data) {
  size_t calls[2];
  for (size_t i = 0; i < 2; i++) {
    size_t n = i ? 200000 : 20000;
    struct counting_allocator counter = {0};
    struct emblas_data data = view(generate_blobs(n, D, 6, 1), n, D);
    struct emblas_options options = options_from_labels(K, EMBLAS_FULL, generate_block_labels(n, K), 3);
    options.allocator = counting_hooks(&counter);
    struct fit fit = fit_or_fail(&data, &options);
    fit_free(&fit);
    calls[i] = counter.calls;
    cr_assert_eq(counter.live, 0);
  }
  cr_assert_eq(calls[0], calls[1]);
}
