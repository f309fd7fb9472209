/* SPDX-License-Identifier: MIT */
#include "spectrum.h"

#include "../base/eigen.h"

#include <math.h>
#include <string.h>

/* A change within this angle of the span of newer ones adds nothing to it but rounding. */
static const double PARALLEL = 1e-4;
/* A is symmetric. A change that says otherwise by more was made where A was another. */
static const double ASYMMETRY = 0.2;

/* Gram and Schmidt: the part of change c that is orthogonal to those before, and A's entries there. */
static void add_change(struct spectrum *s, const struct history *h, size_t c) {
  size_t m = s->m;
  double row[HISTORY], to[HISTORY], from[HISTORY], left = h->xx[c][c], own = -h->xf[c][c], asymmetry = 0;
  for (size_t j = 0; j < m; j++) {
    row[j] = h->xx[c][s->column[j]];
    to[j] = -h->xf[s->column[j]][c];
    from[j] = -h->xf[c][s->column[j]];
  }
  emblas_small_forward(m, s->l, row);  /* q_j . dx_c */
  emblas_small_forward(m, s->l, to);   /* q_j . A dx_c */
  emblas_small_forward(m, s->l, from); /* dx_c . A q_j */
  for (size_t j = 0; j < m; j++) {
    left -= row[j] * row[j];
    own -= row[j] * (to[j] + from[j]);
  }
  if (!(left > PARALLEL * PARALLEL * h->xx[c][c])) return;
  double norm = sqrt(left);
  for (size_t j = 0; j < m; j++) {
    for (size_t l = 0; l < m; l++) {
      own += row[j] * row[l] * s->qaq[j][l];
      to[j] -= row[l] * s->qaq[j][l];
      from[j] -= row[l] * s->qaq[l][j];
    }
    s->qaq[j][m] = to[j] / norm;
    s->qaq[m][j] = from[j] / norm;
    asymmetry = fmax(asymmetry, fabs(to[j] - from[j]) / norm);
  }
  if (asymmetry > ASYMMETRY) return;
  s->qaq[m][m] = own / left;
  memcpy(s->l[m], row, m * sizeof *row);
  s->l[m][m] = norm;
  s->column[s->m++] = c;
}

/* Of the two that should be equal, the entry that the newer change says counts: the older was made farther
   from here. */
static void diagonalise(struct spectrum *s) {
  size_t m = s->m;
  double a[HISTORY * HISTORY], v[HISTORY * HISTORY];
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j <= i; j++) a[i * m + j] = a[j * m + i] = s->qaq[i][j];
  emblas_eigen_symmetric(m, a, v);
  for (size_t e = 0; e < m; e++) {
    double sum = 0;
    s->curvature[e] = a[e * m + e];
    memcpy(s->vector[e], v + e * m, m * sizeof *v);
    for (size_t i = 0; i < m; i++) {
      double open = 0;
      for (size_t j = 0; j < m; j++) open += (s->qaq[i][j] - s->qaq[j][i]) / 2 * s->vector[e][j];
      sum += open * open;
    }
    s->uncertain[e] = sqrt(sum);
  }
}

void emblas_spectrum_make(struct spectrum *s, const struct history *h) {
  s->m = 0;
  for (size_t i = 0; i < h->count && s->m < h->size; i++) add_change(s, h, i);
  diagonalise(s);
}

void emblas_spectrum_project(struct spectrum *s, const struct history *h, const double *v, double *along) {
  double q[HISTORY];
  for (size_t i = 0; i < s->m; i++) q[i] = emblas_dot(h->size, h->dx[s->column[i]], v);
  emblas_small_forward(s->m, s->l, q);
  for (size_t e = 0; e < s->m; e++) along[e] = emblas_dot(s->m, s->vector[e], q);
}

void emblas_spectrum_weights(struct spectrum *s, const double *z, double *weights) {
  for (size_t i = 0; i < s->m; i++) {
    weights[i] = 0;
    for (size_t e = 0; e < s->m; e++) weights[i] += z[e] * s->vector[e][i];
  }
  emblas_small_backward(s->m, s->l, weights);
}
