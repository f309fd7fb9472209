/* SPDX-License-Identifier: MIT */
/* What the history tells of A = I - J, J the Jacobian of the map: curvatures in the span of the last
   changes. In the metric of the complete data's information A is symmetric and EM is steepest ascent: the
   log-likelihood is a quadratic with gradient f and Hessian -A, per observation. */
#ifndef EMBLAS_SPECTRUM_H
#define EMBLAS_SPECTRUM_H

#include "history.h"

/* Products of q_j = (dx_c - sum_i (q_i . dx_c) q_i) / norm_j, i < j; c = column[j]. Entries that are not
   known yet are 0. */
struct spectrum_row {
  double x[HISTORY];          /* q_j . dx_c, for all slots c */
  double ax[HISTORY];         /* q_j . A dx_c */
  double xa[HISTORY];         /* dx_c . A q_j */
  double q[HISTORY];          /* q_j . A q_i: Q'AQ as differences say it, .. */
  double transposed[HISTORY]; /* .. q_i . A q_j: which is not quite symmetric */
};

/* An orthonormal basis Q over the changes that are used, the newest first. */
struct spectrum {
  size_t m, column[HISTORY]; /* slots of the history */
  double norm[HISTORY];
  struct spectrum_row row[HISTORY];
  double residual[HISTORY];  /* Q'f */
  double curvature[HISTORY]; /* eigenvalues of Q'AQ's symmetric form: 1 - rate; negative where J grows */
  double vector[HISTORY][HISTORY]; /* [e]: to the curvature [e], in the basis Q */
  double uncertain[HISTORY];       /* what asymmetry leaves open of the curvature [e] */
  double along[HISTORY];           /* of the residual, in the basis of the vectors */
};

void emblas_spectrum_make(struct spectrum *s, const struct history *h);

/* w = what z, in the basis of the vectors, is in the basis Q. */
void emblas_spectrum_turn(const struct spectrum *s, const double *z, double *w);

/* step = Q w and `plain` times the residual there, which is left = f - A Q w. */
void emblas_spectrum_step(const struct spectrum *s, const struct history *h, const double *w, double plain,
                          double *step, double *left);

/* The residual one plain step later: left -= A Q Q' left. Out of the span it stays as it is. */
void emblas_spectrum_advance(const struct spectrum *s, const struct history *h, double *left);

#endif
