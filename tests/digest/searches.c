/* SPDX-License-Identifier: MIT */
/* Several starts, and moves from the best of them; on a sample where there are many rows. */
#include "digest.h"

static void search(const struct set *set, enum emblas_covariance covariance, size_t starts, uint64_t seed) {
  struct emblas_options options = defaults(set, covariance);
  options.starts = starts, options.seed = seed;
  run(set, options, "search-%zu/%s/seed-%u", starts, emblas_covariance_string(covariance), (unsigned)seed);
}

void run_searches(void) {
  const struct set iris = set_read("iris", 3), ruspini = set_read("ruspini", 4),
                   crabs = set_read("crabs", 4), rivers = set_read("rivers", 3),
                   quakes = set_read("quakes", 3), geyser = set_read("geyser", 3),
                   line = set_blobs("line", 6000, 1, 3, 3), many = set_blobs("many", 66000, 2, 3, 3);
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    search(&iris, (enum emblas_covariance)v, 20, 1);
    search(&ruspini, (enum emblas_covariance)v, 5, 2);
    search(&crabs, (enum emblas_covariance)v, 4, 3);
  }
  for (uint64_t seed = 1; seed <= 3; seed++) {
    search(&rivers, EMBLAS_FULL, 20, seed);
    search(&geyser, EMBLAS_FULL, 6, seed);
    search(&quakes, EMBLAS_DIAG, 3, seed);
  }
  static const char *const backends[] = {"reference", "blas", "native-baseline"};
  for (size_t b = 0; b < sizeof backends / sizeof *backends; b++) {
    struct emblas_options options = defaults(&crabs, EMBLAS_FULL);
    options.backend = emblas_backend_find(backends[b]), options.starts = 3;
    if (options.backend != NULL) run(&crabs, options, "search-3/full/%s", backends[b]);
  }
  search(&line, EMBLAS_FULL, 6, 1);
  search(&many, EMBLAS_FULL, 4, 1);
  struct emblas_options random = defaults(&iris, EMBLAS_FULL);
  random.start = EMBLAS_START_RANDOM, random.starts = 8;
  run(&iris, random, "random-search");
}
