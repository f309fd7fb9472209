/* SPDX-License-Identifier: MIT */
/* The nodes of the q point Gauss rule of a measure are the eigenvalues of its q x q Jacobi matrix, and its
   weights are the squares of the eigenvectors' first entries (Golub, Welsch, Math. Comp. 23, 1969). The
   matrix holds the recurrence coefficients of the measure's orthogonal polynomials, which Stieltjes'
   procedure finds (Gautschi, Orthogonal Polynomials, 2004, section 2.2).

   The points enter through 2q moments alone. So their measure is replaced first by a signed one on 2q
   Chebyshev points with the same moments: one walk over the points, of three operations a moment. */
#include "quadrature.h"

#include "../base/dispatch.h"

#include <float.h>
#include <math.h>

enum { Q = QUADRATURE_NODES, MOMENTS = QUADRATURE_MOMENTS, LANES = 8, MAX_SWEEPS = 30 };

/* What the moments of a rule may be off by, in units of the mass, to which sums of |T_j| never come: a node
   off by u moves T_j by up to j^2 u, j = 23 at most. */
#define MOMENT_TOLERANCE (MOMENTS * MOMENTS / 2 * DBL_EPSILON)

/* A polynomial whose squared norm is this, beside one of norm 1, is roundoff: the measure has not so many
 * points. */
#define EXHAUSTED 1e-12

/* basis[j][i] = 2/N T_j(t_i), half of it for j = 0: a measure with moments m_j is sum_j basis[j][i] m_j at
   t_i, since sum_j basis[j][i] T_j(t) is the Lagrange polynomial of t_i. */
void emblas_quadrature_init(struct quadrature *quadrature) {
  for (size_t i = 0; i < MOMENTS; i++) {
    double angle = 3.14159265358979323846 * ((double)(MOMENTS - 1 - i) + 0.5) / MOMENTS;
    quadrature->points[i] = cos(angle);
    for (size_t j = 0; j < MOMENTS; j++)
      quadrature->basis[j][i] = (j == 0 ? 1.0 : 2.0) / MOMENTS * cos((double)j * angle);
  }
}

/* ------------------------------------------------------------------ moments */

#define EACH_LANE for (int l = 0; l < LANES; l++)

/* Eight points, each in a lane of its own: `before` and `now` begin as w T_-1 = w T_1 and w T_0. */
DISPATCHED void begin(const double *x, const double *w, const struct interval *on, double *twice,
                      double *before, double *now) {
  EACH_LANE {
    double t = (x[l] - on->centre) * on->inverse;
    twice[l] = 2 * t;
    before[l] = w[l] * t;
    now[l] = w[l];
  }
}

/* Adds w T_j(t) of four times eight points, whose weights are `stride` apart: while one waits for its last
   step others take theirs. Plain arrays in one loop are what compilers keep in registers. */
DISPATCHED void add_moments(const double *x, const double *w, size_t stride, const struct interval *on,
                            double sums[MOMENTS][LANES]) {
  double a[LANES], a_before[LANES], a_twice[LANES], b[LANES], b_before[LANES], b_twice[LANES];
  double c[LANES], c_before[LANES], c_twice[LANES], d[LANES], d_before[LANES], d_twice[LANES];
  begin(x, w, on, a_twice, a_before, a);
  begin(x + LANES, w + stride, on, b_twice, b_before, b);
  begin(x + 2 * LANES, w + 2 * stride, on, c_twice, c_before, c);
  begin(x + 3 * LANES, w + 3 * stride, on, d_twice, d_before, d);
  for (int j = 0; j < MOMENTS; j++) EACH_LANE {
      double a_next = a_twice[l] * a[l] - a_before[l], b_next = b_twice[l] * b[l] - b_before[l];
      double c_next = c_twice[l] * c[l] - c_before[l], d_next = d_twice[l] * d[l] - d_before[l];
      sums[j][l] += (a[l] + b[l]) + (c[l] + d[l]);
      a_before[l] = a[l], b_before[l] = b[l], c_before[l] = c[l], d_before[l] = d[l];
      a[l] = a_next, b[l] = b_next, c[l] = c_next, d[l] = d_next;
    }
}

RUN_TIME_DISPATCH
static void add_up(size_t n, const double *x, const double *w, struct interval on, double *moments) {
  enum { TOGETHER = 4 * LANES };
  static const double ones[LANES] = {1, 1, 1, 1, 1, 1, 1, 1};
  double sums[MOMENTS][LANES] = {{0}}, last_x[TOGETHER], last_w[TOGETHER];
  size_t whole = n - n % TOGETHER, stride = w != NULL ? LANES : 0;
  for (size_t i = 0; i < whole; i += TOGETHER)
    add_moments(x + i, w != NULL ? w + i : ones, stride, &on, sums);
  for (size_t l = 0; l < TOGETHER; l++) {
    int inside = whole + l < n;
    last_x[l] = inside ? x[whole + l] : on.centre;
    last_w[l] = !inside ? 0 : w != NULL ? w[whole + l] : 1;
  }
  if (whole < n) add_moments(last_x, last_w, LANES, &on, sums);
  for (int j = 0; j < MOMENTS; j++)
    moments[j] = ((sums[j][0] + sums[j][1]) + (sums[j][2] + sums[j][3])) +
                 ((sums[j][4] + sums[j][5]) + (sums[j][6] + sums[j][7]));
}

