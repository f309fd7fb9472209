/* SPDX-License-Identifier: MIT */
#include "spectrum.h"

#include "../base/dispatch.h"
#include "../base/eigen.h"

#include <math.h>
#include <string.h>

/* A change within this angle of the span of newer ones adds nothing to it but rounding. */
static const double PARALLEL = 1e-4;
/* A is symmetric. A change that says otherwise by more was made where A was another. */
static const double ASYMMETRY = 0.2;

enum { ROW = sizeof(struct spectrum_row) / sizeof(double) };

/* Gram and Schmidt: q_m is the part of the change in slot c that is orthogonal to those before. Products
   with all changes, and with q_j, are made at once. */
DISPATCHED void add_change(struct spectrum *s, const struct history *h, size_t c) {
  size_t m = s->m;
  struct spectrum_row *row = &s->row[m];
  double left = h->xx[c][c], asymmetry = 0, own = 0;
  for (size_t j = 0; j < m; j++) left -= s->row[j].x[c] * s->row[j].x[c];
  if (!(left > PARALLEL * PARALLEL * h->xx[c][c])) return;
  double norm = sqrt(left), inverse = 1 / norm, *restrict to = row->x;
  IN_VECTORS for (size_t i = 0; i < HISTORY; i++) {
    row->x[i] = h->xx[c][i];
    row->ax[i] = -h->xf[c][i]; /* A dx_i = -df_i */
    row->xa[i] = -h->fx[c][i];
    row->q[i] = row->transposed[i] = 0;
  }
  for (size_t j = 0; j < m; j++) {
    row->q[j] = s->row[j].xa[c];
    row->transposed[j] = s->row[j].ax[c];
  }
  for (size_t j = 0; j < m; j++) {
    const double *restrict other = s->row[j].x;
    double part = s->row[j].x[c];
    IN_VECTORS for (size_t i = 0; i < ROW; i++) to[i] -= part * other[i];
  }
  IN_VECTORS for (size_t i = 0; i < ROW; i++) to[i] *= inverse;
  for (size_t j = 0; j < m; j++) {
    double difference = fabs(row->q[j] - row->transposed[j]);
    asymmetry = difference > asymmetry ? difference : asymmetry;
    own += s->row[j].x[c] * row->q[j];
  }
  if (asymmetry > ASYMMETRY) return;
  for (size_t j = 0; j < m; j++) {
    s->row[j].q[m] = row->transposed[j];
    s->row[j].transposed[m] = row->q[j];
  }
  row->q[m] = row->transposed[m] = (row->ax[c] - own) * inverse;
  s->norm[m] = norm;
  s->column[s->m++] = c;
}

/* Of the two that should be equal, the entry that the newer change says counts: the older was made farther
   from here. */
DISPATCHED void diagonalise(struct spectrum *s) {
  size_t m = s->m;
  double a[HISTORY][HISTORY], open[HISTORY][HISTORY], turned[HISTORY][HISTORY];
  for (size_t i = 0; i < m; i++) {
    const struct spectrum_row *row = &s->row[i];
    IN_VECTORS for (size_t j = 0; j < HISTORY; j++) {
      a[i][j] = j <= i ? row->q[j] : row->transposed[j];
      open[i][j] = (row->transposed[j] - row->q[j]) / 2;
    }
  }
  emblas_eigen_small(m, a, s->vector);
  for (size_t i = 0; i < m; i++) /* sums that need not wait for each other */
    for (size_t e = 0; e < m; e++) {
      double part = s->vector[e][i], *sum = turned[e];
      IN_VECTORS for (size_t j = 0; j < HISTORY; j++) sum[j] = (i > 0 ? sum[j] : 0) + part * open[i][j];
    }
  for (size_t e = 0; e < m; e++) {
    double sum = 0;
    for (size_t j = 0; j < m; j++) sum += turned[e][j] * turned[e][j];
    s->curvature[e] = a[e][e];
    s->uncertain[e] = sqrt(sum);
  }
}

DISPATCHED void project(const struct spectrum *s, const struct history *h, const double *v, double *q) {
  emblas_history_project(h, s->m, s->column, v, q);
  for (size_t i = 0; i < s->m; i++) {
    q[i] /= s->norm[i];
    for (size_t j = i + 1; j < s->m; j++) q[j] -= s->row[i].x[s->column[j]] * q[i];
  }
}

RUN_TIME_DISPATCH
static void make(struct spectrum *s, const struct history *h) {
  s->m = 0;
  for (size_t age = 0; age < h->count && s->m < h->size; age++) add_change(s, h, h->slot[age]);
  if (s->m == 0) return;
  diagonalise(s);
  project(s, h, h->f, s->residual);
  for (size_t e = 0; e < s->m; e++) {
    s->along[e] = 0;
    for (size_t i = 0; i < s->m; i++) s->along[e] += s->vector[e][i] * s->residual[i];
  }
}

void emblas_spectrum_make(struct spectrum *s, const struct history *h) {
  make(s, h);
}

/* Q w as weights of the changes: from the oldest one on. */
static void weights_of(const struct spectrum *s, const double *w, double *weights) {
  for (size_t i = s->m; i-- > 0;) {
    weights[i] = w[i];
    for (size_t j = i + 1; j < s->m; j++) weights[i] -= s->row[i].x[s->column[j]] * weights[j];
    weights[i] /= s->norm[i];
  }
}

void emblas_spectrum_turn(const struct spectrum *s, const double *z, double *w) {
  for (size_t i = 0; i < s->m; i++) w[i] = 0;
  for (size_t e = 0; e < s->m; e++)
    for (size_t i = 0; i < s->m; i++) w[i] += z[e] * s->vector[e][i];
}

void emblas_spectrum_step(const struct spectrum *s, const struct history *h, const double *w, double plain,
                          double *step, double *left) {
  double weights[HISTORY];
  weights_of(s, w, weights);
  memset(step, 0, h->size * sizeof *step);
  memcpy(left, h->f, h->size * sizeof *left);
  emblas_history_add(h, h->dx, s->m, s->column, weights, step);
  emblas_history_add(h, h->df, s->m, s->column, weights, left);
  for (size_t l = 0; l < h->size; l++) step[l] += plain * left[l];
}

void emblas_spectrum_advance(const struct spectrum *s, const struct history *h, double *left) {
  double w[HISTORY], weights[HISTORY];
  project(s, h, left, w);
  weights_of(s, w, weights);
  emblas_history_add(h, h->df, s->m, s->column, weights, left);
}
