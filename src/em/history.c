/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <math.h>
#include <string.h>

void emblas_history_allocate(struct history *h, struct arena *arena, size_t size) {
  *h = (struct history){.size = size};
  double *vectors = emblas_arena_doubles(arena, 2 + 2 * HISTORY, size);
  if (vectors == NULL) return;
  h->x = vectors;
  h->f = vectors + size;
  for (size_t i = 0; i < HISTORY; i++) {
    h->dx[i] = vectors + (2 + 2 * i) * size;
    h->df[i] = vectors + (3 + 2 * i) * size;
  }
}

/* In four sums, which need not wait for each other. */
double emblas_dot(size_t n, const double *a, const double *b) {
  double sum[4] = {0}, rest = 0;
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (size_t l = 0; l < 4; l++) sum[l] += a[i + l] * b[i + l];
  for (; i < n; i++) rest += a[i] * b[i];
  return ((sum[0] + sum[2]) + (sum[1] + sum[3])) + rest;
}

/* Makes room at [0]: everything moves on by one, the oldest vectors come round to be written anew. */
static void shift(struct history *h) {
  double *dx = h->dx[HISTORY - 1], *df = h->df[HISTORY - 1];
  memmove(h->dx + 1, h->dx, (HISTORY - 1) * sizeof *h->dx);
  memmove(h->df + 1, h->df, (HISTORY - 1) * sizeof *h->df);
  h->dx[0] = dx;
  h->df[0] = df;
  for (size_t i = HISTORY - 1; i > 0; i--) {
    memmove(h->xx[i] + 1, h->xx[i - 1], (HISTORY - 1) * sizeof h->xx[i][0]);
    memmove(h->xf[i] + 1, h->xf[i - 1], (HISTORY - 1) * sizeof h->xf[i][0]);
    memmove(h->ff[i] + 1, h->ff[i - 1], (HISTORY - 1) * sizeof h->ff[i][0]);
  }
  if (h->count < HISTORY) h->count++;
}

/* Those of the newest changes with changes i, in one walk. */
static void products(struct history *h, size_t i) {
  const double *x = h->dx[0], *f = h->df[0], *dx = h->dx[i], *df = h->df[i];
  double xx[2] = {0}, ff[2] = {0}, xf[2] = {0}, fx[2] = {0};
  size_t l = 0;
  for (; l + 2 <= h->size; l += 2)
    for (size_t m = 0; m < 2; m++) {
      xx[m] += x[l + m] * dx[l + m];
      ff[m] += f[l + m] * df[l + m];
      xf[m] += x[l + m] * df[l + m];
      fx[m] += f[l + m] * dx[l + m];
    }
  if (l < h->size) {
    xx[0] += x[l] * dx[l];
    ff[0] += f[l] * df[l];
    xf[0] += x[l] * df[l];
    fx[0] += f[l] * dx[l];
  }
  h->xx[0][i] = h->xx[i][0] = xx[0] + xx[1];
  h->ff[0][i] = h->ff[i][0] = ff[0] + ff[1];
  h->xf[0][i] = xf[0] + xf[1];
  h->xf[i][0] = fx[0] + fx[1];
}

void emblas_history_push(struct history *h, const double *x, const double *f, int first) {
  h->span.m = 0;
  if (first) {
    h->count = 0;
  } else {
    shift(h);
    for (size_t l = 0; l < h->size; l++) {
      h->dx[0][l] = x[l] - h->x[l];
      h->df[0][l] = f[l] - h->f[l];
    }
    for (size_t i = 0; i < h->count; i++) products(h, i);
  }
  memcpy(h->x, x, h->size * sizeof *x);
  memcpy(h->f, f, h->size * sizeof *f);
}

void emblas_history_forget(struct history *h, size_t keep) {
  h->span.m = 0;
  if (h->count > keep) h->count = keep;
}

int emblas_small_cholesky(size_t m, double a[HISTORY][HISTORY]) {
  for (size_t j = 0; j < m; j++)
    for (size_t i = j; i < m; i++) {
      for (size_t l = 0; l < j; l++) a[i][j] -= a[i][l] * a[j][l];
      if (i == j && !(a[j][j] > 0)) return 1;
      a[i][j] = i == j ? sqrt(a[j][j]) : a[i][j] / a[j][j];
    }
  return 0;
}

void emblas_small_forward(size_t m, double l[HISTORY][HISTORY], double *b) {
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < i; j++) b[i] -= l[i][j] * b[j];
    b[i] /= l[i][i];
  }
}

void emblas_small_backward(size_t m, double l[HISTORY][HISTORY], double *b) {
  for (size_t i = m; i-- > 0;) {
    for (size_t j = i + 1; j < m; j++) b[i] -= l[j][i] * b[j];
    b[i] /= l[i][i];
  }
}
