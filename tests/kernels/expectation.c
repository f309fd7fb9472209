/* SPDX-License-Identifier: MIT */
/* quadratic, against the oracle. u = 2^-53; a logit errs by D = gamma_{p+2} sum_j |theta_j phi_j|, since a
   feature is rounded once. With t = l - max and delta = D + u (|t| + 2), as in softmax.c, Z errs by delta_Z
   = gamma_k + sum_c r_c delta_c, a responsibility by delta_c + delta_Z + 10 u (1 / Z comes from the inverse
   of four rows' product, 7 u), and log Z by delta_Z + 3 u + 2 u |log Z|, with two roundings of the rows'
   product. Sums of b terms and what was there before: gamma_{b+3} of the absolute ones, in two doubles
   gamma squared. Products of bounds are left to a factor of 1.01. */
#include "compare.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static const double TINY = 0x1p-1020; /* about e^-707, below which a responsibility may be 0 */

/* Kinds of components: all in reach; most of them far; of weight 0; of densities above and below 1. */
enum { NEAR, FAR, ABSENT, DENSE, KINDS };

static struct guarded make_theta(const struct kernel_case *s, int kind) {
  struct generator generator = {51};
  struct guarded theta = guarded_rows(s->k, s->p, s->p);
  for (size_t c = 0; c < s->k; c++) {
    double *natural = theta.values + c * s->p, scale = kind == FAR ? 300 : 1;
    size_t at = 0;
    natural[at++] =
        kind == ABSENT && c % 3 == 1 ? -1e300 : (kind == DENSE ? 3 : -3) + generate_uniform(&generator);
    for (size_t j = 0; j < s->d; j++) natural[at++] = scale * generate_gaussian(&generator);
    for (size_t j = 0; j < s->d; j++)
      for (size_t l = 0; l <= j; l++)
        natural[at++] = l == j ? -0.5 - generate_uniform(&generator) : 0.1 * generate_gaussian(&generator);
  }
  guarded_seal(&theta);
  return theta;
}

struct bounds {
  struct guarded stats;
  double loglik, hard, size;
  double more; /* what the magnitude may be larger by */
};

/* The row's features. */
static void features(const struct guarded *x, size_t i, double *phi) {
  size_t d = x->rows, at = 0;
  const double *row = x->values + i;
  phi[at++] = 1;
  for (size_t j = 0; j < d; j++) phi[at++] = row[j * x->stride];
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) phi[at++] = row[j * x->stride] * row[l * x->stride];
}

/* Logits into l and their errors into delta. */
static double evaluate_logits(const struct kernel_case *s, const double *theta, const double *phi,
                              double *l, double *delta) {
  double max = -INFINITY;
  for (size_t c = 0; c < s->k; c++) {
    l[c] = delta[c] = 0;
    for (size_t j = 0; j < s->p; j++) {
      l[c] += theta[c * s->p + j] * phi[j];
      delta[c] += gamma_bound(s->p + 2) * fabs(theta[c * s->p + j] * phi[j]);
    }
    max = fmax(max, l[c]);
  }
  for (size_t c = 0; c < s->k; c++) delta[c] += U * (max - l[c] + 2);
  return max;
}

/* What a row of weight w adds: its terms' errors to the bounds, their absolute values to sizes. */
static void bound_row(const struct kernel_case *s, struct bounds *bounds, double *sizes,
                      const double *theta, const double *phi, double w) {
  double *l = malloc(2 * s->k * sizeof *l), *delta = l + s->k;
  double max = evaluate_logits(s, theta, phi, l, delta), z = 0, delta_z = gamma_bound(s->k);
  for (size_t c = 0; c < s->k; c++) z += exp(l[c] - max);
  for (size_t c = 0; c < s->k; c++) delta_z += l[c] - max > -708 ? exp(l[c] - max) / z * delta[c] : 0;
  for (size_t c = 0; c < s->k; c++) {
    double r = exp(l[c] - max) / z, error = r > 0 ? r * (delta[c] + delta_z + 10 * U) + TINY : TINY;
    if (l[c] < -1e299) error = 0;
    for (size_t j = 0; j < s->p; j++) {
      bounds->stats.values[c * s->p + j] += w * error * fabs(phi[j]);
      sizes[c * s->p + j] += w * r * fabs(phi[j]);
    }
  }
  double log_z = log(z), row = max + log_z;
  bounds->loglik += w * (delta_z + 3 * U + 2 * U * log_z + 2 * U * fabs(row));
  bounds->hard += w * (delta_z + 3 * U + 2 * U * log_z);
  bounds->size += w * (fabs(max) + log_z);
  bounds->more += w * (fabs(max) + log_z - fabs(row));
  free(l);
}

