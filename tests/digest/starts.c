/* SPDX-License-Identifier: MIT */
/* Every kind of start with every covariance model, and every backend this build has. */
#include "digest.h"

#include "../support/generate.h"

#include <stdio.h>

static const char *const backends[] = {"reference", "blas", "native", "native-x86-64-v3",
                                       "native-baseline"};

static void from_labels_on_every_backend(const struct set *set, int last_covariance) {
  for (int v = 0; v <= last_covariance; v++)
    for (size_t b = 0; b < sizeof backends / sizeof *backends; b++) {
      struct emblas_options options = from_labels(set, (enum emblas_covariance)v);
      options.backend = emblas_backend_find(backends[b]);
      if (options.backend != NULL)
        run(set, options, "labels/%s/%s", emblas_covariance_string(options.covariance), backends[b]);
    }
}

/* The labels, which leave a part of each row to the other components. */
static void from_responsibilities(const struct set *set, enum emblas_covariance covariance) {
  size_t k = set->components;
  double *shares = test_keep(set->rows * k, sizeof *shares);
  for (size_t i = 0; i < set->rows; i++)
    for (size_t c = 0; c < k; c++) shares[i * k + c] = c == set->labels[i] ? 5 : 1 + (double)(i % 3) / 4;
  struct emblas_options options = defaults(set, covariance);
  options.start = EMBLAS_START_RESPONSIBILITIES, options.responsibilities = shares;
  run(set, options, "responsibilities/%s", emblas_covariance_string(covariance));
}

static void from_models(const struct set *set, enum emblas_covariance given) {
  struct emblas_data data = set_data(set);
  struct emblas_model *model = NULL;
  struct emblas_options few = from_labels(set, given);
  few.max_iterations = 2;
  if (emblas_fit(&data, &few, &model, NULL) != EMBLAS_OK) return;
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    struct emblas_options options = defaults(set, (enum emblas_covariance)v);
    options.start = EMBLAS_START_MODEL, options.model = model;
    run(set, options, "model/%s-into-%s", emblas_covariance_string(given),
        emblas_covariance_string(options.covariance));
  }
  emblas_model_free(model);
}

static void from_one_random(const struct set *set, enum emblas_covariance covariance) {
  struct emblas_options options = defaults(set, covariance);
  options.starts = 1, options.seed = 5;
  run(set, options, "kmeans++/%s", emblas_covariance_string(covariance));
  options.start = EMBLAS_START_RANDOM;
  run(set, options, "random/%s", emblas_covariance_string(covariance));
}

void run_starts(void) {
  const struct set iris = set_read("iris", 3), galaxies = set_read("galaxies", 3),
                   wide = set_blobs("wide", 700, 16, 4, 2), wider = set_blobs("wider", 260, 40, 3, 1.5);
  from_labels_on_every_backend(&iris, EMBLAS_SPHERICAL);
  from_labels_on_every_backend(&galaxies, EMBLAS_TIED);
  from_labels_on_every_backend(&wide, EMBLAS_DIAG);
  from_labels_on_every_backend(&wider, EMBLAS_TIED);
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    from_responsibilities(&iris, (enum emblas_covariance)v);
    from_models(&iris, (enum emblas_covariance)v);
    from_one_random(&iris, (enum emblas_covariance)v);
  }
}
