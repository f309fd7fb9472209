/* SPDX-License-Identifier: MIT */
/* Anderson's mixing (Walker, Ni, SIAM J. Numer. Anal. 49, 2011; for EM: Henderson, Varadhan, J. Comput.
   Graph. Stat. 28, 2019): x + f - (dX + dF) g, where g minimises |f - dF g|. */
#include "accelerate.h"

#include <math.h>
#include <string.h>

/* Tikhonov's term, in units of the columns' norms: singular values below its root hardly count. */
static const double DAMPING = 1e-4;

/* A = L L' in place (lower triangle), m x m. Non-zero where A is not positive definite. */
static int factorise(size_t m, double a[HISTORY][HISTORY]) {
  for (size_t j = 0; j < m; j++)
    for (size_t i = j; i < m; i++) {
      for (size_t l = 0; l < j; l++) a[i][j] -= a[i][l] * a[j][l];
      if (i == j && !(a[j][j] > 0)) return 1;
      a[i][j] = i == j ? sqrt(a[j][j]) : a[i][j] / a[j][j];
    }
  return 0;
}

/* b = L'^-1 L^-1 b */
static void solve(size_t m, double l[HISTORY][HISTORY], double *b) {
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < i; j++) b[i] -= l[i][j] * b[j];
    b[i] /= l[i][i];
  }
  for (size_t i = m; i-- > 0;) {
    for (size_t j = i + 1; j < m; j++) b[i] -= l[j][i] * b[j];
    b[i] /= l[i][i];
  }
}

static void begin(struct accelerator *a) {
  a->history.residuals = 1;
}

static int propose(struct accelerator *a, double *step) {
  const struct history *h = &a->history;
  size_t m = h->count;
  double matrix[HISTORY][HISTORY], g[HISTORY];
  if (m == 0) return 0;
  for (size_t i = 0; i < m; i++) {
    size_t c = h->slot[i];
    g[i] = emblas_dot(h->size, h->df[c], h->f);
    for (size_t j = 0; j < m; j++) matrix[i][j] = h->ff[c][h->slot[j]];
    matrix[i][i] *= 1 + DAMPING;
  }
  if (factorise(m, matrix) != 0) return 0;
  solve(m, matrix, g);
  memset(step, 0, h->size * sizeof *step);
  memcpy(a->residual, h->f, h->size * sizeof *step);
  for (size_t i = 0; i < m; i++) g[i] = -g[i];
  emblas_history_add(h, h->dx, m, h->slot, g, step);
  emblas_history_add(h, h->df, m, h->slot, g, a->residual);
  for (size_t l = 0; l < h->size; l++) step[l] += a->residual[l];
  return 1;
}

static void rejected(struct accelerator *a) {
  emblas_history_forget(&a->history, 0);
}

const struct method emblas_anderson = {.begin = begin, .propose = propose, .rejected = rejected};
