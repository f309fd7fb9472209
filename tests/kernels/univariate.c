/* SPDX-License-Identifier: MIT */
/* univariate, against the oracle. u = 2^-53; o = x - mean errs by u, so that the logit l = kappa o^2 +
   constant errs by gamma_4 |kappa o^2| + u |l|, and l less a shift between the row's largest logit and the
   largest constant C by u |l - C| more; exp by 2 u. With delta the sum of these, Z = sum exp errs by
       delta_Z = gamma_k + sum_c r_c delta_c + k e^-59,
   the last for components that are 60 nats below another one over the whole block, and may be left out:
   their own responsibilities, below e^-59, need not be there. 1 / Z, from the inverse of four rows'
   product, errs by 7 u, so that a responsibility errs by delta_c + delta_Z + 8 u, each factor o by 2 u
   more, and log Z by delta_Z + u + 2 u |log Z|. Sums of b terms and what was there before: gamma_{b + 1} of
   the absolute ones, in two doubles gamma squared. Products of bounds are left to a factor of 1.01.

   The magnitude may be that of up to four rows' sums, each to within log 2: at least |sum|, at most the sum
   of |row|. */
#include "compare.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* Kinds of rows and components. */
enum { NEAR, SOME_FAR, ALL_FAR, ABSENT, NARROW, UNSORTED, SORTED, WINDOW, KINDS };

static void set_terms(double *terms, double mean, double deviation, double log_weight) {
  terms[0] = mean;
  terms[1] = -0.5 / (deviation * deviation);
  terms[2] = log_weight - log(deviation) - 0.91893853320467274;
}

