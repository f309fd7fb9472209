/* SPDX-License-Identifier: MIT */
/* softmax. With t_c = l_c - max (one rounding), a backend's exp(t_c) errs by at most
       delta_c = u (|t_c| + EXP_ULPS)   relative,
   |t_c| u from the rounding of t_c, EXP_ULPS / 2 ulp from the exponential. Z = sum exp(t_c) then errs by
   delta_Z = gamma_k + sum_c exp(t_c) delta_c / Z, a responsibility w exp(t_c) / Z by delta_c + delta_Z + 2
   u, and log Z by delta_Z + 2 u |log Z|. Below e^-708 a backend may return anything as small, or 0; a
   weight of 0 (logit -1e300) must give exactly 0. Two backends differ by at most twice each bound. */
#include "compare.h"
#include "guarded.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* In units of u: 4 ulp, the largest error that a vector library documents for its default exp (libmvec). */
static const double EXP_ULPS = 8;
static const double TINY = 0x1p-1020; /* about e^-707 */
static const double U = 0x1p-53;

/* Kinds of rows. */
enum { NEAR, WIDE, ABSENT, EQUAL, HUGE_OFFSET, DEEP };

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

static struct guarded make_logits(size_t b, size_t k, int kind) {
  struct generator generator = {11};
  struct guarded logits = guarded_new(b * k);
  for (size_t i = 0; i < b; i++) {
    for (size_t c = 0; c < k; c++) logits.values[i * k + c] = logit_of(&generator, kind, i, c);
    if (kind == ABSENT) logits.values[i * k + i % k] = generate_gaussian(&generator); /* not all absent */
  }
  return logits;
}

static struct guarded make_weights(size_t b) {
  struct generator generator = {12};
  struct guarded weights = guarded_new(b);
  for (size_t i = 0; i < b; i++) weights.values[i] = i % 7 == 6 ? 0 : 4 * generate_uniform(&generator);
  guarded_seal(&weights);
  return weights;
}

/* Bounds of one evaluation, from exact-enough values. */
struct bounds {
  double *r, *row;
  struct emblas_block_sums sums;
};

static void bound_row(const double *l, size_t k, double w, double *r_bound, double *row_bound,
                      struct emblas_block_sums *sums, double *size) {
  double max = l[0], z = 0, spread = 0, q = 0, q_error = 0;
  for (size_t c = 1; c < k; c++) max = fmax(max, l[c]);
  for (size_t c = 0; c < k; c++) {
    double e = exp(l[c] - max);
    z += e;
    spread += e > 0 ? e * U * (max - l[c] + EXP_ULPS) : 0;
  }
  double delta_z = gamma_bound(k) + spread / z, log_z = log(z), row = max + log_z;
  for (size_t c = 0; c < k; c++) {
    double t = max - l[c], r = exp(-t) / z;
    double delta = r > 0 ? U * (t + EXP_ULPS + 2) + delta_z : 0;
    r_bound[c] = l[c] == -1e300 ? 0 : w * (r * delta + TINY);
    q += r * fabs(l[c]);
    q_error += l[c] == -1e300 ? 0 : fabs(l[c]) * (r * delta + TINY);
  }
  *row_bound = delta_z + U * (2 * fabs(log_z) + fabs(row));
  *size += w * (fabs(row) + 2 * log((double)k));
  sums->q += w * (q_error + gamma_bound(k + 2) * (q + fabs(row)));
  sums->hard += w * (delta_z + 2 * U * fabs(log_z));
}

/* What the sums hold before; the kernel adds to it. */
static const struct emblas_block_sums before = {-60, -8};

/* Sums over rows, and what they are added to, err by gamma_{b+3} of the sum of absolute terms beside the
   rows' own errors: q is bounded by the rows' log-likelihoods and entropies, hard by log k a row. */
static struct bounds make_bounds(size_t b, size_t k, const double *logits, const double *weights) {
  struct bounds bounds = {calloc(b * k, sizeof(double)), calloc(b, sizeof(double)), {0, 0}};
  double size = fabs(before.q) + fabs(before.hard);
  for (size_t i = 0; i < b; i++)
    bound_row(logits + i * k, k, weights ? weights[i] : 1, bounds.r + i * k, bounds.row + i, &bounds.sums,
              &size);
  bounds.sums.q = 2 * (bounds.sums.q + gamma_bound(b + 3) * size);
  bounds.sums.hard = 2 * (bounds.sums.hard + gamma_bound(b + 3) * size);
  for (size_t i = 0; i < b * k; i++) bounds.r[i] *= 2;
  for (size_t i = 0; i < b; i++) bounds.row[i] *= 2;
  return bounds;
}

static void compare_once(const struct comparison *comparison, int kind, const double *weights) {
  size_t b = comparison->size.b, k = comparison->size.k;
  struct guarded actual = make_logits(b, k, kind), expected = make_logits(b, k, kind);
  struct guarded actual_rows = guarded_new(b), expected_rows = guarded_new(b);
  struct bounds bounds = make_bounds(b, k, actual.values, weights);
  struct emblas_block_sums actual_sums = before, expected_sums = before;

  comparison->tested->softmax(b, k, actual.values, weights, actual_rows.values, &actual_sums);
  comparison->oracle->softmax(b, k, expected.values, weights, expected_rows.values, &expected_sums);
  compare_arrays(comparison, "softmax: responsibilities", b * k, actual.values, expected.values, bounds.r);
  compare_arrays(comparison, "softmax: rows", b, actual_rows.values, expected_rows.values, bounds.row);
  compare_arrays(comparison, "softmax: q", 1, &actual_sums.q, &expected_sums.q, &bounds.sums.q);
  compare_arrays(comparison, "softmax: hard", 1, &actual_sums.hard, &expected_sums.hard, &bounds.sums.hard);
  guarded_check(&actual, "softmax", "the logits");
  guarded_check(&actual_rows, "softmax", "row_loglik");
  guarded_free(&actual), guarded_free(&expected), guarded_free(&actual_rows), guarded_free(&expected_rows);
  free(bounds.r), free(bounds.row);
}

void compare_softmax(const struct comparison *comparison, int kind) {
  struct guarded weights = make_weights(comparison->size.b);
  compare_once(comparison, kind, NULL);
  compare_once(comparison, kind, weights.values);
  guarded_check(&weights, "softmax", "the weights");
  guarded_free(&weights);
}
