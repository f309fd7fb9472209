/* SPDX-License-Identifier: MIT */
/* The kernels as BLAS calls: dgemm, dgemv, dtrsm, dsyrk, and LAPACK's Cholesky. The only file that knows a
 * BLAS. */
#include "kernels.h"

#if defined(EMBLAS_HAVE_BLAS)

#include <cblas.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#if defined(EMBLAS_HAVE_LAPACK)
extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
#endif
#if defined(EMBLAS_BLAS_BLIS)
extern void bli_thread_set_num_threads(long threads);
extern long bli_thread_get_num_threads(void);
#endif

/* L = Phi Theta' */
static void logits(size_t b, size_t p, size_t k, const double *phi, const double *theta, double *l) {
  if (k == 1)
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)b, (int)p, 1, phi, (int)p, theta, 1, 0, l, 1);
  else
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)b, (int)k, (int)p, 1, phi, (int)p, theta,
                (int)p, 0, l, (int)k);
}

/* S += R' Phi */
static void moments(size_t b, size_t p, size_t k, const double *r, const double *phi, double *s) {
  if (k == 1)
    cblas_dgemv(CblasRowMajor, CblasTrans, (int)b, (int)p, 1, phi, (int)p, r, 1, 1, s, 1);
  else
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)k, (int)p, (int)b, 1, r, (int)k, phi, (int)p,
                1, s, (int)p);
}

/* Z L' = X - 1 mean' */
static void whiten(size_t b, size_t d, const double *factor, const double *mean, const double *x,
                   double *z) {
  if (mean == NULL) {
    if (z != x) memcpy(z, x, b * d * sizeof *z);
  } else {
    for (size_t i = 0; i < b; i++)
      for (size_t j = 0; j < d; j++) z[i * d + j] = x[i * d + j] - mean[j];
  }
  cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)b, (int)d, 1, factor,
              (int)d, z, (int)d);
}

/* M += (sqrt(r) X)' (sqrt(r) X) */
static void scatter(size_t b, size_t d, const double *r, size_t stride, const double *x, double *scratch,
                    double *m) {
  for (size_t i = 0; i < b; i++) {
    double root = sqrt(r[i * stride]);
    for (size_t j = 0; j < d; j++) scratch[i * d + j] = root * x[i * d + j];
  }
  cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)d, (int)b, 1, scratch, (int)d, 1, m, (int)d);
}

/* The row-major lower triangle is LAPACK's column-major upper one: no copy is made. */
static size_t cholesky(size_t d, double *a) {
#if defined(EMBLAS_HAVE_LAPACK)
  int n = (int)d, info = 0;
  dpotrf_("U", &n, a, &n, &info);
#else
  int info = (int)emblas_backend_reference()->cholesky(d, a);
#endif
  /* OpenBLAS returns success for a matrix that holds a NaN: look at the pivots. */
  size_t end = info > 0 ? (size_t)info - 1 : d;
  for (size_t j = 0; j < end; j++)
    if (!(a[j * d + j] > 0) || isinf(a[j * d + j])) return 1 + j;
  return info == 0 ? 0 : 1 + end;
}

#if defined(EMBLAS_BLAS_OPENBLAS)
#define HAVE_THREAD_SETTING
static int get_threads(void) {
  return openblas_get_num_threads();
}
static void set_threads(int threads) {
  openblas_set_num_threads(threads);
}
#elif defined(EMBLAS_BLAS_BLIS)
#define HAVE_THREAD_SETTING
static int get_threads(void) {
  return (int)bli_thread_get_num_threads();
}
static void set_threads(int threads) {
  bli_thread_set_num_threads(threads);
}
#endif

#if defined(HAVE_THREAD_SETTING)
/* The BLAS's thread count is one setting of the process: the first of the fits that run at once sets it to
   1, the last one puts it back. */
static struct {
  atomic_flag busy;
  int users, threads;
} setting = {ATOMIC_FLAG_INIT, 0, 0};

static void lock(void) {
  while (atomic_flag_test_and_set(&setting.busy)) continue; /* held for a few instructions only */
}

static int enter(void) {
  lock();
  if (setting.users++ == 0) {
    setting.threads = get_threads();
    if (setting.threads != 1) set_threads(1);
  }
  atomic_flag_clear(&setting.busy);
  return 0;
}

static void leave(int token) {
  (void)token;
  lock();
  if (--setting.users == 0 && setting.threads != 1) set_threads(setting.threads);
  atomic_flag_clear(&setting.busy);
}
#endif

static const struct emblas_backend blas = {
    .name = "blas",
    .expansion_limit = 4096, /* errors of logits below 5e-13 per dimension: docs/numerics.md */
#if defined(HAVE_THREAD_SETTING)
    .enter = enter,
    .leave = leave,
#endif
    .logits = logits,
    .softmax = emblas_softmax_vector,
    .moments = moments,
    .whiten = whiten,
    .scatter = scatter,
    .cholesky = cholesky,
};

const struct emblas_backend *emblas_backend_blas(void) {
  return &blas;
}

const char *emblas_backend_blas_description(void) {
#if defined(EMBLAS_BLAS_OPENBLAS)
  return openblas_get_config();
#elif defined(EMBLAS_BLAS_BLIS)
#if defined(EMBLAS_BLIS_VERSION)
  return "BLIS " EMBLAS_BLIS_VERSION;
#else
  return "BLIS";
#endif
#elif defined(EMBLAS_BLAS_NETLIB)
  return "netlib reference BLAS";
#else
  return "a BLAS of unknown make";
#endif
}

#else

const struct emblas_backend *emblas_backend_blas(void) {
  return NULL;
}

const char *emblas_backend_blas_description(void) {
  return "none";
}

#endif
