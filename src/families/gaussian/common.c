/* SPDX-License-Identifier: MIT */
/* The M steps of full covariances that share their axes, but not their shapes: EVE and VVE. The axes D and
   the variances v_c along them minimise

     sum_c share_c sum_j ( log v_cj + (D S_c D')_jj / v_cj ),

   D's rows being the axes. Given D, the variances are those of diagonal covariances; given the variances, a
   rotation of two axes has its best angle in closed form. They take turns, from the axes before, so that
   the sum never rises (Flury & Gautschi 1986; the criterion is that of Browne & McNicholas 2014). */
#include "shared.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Rounds of all pairs of axes at most; what is left then is left to the next M step. */
enum { SWEEPS = 100 };

/* A round that takes no more from the sum leaves the axes within its root of where they come to rest. */
static const double NO_GAIN = 1e-23;

/* What components have, all packed: scatter in the axes, and room for the covariances before. */
struct frames {
  size_t k, n;
  double *scatter, *before;
  size_t scatter_stride, before_stride;
  double *axes; /* n x n, one a row */
};

/* ------------------------------------------------------------------ rotations */

/* Row and column p of a packed symmetric matrix become cosine p + sine q, those of q cosine q - sine p; p <
 * q. */
static void rotate(size_t n, double *a, size_t p, size_t q, double cosine, double sine) {
  double *row_p = a + packed_row(p), *row_q = a + packed_row(q);
  double pp = row_p[p], pq = row_q[p], qq = row_q[q];
  for (size_t m = 0; m < n; m++) {
    if (m == p || m == q) continue;
    double *x = m < p ? row_p + m : a + packed_row(m) + p, *y = m < q ? row_q + m : a + packed_row(m) + q;
    double first = *x, second = *y;
    *x = cosine * first + sine * second;
    *y = cosine * second - sine * first;
  }
  row_p[p] = cosine * cosine * pp + 2 * cosine * sine * pq + sine * sine * qq;
  row_q[q] = cosine * cosine * qq - 2 * cosine * sine * pq + sine * sine * pp;
  row_q[p] = cosine * sine * (qq - pp) + (cosine * cosine - sine * sine) * pq;
}

static void rotate_axes(const struct frames *f, size_t p, size_t q, double cosine, double sine) {
  double *x = f->axes + p * f->n, *y = f->axes + q * f->n;
  for (size_t m = 0; m < f->n; m++) {
    double first = x[m], second = y[m];
    x[m] = cosine * first + sine * second;
    y[m] = cosine * second - sine * first;
  }
  for (size_t c = 0; c < f->k; c++) rotate(f->n, f->scatter + c * f->scatter_stride, p, q, cosine, sine);
}

/* ------------------------------------------------------------------ the axes before */

/* No rotation is by more: then the covariances before are diagonal to roundings. */
static const double NO_TURN = 1e-13;

/* The covariances before, which have common axes, each in a unit of its own: packed, in place of the
 * factors. */
static void take_before(const struct gaussian *g, const struct gaussian_estimate *e,
                        const struct frames *f) {
  for (size_t c = 0; c < f->k; c++) {
    double *to = e->factors + c * g->f, *full = e->scratch->matrix, trace = 0;
    memcpy(full, to, g->f * sizeof *full);
    for (size_t j = 0; j < g->d; j++) {
      if (e->floor->constant[j]) continue;
      for (size_t l = 0; l <= j; l++) {
        double sum = 0;
        if (e->floor->constant[l]) continue;
        for (size_t m = 0; m <= l; m++) sum += full[j * g->d + m] * full[l * g->d + m];
        trace += l == j ? sum : 0;
        *to++ = sum;
      }
    }
    double *first = e->factors + c * g->f;
    for (size_t i = 0; i < packed_row(f->n); i++) first[i] /= trace;
  }
}

/* The rotation of two axes that takes most from the squares off the diagonals of all covariances (Cardoso &
   Souloumiac 1996). Returns its sine. */
static double align(const struct frames *f, size_t p, size_t q) {
  double on = 0, off = 0;
  for (size_t c = 0; c < f->k; c++) {
    const double *a = f->before + c * f->before_stride;
    double difference = a[packed_row(p) + p] - a[packed_row(q) + q], twice = 2 * a[packed_row(q) + p];
    on += difference * difference - twice * twice;
    off += 2 * difference * twice;
  }
  double angle = atan2(off, on + sqrt(on * on + off * off)) / 2, cosine = cos(angle), sine = sin(angle);
  if (fabs(sine) <= NO_TURN) return 0;
  rotate_axes(f, p, q, cosine, sine);
  for (size_t c = 0; c < f->k; c++) rotate(f->n, f->before + c * f->before_stride, p, q, cosine, sine);
  return fabs(sine);
}

