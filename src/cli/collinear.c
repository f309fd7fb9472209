/* SPDX-License-Identifier: MIT */
/* Columns that follow from others, as a total does from its parts: no component has a spread across them.
 */
#include "fit.h"
#include "rows.h"

#include <stdlib.h>

/* A column follows from others where they leave less of its spread than this. */
static const double LEAST_SHARE = 1e-6;

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Half of the range of nine rows in ten, those in the middle: a far row makes any columns look collinear.
   values: room for the rows. */
static double half_spread(const struct io_table *table, size_t column, double *values) {
  size_t cut = table->rows / 20 + 1;
  for (size_t i = 0; i < table->rows; i++) values[i] = table->values[i * table->columns + column];
  qsort(values, table->rows, sizeof *values, compare);
  return values[table->rows - 1 - cut] / 2 - values[cut] / 2;
}

/* One normal component, whose Cholesky factor has on its diagonal the deviation of a column that those
   before it leave. Weights are left out: beside a heavy row there is no spread at all. NULL where there is
   none. */
static struct emblas_model *fit_one(const struct io_table *table, const struct emblas_options *options) {
  struct emblas_data data = rows_data(table);
  struct emblas_options one;
  struct emblas_model *model = NULL;
  emblas_options_init(&one, sizeof one);
  data.weights = NULL;
  one.threads = options->threads;
  one.backend = options->backend;
  return emblas_fit(&data, &one, &model, NULL) == EMBLAS_OK ? model : NULL;
}

size_t columns_that_follow(const struct io_table *table, const struct emblas_options *options,
                           size_t *first) {
  size_t d = table->columns, count = 0;
  if (d < 2 || table->rows <= d || table->array) return 0;
  struct emblas_model *model = fit_one(table, options);
  if (!model) return 0;
  double *factor = allocate(d, d * sizeof *factor), *values = allocate(table->rows, sizeof *values);
  emblas_model_cholesky(model, 0, factor);
  for (size_t j = d; j-- > 1;) {
    if (factor[j * d + j] < LEAST_SHARE * half_spread(table, j, values)) *first = j, count++;
  }
  free(values);
  free(factor);
  emblas_model_free(model);
  return count;
}
