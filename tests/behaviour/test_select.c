/* SPDX-License-Identifier: MIT */
/* A search over sizes and covariance models: its table is what fits one by one say, for any number of
   threads; what fails is a row of it. */
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

enum { N = 90, D = 2, MOST = 4 };

struct found {
  emblas_status status;
  struct emblas_model *model;
  struct emblas_report report;
  struct emblas_selection table;
};

static struct found search(struct emblas_data data, const struct emblas_options *options,
                           const struct emblas_candidates *candidates) {
  struct found found = {.model = NULL};
  emblas_report_init(&found.report, sizeof found.report);
  emblas_selection_init(&found.table, sizeof found.table);
  found.status = emblas_select(&data, options, candidates, &found.model, &found.report, &found.table);
  return found;
}

static void found_free(struct found *found) {
  emblas_model_free(found->model);
  emblas_report_clear(&found->report);
  emblas_selection_clear(&found->table);
}

static struct emblas_candidates candidates_to(size_t most) {
  struct emblas_candidates candidates;
  emblas_candidates_init(&candidates, sizeof candidates);
  candidates.most_components = most;
  return candidates;
}

static struct emblas_data blobs(void) {
  return view(generate_blobs(N, D, 3, 1), N, D);
}

Test(select, table_is_that_of_single_fits) {
  struct emblas_data data = blobs();
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct emblas_candidates candidates = candidates_to(MOST);
  options.starts = 4;
  struct found found = search(data, &options, &candidates);
  cr_assert_eq(found.status, EMBLAS_OK);
  cr_assert_eq(found.table.count, MOST * EMBLAS_COVARIANCE_COUNT);
  cr_assert_eq(found.table.tried, found.table.count);
  cr_assert_not(found.table.cancelled);
  const struct emblas_trial *best = &found.table.trials[found.table.best];
  for (size_t i = 0; i < found.table.count; i++) {
    const struct emblas_trial *trial = &found.table.trials[i];
    cr_assert_eq(trial->components, 1 + i / EMBLAS_COVARIANCE_COUNT);
    cr_assert_eq((size_t)trial->covariance, i % EMBLAS_COVARIANCE_COUNT);
    options.components = trial->components, options.covariance = trial->covariance;
    struct fit fit = fit_or_fail(&data, &options);
    cr_assert_eq(trial->loglik, fit.report.loglik);
    cr_assert_eq(trial->parameters, fit.report.parameters);
    cr_assert_eq(trial->criteria[EMBLAS_BIC], fit.report.bic);
    cr_assert_eq(trial->criteria[EMBLAS_AIC], fit.report.aic);
    cr_assert_eq(trial->criteria[EMBLAS_ICL], fit.report.icl);
    cr_assert(trial->flagged > 0 || best->criteria[EMBLAS_BIC] <= trial->criteria[EMBLAS_BIC]);
    if (i == found.table.best) cr_assert(same_model(found.model, fit.model));
    fit_free(&fit);
  }
  cr_assert_eq(found.report.bic, best->criteria[EMBLAS_BIC]);
  found_free(&found);
}

/* With ten starts or more, pairs that a tenth of them leaves out of reach have no more; the others have all, and
   say what a fit with all says, or better. */
Test(select, far_pairs_have_a_tenth_of_the_starts) {
  struct emblas_data data = view(generate_blobs(200, 2, 5, 2), 200, 2);
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct emblas_candidates candidates = candidates_to(3);
  options.starts = 10;
  struct found found = search(data, &options, &candidates);
  size_t all = 0;
  cr_assert_eq(found.status, EMBLAS_OK);
  double least = found.table.trials[found.table.best].criteria[EMBLAS_BIC];
  for (size_t i = 0; i < found.table.count; i++) {
    const struct emblas_trial *trial = &found.table.trials[i];
    double above = trial->criteria[EMBLAS_BIC] - least, reach = 10 + 5 * (double)trial->components;
    all += trial->starts == 10;
    cr_assert(trial->starts == 10 || (trial->starts == 1 && above > reach), "%zu", i);
    options.components = trial->components, options.covariance = trial->covariance;
    options.starts = trial->starts;
    struct fit fit = fit_or_fail(&data, &options);
    cr_assert_geq(trial->loglik, fit.report.loglik - 4 * options.tolerance);
    if (i == found.table.best) cr_assert(same_model(found.model, fit.model));
    fit_free(&fit);
  }
  cr_assert_eq(found.table.trials[found.table.best].starts, 10);
  cr_assert(all >= 1 && all < found.table.count / 2, "%zu", all);
  found_free(&found);
}

/* Which thread has done with a pair first says nothing: 1, 2, 3 and 7 threads choose the same bits. */
Test(select, same_for_any_number_of_threads) {
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct emblas_candidates candidates = candidates_to(MOST);
  options.starts = 4, options.threads = 1;
  struct found alone = search(blobs(), &options, &candidates);
  cr_assert_eq(alone.status, EMBLAS_OK);
  for (size_t threads = 2; threads < 8; threads += threads == 3 ? 4 : 1) {
    options.threads = threads;
    struct found found = search(blobs(), &options, &candidates);
    cr_assert_eq(found.status, EMBLAS_OK);
    cr_assert_eq(found.table.best, alone.table.best);
    cr_assert(same_model(found.model, alone.model));
    for (size_t i = 0; i < alone.table.count; i++)
      cr_assert_eq(found.table.trials[i].loglik, alone.table.trials[i].loglik);
    found_free(&found);
  }
  found_free(&alone);
}