static struct guarded make_terms(size_t k, int kind) {
  struct generator generator = {41};
  struct guarded terms = guarded_new(3 * k);
  for (size_t c = 0; c < k; c++) {
    double mean = 2 * ((double)c + generate_uniform(&generator)) / (double)k - 1, deviation = 0.3;
    if (kind == NARROW && c % 2 == 0) deviation = 1e-6; /* beside those of 0.3 */
    if (kind >= UNSORTED) deviation = 0.01;             /* a block of rows reaches a few of them */
    set_terms(terms.values + 3 * c, mean, deviation * (0.5 + generate_uniform(&generator)),
              log(generate_uniform(&generator) / (double)k));
    if (kind == ABSENT && c % 3 == 1) terms.values[3 * c + 2] = -1e300;
  }
  guarded_seal(&terms);
  return terms;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static struct guarded make_rows(size_t b, size_t k, int kind, const double *terms) {
  struct generator generator = {42};
  struct guarded x = guarded_new(b);
  for (size_t i = 0; i < b; i++) {
    double value = 2 * generate_uniform(&generator) - 1;
    if (kind == ALL_FAR || (kind == SOME_FAR && i % 11 == 6)) value += 40; /* a hundred deviations */
    if (kind == NARROW && i % 3 == 0) value = terms[i % k * 3] + 1e-6 * generate_gaussian(&generator);
    if (kind == WINDOW) value = 0.3 + 0.02 * value;
    x.values[i] = value;
  }
  if (kind == SORTED) qsort(x.values, b, sizeof *x.values, ascending);
  guarded_seal(&x);
  return x;
}

struct bounds {
  struct guarded stats;
  double loglik, magnitude, size;
};

/* What a row adds: its terms' errors to the bounds, their absolute values to sizes. */
static void bound_row(struct bounds *bounds, double *sizes, size_t k, double x, double w,
                      const double *terms) {
  double max = -INFINITY, top = -INFINITY, z = 0, delta_z = gamma_bound(k) + (double)k * exp(-59);
  double *logit = malloc(2 * k * sizeof *logit), *delta = logit + k;
  for (size_t c = 0; c < k; c++) {
    double o = x - terms[3 * c];
    logit[c] = o * o * terms[3 * c + 1] + terms[3 * c + 2];
    max = fmax(max, logit[c]), top = fmax(top, terms[3 * c + 2]);
  }
  for (size_t c = 0; c < k; c++) {
    double o = x - terms[3 * c];
    delta[c] = gamma_bound(4) * fabs(o * o * terms[3 * c + 1]) + U * (fabs(logit[c]) + top - logit[c] + 2);
    z += exp(logit[c] - max);
  }
  for (size_t c = 0; c < k; c++) {
    double r = exp(logit[c] - max) / z;
    delta_z += r > 0 ? r * delta[c] : 0;
  }
  for (size_t c = 0; c < k; c++) {
    double r = exp(logit[c] - max) / z, o = fabs(x - terms[3 * c]);
    double error = r > 0 ? r * (delta[c] + delta_z + 12 * U) + (r < exp(-59) ? r : 0) : 0;
    for (size_t m = 0; m < 3; m++, error *= o, r *= o) {
      bounds->stats.values[3 * c + m] += w * error;
      sizes[3 * c + m] += w * r;
    }
  }
  double row = max + log(z), log_z = fmax(log((double)k), fabs(row - top));
  bounds->loglik += w * (delta_z + U + 2 * U * log_z + 2 * U * fabs(row));
  bounds->size += w * fabs(row);
  free(logit);
}

static struct bounds make_bounds(const struct comparison *comparison, const double *x,
                                 const double *weights, const double *terms) {
  size_t b = comparison->size.b, k = comparison->size.k;
  struct bounds bounds = {.stats = guarded_new(3 * k), .size = 60};
  double *sizes = malloc(3 * k * sizeof *sizes), gamma = gamma_bound(b + 1);
  for (size_t m = 0; m < 3 * k; m++) bounds.stats.values[m] = 0, sizes[m] = fabs(STATS_BEFORE);
  for (size_t i = 0; i < b; i++) bound_row(&bounds, sizes, k, x[i], weights ? weights[i] : 1, terms);
  bounds.magnitude = (double)b / 4 * log(2) + 1.01 * (bounds.loglik + gamma * bounds.size);
  bounds.loglik = 1.01 * (bounds.loglik + gamma * gamma * bounds.size) +
                  (double)(b + 3) * comparison->oracle.sum_error * bounds.size;
  for (size_t m = 0; m < 3 * k; m++)
    bounds.stats.values[m] = 1.01 * (bounds.stats.values[m] + gamma * sizes[m]);
  free(sizes);
  return bounds;
}

struct outcome {
  struct guarded stats;
  struct emblas_block_sums sums;
};

static struct outcome evaluate(const struct emblas_backend *backend, const struct guarded *x,
                               const double *weights, const struct guarded *terms) {
  size_t k = terms->count / 3;
  struct outcome o = {guarded_new(3 * k), SUMS_BEFORE};
  struct guarded scratch = guarded_new(64 * k);
  for (size_t m = 0; m < 3 * k; m++) o.stats.values[m] = STATS_BEFORE;
  backend->univariate(x->count, k, x->values, weights, terms->values, o.stats.values, &o.sums,
                      scratch.values);
  guarded_check(&o.stats, "univariate", "stats");
  guarded_check(&scratch, "univariate", "its scratch");
  guarded_free(&scratch);
  return o;
}

static void compare_once(const struct comparison *comparison, const struct guarded *x,
                         const struct guarded *terms, const double *weights) {
  struct bounds bounds = make_bounds(comparison, x->values, weights, terms->values);
  struct outcome expected = evaluate(comparison->oracle.table, x, weights, terms);
  const struct emblas_block_sums *e = &expected.sums;
  for (size_t n = 0; n < comparison->count; n++) {
    const struct contestant *tested = &comparison->tested[n];
    if (tested->table->univariate == NULL) continue;
    struct outcome actual = evaluate(tested->table, x, weights, terms);
    const struct emblas_block_sums *a = &actual.sums;
    compare_arrays(comparison, tested, "univariate: stats", &actual.stats, &expected.stats,
                   bounds.stats.values);
    compare_values(comparison, tested, "univariate: loglik, off by",
                   (a->loglik[0] - e->loglik[0]) + (a->loglik[1] - e->loglik[1]), 0, bounds.loglik);
    double sum = fabs(e->loglik[0] - SUMS_BEFORE.loglik[0]) + SUMS_BEFORE.magnitude;
    double between = fmax(sum, fmin(a->magnitude, e->magnitude));
    compare_values(comparison, tested, "univariate: magnitude", a->magnitude, between, bounds.magnitude);
    compare_values(comparison, tested, "univariate: q, which it leaves out,", a->q, SUMS_BEFORE.q, 0);
    compare_values(comparison, tested, "univariate: hard, which it leaves out,", a->hard, SUMS_BEFORE.hard,
                   0);
    guarded_free(&actual.stats);
  }
  guarded_free(&expected.stats), guarded_free(&bounds.stats);
}

void compare_univariate(const struct comparison *comparison) {
  size_t b = comparison->size.b, k = comparison->size.k;
  struct guarded weights = compare_weights(b, 43);
  for (int kind = 0; kind < KINDS; kind++) {
    struct guarded terms = make_terms(k, kind), x = make_rows(b, k, kind, terms.values);
    compare_once(comparison, &x, &terms, NULL);
    compare_once(comparison, &x, &terms, weights.values);
    guarded_check(&terms, "univariate", "the terms");
    guarded_check(&x, "univariate", "x");
    guarded_free(&terms), guarded_free(&x);
  }
  guarded_check(&weights, "univariate", "the weights");
  guarded_free(&weights);
}
