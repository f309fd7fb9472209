/* SPDX-License-Identifier: MIT */
/* Plain EM for Gaussian mixtures in 113-bit arithmetic: the textbook's formulas, nothing clever, nothing
   shared with the library. The oracle for problems whose answer nobody has published. */
#ifndef TEST_QUAD_EM_H
#define TEST_QUAD_EM_H

#include "real.h"
#include <emblas/emblas.h>

struct quad_mixture {
  size_t n, d, k;
  enum emblas_covariance covariance;
  const double *x, *w;                 /* n x d; n observation weights or NULL */
  real *resp;                          /* n x k */
  real *weights, *means, *covariances; /* k, k x d, k x d x d */
  real *axes;                          /* d x d: of all components, where they share them */
  real loglik;                         /* at these parameters, after quad_expect() */
};

/* Starts from hard labels (an M step). Memory is test_keep()'s. */
struct quad_mixture quad_start(const struct emblas_data *data, size_t k, enum emblas_covariance covariance,
                               const size_t *labels);
/* E step: resp and loglik. */
void quad_expect(struct quad_mixture *mixture);
/* M step: the parameters from resp. */
void quad_maximise(struct quad_mixture *mixture);
/* Runs `maps` EM maps and the E step at their end. */
void quad_run(struct quad_mixture *mixture, size_t maps);

/* The same, rounded: k, k x d, k x d x d; kept. */
double *quad_weights(const struct quad_mixture *mixture);
double *quad_means(const struct quad_mixture *mixture);
double *quad_covariances(const struct quad_mixture *mixture);
/* Lower Cholesky factors of the covariances, which are in the range of double when those are not. */
double *quad_factors(const struct quad_mixture *mixture);
/* Of each column: the largest standard deviation in a component. */
double *quad_scale(const struct quad_mixture *mixture);

#endif
