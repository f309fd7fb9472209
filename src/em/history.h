/* SPDX-License-Identifier: MIT */
/* The last steps of a sequence x(t) with residuals f(t) = M(x(t)) - x(t): what methods of acceleration see.
   Near a fixed point f is linear in x, and the changes tell how: df = (J - I) dx. */
#ifndef EMBLAS_HISTORY_H
#define EMBLAS_HISTORY_H

#include "../base/arena.h"

enum { HISTORY = 16 };

struct history {
  size_t size;                       /* entries of a vector */
  double *f;                         /* the residual of the current point */
  double *dx[HISTORY], *df[HISTORY]; /* changes that led there, [0] the last */
  size_t count;                      /* changes held */
  double xx[HISTORY][HISTORY];       /* dx_i . dx_j */
  double xf[HISTORY][HISTORY];       /* dx_i . df_j */
  double ff[HISTORY][HISTORY];       /* df_i . df_j */
};

void emblas_history_allocate(struct history *h, struct arena *arena, size_t size);

/* Another change joins the others, of which the oldest may go. */
void emblas_history_push(struct history *h, const double *dx, const double *df);

/* Forgets all but the `keep` newest changes. */
void emblas_history_forget(struct history *h, size_t keep);

double emblas_dot(size_t n, const double *a, const double *b);

/* A = L L' in place (lower triangle), m x m. Non-zero where A is not positive definite. */
int emblas_small_cholesky(size_t m, double a[HISTORY][HISTORY]);
/* b = L^-1 b, and b = L^-T b. */
void emblas_small_forward(size_t m, double l[HISTORY][HISTORY], double *b);
void emblas_small_backward(size_t m, double l[HISTORY][HISTORY], double *b);

#endif
