/* SPDX-License-Identifier: MIT */
/* The number of threads changes no bit of a result, on every path through a pass. */
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>

/* Rows enough for several chunks of work, and one shape for each way through the E step. */
static const struct shape {
  const char *name;
  size_t n, d, k;
  enum emblas_covariance covariance;
  enum emblas_start start;
} shapes[] = {
    {"one dimension", 30000, 1, 5, EMBLAS_FULL, EMBLAS_START_KMEANSPP},
    {"one dimension, tied", 30000, 1, 5, EMBLAS_TIED, EMBLAS_START_RANDOM},
    {"one component", 30000, 3, 1, EMBLAS_FULL, EMBLAS_START_KMEANSPP},
    {"full", 20000, 3, 4, EMBLAS_FULL, EMBLAS_START_KMEANSPP},
    {"more features than a panel", 6000, 20, 3, EMBLAS_FULL, EMBLAS_START_KMEANSPP},
    {"tied", 20000, 3, 4, EMBLAS_TIED, EMBLAS_START_RANDOM},
    {"diag", 20000, 5, 9, EMBLAS_DIAG, EMBLAS_START_KMEANSPP},
    {"spherical", 20000, 5, 9, EMBLAS_SPHERICAL, EMBLAS_START_KMEANSPP},
    {"boxes", 6000, 2, 100, EMBLAS_FULL, EMBLAS_START_KMEANSPP},
};

Test(thread_count, changes_no_bit) {
  const size_t counts[] = {2, 3, 16};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    const struct shape *shape = &shapes[s];
    struct emblas_data data = view(generate_blobs(shape->n, shape->d, 3, s), shape->n, shape->d);
    struct emblas_options options = options_for(shape->k, shape->covariance);
    options.start = shape->start, options.starts = 2, options.max_iterations = 10, options.threads = 1;
    struct fit one = fit_or_fail(&data, &options);
    cr_assert_eq(one.report.threads, 1);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
      options.threads = counts[i];
      struct fit many = fit_or_fail(&data, &options);
      cr_assert_leq(many.report.threads, counts[i]);
      cr_assert(same_model(one.model, many.model), "%s: %zu threads", shape->name, counts[i]);
      cr_assert_eq(one.report.loglik, many.report.loglik);
      cr_assert_eq(one.report.entropy, many.report.entropy);
      cr_assert_eq(one.report.icl, many.report.icl);
      fit_free(&many);
    }
    fit_free(&one);
  }
}