void emblas_quadrature_moments(size_t n, const double *x, const double *w, struct interval on,
                               double *moments) {
  add_up(n, x, w, on, moments); /* dispatched functions cannot be hidden */
}

/* ------------------------------------------------------------------ the Jacobi matrix */

struct jacobi {
  double diagonal[Q], off[Q]; /* off[j] couples j and j + 1 */
};

DISPATCHED double product(const double *a, const double *b) {
  double lanes[LANES] = {0};
  for (int i = 0; i < MOMENTS; i += LANES)
    for (int l = 0; l < LANES; l++) lanes[l] += a[i + l] * b[i + l];
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* Of the signed measure v on the points t, of mass 1, by Stieltjes' procedure. Each polynomial is made
   orthogonal to all before it, which keeps the roundings from adding up. Zero when a norm is not positive.
 */
RUN_TIME_DISPATCH
static int recurrence(const double *t, const double *v, struct jacobi *matrix) {
  double p[Q][MOMENTS], weighted[Q][MOMENTS], next[MOMENTS], square_terms[MOMENTS];
  for (int i = 0; i < MOMENTS; i++) p[0][i] = 1, weighted[0][i] = v[i];
  for (int j = 0;; j++) {
    for (int i = 0; i < MOMENTS; i++) next[i] = t[i] * p[j][i];
    matrix->diagonal[j] = product(next, weighted[j]);
    if (j + 1 == Q) return 1;
    for (int l = j; l >= 0; l--) {
      double part = product(next, weighted[l]);
      for (int i = 0; i < MOMENTS; i++) next[i] -= part * p[l][i];
    }
    for (int i = 0; i < MOMENTS; i++) square_terms[i] = v[i] * next[i];
    double square = product(square_terms, next);
    if (!(square > EXHAUSTED)) return 0;
    matrix->off[j] = sqrt(square);
    double inverse = 1 / matrix->off[j];
    for (int i = 0; i < MOMENTS; i++) {
      p[j + 1][i] = next[i] * inverse;
      weighted[j + 1][i] = square_terms[i] * inverse;
    }
  }
}

/* Where the block that begins at `start` ends: the first off-diagonal that counts for nothing. */
static int block_end(const struct jacobi *a, int start) {
  int end = start;
  while (end + 1 < Q &&
         fabs(a->off[end]) > DBL_EPSILON / 2 * (fabs(a->diagonal[end]) + fabs(a->diagonal[end + 1])))
    end++;
  return end;
}

/* One implicit QL sweep with Wilkinson's shift over the block start..end (EISPACK's tql2; Golub, Van Loan,
   section 8.3). first: the first entries of the eigenvectors, as far as they are. */
static void sweep(struct jacobi *a, double *first, int start, int end) {
  double *d = a->diagonal, *e = a->off;
  double g = (d[start + 1] - d[start]) / (2 * e[start]), r = sqrt(g * g + 1);
  double s = 1, c = 1, p = 0;
  g = d[end] - d[start] + e[start] / (g + (g >= 0 ? r : -r));
  for (int i = end - 1; i >= start; i--) {
    double f = s * e[i], b = c * e[i], later = first[i + 1];
    r = sqrt(f * f + g * g);
    if (i + 1 < end) e[i + 1] = r;
    if (r == 0) { /* the block has come apart */
      d[i + 1] -= p;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    r = (d[i] - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
    first[i + 1] = s * first[i] + c * later;
    first[i] = c * first[i] - s * later;
  }
  d[start] -= p;
  e[start] = g;
}

/* Eigenvalues into the diagonal, the eigenvectors' first entries into first. */
static int eigenvalues(struct jacobi *a, double *first) {
  for (int i = 0; i < Q; i++) first[i] = i == 0;
  for (int start = 0; start < Q; start++) {
    int sweeps = 0, end;
    while ((end = block_end(a, start)) > start) {
      if (++sweeps > MAX_SWEEPS) return 0;
      sweep(a, first, start, end);
    }
  }
  return 1;
}

/* ------------------------------------------------------------------ the rule */

/* The nodes t, ascending, with the squares of the entries, which become weights of the sum 1. */
static void sort_nodes(double *t, double *weights) {
  double sum = 0;
  for (int i = 0; i < Q; i++) {
    double node = t[i], weight = weights[i] * weights[i];
    int at = i;
    for (; at > 0 && t[at - 1] > node; at--) {
      t[at] = t[at - 1];
      weights[at] = weights[at - 1];
    }
    t[at] = node;
    weights[at] = weight;
  }
  for (int i = 0; i < Q; i++) sum += weights[i];
  for (int i = 0; i < Q; i++) weights[i] /= sum;
}

/* Are the rule's moments those of the points, and its weights positive? */
static int agrees(const double *t, const double *weights, const double *moments) {
  double of_rule[MOMENTS];
  static const struct interval identity = {0, 1, 1};
  for (int i = 0; i < Q; i++)
    if (!(weights[i] > 0) || !(fabs(t[i]) <= 1 + 16 * DBL_EPSILON)) return 0;
  emblas_quadrature_moments(Q, t, weights, identity, of_rule);
  for (int j = 0; j < MOMENTS; j++)
    if (!(fabs(of_rule[j] - moments[j]) <= MOMENT_TOLERANCE)) return 0;
  return 1;
}

/* Solves a x = b for x, in b; Gaussian elimination with partial pivoting. */
static void solve(double a[Q][Q], double *b) {
  for (int j = 0; j < Q; j++) {
    int pivot = j;
    for (int i = j + 1; i < Q; i++)
      if (fabs(a[i][j]) > fabs(a[pivot][j])) pivot = i;
    for (int l = 0; l < Q; l++) {
      double swap = a[j][l];
      a[j][l] = a[pivot][l], a[pivot][l] = swap;
    }
    double swap = b[j];
    b[j] = b[pivot], b[pivot] = swap;
    for (int i = j + 1; i < Q; i++) {
      double part = a[i][j] / a[j][j];
      for (int l = j + 1; l < Q; l++) a[i][l] -= part * a[j][l];
      b[i] -= part * b[j];
    }
  }
  for (int j = Q; j-- > 0;) {
    for (int l = j + 1; l < Q; l++) b[j] -= a[j][l] * b[l];
    b[j] /= a[j][j];
  }
}

/* A node is rounded to an x, far more coarsely than the cell is wide where that lies far from 0. The
   weights make up for it in the first Q moments, which smooth functions depend on most; the others stay as
   they are but for that rounding. */
static void correct(const double *nodes, struct interval on, const double *moments, double *weights) {
  double a[Q][Q], rest[Q];
  for (int i = 0; i < Q; i++) {
    double t = (nodes[i] - on.centre) * on.inverse, before = t, now = 1;
    for (int j = 0; j < Q; j++) {
      double next = 2 * t * now - before;
      a[j][i] = now;
      before = now;
      now = next;
    }
  }
  for (int j = 0; j < Q; j++) {
    rest[j] = moments[j];
    for (int i = 0; i < Q; i++) rest[j] -= weights[i] * a[j][i];
  }
  solve(a, rest);
  for (int i = 0; i < Q; i++)
    if (fabs(rest[i]) < weights[i] / 2) weights[i] += rest[i]; /* false for NaN, too */
}

/* Weights of the mass 1 become those of the mass; what their sum loses goes to the largest. */
static void give_mass(double mass, double *weights) {
  double rest = mass;
  int largest = 0;
  for (int i = 0; i < Q; i++) {
    weights[i] *= mass;
    rest -= weights[i];
    if (weights[i] > weights[largest]) largest = i;
  }
  weights[largest] += rest;
}

void emblas_quadrature_spread(const struct quadrature *quadrature, const double *moments, double *measure) {
  for (int i = 0; i < MOMENTS; i++) measure[i] = 0;
  for (int j = 0; j < MOMENTS; j++)
    for (int i = 0; i < MOMENTS; i++) measure[i] += quadrature->basis[j][i] * moments[j];
}

int emblas_quadrature_rule(const struct quadrature *quadrature, const double *moments, double low,
                           double high, double *nodes, double *weights) {
  double mass = moments[0], share[MOMENTS], measure[MOMENTS];
  struct interval on = interval(low, high);
  struct jacobi matrix;
  if (!isfinite(on.inverse)) return 0;
  for (int j = 0; j < MOMENTS; j++) share[j] = moments[j] / mass;
  emblas_quadrature_spread(quadrature, share, measure);
  if (!recurrence(quadrature->points, measure, &matrix) || !eigenvalues(&matrix, weights)) return 0;
  sort_nodes(matrix.diagonal, weights);
  if (!agrees(matrix.diagonal, weights, share)) return 0;
  for (int i = 0; i < Q; i++) nodes[i] = fmin(fmax(on.centre + on.half * matrix.diagonal[i], low), high);
  correct(nodes, on, share, weights);
  give_mass(mass, weights);
  return 1;
}
