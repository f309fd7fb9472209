/* SPDX-License-Identifier: MIT */
/* Models that a caller makes of parameters, fits that a caller drives, and the choice of a model. */
#include "digest.h"

#include "../support/generate.h"

#include <stdio.h>

struct given {
  const struct set *set;
  enum emblas_covariance covariance;
  int factors; /* else covariances */
};

/* The parameters of a fit, given back as covariances or as factors. */
static struct outcome make_given(const void *context, size_t threads) {
  const struct given *g = context;
  const struct set *set = g->set;
  struct emblas_data data = set_data(set);
  struct emblas_options options = from_labels(set, g->covariance);
  struct emblas_model *fitted = NULL, *given = NULL;
  struct emblas_parameters parameters;
  struct outcome outcome;
  size_t k = set->components, d = set->columns, component = 0;
  double *matrices = test_keep(k * d * d, sizeof *matrices);
  options.max_iterations = 3, options.threads = threads;
  digest_begin(&outcome);
  digest_size(&outcome, (size_t)-emblas_fit(&data, &options, &fitted, NULL));
  if (fitted == NULL) return outcome;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.covariance = g->covariance, parameters.components = k, parameters.dim = d;
  parameters.weights = emblas_model_weights(fitted), parameters.means = emblas_model_means(fitted);
  for (size_t c = 0; c < k; c++)
    (g->factors ? emblas_model_cholesky : emblas_model_covariance)(fitted, c, matrices + c * d * d);
  *(g->factors ? &parameters.cholesky : &parameters.covariances) = matrices;
  digest_size(&outcome, (size_t)-emblas_model_create(&parameters, &given, &component));
  digest_size(&outcome, component);
  if (given != NULL) digest_model(&outcome, given, set, &options);
  if (given != NULL) outcome.loglik = emblas_model_log_density(given, set->values, NULL);
  emblas_model_free(given);
  emblas_model_free(fitted);
  return outcome;
}

struct driven {
  const struct set *set;
  enum emblas_covariance covariance;
};

/* Two starts of a fitter, of some steps each, and the model of the second. */
static struct outcome make_driven(const void *context, size_t threads) {
  enum { STARTS = 2, STEPS = 40 };
  const struct driven *driven = context;
  struct emblas_data data = set_data(driven->set);
  struct emblas_options options = defaults(driven->set, driven->covariance);
  struct emblas_fitter *fitter = NULL;
  struct emblas_model *model = NULL;
  struct emblas_report report;
  struct outcome outcome;
  options.threads = threads;
  digest_begin(&outcome);
  emblas_report_init(&report, sizeof report);
  emblas_status status = emblas_fitter_create(&data, &options, &fitter, &report);
  for (size_t start = 0; status == EMBLAS_OK && start < STARTS; start++) {
    enum emblas_stop_reason reason = EMBLAS_RUNNING;
    status = emblas_fitter_start(fitter, start);
    for (size_t t = 0; status == EMBLAS_OK && reason == EMBLAS_RUNNING && t < STEPS; t++) {
      struct emblas_em_point point;
      status = emblas_fitter_step(fitter, &point, &reason);
      if (status == EMBLAS_OK) digest_point(&outcome, &point);
      digest_size(&outcome, (size_t)reason);
    }
  }
  if (status == EMBLAS_OK) status = emblas_fitter_finish(fitter, &model, &report);
  digest_size(&outcome, (size_t)-status);
  digest_report(&outcome, &report);
  if (model != NULL) digest_model(&outcome, model, driven->set, &options);
  outcome.loglik = report.loglik;
  emblas_model_free(model);
  emblas_report_clear(&report);
  emblas_fitter_free(fitter);
  return outcome;
}

struct selected {
  const struct set *set;
  size_t most;
  enum emblas_criterion criterion;
};

static void digest_trial(struct outcome *outcome, const struct emblas_trial *trial) {
  digest_size(outcome, trial->components);
  digest_size(outcome, (size_t)trial->covariance);
  digest_size(outcome, (size_t)-trial->status);
  digest_double(outcome, trial->loglik);
  digest_size(outcome, trial->flagged);
  for (size_t c = 0; c < EMBLAS_CRITERION_COUNT; c++) digest_double(outcome, trial->criteria[c]);
}

/* A search over sizes and covariance models. */
static struct outcome make_selected(const void *context, size_t threads) {
  const struct selected *s = context;
  struct emblas_data data = set_data(s->set);
  struct emblas_options options = defaults(s->set, EMBLAS_FULL);
  struct emblas_candidates candidates;
  struct emblas_selection selection;
  struct emblas_model *model = NULL;
  struct emblas_report report;
  struct outcome outcome;
  digest_begin(&outcome);
  emblas_candidates_init(&candidates, sizeof candidates);
  emblas_selection_init(&selection, sizeof selection);
  emblas_report_init(&report, sizeof report);
  candidates.most_components = s->most, candidates.criterion = s->criterion;
  options.starts = 4, options.threads = threads;
  digest_size(&outcome, (size_t)-emblas_select(&data, &options, &candidates, &model, &report, &selection));
  digest_report(&outcome, &report);
  digest_size(&outcome, selection.best);
  for (size_t i = 0; i < selection.count; i++) digest_trial(&outcome, &selection.trials[i]);
  if (model != NULL) digest_model(&outcome, model, s->set, &options);
  outcome.loglik = report.loglik;
  emblas_model_free(model);
  emblas_report_clear(&report);
  emblas_selection_clear(&selection);
  return outcome;
}

static void run_driven(const struct set *set, enum emblas_covariance covariance) {
  char name[64];
  snprintf(name, sizeof name, "%s/driven/%s", set->name, emblas_covariance_string(covariance));
  run_each(name, make_driven, &(struct driven){set, covariance});
}

void run_by_hand(void) {
  const struct set iris = set_read("iris", 3), galaxies = set_read("galaxies", 3);
  const struct set line = set_blobs("line", 6000, 1, 3, 3);
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    enum emblas_covariance covariance = (enum emblas_covariance)v;
    for (int factors = 0; factors < 2; factors++) {
      char name[64];
      snprintf(name, sizeof name, "iris/given-%s/%s", factors ? "factors" : "covariances",
               emblas_covariance_string(covariance));
      run_each(name, make_given, &(struct given){&iris, covariance, factors});
    }
    run_driven(&iris, covariance);
  }
  run_driven(&line, EMBLAS_FULL);
  run_each("iris/selected/bic", make_selected, &(struct selected){&iris, 4, EMBLAS_BIC});
  run_each("galaxies/selected/icl", make_selected, &(struct selected){&galaxies, 6, EMBLAS_ICL});
}
