/* SPDX-License-Identifier: MIT */
/**
 * @file backend.h
 * Backends: const tables of the kernels that do the arithmetic of the E and M steps.
 *
 * `reference` is plain C loops: always built, always complete, the specification. `blas` hands the
 * products to a BLAS. `native` is vector code for the processor at hand, for what a BLAS is slow at. A
 * table of your own may be passed to a fit as well: copy a table, override what you do better.
 *
 * b: rows of a block, d: dimension, k: components, p: features. Arrays of a block are stored feature by
 * feature (component by component): x is d x b, phi p x b, logits and responsibilities k x b, each row of
 * such an array `stride` >= b doubles after the one before; what lies between b and stride is not touched.
 * Other matrices are row-major. Outputs never overlap inputs unless said so. Sizes are at least 1. Kernels
 * do not allocate, keep no state, and may be called from many threads at once.
 */
#ifndef EMBLAS_BACKEND_H
#define EMBLAS_BACKEND_H

#include <emblas/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the rows i of a block, with weights w_i, add up to. */
struct emblas_block_sums {
  double loglik[2]; /**< sum_i w_i log sum_c exp(l_ic): a high and a low part, added without loss */
  double magnitude; /**< sum_i |w_i log sum_c exp(l_ic)| */
  double q;         /**< sum_i w_i sum_c r_ic l_ic */
  double hard;      /**< sum_i w_i log max_c r_ic: for the ICL */
};

/** Memory that is likely to be asked for next: a kernel may fetch it while it works. bytes: 0 for none. */
struct emblas_ahead {
  const void *start;
  size_t bytes;
};

/** Normal components in d dimensions. */
struct emblas_normals {
  size_t k, d;
  const double *constant; /**< k: log weight + log density at the mean */
  const double *mean;     /**< k x d */
  /**
   * Full covariances, k x d x d: K, the inverse of the lower Cholesky factor; its upper triangle is not
   * read. Diagonal and spherical ones, k x d: 1 / deviation.
   */
  const double *inverse;
};

struct emblas_backend {
  const char *name; /**< "reference", "blas", ... */

  /**
   * How far a component of a diagonal or spherical covariance may go in the expanded form logit = phi'
   * theta: up to sum_j |theta_j phi_j| = limit times d, two standard deviations out from its mean. The
   * error of a logit, which is a sum of d squares, is about 1.1e-16 times that sum. 0: never; every
   * component is evaluated in the centred form |L^-1 (x - mean)|^2, as full covariances are, and a single
   * component, and one dimension by univariate(). With n rows a fit uses the limit or 8 sqrt(n), whichever
   * is less.
   */
  double expansion_limit;

  /**
   * Called around the work of every call that fits or predicts: enter makes the kernels run on the calling
   * thread alone and returns what leave needs to put the host's setting back. Either may be NULL.
   */
  int (*enter)(void);
  void (*leave)(int token);

  /**
   * L = Theta Phi, or L + Theta Phi where add: logits[c,i] = sum_j theta[c,j] phi[j,i].
   * theta: k rows of p, theta_stride apart.
   */
  void (*logits)(size_t b, size_t stride, size_t p, size_t k, const double *theta, size_t theta_stride,
                 const double *phi, double *logits, int add);

  /**
   * Logits become weighted responsibilities, in place:
   * l[c,i] <- w_i exp(l[c,i]) / sum_c' exp(l[c',i]), evaluated with the row's maximum taken out.
   * weights: b entries, NULL for ones. row_loglik: NULL, or b entries that receive log sum_c exp(l[c,i]),
   * unweighted. The block's sums are added to *sums.
   */
  void (*softmax)(size_t b, size_t stride, size_t k, double *logits, const double *weights,
                  double *row_loglik, struct emblas_block_sums *sums);

  /** S += R Phi': stats[c,j] += sum_i r[c,i] phi[j,i].  stats: k rows of p, stats_stride apart. */
  void (*moments)(size_t b, size_t stride, size_t p, size_t k, const double *r, const double *phi,
                  double *stats, size_t stats_stride);

  /** z_i = x_i y_i, for the features: products of columns. z may be x. */
  void (*multiply)(size_t b, const double *x, const double *y, double *z);

  /**
   * Weighted scatter: m[j,l] += sum_i r_i x[j,i] x[l,i] for l <= j; the upper triangle of m (d x d) is
   * not touched. r: b entries >= 0. scratch: d rows as x has.
   */
  void (*scatter)(size_t b, size_t stride, size_t d, const double *r, const double *x, double *scratch,
                  double *m);

  /**
   * Cholesky: the lower triangle of a (d x d) becomes L with L L' = a; the upper is neither read nor
   * written. Returns 0, or 1 + the index of the first pivot that is not positive (NaN included), a
   * then holding no meaning.
   */
  size_t (*cholesky)(size_t d, double *a);

  /**
   * Symmetric eigenproblem: of a (d x d) the lower triangle is read; row i of a becomes the unit
   * eigenvector of values[i], in no order, to roundings of the largest. scratch: 2 (d + 3)^2 doubles.
   * Returns 0; or not 0 where an entry is not finite or the iteration did not end, a and values then
   * holding no meaning.
   */
  size_t (*eigen)(size_t d, double *a, double *values, double *scratch);

  /**
   * QR: b = Q L' with L (d x d) lower triangular, zeros above, no diagonal entry negative. L L' = b'b is
   * never formed, which would lose its small directions. b (d x d) is used up. scratch: as eigen's.
   */
  void (*qr)(size_t d, double *b, double *factor, double *scratch);

