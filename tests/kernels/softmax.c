/* SPDX-License-Identifier: MIT */
/* softmax. With t_c = l_c - max (one rounding), a backend's exp(t_c) errs by at most
       delta_c = u (|t_c| + 2)   relative,
   |t_c| u from the rounding of t_c, 2 u = 1 ulp from the exponential. Z = sum exp(t_c) then errs by delta_Z
   = gamma_k + sum_c exp(t_c) delta_c / Z, a responsibility w exp(t_c) / Z by delta_c + delta_Z + 2 u, and
   log Z by delta_Z + 2 u |log Z|. A single component has Z = 1 without error. Below e^-708 a backend may
   return anything as small, or 0; a weight of 0 (logit -1e300) must give exactly 0. Two backends differ by
   at most twice each bound. */
#include "compare.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static const double EXP_ERROR = 2, TINY = 0x1p-1020; /* about e^-707 */

/* Kinds of rows. */
enum { NEAR, WIDE, ABSENT, EQUAL, HUGE_OFFSET, DEEP, KINDS };

static double logit_of(struct generator *generator, int kind, size_t i, size_t c) {
  double g = generate_gaussian(generator);
  switch (kind) {
  case NEAR:
    return 3 * g; /* every component counts */
  case WIDE:
    return 500 * g; /* differences beyond 745: exp underflows */
  case ABSENT:
    return (i + c) % 3 == 1 ? -1e300 : g; /* components of weight 0 */
  case EQUAL:
    return -7.25; /* exact: 1 / k */
  case HUGE_OFFSET:
    return -1e8 + g; /* a row far from everything */
  default:
    return -740 + 4 * g - (c ? 4 * fabs(g) : 740) * (double)(i % 2); /* round the end of the range */
  }
}

static struct guarded make_logits(const struct comparison *comparison, int kind) {
  struct generator generator = {11};
  size_t b = comparison->size.b, k = comparison->size.k, stride = comparison->stride;
  struct guarded logits = guarded_rows(k, b, stride);
  for (size_t i = 0; i < b; i++) {
    for (size_t c = 0; c < k; c++) logits.values[c * stride + i] = logit_of(&generator, kind, i, c);
    if (kind == ABSENT) logits.values[i % k * stride + i] = generate_gaussian(&generator); /* not all */
  }
  return logits;
}

/* Bounds of one evaluation, from exact-enough values. */
struct bounds {
  struct guarded r, row;
  double loglik, magnitude, q, hard;
  double size; /* sum_i w_i (|row| + 2 log k): no partial sum is larger */
};

/* Row i, whose logits are `stride` apart. */
static void bound_row(struct bounds *bounds, size_t i, size_t k, size_t stride, const double *l, double w) {
  double max = l[0], z = 0, spread = 0, q = 0, q_error = 0;
  for (size_t c = 1; c < k; c++) max = fmax(max, l[c * stride]);
  for (size_t c = 0; c < k; c++) {
    double t = l[c * stride] - max, e = exp(t);
    z += e;
    spread += e > 0 ? e * U * (EXP_ERROR - t) : 0;
  }
  double delta_z = k > 1 ? gamma_bound(k) + spread / z : 0, log_z = log(z), row = max + log_z;
  for (size_t c = 0; c < k; c++) {
    double logit = l[c * stride], t = max - logit, r = exp(-t) / z;
    double delta = r > 0 ? U * (t + EXP_ERROR + 2) + delta_z : 0;
    bounds->r.values[c * stride + i] = logit == -1e300 ? 0 : w * (r * delta + TINY);
    q += r * fabs(logit);
    q_error += logit == -1e300 ? 0 : fabs(logit) * (r * delta + TINY);
  }
  double error = k > 1 ? delta_z + U * (2 * fabs(log_z) + fabs(row)) : 0;
  bounds->row.values[i] = error;
  bounds->loglik += w * error + (w == 1 ? 0 : U * w * fabs(row)); /* the product with 1 is exact */
  bounds->magnitude += w * error;
  bounds->q += w * (q_error + gamma_bound(k + 2) * (q + fabs(row)));
  bounds->hard += w * (delta_z + 2 * U * fabs(log_z));
  bounds->size += w * (fabs(row) + 2 * log((double)k));
}

/* What the sums hold before; the kernel adds to it. */
static const struct emblas_block_sums before = {{-60, 0x1p-55}, 60, -60, -8};

