/* SPDX-License-Identifier: MIT */
/* quadratic, against the oracle. u = 2^-53; a logit errs by D, see normals.h. With t = l - max and delta =
   D
   + u (|t| + 2), as in softmax.c, Z errs by delta_Z = gamma_k + sum_c r_c delta_c, a responsibility by (1 -
   r_c) delta_c + sum over the others of r_m delta_m + gamma_k + 10 u (1 / Z comes from the inverse of four
   rows' product, 7 u), and log Z by delta_Z + 3 u + 2 u |log Z|, with two roundings of the rows' product. A
   feature y_j y_l is rounded three times. A row's q = max + sum_c r_c t_c errs by |t_c| times what r_c does
   and by r_c times what t_c does. Sums of b terms and what was there before: gamma_{b+6} of the absolute
   ones, in two doubles gamma squared. Products of bounds are left to a factor of 1.01. Moments may lack the
   rows that backend.h allows them to lack. */
#include "normals.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static const double TINY = 0x1p-1020;      /* about e^-707, below which a responsibility may be 0 */
static const double UNDERFLOW = 0x1p-1060; /* .. and what a product with a weight may lose */

struct bounds {
  struct guarded stats;
  double loglik, hard, q, size;
  double more; /* what the magnitude may be larger by */
};

/* Logits of row i into l and their errors into delta; what overflows is the least. Returns the largest. */
static double evaluate_logits(const struct normals *normals, const struct guarded *x, size_t i, double *l,
                              double *delta) {
  double max = -INFINITY;
  for (size_t c = 0; c < normals->view.k; c++) {
    l[c] = normals_logit(normals, c, x, i, &delta[c]);
    if (!(l[c] > -1e299)) l[c] = -1e300, delta[c] = 0;
    max = fmax(max, l[c]);
  }
  for (size_t c = 0; c < normals->view.k; c++) delta[c] += U * (max - l[c] + 2);
  return max;
}

/* The largest weighted responsibilities of the components. room: 2 k doubles. */
static void find_largest(const struct kernel_case *s, const struct normals *normals,
                         const struct guarded *x, const double *weights, double *largest, double *room) {
  for (size_t c = 0; c < s->k; c++) largest[c] = 0;
  for (size_t i = 0; i < s->b; i++) {
    double max = evaluate_logits(normals, x, i, room, room + s->k), z = 0;
    for (size_t c = 0; c < s->k; c++) z += exp(room[c] - max);
    for (size_t c = 0; c < s->k; c++)
      largest[c] = fmax(largest[c], (weights ? weights[i] : 1) * (exp(room[c] - max) / z));
  }
}

/* May the moments do without a row of weight w and responsibility r? To within roundings. */
static int may_lack(double w, double r, double largest) {
  return w * r <= 1.01 * 0x1p-100 * fmin(w, fmax(largest, 0x1p-465 * w));
}

/* What row i of weight w adds: its terms' errors to the bounds, their absolute values to sizes. room: 2 k +
   p doubles. */
static void bound_row(const struct kernel_case *s, struct bounds *bounds, double *sizes,
                      const struct normals *normals, const struct guarded *x, size_t i, double w,
                      const double *largest, double *room) {
  double *l = room, *delta = l + s->k, *phi = delta + s->k, q = 0, q_error = 0;
  double max = evaluate_logits(normals, x, i, l, delta), z = 0, delta_z = gamma_bound(s->k);
  for (size_t c = 0; c < s->k; c++) z += exp(l[c] - max);
  for (size_t c = 0; c < s->k; c++) delta_z += l[c] - max > -708 ? exp(l[c] - max) / z * delta[c] : 0;
  for (size_t c = 0; c < s->k; c++) {
    double t = max - l[c], r = exp(-t) / z, others = gamma_bound(s->k) + (1 - r) * delta[c];
    for (size_t m = 0; m < s->k; m++)
      others += m != c && l[m] - max > -708 ? exp(l[m] - max) / z * delta[m] : 0;
    double error = r > 0 ? r * (others + 10 * U) + TINY : TINY;
    if (l[c] < -1e299) error = 0;
    double moment_error = w * error + (may_lack(w, r, largest[c]) ? w * r : 0);
    normals_features(normals, c, x, i, phi);
    for (size_t j = 0; j < s->p; j++) {
      bounds->stats.values[c * s->p + j] += moment_error * fabs(phi[j]) + UNDERFLOW * (1 + fabs(phi[j]));
      sizes[c * s->p + j] += w * r * fabs(phi[j]);
    }
    q += r > 0 ? r * t : 0;
    q_error += error > 0 ? error * t + r * delta[c] : 0;
  }
  double log_z = log(z), row = max + log_z;
  bounds->loglik += w * (delta_z + 3 * U + 2 * U * log_z + 2 * U * fabs(row));
  bounds->hard += w * (delta_z + 3 * U + 2 * U * log_z);
  bounds->q += w * (q_error + gamma_bound(s->k + 3) * (q + fabs(max)));
  bounds->size += w * (fabs(max) + log_z + q);
  bounds->more += w * (fabs(max) + log_z - fabs(row));
}

