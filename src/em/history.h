/* SPDX-License-Identifier: MIT */
/* The last steps of a sequence x(t) with residuals f(t) = M(x(t)) - x(t): what methods of acceleration see.
   Near a fixed point f is linear in x, and the changes tell how: df = (J - I) dx. */
#ifndef EMBLAS_HISTORY_H
#define EMBLAS_HISTORY_H

#include "../base/arena.h"

enum { HISTORY = 10 };

/* An orthonormal basis of the last changes of x, Q = dX L^-T over the columns that are used, and what f
   changes by along it, Y = dF L^-T. */
struct span {
  size_t m, column[HISTORY];
  double l[HISTORY][HISTORY];
  double qy[HISTORY][HISTORY]; /* Q'Y */
};

struct history {
  size_t size;                       /* entries of a vector */
  double *x, *f;                     /* the current point and its residual */
  double *dx[HISTORY], *df[HISTORY]; /* changes that led to them, [0] the last */
  size_t count;                      /* changes held */
  double xx[HISTORY][HISTORY];       /* dx_i . dx_j */
  double xf[HISTORY][HISTORY];       /* dx_i . df_j */
  double ff[HISTORY][HISTORY];       /* df_i . df_j */
  struct span span;                  /* of all this, once it was asked for; else of no columns */
};

void emblas_history_allocate(struct history *h, struct arena *arena, size_t size);

/* The next point: its change joins the others, of which the oldest may go. first: there is none before. */
void emblas_history_push(struct history *h, const double *x, const double *f, int first);

/* Forgets all but the `keep` newest changes. */
void emblas_history_forget(struct history *h, size_t keep);

double emblas_dot(size_t n, const double *a, const double *b);

/* A = L L' in place (lower triangle), m x m. Non-zero where A is not positive definite. */
int emblas_small_cholesky(size_t m, double a[HISTORY][HISTORY]);
/* b = L^-1 b, and b = L^-T b. */
void emblas_small_forward(size_t m, double l[HISTORY][HISTORY], double *b);
void emblas_small_backward(size_t m, double l[HISTORY][HISTORY], double *b);

#endif