/* Sums over rows, and what they are added to, err by gamma_{b+3} of the sum of absolute terms beside the
   rows' own errors: q is bounded by the rows' log-likelihoods and entropies, hard by log k a row. In two
   doubles that is gamma squared. */
static struct bounds make_bounds(const struct comparison *comparison, const struct guarded *logits,
                                 const double *weights) {
  size_t b = comparison->size.b, k = comparison->size.k;
  struct bounds bounds = {.r = guarded_copy(logits), .row = guarded_new(b), .size = 2 * 60 + 8};
  for (size_t i = 0; i < b; i++)
    bound_row(&bounds, i, k, logits->stride, logits->values + i, weights ? weights[i] : 1);
  double gamma = gamma_bound(b + 3);
  bounds.loglik = 2 * (bounds.loglik + gamma * gamma * bounds.size) +
                  (double)(b + 3) * comparison->oracle.sum_error * bounds.size;
  bounds.magnitude = 2 * (bounds.magnitude + gamma * bounds.size);
  bounds.q = 2 * (bounds.q + gamma * bounds.size);
  bounds.hard = 2 * (bounds.hard + gamma * bounds.size);
  for (size_t i = 0; i < b; i++) {
    bounds.row.values[i] *= 2;
    for (size_t c = 0; c < k; c++) bounds.r.values[c * logits->stride + i] *= 2;
  }
  return bounds;
}

/* What a backend returns. */
struct outcome {
  struct guarded r, row;
  struct emblas_block_sums sums;
};

static struct outcome evaluate(const struct comparison *comparison, const struct emblas_backend *backend,
                               const struct guarded *logits, const double *weights, int with_rows) {
  size_t b = comparison->size.b;
  struct outcome o = {guarded_copy(logits), guarded_new(b), before};
  backend->softmax(b, logits->stride, comparison->size.k, o.r.values, weights,
                   with_rows ? o.row.values : NULL, &o.sums);
  guarded_check(&o.r, "softmax", "the logits");
  guarded_check(&o.row, "softmax", "row_loglik");
  return o;
}

static void free_outcome(struct outcome *o) {
  guarded_free(&o->r), guarded_free(&o->row);
}

static void compare_sums(const struct comparison *comparison, const struct contestant *tested,
                         const struct emblas_block_sums *a, const struct emblas_block_sums *e,
                         const struct bounds *bounds) {
  double difference = (a->loglik[0] - e->loglik[0]) + (a->loglik[1] - e->loglik[1]);
  compare_values(comparison, tested, "softmax: loglik, off by", difference, 0, bounds->loglik);
  compare_values(comparison, tested, "softmax: magnitude", a->magnitude, e->magnitude, bounds->magnitude);
  compare_values(comparison, tested, "softmax: q", a->q, e->q, bounds->q);
  compare_values(comparison, tested, "softmax: hard", a->hard, e->hard, bounds->hard);
}

static void compare_once(const struct comparison *comparison, const struct guarded *logits,
                         const double *weights, int with_rows) {
  struct bounds bounds = make_bounds(comparison, logits, weights);
  struct outcome expected = evaluate(comparison, comparison->oracle.table, logits, weights, with_rows);
  for (size_t n = 0; n < comparison->count; n++) {
    const struct contestant *tested = &comparison->tested[n];
    struct outcome actual = evaluate(comparison, tested->table, logits, weights, with_rows);
    compare_arrays(comparison, tested, "softmax: responsibilities", &actual.r, &expected.r,
                   bounds.r.values);
    if (with_rows)
      compare_arrays(comparison, tested, "softmax: rows", &actual.row, &expected.row, bounds.row.values);
    compare_sums(comparison, tested, &actual.sums, &expected.sums, &bounds);
    free_outcome(&actual);
  }
  free_outcome(&expected);
  guarded_free(&bounds.r), guarded_free(&bounds.row);
}

void compare_softmax(const struct comparison *comparison) {
  struct guarded weights = compare_weights(comparison->size.b, 12);
  for (int kind = 0; kind < KINDS; kind++) {
    struct guarded logits = make_logits(comparison, kind);
    compare_once(comparison, &logits, NULL, 1);
    compare_once(comparison, &logits, weights.values, 1);
    compare_once(comparison, &logits, weights.values, 0);
    guarded_free(&logits);
  }
  guarded_check(&weights, "softmax", "the weights");
  guarded_free(&weights);
}
