/* SPDX-License-Identifier: MIT */
/* Rows of all kinds: compressed and merged, weighted, degenerate, hard. */
#include "digest.h"

#include "../support/generate.h"

#include <math.h>

static void every_covariance(const struct set *set, const char *what) {
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    struct emblas_options options = from_labels(set, (enum emblas_covariance)v);
    run(set, options, "%s/%s", what, emblas_covariance_string(options.covariance));
  }
}

static void compressed_and_not(const struct set *set, enum emblas_covariance covariance) {
  struct emblas_options options = from_labels(set, covariance);
  run(set, options, "compressed/%s", emblas_covariance_string(covariance));
  options.compress = EMBLAS_COMPRESS_NONE;
  run(set, options, "all-rows/%s", emblas_covariance_string(covariance));
}

/* One dimension is compressed from 4096 rows on; with 16 components it is walked over in its order. */
static void run_one_dimension(void) {
  struct set outlier = set_blobs("long-line", 40000, 1, 3, 3);
  set_values(&outlier)[4711] = 1e12; /* most values in one bucket */
  compressed_and_not(&outlier, EMBLAS_FULL);
  const struct set line = set_blobs("line", 6000, 1, 3, 3),
                   many = set_blobs("line-of-many", 5000, 1, 17, 6);
  const struct set sets[] = {line, set_weighted(&line, "line-weighted"), many,
                             set_weighted(&many, "line-of-many-weighted")};
  for (size_t s = 0; s < sizeof sets / sizeof *sets; s++)
    for (int v = EMBLAS_FULL; v <= EMBLAS_TIED; v++)
      compressed_and_not(&sets[s], (enum emblas_covariance)v);
}

/* Values on a grid: equal rows are merged. */
static void run_duplicates(void) {
  struct set grid = set_blobs("grid", 5000, 2, 3, 4);
  double *x = set_values(&grid);
  for (size_t i = 0; i < grid.rows * grid.columns; i++) x[i] = floor(2 * x[i]) / 2;
  const struct set weighted = set_weighted(&grid, "grid-weighted");
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) compressed_and_not(&grid, (enum emblas_covariance)v);
  compressed_and_not(&weighted, EMBLAS_FULL);
}

/* A single component, of one column, of several, of several that depend on each other. */
static void run_single(struct set set) {
  size_t *labels = test_keep(set.rows, sizeof *labels);
  set.components = 1, set.labels = labels;
  every_covariance(&set, "one-component");
}

/* One column more that is the sum of the first two, or constant. */
static struct set more_columns(const struct set *set, const char *name, int constant) {
  size_t d = set->columns;
  double *x = test_keep(set->rows * (d + 1), sizeof *x);
  for (size_t i = 0; i < set->rows; i++) {
    for (size_t j = 0; j < d; j++) x[i * (d + 1) + j] = set->values[i * d + j];
    x[i * (d + 1) + d] = constant ? 7.25 : x[i * (d + 1)] + x[i * (d + 1) + 1];
  }
  struct set more = *set;
  more.name = name, more.values = x, more.columns = d + 1;
  return more;
}

static struct set scaled(const struct set *set, const char *name, double scale, double shift) {
  struct set other = *set;
  double *x = set_values(&other);
  for (size_t i = 0; i < set->rows * set->columns; i++) x[i] = scale * x[i] + shift;
  other.name = name;
  return other;
}

/* Fewer different rows than components; and two equal components in the start. */
static void run_empty(void) {
  struct set few = set_blobs("few-values", 60, 2, 3, 5);
  double *x = set_values(&few);
  for (size_t i = 0; i < few.rows * few.columns; i++) x[i] = rint(x[i] / 5);
  every_covariance(&few, "spikes");
  few.components = 6;
  for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
    struct emblas_options options = defaults(&few, (enum emblas_covariance)v);
    options.starts = 2;
    run(&few, options, "more-components/%s", emblas_covariance_string(options.covariance));
  }
}

void run_rows(void) {
  const struct set blobs = set_blobs("blobs", 400, 3, 3, 3), weighted = set_weighted(&blobs, "weighted"),
                   collinear = more_columns(&blobs, "collinear", 0),
                   constant = more_columns(&blobs, "constant", 1), far = scaled(&blobs, "far", 1, 1e7),
                   huge = scaled(&blobs, "huge", 1e150, 0), tiny = scaled(&blobs, "tiny", 1e-150, 0),
                   apart = set_blobs("far-apart", 400, 3, 4, 1e5);
  struct set outlier = blobs;
  outlier.name = "outlier";
  set_values(&outlier)[17] = 1e9;
  run_one_dimension();
  run_duplicates();
  run_single(set_read("acidity", 3));
  run_single(weighted);
  run_single(collinear);
  every_covariance(&weighted, "labels");
  every_covariance(&collinear, "labels");
  every_covariance(&constant, "labels");
  every_covariance(&far, "labels");
  every_covariance(&huge, "labels");
  every_covariance(&tiny, "labels");
  every_covariance(&apart, "labels");
  every_covariance(&outlier, "labels");
  run_empty();
}
