/* SPDX-License-Identifier: MIT */
/* Every way to accelerate and to stop, limits, floors, cancelled fits, and what is refused. */
#include "digest.h"

#include "../support/generate.h"

#include <math.h>

static const char *const methods[] = {"auto", "none", "squarem", "anderson"};
static const char *const rules[] = {"loglik", "q", "weights"};

static void accelerate_and_stop(const struct set *set, enum emblas_covariance covariance) {
  for (int method = EMBLAS_ACCELERATE_AUTO; method <= EMBLAS_ACCELERATE_ANDERSON; method++)
    for (int rule = EMBLAS_STOP_LOGLIK; rule <= EMBLAS_STOP_WEIGHTS; rule++) {
      struct emblas_options options = from_labels(set, covariance);
      options.accelerate = (enum emblas_acceleration)method, options.stop = (enum emblas_stop_rule)rule;
      run(set, options, "%s/%s/%s", methods[method], rules[rule], emblas_covariance_string(covariance));
    }
}

static void limits(const struct set *set) {
  static const size_t maps[] = {0, 1, 2, 5, 30};
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
    struct emblas_options options = from_labels(set, EMBLAS_FULL);
    options.max_iterations = maps[i];
    run(set, options, "maps-%zu", maps[i]);
    options.tolerance = 0, options.covariance = EMBLAS_DIAG;
    run(set, options, "maps-%zu/no-tolerance", maps[i]);
  }
}

static void floors(const struct set *set) {
  static const double levels[] = {1e-3, 0.3};
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
    for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
      struct emblas_options options = from_labels(set, (enum emblas_covariance)v);
      options.floor = levels[i];
      run(set, options, "floor-%g/%s", levels[i], emblas_covariance_string(options.covariance));
    }
}

static int stop_at_third(void *context, const struct emblas_progress *progress) {
  (void)context;
  return progress->point.iteration == 3;
}

static void cancelled(const struct set *set) {
  struct emblas_options options = from_labels(set, EMBLAS_FULL);
  options.progress = stop_at_third;
  run(set, options, "cancelled");
  options = defaults(set, EMBLAS_FULL);
  options.progress = stop_at_third;
  run(set, options, "cancelled-search");
}

/* Each has a status, and most have a place, which are part of the line. */
static void refused(const struct set *set) {
  struct set bad = *set;
  size_t *labels = test_keep(set->rows, sizeof *labels);
  struct emblas_options options = from_labels(set, EMBLAS_FULL);
  options.labels = labels;
  run(set, options, "refused/unused-label");
  labels[7] = set->components;
  run(set, options, "refused/label");
  options = from_labels(set, EMBLAS_FULL);
  options.floor = 1;
  run(set, options, "refused/floor");
  options = defaults(set, EMBLAS_FULL);
  options.components = set->rows + 1;
  run(set, options, "refused/too-few-rows");
  set_values(&bad)[13] = NAN;
  run(&bad, from_labels(set, EMBLAS_FULL), "refused/not-finite");
}

void run_options(void) {
  const struct set faithful = set_read("faithful", 2),
                   overlapping = set_blobs("overlapping", 500, 2, 3, 1.6);
  accelerate_and_stop(&faithful, EMBLAS_FULL);
  accelerate_and_stop(&overlapping, EMBLAS_TIED);
  limits(&overlapping);
  floors(&faithful);
  cancelled(&overlapping);
  refused(&faithful);
}
