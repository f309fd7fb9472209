/* SPDX-License-Identifier: MIT */
/**
 * @file backend.h
 * Backends: const tables of the kernels that do the arithmetic of the E and M steps.
 *
 * `reference` is plain C loops: always built, always complete, the specification. `blas` hands the
 * same products to a BLAS. A table of your own may be passed to a fit as well: copy the reference
 * table, override what you do better.
 *
 * All matrices are row-major and dense (the stride is the second dimension). b: rows of a block,
 * d: dimension, k: components, p: features. Outputs never overlap inputs unless said so. Sizes are
 * at least 1. Kernels do not allocate, keep no state, and may be called from many threads at once.
 */
#ifndef EMBLAS_BACKEND_H
#define EMBLAS_BACKEND_H

#include <emblas/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the softmax adds up beside the rows' own log-likelihoods, over the rows i with weights w_i. */
struct emblas_block_sums {
  double q;    /**< sum_i w_i sum_c r_ic l_ic */
  double hard; /**< sum_i w_i log max_c r_ic: for the ICL */
};

struct emblas_backend {
  const char *name; /**< "reference", "blas", ... */

  /**
   * How far a component may go in the expanded form logit = phi' theta: up to sum_j |theta_j phi_j| = limit
   * times d, two standard deviations out from its mean. The error of a logit, which is a sum of d squares, is
   * about 1.1e-16 times that sum. 0: never; every component is evaluated in the centred form
   * |L^-1 (x - mean)|^2. With n rows a fit uses the limit or 8 sqrt(n), whichever is less.
   */
  double expansion_limit;

  /**
   * Called around a fit or prediction: enter makes the kernels run on the calling thread alone and
   * returns what leave needs to put the host's setting back. Either may be NULL.
   */
  int (*enter)(void);
  void (*leave)(int token);

  /** L = Phi Theta': logits[i,c] = sum_j phi[i,j] theta[c,j].  phi b x p, theta k x p, logits b x k. */
  void (*logits)(size_t b, size_t p, size_t k, const double *phi, const double *theta,
                 double *logits);

  /**
   * Rows of logits become weighted responsibilities, in place:
   * l[i,c] <- w_i exp(l[i,c]) / sum_c' exp(l[i,c']), evaluated with the row's maximum taken out.
   * weights: b entries, NULL for ones. row_loglik: b entries, receives log sum_c exp(l[i,c]), unweighted. The
   * block's sums are added to *sums.
   */
  void (*softmax)(size_t b, size_t k, double *logits, const double *weights, double *row_loglik,
                  struct emblas_block_sums *sums);

  /** S += R' Phi: stats[c,j] += sum_i r[i,c] phi[i,j].  r b x k, phi b x p, stats k x p. */
  void (*moments)(size_t b, size_t p, size_t k, const double *r, const double *phi, double *stats);

  /** z_i = L^-1 (x_i - mean).  factor: d x d, lower triangular; x, z: b x d, z may be x; mean: NULL for 0. */
  void (*whiten)(size_t b, size_t d, const double *factor, const double *mean, const double *x,
                 double *z);

  /**
   * Weighted scatter: m[j,l] += sum_i r_i x[i,j] x[i,l] for l <= j; the upper triangle of m (d x d) is
   * not touched. r_i = r[i * stride] >= 0. scratch: b x d.
   */
  void (*scatter)(size_t b, size_t d, const double *r, size_t stride, const double *x, double *scratch,
                  double *m);

  /**
   * Cholesky: the lower triangle of a (d x d) becomes L with L L' = a; the upper is neither read nor
   * written. Returns 0, or 1 + the index of the first pivot that is not positive (NaN included), a
   * then holding no meaning.
   */
  size_t (*cholesky)(size_t d, double *a);
};

/** Plain C loops. Never NULL. */
EMBLAS_API const struct emblas_backend *emblas_backend_reference(void);
/** The BLAS this library was built with; NULL when it was built without. */
EMBLAS_API const struct emblas_backend *emblas_backend_blas(void);
/** What a fit uses by itself: blas where it is built, else reference. Never NULL. */
EMBLAS_API const struct emblas_backend *emblas_backend_auto(void);
/** "auto", "blas", "reference"; NULL for a name this build does not have. */
EMBLAS_API const struct emblas_backend *emblas_backend_find(const char *name);
/**
 * What BLAS was found, for people: vendor, version, core name (as "OpenBLAS 0.3.21 ... Haswell").
 * Static storage; "none" when built without.
 */
EMBLAS_API const char *emblas_backend_blas_description(void);

#ifdef __cplusplus
}
#endif
#endif
