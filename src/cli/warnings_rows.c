/* SPDX-License-Identifier: MIT */
/* What the rows themselves say against a fit: values that repeat, and rows that are far from it. */
#include "distance.h"
#include "fit.h"
#include "rows.h"
#include "text.h"

#include <stdlib.h>

static int same_rows(const struct io_table *table, size_t a, size_t b) {
  const double *x = table->values + a * table->columns, *y = table->values + b * table->columns;
  size_t j = 0;
  while (j < table->columns && x[j] == y[j]) j++;
  return j == table->columns;
}

/* A value that many rows have, though none other is frequent, may be a code, or a component without spread:
   which is not among those that a normal mixture can have. Found in a sample, and counted in all rows. */
static void equal_rows(struct warnings *warnings, const struct io_table *table) {
  enum { SAMPLE = 100, LEAST_SHARE = 20, OUTSTANDING = 3 };
  size_t n = table->rows, sample = n < SAMPLE ? n : SAMPLE, most[2] = {0, 0}, first[2] = {0, 0}, row = n;
  for (size_t i = 0; i < sample; i++) {
    size_t here = i * n / sample, alike = 0, seen = 0;
    for (size_t l = 0; l < sample; l++) {
      int same = same_rows(table, here, l * n / sample);
      alike += (size_t)same;
      seen |= same && l < i;
    }
    for (size_t place = 0; place < 2 && !seen; place++) {
      if (alike <= most[place]) continue;
      if (place == 0) most[1] = most[0], first[1] = first[0];
      most[place] = alike, first[place] = here;
      break;
    }
  }
  for (size_t place = 0; place < 2; place++) most[place] = 0;
  for (size_t i = n; i-- > 0;) {
    if (same_rows(table, i, first[0])) most[0]++, row = i;
    most[1] += (size_t)same_rows(table, i, first[1]);
  }
  if (most[0] < n / LEAST_SHARE || most[0] < SAMPLE / LEAST_SHARE || most[0] < OUTSTANDING * most[1])
    return;
  warnings_add(
      warnings,
      print_string("%zu rows are equal, the first of them row %zu: a component of their own has no spread",
                   most[0], io_table_place(table, row) + 1));
}

/* A column that is all but one value is a code or a count of rare events: what a component makes of it is a
   spike. The value is the only one that can be left by a vote in which unequal values cancel each other
   (Boyer & Moore 1991). */
static void nearly_constant(struct warnings *warnings, const struct io_table *table) {
  enum { LEAST_ROWS = 20 };
  static const double MOST = 0.95;
  size_t n = table->rows, d = table->columns;
  for (size_t j = 0; j < d && n >= LEAST_ROWS; j++) {
    const double *x = table->values + j;
    size_t votes = 0, count = 0;
    double value = 0;
    for (size_t i = 0; i < n; i++) {
      if (votes == 0) value = x[i * d];
      votes = x[i * d] == value ? votes + 1 : votes - 1;
    }
    for (size_t i = 0; i < n; i++) count += x[i * d] == value;
    if (count == n || (double)count < MOST * (double)n) continue;
    char *name = text_clean(table->names[j]);
    warnings_add(warnings, print_string("column '%s' is %g in %zu of %zu rows", name, value, count, n));
    free(name);
  }
}

/* Rows that are farther away than their own component would have put any. Of rows with weights it is not
   known how many observations they are. */
static void far_rows(struct warnings *warnings, const struct search *search, const struct io_table *table) {
  enum { NAMED = 5 };
  struct distances distances;
  char *named = print_string("%s", "");
  size_t count = 0;
  double farthest = 0, limit = distance_limit(table->columns, table->rows);
  distances_make(&distances, search->model);
  for (size_t i = 0; i < table->rows; i++) {
    double distance = distance_to(&distances, search->labels[i], table->values + i * table->columns);
    if (distance < limit) continue;
    farthest = distance > farthest ? distance : farthest;
    if (count++ >= NAMED) continue;
    char *longer = print_string("%s%s%zu", named, count > 1 ? ", " : "", io_table_place(table, i) + 1);
    free(named);
    named = longer;
  }
  if (count > 0)
    warnings_add(warnings,
                 print_string("row%s %s%s %s far from the component of %s label, by %s%.3g deviations",
                              count > 1 ? "s" : "", named, count > NAMED ? ", .." : "",
                              count > 1 ? "are" : "is", count > 1 ? "their" : "its",
                              count > 1 ? "up to " : "", farthest));
  free(named);
  distances_free(&distances);
}

void warnings_of_rows(struct warnings *warnings, const struct search *search,
                      const struct io_table *table) {
  if (table->array) return;
  equal_rows(warnings, table);
  nearly_constant(warnings, table);
  if (!table->weights && emblas_family_has_covariances(emblas_model_family(search->model)))
    far_rows(warnings, search, table);
}