static struct bounds make_bounds(const struct comparison *comparison, const struct guarded *x,
                                 const double *weights, const double *theta) {
  const struct kernel_case *s = &comparison->size;
  struct bounds bounds = {.stats = guarded_rows(s->k, s->p, s->p), .size = 68};
  double *sizes = malloc((s->k * s->p + s->p) * sizeof *sizes), *phi = sizes + s->k * s->p;
  double gamma = gamma_bound(s->b + 3);
  for (size_t m = 0; m < s->k * s->p; m++) bounds.stats.values[m] = 0, sizes[m] = fabs(STATS_BEFORE);
  for (size_t i = 0; i < s->b; i++) {
    features(x, i, phi);
    bound_row(s, &bounds, sizes, theta, phi, weights ? weights[i] : 1);
  }
  bounds.hard = 1.01 * (bounds.hard + gamma * bounds.size);
  bounds.loglik = 1.01 * (bounds.loglik + gamma * gamma * bounds.size) +
                  (double)(s->b + 3) * comparison->oracle.sum_error * bounds.size;
  for (size_t m = 0; m < s->k * s->p; m++)
    bounds.stats.values[m] = 1.01 * (bounds.stats.values[m] + gamma * sizes[m]);
  free(sizes);
  return bounds;
}

struct outcome {
  struct guarded stats;
  struct emblas_block_sums sums;
};

static struct outcome evaluate(const struct comparison *comparison, const struct emblas_backend *backend,
                               const struct guarded *x, const double *weights,
                               const struct guarded *theta) {
  const struct kernel_case *s = &comparison->size;
  struct outcome o = {guarded_rows(s->k, s->p, s->p), SUMS_BEFORE};
  struct guarded r = guarded_rows(s->k, s->b, comparison->stride);
  struct guarded scratch = guarded_rows(9, s->b, comparison->stride);
  for (size_t m = 0; m < s->k * s->p; m++) o.stats.values[m] = STATS_BEFORE;
  backend->quadratic(s->b, comparison->stride, s->d, s->k, x->values, weights, theta->values,
                     (struct emblas_ahead){x->values, x->count * sizeof *x->values}, r.values,
                     scratch.values, o.stats.values, &o.sums);
  guarded_check(&o.stats, "quadratic", "stats");
  compare_finish(&r, "quadratic", "r"), compare_finish(&scratch, "quadratic", "its scratch");
  return o;
}

static void compare_once(const struct comparison *comparison, const struct guarded *x,
                         const struct guarded *theta, const double *weights) {
  struct bounds bounds = make_bounds(comparison, x, weights, theta->values);
  struct outcome expected = evaluate(comparison, comparison->oracle.table, x, weights, theta);
  const struct emblas_block_sums *e = &expected.sums;
  for (size_t n = 0; n < comparison->count; n++) {
    const struct contestant *tested = &comparison->tested[n];
    if (tested->table->quadratic == NULL) continue;
    struct outcome actual = evaluate(comparison, tested->table, x, weights, theta);
    const struct emblas_block_sums *a = &actual.sums;
    compare_arrays(comparison, tested, "quadratic: stats", &actual.stats, &expected.stats,
                   bounds.stats.values);
    compare_values(comparison, tested, "quadratic: loglik, off by",
                   (a->loglik[0] - e->loglik[0]) + (a->loglik[1] - e->loglik[1]), 0, bounds.loglik);
    compare_values(comparison, tested, "quadratic: hard", a->hard, e->hard, bounds.hard);
    compare_values(comparison, tested, "quadratic: magnitude", a->magnitude,
                   fmin(fmax(a->magnitude, e->magnitude), e->magnitude + bounds.more),
                   bounds.hard + bounds.loglik);
    compare_values(comparison, tested, "quadratic: q, which it leaves out,", a->q, SUMS_BEFORE.q, 0);
    guarded_free(&actual.stats);
  }
  guarded_free(&expected.stats), guarded_free(&bounds.stats);
}

void compare_quadratic(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  struct guarded weights = compare_weights(s->b, 52);
  struct guarded x = compare_random_rows(s->d, s->b, comparison->stride, 53);
  guarded_seal(&x);
  for (int kind = 0; kind < KINDS; kind++) {
    struct guarded theta = make_theta(s, kind);
    compare_once(comparison, &x, &theta, NULL);
    compare_once(comparison, &x, &theta, weights.values);
    compare_finish(&theta, "quadratic", "theta");
  }
  compare_finish(&x, "quadratic", "x"), compare_finish(&weights, "quadratic", "the weights");
}
