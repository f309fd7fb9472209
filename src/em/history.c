/* SPDX-License-Identifier: MIT */
#include "history.h"

#include "../base/dispatch.h"

#include <string.h>

void emblas_history_allocate(struct history *h, struct arena *arena, size_t size) {
  h->size = size;
  h->count = 0;
  for (size_t i = 0; i < HISTORY; i++) h->slot[i] = i;
  h->residuals = 0;
  h->f = emblas_arena_doubles(arena, size, 1);
  double *vectors[2 * HISTORY];
  emblas_arena_vectors(arena, 2 * HISTORY, size, vectors);
  memcpy(h->dx, vectors, sizeof h->dx);
  memcpy(h->df, vectors + HISTORY, sizeof h->df);
  memset(h->xx, 0, sizeof h->xx);
  memset(h->xf, 0, sizeof h->xf);
  memset(h->fx, 0, sizeof h->fx);
}

/* In sums that need not wait for each other. */
DISPATCHED double dot(size_t n, const double *restrict a, const double *restrict b) {
  enum { SUMS = 4 };
  double sums[SUMS] = {0}, rest = 0;
  size_t i = 0;
  for (; i + SUMS <= n; i += SUMS)
    for (size_t l = 0; l < SUMS; l++) sums[l] += a[i + l] * b[i + l];
  for (; i < n; i++) rest += a[i] * b[i];
  return ((sums[0] + sums[2]) + (sums[1] + sums[3])) + rest;
}

RUN_TIME_DISPATCH
static double dot_of(size_t n, const double *a, const double *b) {
  return dot(n, a, b);
}

double emblas_dot(size_t n, const double *a, const double *b) {
  return dot_of(n, a, b);
}

RUN_TIME_DISPATCH
static void project(const struct history *h, size_t m, const size_t *slots, const double *v,
                    double *products) {
  for (size_t i = 0; i < m; i++) products[i] = dot(h->size, h->dx[slots[i]], v);
}

/* y += factor x */
DISPATCHED void add_scaled(size_t n, double factor, const double *restrict x, double *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] += factor * x[i];
}

RUN_TIME_DISPATCH
static void add(size_t n, double *const *changes, size_t m, const size_t *slots, const double *weights,
                double *y) {
  for (size_t i = 0; i < m; i++) add_scaled(n, weights[i], changes[slots[i]], y);
}

void emblas_history_project(const struct history *h, size_t m, const size_t *slots, const double *v,
                            double *products) {
  project(h, m, slots, v, products);
}

void emblas_history_add(const struct history *h, double *const *changes, size_t m, const size_t *slots,
                        const double *weights, double *y) {
  add(h->size, changes, m, slots, weights, y);
}

RUN_TIME_DISPATCH
static void multiply(struct history *h, size_t s) {
  size_t n = h->size;
  const double *dx = h->dx[s], *df = h->df[s];
  for (size_t age = 0; age < h->count; age++) {
    size_t i = h->slot[age];
    h->xx[s][i] = h->xx[i][s] = dot(n, dx, h->dx[i]);
    h->xf[s][i] = h->fx[i][s] = dot(n, dx, h->df[i]);
    h->fx[s][i] = h->xf[i][s] = dot(n, df, h->dx[i]);
    if (h->residuals) h->ff[s][i] = h->ff[i][s] = dot(n, df, h->df[i]);
  }
}

void emblas_history_push(struct history *h, const double *dx, const double *df) {
  if (h->count < HISTORY) h->count++;
  size_t s = h->slot[h->count - 1]; /* a free one, or the oldest's */
  memmove(h->slot + 1, h->slot, (h->count - 1) * sizeof *h->slot);
  h->slot[0] = s;
  memcpy(h->dx[s], dx, h->size * sizeof *dx);
  memcpy(h->df[s], df, h->size * sizeof *df);
  multiply(h, s);
}

void emblas_history_forget(struct history *h, size_t keep) {
  if (h->count > keep) h->count = keep;
}

void emblas_history_select(struct history *h, size_t keep, const size_t *slots) {
  size_t free = keep;
  int kept[HISTORY] = {0};
  for (size_t i = 0; i < keep; i++) kept[slots[i]] = 1;
  memcpy(h->slot, slots, keep * sizeof *slots);
  for (size_t s = 0; s < HISTORY; s++)
    if (!kept[s]) h->slot[free++] = s;
  h->count = keep;
}
