/* SPDX-License-Identifier: MIT */
#include "spread.h"

#include <emblas/emblas.h>

#include <float.h>
#include <math.h>

/* A variance of less than this part of the floor is as good as none: it changes no sum, and has a
 * logarithm. */
static const double NOTHING = 0x1p-60;

static double largest_of(double a, double b) {
  return a > b ? a : b;
}

/* ------------------------------------------------------------------ variances with a given product */

/* The factor m for which v_j = max(bound_j, m s_j) have logarithms that add up to `log_product`, which is
   no less than that of the bounds: these v minimise sum_j s_j / v_j. Axes at their bound are left to it,
   and the others, `free` of them, share the rest, until none is below: each round can only leave more of
   them. */
static double level(size_t n, const double *s, const double *bound, double log_product, size_t *free) {
  double m = INFINITY;
  *free = 0;
  for (size_t round = 0; round <= n; round++) {
    size_t above = 0;
    double rest = log_product;
    for (size_t j = 0; j < n; j++) {
      int bounded = m * s[j] <= bound[j];
      rest -= log(bounded ? bound[j] : s[j]);
      above += !bounded;
    }
    if (above == 0 || above == *free) return m;
    *free = above;
    m = exp(rest / (double)above);
  }
  return m;
}

static void raise_to(size_t n, double m, const double *bound, double *v) {
  for (size_t j = 0; j < n; j++) v[j] = largest_of(m * v[j], bound[j]);
}

void emblas_spread_shape(size_t n, const double *total, const double *bound, double *shape) {
  for (size_t j = 0; j < n; j++) shape[j] = largest_of(total[j], bound[j]);
}

double emblas_spread_volume(size_t n, const double *variances, const double *shape, const double *floor) {
  double sum = 0, least = 0;
  for (size_t j = 0; j < n; j++) {
    sum += variances[j] / shape[j] / (double)n;
    least = largest_of(least, floor[j] / shape[j]);
  }
  return largest_of(sum, least);
}

/* ------------------------------------------------------------------ equal volumes, own shapes */

/* sum_c share_c / m_c, which falls as the volume grows and is 1 at its best, and what it falls by. */
static double pull(const struct spread *s, double log_product, double *slope) {
  double sum = 0;
  *slope = 0;
  for (size_t c = 0; c < s->k; c++) {
    size_t free;
    if (!(s->share[c] > 0)) continue;
    double own = s->share[c] / level(s->n, s->variances + c * s->stride, s->floor, log_product, &free);
    sum += own;
    *slope += own / (double)(free > 0 ? free : 1);
  }
  return sum;
}

/* Newton's steps on its logarithm, which is all but linear, between bounds that close in; so many at most.
 */
enum { STEPS = 100 };

static double best_volume(const struct spread *s, double low, double high) {
  double slope, at = high;
  for (int step = 0; step < STEPS; step++) {
    double sum = pull(s, at, &slope), next = at + log(sum) * sum / slope;
    if (sum > 1)
      low = at;
    else
      high = at;
    if (fabs(next - at) <= 4 * DBL_EPSILON * fabs(at) || !(high > low)) break;
    at = next > low && next < high ? next : low + (high - low) / 2;
  }
  return at;
}

/* n times the logarithm of the common volume. Without a floor in the way it is sum_c share_c times the
   volume of component c's own variances. */
static double log_common_volume(const struct spread *s) {
  double sum = 0, low = 0, n = (double)s->n, slope;
  for (size_t j = 0; j < s->n; j++) low += log(s->floor[j]);
  for (size_t c = 0; c < s->k; c++) {
    double own = 0;
    for (size_t j = 0; j < s->n; j++) own += log(s->variances[c * s->stride + j]) / n;
    s->volumes[c] = own;
    sum += s->share[c] * exp(own);
  }
  double high = largest_of(n * log(sum), low);
  int bounded = 0;
  for (size_t c = 0; c < s->k; c++)
    for (size_t j = 0; j < s->n; j++)
      bounded |= s->variances[c * s->stride + j] * exp(high / n - s->volumes[c]) < s->floor[j];
  if (!bounded) return high;
  if (!(pull(s, low, &slope) > 1)) return low;
  while (pull(s, high, &slope) > 1) high += n;
  return best_volume(s, low, high);
}

