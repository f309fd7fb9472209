/* SPDX-License-Identifier: MIT */
/* The method of EMBLAS_ACCELERATE_AUTO: a step in the span of the last changes, then a plain step from
   there. With Q an orthonormal basis of the span and Y = (J - I) Q the changes of the residual along it, a
   step Q z leaves the residual f + Y z, and the candidate is x + Q z + (f + Y z).

   Anderson's choice of z makes |f + Y z| small: the best near an optimum. It is a root finder's, and goes
   for saddle points too: where z points against the residual, which is uphill, the choice is Newton's with
   all eigenvalues of the symmetric part of -Q'Y taken as positive. z is kept within a radius that rejected
   steps shrink and accepted ones widen. */
#include "../base/eigen.h"
#include "accelerate.h"

#include <math.h>
#include <string.h>

/* A change within this angle of the span of newer ones adds nothing to it but rounding. */
static const double PARALLEL = 1e-2;
/* Tikhonov's term in units of the columns' norms. */
static const double DAMPING = 1e-4;
/* No direction is stretched by more where curvature is uncertain. */
static const double STRETCH = 100;
/* The radius after an accepted step that it limited, and after a rejected one. */
static const double WIDEN = 4, NARROW = 2;
/* Changes kept when a step was rejected. */
enum { KEEP = 1 };

/* Cholesky of dX'dX, leaving out columns that are nearly in the span of newer ones. */
static void choose_columns(const struct history *h, struct span *s) {
  s->m = 0;
  for (size_t i = 0; i < h->count && s->m < h->size; i++) {
    double *row = s->l[s->m], left = h->xx[i][i];
    for (size_t j = 0; j < s->m; j++) {
      row[j] = h->xx[i][s->column[j]];
      for (size_t l = 0; l < j; l++) row[j] -= row[l] * s->l[j][l];
      row[j] /= s->l[j][j];
      left -= row[j] * row[j];
    }
    if (!(left > PARALLEL * PARALLEL * h->xx[i][i])) continue;
    row[s->m] = sqrt(left);
    s->column[s->m++] = i;
  }
}

/* B <- L^-1 B. The columns past the last are there to make rows of one length, and are 0. */
static void solve_rows(const struct span *s, double b[HISTORY][HISTORY]) {
  for (size_t i = 0; i < s->m; i++) {
    double row[HISTORY], inverse = 1 / s->l[i][i];
    for (size_t j = 0; j < HISTORY; j++) row[j] = b[i][j];
    for (size_t l = 0; l < i; l++)
      for (size_t j = 0; j < HISTORY; j++) row[j] -= s->l[i][l] * b[l][j];
    for (size_t j = 0; j < HISTORY; j++) b[i][j] = inverse * row[j];
  }
}

/* L^-1 A L^-T for A the chosen columns of a. */
static void change_basis(const struct span *s, double a[HISTORY][HISTORY], double out[HISTORY][HISTORY]) {
  size_t m = s->m;
  double half[HISTORY][HISTORY]; /* L^-1 A' */
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < HISTORY; j++) half[i][j] = j < m ? a[s->column[j]][s->column[i]] : 0;
  solve_rows(s, half);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < HISTORY; j++) out[i][j] = j < m ? half[j][i] : 0;
  solve_rows(s, out);
}

/* The span of the history as it is: the rate and the candidate that follows are of the same. */
static struct span *span_of(struct history *h) {
  struct span *s = &h->span;
  if (s->m > 0) return s;
  choose_columns(h, s);
  change_basis(s, h->xf, s->qy);
  return s;
}

/* dX'f in the basis Q, or dF'f in Y. */
static void project(struct span *s, double *const *columns, const struct history *h, double *out) {
  for (size_t i = 0; i < s->m; i++) out[i] = emblas_dot(h->size, columns[s->column[i]], h->f);
  emblas_small_forward(s->m, s->l, out);
}

/* z = argmin |f + Y z|^2 + damping; non-zero where it goes downhill. */
static int least_residual(struct history *h, struct span *s, const double *qf, double *z) {
  double matrix[HISTORY][HISTORY], yf[HISTORY], uphill = 0;
  change_basis(s, h->ff, matrix); /* Y'Y */
  project(s, h->df, h, yf);
  for (size_t i = 0; i < s->m; i++) {
    matrix[i][i] *= 1 + DAMPING;
    z[i] = -yf[i];
  }
  if (emblas_small_cholesky(s->m, matrix) != 0) return 1;
  emblas_small_forward(s->m, matrix, z);
  emblas_small_backward(s->m, matrix, z);
  for (size_t i = 0; i < s->m; i++) uphill += z[i] * qf[i];
  return !(uphill > 0);
}

