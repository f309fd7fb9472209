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

/* Q = dX L^-T over the columns that are used. */
struct span {
  size_t m, column[HISTORY];
  double l[HISTORY][HISTORY];
  double qy[HISTORY][HISTORY]; /* Q'Y */
  double yy[HISTORY][HISTORY]; /* Y'Y */
};

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
    memcpy(row, b[i], sizeof row);
    for (size_t l = 0; l < i; l++)
      for (size_t j = 0; j < HISTORY; j++) row[j] -= s->l[i][l] * b[l][j];
    for (size_t j = 0; j < HISTORY; j++) b[i][j] = inverse * row[j];
  }
}

/* L^-1 A L^-T for A the chosen columns of a. */
static void change_basis(const struct span *s, const double a[HISTORY][HISTORY],
                         double out[HISTORY][HISTORY]) {
  double half[HISTORY][HISTORY]; /* L^-1 A' */
  memset(half, 0, sizeof half);
  for (size_t i = 0; i < s->m; i++)
    for (size_t j = 0; j < s->m; j++) half[i][j] = a[s->column[j]][s->column[i]];
  solve_rows(s, half);
  memset(out, 0, sizeof half);
  for (size_t i = 0; i < s->m; i++)
    for (size_t j = 0; j < s->m; j++) out[i][j] = half[j][i];
  solve_rows(s, out);
}

static void make_span(const struct history *h, struct span *s) {
  choose_columns(h, s);
  change_basis(s, h->xf, s->qy);
  change_basis(s, h->ff, s->yy);
}

/* dX'v in the basis Q, or dF'v in Y. */
static void project(struct span *s, double *const *columns, const struct history *h, double *out) {
  for (size_t i = 0; i < s->m; i++) out[i] = emblas_dot(h->size, columns[s->column[i]], h->f);
  emblas_small_forward(s->m, s->l, out);
}

/* z = argmin |f + Y z|^2 + damping; non-zero where it goes downhill. */
static int least_residual(const struct span *s, const double *qf, const double *yf, double *z) {
  double matrix[HISTORY][HISTORY], uphill = 0;
  memcpy(matrix, s->yy, sizeof matrix);
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
  const struct history *h = &a->history;
  struct span s;
  double qf[HISTORY], yf[HISTORY], z[HISTORY];
  make_span(h, &s);
  if (s.m == 0) return 0;
  project(&s, (double *const *)h->dx, h, qf);
  project(&s, (double *const *)h->df, h, yf);
  if (a->ritz > GROWING || least_residual(&s, qf, yf, z)) saddle_free(&s, qf, z);

  double length = sqrt(emblas_dot(s.m, z, z));
  a->limited = length > a->radius;
  double shrink = a->limited ? a->radius / length : 1;
  a->length = shrink * length;
  emblas_small_backward(s.m, s.l, z);
  for (size_t l = 0; l < h->size; l++) {
    candidate[l] = h->x[l] + h->f[l];
    for (size_t i = 0; i < s.m; i++)
      candidate[l] += shrink * z[i] * (h->dx[s.column[i]][l] + h->df[s.column[i]][l]);
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

/* a <- a a, scaled to keep its largest entry at 1. Returns the largest change of an entry. Columns past the
   last are 0 (solve_rows). */
static double square(size_t m, double a[HISTORY][HISTORY]) {
  double product[HISTORY][HISTORY], most[HISTORY] = {0}, change[HISTORY] = {0};
  for (size_t i = 0; i < m; i++) {
    double row[HISTORY] = {0};
    for (size_t l = 0; l < m; l++)
      for (size_t j = 0; j < HISTORY; j++) row[j] += a[i][l] * a[l][j];
    for (size_t j = 0; j < HISTORY; j++) most[j] = fabs(row[j]) > most[j] ? fabs(row[j]) : most[j];
    memcpy(product[i], row, sizeof row);
  }
  for (size_t j = 1; j < m; j++) most[0] = most[j] > most[0] ? most[j] : most[0];
  double scale = most[0] > 0 ? 1 / most[0] : 1;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < HISTORY; j++) {
      double now = scale * product[i][j], by = fabs(now - a[i][j]);
      change[j] = by > change[j] ? by : change[j];
      a[i][j] = now;
    }
  for (size_t j = 1; j < m; j++) change[0] = change[j] > change[0] ? change[j] : change[0];
  return change[0];
}

/* The dominant eigenvalue of Q'JQ = I + Q'Y by power iteration, up to 2^SQUARINGS steps of it: fewer when
   squaring has come to its end, where each step squares what is left of the other eigenvalues. */
double emblas_subspace_rate(const struct history *h) {
  enum { SQUARINGS = 12 };
  const double SETTLED = 1e-8; /* its square is rounding */
  struct span s;
  double power[HISTORY][HISTORY], v[HISTORY], next[HISTORY];
  choose_columns(h, &s);
  if (s.m == 0) return 0;
  change_basis(&s, h->xf, s.qy);
  for (size_t i = 0; i < s.m; i++) s.qy[i][i] += 1;
  memcpy(power, s.qy, sizeof power);
  for (int i = 0; i < SQUARINGS && square(s.m, power) > SETTLED; i++) continue;
  for (size_t i = 0; i < s.m; i++) {
    v[i] = 0;
    for (size_t j = 0; j < s.m; j++) v[i] += power[i][j] / (1 + (double)j);
  }
  for (size_t i = 0; i < s.m; i++) next[i] = emblas_dot(s.m, s.qy[i], v);
  double norm = emblas_dot(s.m, v, v);
  return norm > 0 ? sqrt(emblas_dot(s.m, next, next) / norm) : 0;
}
