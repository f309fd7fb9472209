/* SPDX-License-Identifier: MIT */
/* Anderson's mixing (Walker, Ni, SIAM J. Numer. Anal. 49, 2011; for EM: Henderson, Varadhan, J. Comput.
   Graph. Stat. 28, 2019): x + f - (dX + dF) g, where g minimises |f - dF g|. */
#include "accelerate.h"

#include <math.h>

/* Tikhonov's term, in units of the columns' norms: singular values below its root hardly count. */
static const double DAMPING = 1e-4;

static int propose(struct accelerator *a, double *step) {
  const struct history *h = &a->history;
  size_t m = h->count;
  double matrix[HISTORY][HISTORY], g[HISTORY];
  if (m == 0) return 0;
  for (size_t i = 0; i < m; i++) {
    g[i] = emblas_dot(h->size, h->df[i], h->f);
    for (size_t j = 0; j < m; j++) matrix[i][j] = h->ff[i][j];
    matrix[i][i] *= 1 + DAMPING;
  }
  if (emblas_small_cholesky(m, matrix) != 0) return 0;
  emblas_small_forward(m, matrix, g);
  emblas_small_backward(m, matrix, g);
  for (size_t l = 0; l < h->size; l++) {
    step[l] = h->f[l];
    for (size_t i = 0; i < m; i++) step[l] -= g[i] * (h->dx[i][l] + h->df[i][l]);
  }
  return 1;
}

static void rejected(struct accelerator *a) {
  emblas_history_forget(&a->history, 0);
}

const struct method emblas_anderson = {.propose = propose, .rejected = rejected};
