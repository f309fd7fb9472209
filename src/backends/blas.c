/* SPDX-License-Identifier: MIT */
/* The kernels as calls of a BLAS, dgemm, dgemv, dtrsm and dsyrk, and of LAPACKE, dpotrf, dsyevd and dgelqf.
   The only file that knows either. */
#include "kernels.h"

#if defined(EMBLAS_HAVE_BLAS)

#include <cblas.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#if defined(EMBLAS_LAPACKE)
#include <lapacke.h>
#endif
#if defined(EMBLAS_BLAS_BLIS)
extern void bli_thread_set_num_threads(long threads);
extern long bli_thread_get_num_threads(void);
#endif

/* L = Theta Phi, or L + Theta Phi */
static void logits(size_t b, size_t stride, size_t p, size_t k, const double *theta, size_t theta_stride,
                   const double *phi, double *l, int add) {
  if (k == 1)
    cblas_dgemv(CblasRowMajor, CblasTrans, (int)p, (int)b, 1, phi, (int)stride, theta, 1, add != 0, l, 1);
  else
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)k, (int)b, (int)p, 1, theta,
                (int)theta_stride, phi, (int)stride, add != 0, l, (int)stride);
}

/* S += R Phi' */
static void moments(size_t b, size_t stride, size_t p, size_t k, const double *r, const double *phi,
                    double *s, size_t stats_stride) {
  if (k == 1)
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)p, (int)b, 1, phi, (int)stride, r, 1, 1, s, 1);
  else
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)k, (int)p, (int)b, 1, r, (int)stride, phi,
                (int)stride, 1, s, (int)stats_stride);
}

/* M += (X sqrt(r)) (X sqrt(r))' */
static void scatter(size_t b, size_t stride, size_t d, const double *r, const double *x, double *scratch,
                    double *m) {
  for (size_t i = 0; i < b; i++) {
    double root = sqrt(r[i]);
    for (size_t j = 0; j < d; j++) scratch[j * stride + i] = root * x[j * stride + i];
  }
  cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, (int)d, (int)b, 1, scratch, (int)stride, 1, m,
              (int)d);
}

/* A row-major matrix is the transpose of LAPACK's column-major one: its lower triangle is the upper one
   there, its rows are the columns. So no copy is made, as LAPACKE does for row-major matrices. Matrices
   whose workspace LAPACK's integers cannot count go through the reference's loops. */
#if defined(EMBLAS_LAPACKE)
static int countable(size_t d) {
  return d < 32000; /* 2 (d + 3)^2 <= INT_MAX */
}

static size_t cholesky(size_t d, double *a) {
  if (!countable(d)) return emblas_backend_reference()->cholesky(d, a);
  lapack_int n = (lapack_int)d, info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', n, a, n);
  /* OpenBLAS returns success for a matrix that holds a NaN: look at the pivots. */
  size_t end = info > 0 ? (size_t)info - 1 : d;
  for (size_t j = 0; j < end; j++)
    if (!(a[j * d + j] > 0) || isinf(a[j * d + j])) return 1 + j;
  return info == 0 ? 0 : 1 + end;
}

static size_t eigen(size_t d, double *a, double *values, double *scratch) {
  if (!countable(d)) return emblas_backend_reference()->eigen(d, a, values, scratch);
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++)
      if (!isfinite(a[j * d + l])) return 1;
  size_t work = 2 * d * d + 6 * d + 1; /* integers come behind */
  return LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'U', (lapack_int)d, a, (lapack_int)d, values, scratch,
                             (lapack_int)work, (lapack_int *)(scratch + work),
                             (lapack_int)(5 * d + 3)) != 0;
}

/* b' = L Q' */
static void qr(size_t d, double *b, double *factor, double *scratch) {
  if (!countable(d)) {
    emblas_backend_reference()->qr(d, b, factor, scratch);
    return;
  }
  lapack_int n = (lapack_int)d;
  LAPACKE_dgelqf_work(LAPACK_COL_MAJOR, n, n, b, n, scratch, scratch + d, (lapack_int)(d * (d + 3)));
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l < d; l++) {
      double entry = l <= j ? b[l * d + j] : 0;
      factor[j * d + l] = b[l * d + l] < 0 ? -entry : entry;
    }
}
#else
static size_t cholesky(size_t d, double *a) {
  return emblas_backend_reference()->cholesky(d, a);
}

static size_t eigen(size_t d, double *a, double *values, double *scratch) {
  return emblas_backend_reference()->eigen(d, a, values, scratch);
}

static void qr(size_t d, double *b, double *factor, double *scratch) {
  emblas_backend_reference()->qr(d, b, factor, scratch);
}
#endif

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