  /**
   * K = L^-1 of a lower triangle with positive pivots, both d x d, from K L = I: |K L - I| is at most about
   * d eps |K| |L|, entry by entry, so that K y is as good as solving with L. The upper triangle of factor
   * is not read; that of inverse may hold anything after.
   */
  void (*invert)(size_t d, const double *factor, double *inverse);

  /**
   * Rows of the data, which lie row_stride apart, become a block: z_i = V y_i, y_ij = x[i row_stride + j]
   * factor_j - origin_j. factor: powers of two. whitener: V, d x d, lower triangular; NULL for I. NULL: by
   * plain loops and logits().
   */
  void (*columns)(size_t b, size_t stride, size_t d, const double *x, size_t row_stride,
                  const double *factor, const double *origin, const double *whitener,
                  struct emblas_ahead ahead, double *z);

  /**
   * Logits of normal components of diagonal covariances, l[c,i] = constant_c - sum_j ((x_ij - mean_cj)
   * inverse_cj)^2 / 2 (its second part at least -5e299, whatever overflows), and their statistics about
   * those means, k rows of p: stats[c] += sum_i r[c,i] [1, y, y_j^2], y = x_i - mean_c. p is 1 + 2 d; where
   * it is 2 + d, for spherical covariances, a row ends with |y|^2 instead. The difference comes first, so
   * that nothing is lost, however narrow a component is and wherever it lies.
   */
  void (*diagonal_logits)(size_t b, size_t stride, const struct emblas_normals *normals, const double *x,
                          double *logits);
  void (*diagonal_moments)(size_t b, size_t stride, const struct emblas_normals *normals, size_t p,
                           const double *r, const double *x, double *stats);

  /**
   * The same for full covariances: l[c,i] = constant_c - |K_c (x_i - mean_c)|^2 / 2, its second part at
   * least -5e299 too, and k rows of p = 1 + d + d (d + 1) / 2: stats[c] += sum_i r[c,i] [1, y, y_j y_l for
   * l <= j, row by row], y = x_i - mean_c. No difference of large numbers is formed, however a component is
   * conditioned and wherever it lies. scratch: (d + 4) (b + d + 32) doubles.
   */
  void (*quadratic_logits)(size_t b, size_t stride, const struct emblas_normals *normals, const double *x,
                           double *scratch, double *logits);
  void (*quadratic_moments)(size_t b, size_t stride, const struct emblas_normals *normals, const double *r,
                            const double *x, double *scratch, double *stats);

  /**
   * All at once: quadratic_logits, softmax and quadratic_moments. NULL: by these. r: room for k rows as x
   * has; weights, scratch, stats and sums are theirs. For log sum_c exp(l_ic) = max + log z magnitude may
   * take |max| + log z, which is up to 2 log k more. Row i may be left out of the statistics of component c
   * where the weighted responsibility r_ic is at most 2^-100 of the weight w_i, and at most 2^-100 of the
   * largest r_c of the block or of 2^-465 w_i.
   */
  void (*quadratic)(size_t b, size_t stride, const struct emblas_normals *normals, const double *x,
                    const double *weights, struct emblas_ahead ahead, double *r, double *scratch,
                    double *stats, struct emblas_block_sums *sums);

  /**
   * One dimension, all at once: logits, softmax and moments of components of their own variances. NULL: by
   * the kernels above. terms, k x 3: mean, -1 / (2 variance), log weight + log density at the mean. stats,
   * k x 3: stats[c] += sum_i r_ic [1, x_i - mean_c, (x_i - mean_c)^2], r weighted. Of *sums it leaves out
   * q, which stats tells, and hard; magnitude, which is no more than a scale, may take up to four rows
   * together, and the logarithm of each four to within log 2. scratch: 64 k doubles.
   */
  void (*univariate)(size_t b, size_t k, const double *x, const double *weights, const double *terms,
                     double *stats, struct emblas_block_sums *sums, double *scratch);
};

/** Plain C loops. Never NULL. */
EMBLAS_API const struct emblas_backend *emblas_backend_reference(void);
/** The BLAS this library was built with; NULL when it was built without. */
EMBLAS_API const struct emblas_backend *emblas_backend_blas(void);
/** Vector code for this processor; NULL when the compiler had no vectors. */
EMBLAS_API const struct emblas_backend *emblas_backend_native(void);
/** What a fit of k components with p features uses by itself, by what is fastest. Never NULL. */
EMBLAS_API const struct emblas_backend *emblas_backend_auto(size_t k, size_t p);
/**
 * "blas", "native", "reference"; NULL for a name this build does not have. "native-x86-64-v4" (AVX-512),
 * "native-x86-64-v3" (AVX2) and "native-baseline" are native's code for one instruction set, for
 * comparisons: NULL where the processor does not run it. Their name is "native".
 */
EMBLAS_API const struct emblas_backend *emblas_backend_find(const char *name);
/**
 * What BLAS was found, for people: vendor, version, core name (as "OpenBLAS 0.3.21 ... Haswell").
 * Static storage; "none" when built without.
 */
EMBLAS_API const char *emblas_backend_blas_description(void);
/**
 * What makes cholesky, eigen and qr of the backend "blas", for people: "LAPACKE 3.11.0"; "none" where they
 * are the reference's loops. Static storage.
 */
EMBLAS_API const char *emblas_backend_lapack_description(void);

#ifdef __cplusplus
}
#endif
#endif
