/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <math.h>
#include <string.h>

void emblas_history_allocate(struct history *h, struct arena *arena, size_t size) {
  *h = (struct history){.size = size};
  h->f = emblas_arena_doubles(arena, size, 1);
  for (size_t i = 0; i < HISTORY; i++) {
    h->dx[i] = emblas_arena_doubles(arena, size, 1);
    h->df[i] = emblas_arena_doubles(arena, size, 1);
  }
}

double emblas_dot(size_t n, const double *a, const double *b) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
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

void emblas_history_push(struct history *h, const double *dx, const double *df) {
  shift(h);
  memcpy(h->dx[0], dx, h->size * sizeof *dx);
  memcpy(h->df[0], df, h->size * sizeof *df);
  for (size_t i = 0; i < h->count; i++) {
    h->xx[0][i] = h->xx[i][0] = emblas_dot(h->size, h->dx[0], h->dx[i]);
    h->ff[0][i] = h->ff[i][0] = emblas_dot(h->size, h->df[0], h->df[i]);
    h->xf[0][i] = emblas_dot(h->size, h->dx[0], h->df[i]);
    h->xf[i][0] = emblas_dot(h->size, h->dx[i], h->df[0]);
  }
}

void emblas_history_forget(struct history *h, size_t keep) {
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