/* A component of few rows has directions without variance, which would be scaled up with the others: what
   is but rounding there is none. */
static void drop_rounding(const struct spread *s, double *v) {
  double largest = 0;
  for (size_t j = 0; j < s->n; j++) largest = largest_of(largest, v[j]);
  for (size_t j = 0; j < s->n; j++)
    v[j] = v[j] > s->rounding * largest ? largest_of(v[j], NOTHING * s->floor[j]) : NOTHING * s->floor[j];
}

static void equal_volumes(const struct spread *s) {
  for (size_t c = 0; c < s->k; c++) drop_rounding(s, s->variances + c * s->stride);
  double log_product = log_common_volume(s);
  for (size_t c = 0; c < s->k; c++) {
    double *v = s->variances + c * s->stride;
    size_t free;
    raise_to(s->n, level(s->n, v, s->floor, log_product, &free), s->floor, v);
  }
}

/* ------------------------------------------------------------------ own volumes, equal shapes */

/* Volumes and shape take turns so often at most; what is left then is left to the next M step. */
enum { TURNS = 200 };

/* Volumes that change by no more leave Q within their square of its maximum. */
static const double STILL = 1e-14;

/* The shape that the volumes leave; its bound is that of the smallest component. */
static void set_shape(const struct spread *s) {
  double *shape = s->shape, *bound = shape + s->n, smallest = INFINITY;
  for (size_t c = 0; c < s->k; c++)
    if (s->volumes[c] < smallest) smallest = s->volumes[c];
  for (size_t j = 0; j < s->n; j++) {
    double sum = 0;
    for (size_t c = 0; c < s->k; c++)
      sum += s->share[c] * (s->variances[c * s->stride + j] / s->volumes[c]);
    shape[j] = sum;
    bound[j] = s->floor[j] / smallest;
  }
  emblas_spread_shape(s->n, shape, bound, shape);
}

static void equal_shapes(const struct spread *s) {
  for (int turn = 0; turn < TURNS; turn++) {
    double moved = 0;
    set_shape(s);
    for (size_t c = 0; c < s->k; c++) {
      double volume = emblas_spread_volume(s->n, s->variances + c * s->stride, s->shape, s->floor);
      moved = largest_of(moved, fabs(volume / s->volumes[c] - 1));
      s->volumes[c] = volume;
    }
    if (!(moved > STILL)) break;
  }
  for (size_t c = 0; c < s->k; c++)
    for (size_t j = 0; j < s->n; j++)
      s->variances[c * s->stride + j] = largest_of(s->volumes[c] * s->shape[j], s->floor[j]);
}

/* ------------------------------------------------------------------ all */

static void all_equal(const struct spread *s) {
  for (size_t j = 0; j < s->n; j++) {
    double sum = 0;
    for (size_t c = 0; c < s->k; c++) sum += s->share[c] * s->variances[c * s->stride + j];
    for (size_t c = 0; c < s->k; c++) s->variances[c * s->stride + j] = largest_of(sum, s->floor[j]);
  }
}

static void all_own(const struct spread *s) {
  for (size_t c = 0; c < s->k; c++) raise_to(s->n, 1, s->floor, s->variances + c * s->stride);
}

void emblas_spread_fit(char volume, char shape, const struct spread *s) {
  for (size_t c = 0; c < s->k; c++) s->flags[c] &= ~EMBLAS_COMPONENT_COLLAPSED;
  if (s->n == 0) return;
  if (volume == 'E' && shape == 'E')
    all_equal(s);
  else if (volume == 'E')
    equal_volumes(s);
  else if (shape == 'E')
    equal_shapes(s);
  else
    all_own(s);
  for (size_t c = 0; c < s->k; c++)
    for (size_t j = 0; j < s->n; j++)
      if (s->variances[c * s->stride + j] <= s->floor[j] * (1 + 1e-12))
        s->flags[c] |= EMBLAS_COMPONENT_COLLAPSED;
}