/* z = |B|^-1 Q'f, B the symmetric part of -Q'Y. */
static void saddle_free(const struct span *s, const double *qf, double *z) {
  size_t m = s->m;
  double b[HISTORY * HISTORY], v[HISTORY * HISTORY];
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) b[i * m + j] = -(s->qy[i][j] + s->qy[j][i]) / 2;
  emblas_eigen_symmetric(m, b, v);
  memset(z, 0, m * sizeof *z);
  for (size_t e = 0; e < m; e++) {
    double along = emblas_dot(m, v + e * m, qf) / fmax(fabs(b[e * m + e]), 1 / STRETCH);
    for (size_t i = 0; i < m; i++) z[i] += along * v[e * m + i];
  }
}

static int propose(struct accelerator *a, double *candidate) {
  struct history *h = &a->history;
  struct span *s = span_of(h);
  double qf[HISTORY], z[HISTORY];
  if (s->m == 0) return 0;
  project(s, h->dx, h, qf);
  if (a->ritz > GROWING || least_residual(h, s, qf, z)) saddle_free(s, qf, z);

  double length = sqrt(emblas_dot(s->m, z, z));
  a->limited = length > a->radius;
  double shrink = a->limited ? a->radius / length : 1;
  a->length = shrink * length;
  emblas_small_backward(s->m, s->l, z);
  for (size_t l = 0; l < h->size; l++) candidate[l] = h->x[l] + h->f[l];
  for (size_t i = 0; i < s->m; i++) {
    const double *dx = h->dx[s->column[i]], *df = h->df[s->column[i]];
    double along = shrink * z[i];
    for (size_t l = 0; l < h->size; l++) candidate[l] += along * (dx[l] + df[l]);
  }
  return 1;
}

static void verdict(struct accelerator *a, int accepted) {
  if (accepted) {
    if (a->limited) a->radius *= WIDEN;
  } else {
    a->radius = a->length / NARROW;
    emblas_history_forget(&a->history, KEEP);
  }
}

const struct method emblas_subspace = {propose, verdict};

/* out = a a; columns past the last are 0 (solve_rows). */
static void square(size_t m, double a[HISTORY][HISTORY], double out[HISTORY][HISTORY]) {
  for (size_t i = 0; i < m; i++) {
    double row[HISTORY] = {0};
    for (size_t l = 0; l < m; l++)
      for (size_t j = 0; j < HISTORY; j++) row[j] += a[i][l] * a[l][j];
    memcpy(out[i], row, sizeof row);
  }
}

static double total(const double sums[HISTORY]) {
  double sum = 0;
  for (size_t j = 0; j < HISTORY; j++) sum += sums[j];
  return sum;
}

/* a <- a^4, scaled to entries whose sizes add up to 1. Returns by how much they change, added up too. */
static double fourth_power(size_t m, double a[HISTORY][HISTORY]) {
  double squared[HISTORY][HISTORY], fourth[HISTORY][HISTORY], sizes[HISTORY] = {0}, changes[HISTORY] = {0};
  square(m, a, squared);
  square(m, squared, fourth);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < HISTORY; j++) sizes[j] += fabs(fourth[i][j]);
  double size = total(sizes), scale = size > 0 ? 1 / size : 1;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < HISTORY; j++) {
      double now = scale * fourth[i][j];
      changes[j] += fabs(now - a[i][j]);
      a[i][j] = now;
    }
  return total(changes);
}

/* The dominant eigenvalue of Q'JQ = I + Q'Y by power iteration, up to 4^FOURTH steps of it: fewer where the
   power changes no more, and a further one would leave the square of that. */
double emblas_subspace_rate(struct history *h) {
  enum { FOURTH = 6 };
  const double little = 1e-8;
  struct span *s = span_of(h);
  double power[HISTORY][HISTORY], step[HISTORY][HISTORY], v[HISTORY], next[HISTORY];
  if (s->m == 0) return 0;
  for (size_t i = 0; i < s->m; i++)
    for (size_t j = 0; j < HISTORY; j++) power[i][j] = step[i][j] = s->qy[i][j] + (i == j);
  for (int i = 0; i < FOURTH && fourth_power(s->m, power) > little; i++) continue;
  for (size_t i = 0; i < s->m; i++) {
    v[i] = 0;
    for (size_t j = 0; j < s->m; j++) v[i] += power[i][j] / (1 + (double)j);
  }
  for (size_t i = 0; i < s->m; i++) next[i] = emblas_dot(s->m, step[i], v);
  double norm = emblas_dot(s->m, v, v);
  return norm > 0 ? sqrt(emblas_dot(s->m, next, next) / norm) : 0;
}