/* One component has the same likelihood under full and tied: the first in the list stays, whichever is done
   first. */
Test(select, first_of_equals_stays) {
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct emblas_candidates candidates = candidates_to(1);
  options.threads = 2;
  for (int round = 0; round < 20; round++) {
    struct found found = search(blobs(), &options, &candidates);
    cr_assert_eq(found.table.trials[0].criteria[EMBLAS_BIC], found.table.trials[1].criteria[EMBLAS_BIC]);
    cr_assert_neq(found.table.best, 1);
    found_free(&found);
  }
}

/* In one dimension diag and spherical are full by another name. */
Test(select, one_dimension_has_two_models) {
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct emblas_candidates candidates = candidates_to(2);
  struct found found = search(view(generate_blobs(N, 1, 3, 1), N, 1), &options, &candidates);
  cr_assert_eq(found.status, EMBLAS_OK);
  cr_assert_eq(found.table.count, 4);
  found_free(&found);
}

Test(select, what_fails_is_a_row_of_the_table) {
  const double few[] = {0, 1, 2.5};
  enum emblas_covariance tied = EMBLAS_TIED;
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct emblas_candidates candidates = candidates_to(5);
  candidates.covariances = &tied, candidates.covariance_count = 1;
  struct found found = search(view(few, 3, 1), &options, &candidates);
  cr_assert_eq(found.status, EMBLAS_OK);
  for (size_t i = 0; i < 5; i++)
    cr_assert_eq(found.table.trials[i].status, i < 3 ? EMBLAS_OK : EMBLAS_ERROR_TOO_FEW_ROWS);
  found_free(&found);

  candidates.least_components = 4;
  found = search(view(few, 3, 1), &options, &candidates);
  cr_assert_eq(found.status, EMBLAS_ERROR_TOO_FEW_ROWS);
  cr_assert_null(found.model);
  cr_assert_eq(found.table.tried, 2);
  found_free(&found);
}

Test(select, bad_data_end_it) {
  double *x = generate_blobs(N, D, 3, 1);
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct emblas_candidates candidates = candidates_to(MOST);
  x[2 * 41 + 1] = NAN;
  struct found found = search(view(x, N, D), &options, &candidates);
  cr_assert_eq(found.status, EMBLAS_ERROR_NOT_FINITE);
  cr_assert_eq(found.report.row, 41);
  cr_assert_eq(found.report.column, 1);
  cr_assert_null(found.model);
  found_free(&found);
}

struct caller {
  pthread_t thread;
  size_t calls, elsewhere, most_trials;
  size_t limit; /* ends the search when so many models are done with */
};

static int count_calls(void *context, const struct emblas_progress *now) {
  struct caller *caller = context;
  caller->calls++;
  caller->elsewhere += !pthread_equal(caller->thread, pthread_self());
  caller->most_trials = now->trials;
  cr_assert(now->trial < now->trials && now->components >= 1 && now->components <= MOST);
  return now->trial >= caller->limit;
}

/* The hook of a host that is not made for threads is called from its own thread alone. */
Test(select, progress_and_cancel) {
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  struct emblas_candidates candidates = candidates_to(MOST);
  for (size_t threads = 1; threads <= 3; threads += 2) {
    struct caller caller = {.thread = pthread_self(), .limit = 3};
    options.progress = count_calls, options.progress_context = &caller, options.threads = threads;
    struct found found = search(blobs(), &options, &candidates);
    cr_assert_eq(found.status, EMBLAS_OK);
    cr_assert_gt(caller.calls, 0);
    cr_assert_eq(caller.elsewhere, 0);
    cr_assert_eq(caller.most_trials, found.table.count);
    cr_assert(found.table.cancelled && found.table.tried >= 3 && found.table.tried < found.table.count);
    cr_assert(found.table.trials[found.table.best].tried);
    cr_assert_not_null(found.model);
    found_free(&found);
  }
}

Test(select, wrong_arguments_are_named) {
  struct emblas_options options = options_for(1, EMBLAS_FULL);
  enum emblas_covariance none = (enum emblas_covariance)99;
  const struct {
    size_t least, most;
    const enum emblas_covariance *covariances;
    size_t count;
    int criterion;
    const char *name;
  } wrong[] = {{0, 3, NULL, 0, 0, "candidates.least_components"},
               {4, 3, NULL, 0, 0, "candidates.most_components"},
               {1, SIZE_MAX, NULL, 0, 0, "candidates.most_components"},
               {1, 3, &none, 1, 0, "candidates.covariances"},
               {1, 3, &none, 0, 0, "candidates.covariance_count"},
               {1, 3, NULL, 0, 3, "candidates.criterion"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct emblas_candidates candidates = candidates_to(wrong[i].most);
    candidates.least_components = wrong[i].least;
    candidates.covariances = wrong[i].covariances, candidates.covariance_count = wrong[i].count;
    candidates.criterion = (enum emblas_criterion)wrong[i].criterion;
    struct found found = search(blobs(), &options, &candidates);
    cr_assert_eq(found.status, EMBLAS_ERROR_ARGUMENT);
    cr_assert_str_eq(found.report.argument, wrong[i].name);
    found_free(&found);
  }
}
