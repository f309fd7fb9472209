/* SPDX-License-Identifier: MIT */
/* What the history tells of A = I - J, J the Jacobian of the map: curvatures in the span of the last
   changes. In the metric of the complete data's information A is symmetric and EM is steepest ascent: the
   log-likelihood is a quadratic with gradient f and Hessian -A, per observation. */
#ifndef EMBLAS_SPECTRUM_H
#define EMBLAS_SPECTRUM_H

#include "history.h"

/* Q = dX L^-T, orthonormal, over the changes that are used, the newest first. */
struct spectrum {
  size_t m, column[HISTORY];
  double l[HISTORY][HISTORY];
  double qaq[HISTORY][HISTORY];    /* Q'AQ as differences say it, column by column: not quite symmetric */
  double curvature[HISTORY];       /* eigenvalues of its symmetric form: 1 - rate; negative where J grows */
  double vector[HISTORY][HISTORY]; /* [e]: to the curvature [e], in the basis Q */
  double uncertain[HISTORY];       /* what asymmetry leaves open of the curvature [e] */
};

void emblas_spectrum_make(struct spectrum *s, const struct history *h);

/* Q'v, in the basis of the curvatures' vectors. */
void emblas_spectrum_project(struct spectrum *s, const struct history *h, const double *v, double *along);

/* z, in the basis of the vectors, as weights of the changes that are used. */
void emblas_spectrum_weights(struct spectrum *s, const double *z, double *weights);

#endif
