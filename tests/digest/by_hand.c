/* SPDX-License-Identifier: MIT */
/* Models that a caller makes of parameters, fits that a caller drives, and the choice of a model. */
#include "digest.h"

#include "../support/generate.h"

#include <stdio.h>

/* The parameters of a fit, given back as covariances or as factors. */
static void given_parameters(const struct set *set, enum emblas_covariance covariance, int factors) {
  char name[64];
  struct emblas_data data = set_data(set);
  struct emblas_options options = from_labels(set, covariance);
  struct emblas_model *fitted = NULL, *given = NULL;
  struct emblas_parameters parameters;
  struct outcome outcome;
  size_t k = set->components, d = set->columns, component;
  double *matrices = test_keep(k * d * d, sizeof *matrices);
  options.max_iterations = 3;
  digest_begin(&outcome);
  if (emblas_fit(&data, &options, &fitted, NULL) != EMBLAS_OK) return;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.covariance = covariance, parameters.components = k, parameters.dim = d;
  parameters.weights = emblas_model_weights(fitted), parameters.means = emblas_model_means(fitted);
  for (size_t c = 0; c < k; c++)
    (factors ? emblas_model_cholesky : emblas_model_covariance)(fitted, c, matrices + c * d * d);
  *(factors ? &parameters.cholesky : &parameters.covariances) = matrices;
  digest_size(&outcome, (size_t)-emblas_model_create(&parameters, &given, &component));
  digest_size(&outcome, component);
  if (given != NULL) digest_model(&outcome, given, set, &options);
  if (given != NULL) outcome.loglik = emblas_model_log_density(given, set->values, NULL);
  emblas_model_free(given);
  emblas_model_free(fitted);
  snprintf(name, sizeof name, "%s/given-%s/%s", set->name, factors ? "factors" : "covariances",
           emblas_covariance_string(covariance));
  print_outcome(name, &outcome);
}

/* Two starts of a fitter, of some steps each, and the model of the second. */
static void driven(const struct set *set, struct emblas_options options, const char *what) {
  enum { STARTS = 2, STEPS = 40 };
  char name[64];
  struct emblas_data data = set_data(set);
  struct emblas_fitter *fitter = NULL;
  struct emblas_model *model = NULL;
  struct emblas_report report;
  struct outcome outcome;
  options.threads = 1;
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
  if (model != NULL) digest_model(&outcome, model, set, &options);
  outcome.loglik = report.loglik;
  emblas_model_free(model);
  emblas_report_clear(&report);
  emblas_fitter_free(fitter);
  snprintf(name, sizeof name, "%s/driven/%s", set->name, what);
  print_outcome(name, &outcome);
}

/* A search over sizes and covariance models. */
static void selected(const struct set *set, size_t most, enum emblas_criterion criterion,
                     const char *what) {
  char name[64];
  struct emblas_data data = set_data(set);
  struct emblas_options options = defaults(set, EMBLAS_FULL);
  struct emblas_candidates candidates;
  struct emblas_selection selection;
  struct emblas_model *model = NULL;
  struct emblas_report report;
  struct outcome outcome;
  digest_begin(&outcome);
  emblas_candidates_init(&candidates, sizeof candidates);
  emblas_selection_init(&selection, sizeof selection);
  emblas_report_init(&report, sizeof report);
  candidates.most_components = most, candidates.criterion = criterion;
  options.starts = 4, options.threads = 1;
  digest_size(&outcome, (size_t)-emblas_select(&data, &options, &candidates, &model, &report, &selection));
  digest_report(&outcome, &report);
  digest_size(&outcome, selection.best);
  for (size_t i = 0; i < selection.count; i++) {
    const struct emblas_trial *trial = &selection.trials[i];
    digest_size(&outcome, trial->components);
    digest_size(&outcome, (size_t)trial->covariance);
    digest_size(&outcome, (size_t)-trial->status);
    digest_double(&outcome, trial->loglik);
    digest_size(&outcome, trial->flagged);
    for (size_t c = 0; c < EMBLAS_CRITERION_COUNT; c++) digest_double(&outcome, trial->criteria[c]);
  }
  if (model != NULL) digest_model(&outcome, model, set, &options);
  outcome.loglik = report.loglik;
  emblas_model_free(model);
  emblas_report_clear(&report);
  emblas_selection_clear(&selection);
  snprintf(name, sizeof name, "%s/selected/%s", set->name, what);
  print_outcome(name, &outcome);
}

void run_by_hand(void) {
  const struct set iris = set_read("iris", 3), line = set_blobs("line", 6000, 1, 3, 3),
                   galaxies = set_read("galaxies", 3);
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    given_parameters(&iris, (enum emblas_covariance)v, 0);
    given_parameters(&iris, (enum emblas_covariance)v, 1);
    driven(&iris, defaults(&iris, (enum emblas_covariance)v),
           emblas_covariance_string((enum emblas_covariance)v));
  }
  driven(&line, defaults(&line, EMBLAS_FULL), "full");
  selected(&iris, 4, EMBLAS_BIC, "bic");
  selected(&galaxies, 6, EMBLAS_ICL, "icl");
}
