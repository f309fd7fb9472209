/* SPDX-License-Identifier: MIT */
/* quadratic where components own some rows of a block, one, all or none of them, as expectation.c bounds
   it, with nothing in the statistics before: what is left out, or is not, would show. Components by number:

     0, 1, 2   at the origin and 30 deviations from it and from each other
     3         25 deviations from all rows, so that it dies: its moments, of e^-300 and less, are right, too
     4         so narrow that its logits overflow, or are no number

   component 1 has twice the deviations of the others: it has whatever is far from all. */
#include "normals.h"
#include "../support/generate.h"

#include <math.h>

/* MIXED: a fifth of the rows each are the second and the third component's, in no order. ONE_FAR: beside
   such, the last row, which the second has. */
enum owners { MIXED, HALVES_IN_ORDER, ONE_BY_THE_SECOND, ALL_BY_THE_FIRST, BETWEEN, ONE_FAR, OWNERS };
enum weighing { EVEN, SOME_ZERO, TINY_AND_HUGE, ALL_TINY, LIGHT_LAST, WEIGHINGS };

static struct normals make_normals(const struct kernel_case *size) {
  struct generator generator = {61};
  size_t k = size->k, d = size->d;
  struct normals n = {guarded_new(k), guarded_rows(k, d, d), guarded_rows(k * d, d, d), {0}};
  for (size_t c = 0; c < k; c++) {
    double scale = c == 1 ? 0.5 : c == 4 ? 1e200 : 1;
    n.constant.values[c] = -2 + generate_uniform(&generator);
    for (size_t j = 0; j < d; j++) {
      n.mean.values[c * d + j] = 0.1;
      double *row = n.inverse.values + (c * d + j) * d;
      for (size_t l = 0; l < d; l++)
        row[l] = l > j ? NAN : scale * (l == j ? 1 : 0.2 * generate_gaussian(&generator));
    }
  }
  n.mean.values[1 * d + 0] = n.mean.values[2 * d + 1] = 30, n.mean.values[3 * d + 2] = 25;
  guarded_seal(&n.constant), guarded_seal(&n.mean), guarded_seal(&n.inverse);
  n.view = (struct emblas_normals){k, d, n.constant.values, n.mean.values, n.inverse.values};
  return n;
}

static size_t owner(enum owners owners, size_t i, size_t b, double uniform) {
  switch (owners) {
  case MIXED:
  case ONE_FAR:
    return uniform < 0.2 ? 1 : uniform < 0.4 ? 2 : 0;
  case HALVES_IN_ORDER:
    return i < b / 2 ? 0 : 2;
  case ONE_BY_THE_SECOND:
    return i + 1 == b;
  default:
    return 0;
  }
}

static struct guarded make_rows(const struct comparison *comparison, enum owners owners) {
  size_t b = comparison->size.b, d = comparison->size.d, stride = comparison->stride;
  struct guarded x = compare_random_rows(d, b, stride, 62);
  struct generator generator = {64};
  for (size_t i = 0; i < b; i++) {
    size_t c = owner(owners, i, b, generate_uniform(&generator));
    if (c > 0) x.values[(c - 1) * stride + i] += 30;
    if (owners == BETWEEN) x.values[i] += 12; /* within reach of two */
  }
  if (owners == ONE_FAR) x.values[b - 1] = 1e60;
  guarded_seal(&x);
  return x;
}

static struct guarded make_weights(size_t b, enum weighing weighing) {
  struct guarded weights = compare_weights(b, 63), made = guarded_copy(&weights);
  for (size_t i = 0; i < b && weighing != SOME_ZERO; i++) {
    double *w = &made.values[i];
    *w = weighing == ALL_TINY ? 1e-300 : weighing == LIGHT_LAST && i + 1 == b ? 1e-100 : 1;
    if (weighing == TINY_AND_HUGE) *w = i % 3 == 0 ? 1e-300 : i % 3 == 1 ? 1 : 1e18;
  }
  guarded_free(&weights);
  guarded_seal(&made);
  return made;
}

void compare_owned(const struct comparison *comparison) {
  struct normals normals = make_normals(&comparison->size);
  for (int owners = 0; owners < OWNERS; owners++) {
    struct guarded x = make_rows(comparison, (enum owners)owners);
    for (int weighing = 0; weighing < WEIGHINGS; weighing++) {
      struct guarded weights = make_weights(comparison->size.b, (enum weighing)weighing);
      compare_expectation(comparison, &x, &normals, weighing == EVEN ? NULL : weights.values, 0);
      compare_finish(&weights, "quadratic", "the weights");
    }
    compare_finish(&x, "quadratic", "x");
  }
  normals_finish(&normals, "quadratic");
}