static struct bounds make_bounds(const struct comparison *comparison, const struct guarded *x,
                                 const double *weights, const struct normals *normals, double before) {
  const struct kernel_case *s = &comparison->size;
  struct bounds bounds = {.stats = guarded_rows(s->k, s->p, s->p), .size = 68};
  double *sizes = malloc((s->k * s->p + 3 * s->k + s->p) * sizeof *sizes);
  double gamma = gamma_bound(s->b + 6), *largest = sizes + s->k * s->p, *room = largest + s->k;
  for (size_t m = 0; m < s->k * s->p; m++) bounds.stats.values[m] = 0, sizes[m] = fabs(before);
  find_largest(s, normals, x, weights, largest, room);
  for (size_t i = 0; i < s->b; i++)
    bound_row(s, &bounds, sizes, normals, x, i, weights ? weights[i] : 1, largest, room);
  bounds.hard = 1.01 * (bounds.hard + gamma * bounds.size);
  bounds.q = 1.01 * (bounds.q + gamma * bounds.size);
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
                               const struct normals *normals, double before) {
  const struct kernel_case *s = &comparison->size;
  struct outcome o = {guarded_rows(s->k, s->p, s->p), SUMS_BEFORE};
  struct guarded r = guarded_rows(s->k, s->b, comparison->stride);
  struct guarded scratch = normals_scratch(s);
  for (size_t m = 0; m < s->k * s->p; m++) o.stats.values[m] = before;
  backend->quadratic(s->b, comparison->stride, &normals->view, x->values, weights,
                     (struct emblas_ahead){x->values, x->count * sizeof *x->values}, r.values,
                     scratch.values, o.stats.values, &o.sums);
  guarded_check(&o.stats, "quadratic", "stats");
  compare_finish(&r, "quadratic", "r"), compare_finish(&scratch, "quadratic", "its scratch");
  return o;
}

void compare_expectation(const struct comparison *comparison, const struct guarded *x,
                         const struct normals *normals, const double *weights, double before) {
  struct bounds bounds = make_bounds(comparison, x, weights, normals, before);
  struct outcome expected = evaluate(comparison, comparison->oracle.table, x, weights, normals, before);
  const struct emblas_block_sums *e = &expected.sums;
  for (size_t n = 0; n < comparison->count; n++) {
    const struct contestant *tested = &comparison->tested[n];
    if (tested->table->quadratic == NULL) continue;
    struct outcome actual = evaluate(comparison, tested->table, x, weights, normals, before);
    const struct emblas_block_sums *a = &actual.sums;
    compare_arrays(comparison, tested, "quadratic: stats", &actual.stats, &expected.stats,
                   bounds.stats.values);
    compare_values(comparison, tested, "quadratic: loglik, off by",
                   (a->loglik[0] - e->loglik[0]) + (a->loglik[1] - e->loglik[1]), 0, bounds.loglik);
    compare_values(comparison, tested, "quadratic: hard", a->hard, e->hard, bounds.hard);
    compare_values(comparison, tested, "quadratic: magnitude", a->magnitude,
                   fmin(fmax(a->magnitude, e->magnitude), e->magnitude + bounds.more),
                   bounds.hard + bounds.loglik);
    compare_values(comparison, tested, "quadratic: q", a->q, e->q, bounds.q);
    guarded_free(&actual.stats);
  }
  guarded_free(&expected.stats), guarded_free(&bounds.stats);
}

void compare_quadratic(const struct comparison *comparison) {
  const struct kernel_case *s = &comparison->size;
  struct guarded weights = compare_weights(s->b, 52);
  struct guarded x = compare_random_rows(s->d, s->b, comparison->stride, 53);
  guarded_seal(&x);
  for (int kind = 0; kind < NORMALS_KINDS; kind++) {
    struct normals normals = normals_new(s, kind);
    compare_expectation(comparison, &x, &normals, NULL, STATS_BEFORE);
    compare_expectation(comparison, &x, &normals, weights.values, STATS_BEFORE);
    normals_finish(&normals, "quadratic");
  }
  compare_finish(&x, "quadratic", "x"), compare_finish(&weights, "quadratic", "the weights");
}