/* The axes before, with the scatter in them. */
static void begin_axes(const struct gaussian *g, const struct gaussian_estimate *e,
                       const struct frames *f) {
  for (size_t i = 0; i < f->n * f->n; i++) f->axes[i] = i % (f->n + 1) == 0;
  take_before(g, e, f);
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    double most = 0;
    for (size_t q = 1; q < f->n; q++)
      for (size_t p = 0; p < q; p++) most = fmax(most, align(f, p, q));
    if (!(most > 0)) break;
  }
}

/* ------------------------------------------------------------------ axes and variances in turns */

/* The variances along the axes as they are, of all components. */
static void fit_variances(const struct gaussian *g, const struct frames *f, const struct spread *s) {
  for (size_t c = 0; c < f->k; c++)
    for (size_t j = 0; j < f->n; j++)
      s->variances[c * s->stride + j] = f->scatter[c * f->scatter_stride + packed_row(j) + j];
  emblas_spread_fit(g->model->mclust[0], 'V', s);
}

/* Those along two axes again, of components whose volume stays as it is where it is common. */
static void refit_pair(const struct frames *f, const struct spread *s, int common, size_t p, size_t q) {
  for (size_t c = 0; c < f->k; c++) {
    const double *a = f->scatter + c * f->scatter_stride;
    double *v = s->variances + c * s->stride, product = v[p] * v[q];
    double first = fmax(a[packed_row(p) + p], s->floor[p]),
           second = fmax(a[packed_row(q) + q], s->floor[q]);
    if (common) {
      first = fmin(fmax(sqrt(product * (first / second)), s->floor[p]), product / s->floor[q]);
      second = product / first;
    }
    v[p] = first;
    v[q] = second;
  }
}

/* The best rotation of two axes for the variances as they are. Returns what the sum above falls by. */
static double turn(const struct frames *f, const struct spread *s, size_t p, size_t q) {
  double level = 0, slope = 0; /* of the sum, as level cos 2 angle + slope sin 2 angle */
  for (size_t c = 0; c < f->k; c++) {
    const double *a = f->scatter + c * f->scatter_stride, *v = s->variances + c * s->stride;
    double apart = s->share[c] * (1 / v[p] - 1 / v[q]);
    level += apart * (a[packed_row(p) + p] - a[packed_row(q) + q]) / 2;
    slope += apart * a[packed_row(q) + p];
  }
  double size = sqrt(level * level + slope * slope),
         gain = level < 0 ? slope * slope / (size - level) : level + size;
  if (!(gain > 0)) return 0;
  double angle = atan2(-slope, -level) / 2;
  rotate_axes(f, p, q, cos(angle), sin(angle));
  return gain;
}

void emblas_estimate_common_axes(const struct gaussian *g, struct gaussian_estimate *e) {
  struct spread s = emblas_shared_begin(g, e, 0);
  struct frames f = {.k = g->k,
                     .n = s.n,
                     .scatter = e->scatter,
                     .before = e->factors,
                     .scatter_stride = s.stride,
                     .before_stride = g->f,
                     .axes = e->scratch->axes};
  int common = g->model->mclust[0] == 'E';
  double largest = 0;
  begin_axes(g, e, &f);
  for (size_t c = 0; c < g->k; c++)
    for (size_t j = 0; j < s.n; j++) largest = fmax(largest, shared_scatter(g, e, c)[packed_row(j) + j]);
  emblas_shared_limit(&s, largest, e->scratch->spread);
  s.variances = e->factors; /* the covariances before are no longer needed */
  s.stride = g->f;
  fit_variances(g, &f, &s);
  for (int sweep = 0; sweep < SWEEPS && s.n > 1; sweep++) {
    double gain = 0;
    for (size_t q = 1; q < s.n; q++)
      for (size_t p = 0; p < q; p++) {
        double own = turn(&f, &s, p, q);
        if (own > 0) refit_pair(&f, &s, common, p, q);
        gain += own;
      }
    fit_variances(g, &f, &s);
    if (!(gain > NO_GAIN)) break;
  }
  for (size_t c = 0; c < g->k; c++) {
    double *variances = e->scratch->moments;
    memcpy(variances, e->factors + c * g->f, s.n * sizeof *variances);
    emblas_shared_factor(g, e, s.n, c, e->scratch->axes, variances);
  }
}