/* What no BLAS has. */
static const struct emblas_backend *vectors(void) {
  const struct emblas_backend *native = emblas_backend_native();
  return native != NULL ? native : emblas_backend_reference();
}

/* K L = I */
static void invert(size_t d, const double *factor, double *inverse) {
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l < d; l++) inverse[j * d + l] = l == j ? 1 : 0;
  cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, (int)d, (int)d, 1, factor,
              (int)d, inverse, (int)d);
}

/* Y = X - mean 1' */
static void subtract(size_t b, size_t stride, size_t d, const double *mean, const double *x, double *y) {
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < b; i++) y[j * b + i] = x[j * stride + i] - mean[j];
}

/* Smaller triangles than these cost a BLAS more to gather than to multiply. */
enum { FEW_COLUMNS = 48 };

/* Y = X - mean 1', Y <- K Y, and the squares of its columns */
static void quadratic_logits(size_t b, size_t stride, const struct emblas_normals *normals, const double *x,
                             double *scratch, double *l) {
  size_t d = normals->d;
  if (d < FEW_COLUMNS) {
    vectors()->quadratic_logits(b, stride, normals, x, scratch, l);
    return;
  }
  for (size_t c = 0; c < normals->k; c++) {
    double *logit = l + c * stride;
    subtract(b, stride, d, normals->mean + c * d, x, scratch);
    cblas_dtrmm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)d, (int)b, 1,
                normals->inverse + c * d * d, (int)d, scratch, (int)b);
    for (size_t i = 0; i < b; i++) logit[i] = 0;
    for (size_t j = 0; j < d; j++)
      for (size_t i = 0; i < b; i++) logit[i] -= 0.5 * scratch[j * b + i] * scratch[j * b + i];
    for (size_t i = 0; i < b; i++)
      logit[i] = normals->constant[c] + (logit[i] > EMBLAS_LEAST_LOGIT ? logit[i] : EMBLAS_LEAST_LOGIT);
  }
}

static void softmax(size_t b, size_t stride, size_t k, double *l, const double *weights, double *row_loglik,
                    struct emblas_block_sums *sums) {
  vectors()->softmax(b, stride, k, l, weights, row_loglik, sums);
}

static void diagonal_logits(size_t b, size_t stride, const struct emblas_normals *normals, const double *x,
                            double *l) {
  vectors()->diagonal_logits(b, stride, normals, x, l);
}

static void diagonal_moments(size_t b, size_t stride, const struct emblas_normals *normals, size_t p,
                             const double *r, const double *x, double *s) {
  vectors()->diagonal_moments(b, stride, normals, p, r, x, s);
}

static void multiply(size_t b, const double *x, const double *y, double *z) {
  vectors()->multiply(b, x, y, z);
}

/* S += [1' r, Y r, (Y sqrt(r)) (Y sqrt(r))'], Y = X - mean 1' */
static void quadratic_moments(size_t b, size_t stride, const struct emblas_normals *normals,
                              const double *r, const double *x, double *scratch, double *s) {
  size_t d = normals->d, p = 1 + d + d * (d + 1) / 2;
  double *y = scratch, *m = scratch + d * b;
  if (d < FEW_COLUMNS) {
    vectors()->quadratic_moments(b, stride, normals, r, x, scratch, s);
    return;
  }
  for (size_t c = 0; c < normals->k; c++, r += stride, s += p) {
    double *second = s + 1 + d;
    subtract(b, stride, d, normals->mean + c * d, x, y);
    for (size_t i = 0; i < b; i++) s[0] += r[i];
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)d, (int)b, 1, y, (int)b, r, 1, 1, s + 1, 1);
    for (size_t j = 0; j < d * d; j++) m[j] = 0;
    scatter(b, b, d, r, y, y, m);
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l <= j; l++) *second++ += m[j * d + l];
  }
}

static const struct emblas_backend blas = {
    .name = "blas",
    .expansion_limit = 4096, /* errors of logits below 5e-13 per dimension: docs/numerics.md */
#if defined(HAVE_THREAD_SETTING)
    .enter = enter,
    .leave = leave,
#endif
    .logits = logits,
    .softmax = softmax,
    .moments = moments,
    .multiply = multiply,
    .scatter = scatter,
    .cholesky = cholesky,
    .eigen = eigen,
    .qr = qr,
    .invert = invert,
    .diagonal_logits = diagonal_logits,
    .diagonal_moments = diagonal_moments,
    .quadratic_logits = quadratic_logits,
    .quadratic_moments = quadratic_moments,
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

const char *emblas_backend_lapack_description(void) {
#if defined(EMBLAS_LAPACKE)
  return EMBLAS_LAPACKE;
#else
  return "none";
#endif
}
