/* SPDX-License-Identifier: MIT */
/* The last steps of a sequence x(t) with residuals f(t) = M(x(t)) - x(t): what methods of acceleration see.
   Near a fixed point f is linear in x, and the changes tell how: df = (J - I) dx. */
#ifndef EMBLAS_HISTORY_H
#define EMBLAS_HISTORY_H

#include "../base/arena.h"

enum { HISTORY = 12 };

struct history {
  size_t size;                 /* entries of a vector */
  double *f;                   /* the residual of the current point */
  size_t count, slot[HISTORY]; /* changes held, and where: the newest first, then slots that are free */
  double *dx[HISTORY], *df[HISTORY]; /* changes that led there, by slots, as all that follows */
  int residuals;                     /* are products of df kept, too? */
  double xx[HISTORY][HISTORY];       /* dx_i . dx_j; 0 where there was no change yet, as in the next two */
  double xf[HISTORY][HISTORY];       /* dx_i . df_j */
  double fx[HISTORY][HISTORY];       /* df_i . dx_j: the same by columns */
  double ff[HISTORY][HISTORY];       /* df_i . df_j, if they are kept */
};

void emblas_history_allocate(struct history *h, struct arena *arena, size_t size);

/* Another change joins the others, of which the oldest may go. */
void emblas_history_push(struct history *h, const double *dx, const double *df);

/* Forgets all but the `keep` newest changes, or those in `keep` slots, the newest first. */
void emblas_history_forget(struct history *h, size_t keep);
void emblas_history_select(struct history *h, size_t keep, const size_t *slots);

/* products[i] = dx . v, dx the change in slots[i]. */
void emblas_history_project(const struct history *h, size_t m, const size_t *slots, const double *v,
                            double *products);

/* y += sum_i weights_i changes_i over the slots; changes is dx or df. */
void emblas_history_add(const struct history *h, double *const *changes, size_t m, const size_t *slots,
                        const double *weights, double *y);

double emblas_dot(size_t n, const double *a, const double *b);

#endif
