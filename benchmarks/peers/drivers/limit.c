/* SPDX-License-Identifier: MIT */
/* The machine's limit for the arithmetic of an EM map: the two matrix products, through the BLAS that
   emblas is linked with, and the exponentials. Blocks are independent: each thread has its own, and the
   BLAS one thread in each.

     limit THREADS P K

   For each line of standard input one line of JSON: exponentials a second; and [layout, b, E, M], seconds
   of a row in the products of the E step and of the M step for blocks of b rows, all threads together, in
   both layouts: "columns", L (k x b) = Theta (k x p) Phi (p x b) and S (k x p) += R (k x b) Phi', and
   "rows", L (b x k) = Phi (b x p) Theta' and S += R' Phi. P = 0: no products. */
#define _POSIX_C_SOURCE 200809L
#include "driver.h"

#include <cblas.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__)
#define RUN_TIME_DISPATCH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RUN_TIME_DISPATCH
#endif

enum { MAX_THREADS = 64, IN_L1 = 1024 };
static const size_t block_rows[] = {32, 64, 128, 256, 512, 1024};

struct work {
  size_t b, p, k;
  double *phi, *theta, *l, *s, *x, *y;
  double least;   /* seconds that its calls shall take together */
  double seconds; /* of a call */
  void (*call)(const struct work *work);
  pthread_barrier_t *barrier;
};

/* exp: n ln 2 is taken out, a polynomial of degree 11 (Taylor's is enough to be timed), n to the exponent.
 */
RUN_TIME_DISPATCH
static void exponentials(size_t n, const double *restrict x, double *restrict y) {
  for (size_t i = 0; i < n; i++) {
    double shifted = x[i] * 0x1.71547652b82fep0 + 0x1.8p52, whole = shifted - 0x1.8p52;
    double r = (x[i] - whole * 0x1.62e42feep-1) - whole * 0x1.a39ef35793c76p-33;
    double q = 1 / 39916800.0;
    q = q * r + 1 / 3628800.0;
    q = q * r + 1 / 362880.0;
    q = q * r + 1 / 40320.0;
    q = q * r + 1 / 5040.0;
    q = q * r + 1 / 720.0;
    q = q * r + 1 / 120.0;
    q = q * r + 1 / 24.0;
    q = q * r + 1 / 6.0;
    q = q * r + 0.5;
    q = q * r + 1;
    q = q * r + 1;
    uint64_t bits, exponent;
    memcpy(&bits, &q, sizeof bits);
    memcpy(&exponent, &shifted, sizeof exponent);
    bits += exponent << 52;
    memcpy(&y[i], &bits, sizeof bits);
  }
}

static void gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k, const double *a,
                 const double *b, double beta, double *c) {
  cblas_dgemm(CblasRowMajor, ta, tb, (int)m, (int)n, (int)k, 1, a, (int)(ta == CblasTrans ? m : k), b,
              (int)(tb == CblasTrans ? k : n), beta, c, (int)n);
}

static void product_e_columns(const struct work *w) {
  gemm(CblasNoTrans, CblasNoTrans, w->k, w->b, w->p, w->theta, w->phi, 0, w->l);
}
static void product_m_columns(const struct work *w) {
  gemm(CblasNoTrans, CblasTrans, w->k, w->p, w->b, w->l, w->phi, 1, w->s);
}
static void product_e_rows(const struct work *w) {
  gemm(CblasNoTrans, CblasTrans, w->b, w->k, w->p, w->phi, w->theta, 0, w->l);
}
static void product_m_rows(const struct work *w) {
  gemm(CblasTrans, CblasNoTrans, w->k, w->p, w->b, w->l, w->phi, 1, w->s);
}

static const struct layout {
  const char *name;
  void (*e)(const struct work *);
  void (*m)(const struct work *);
} layouts[] = {{"columns", product_e_columns, product_m_columns}, {"rows", product_e_rows, product_m_rows}};

static void exponentials_of(const struct work *w) {
  exponentials(IN_L1, w->x, w->y);
}

/* Seconds of a call, of as many as take long enough. */
static double time_calls(const struct work *w) {
  w->call(w);
  for (size_t calls = 1;; calls *= 2) {
    double begun = driver_clock();
    for (size_t i = 0; i < calls; i++) w->call(w);
    double elapsed = driver_clock() - begun;
    if (elapsed >= w->least) return elapsed / (double)calls;
  }
}

static void *thread(void *context) {
  struct work *w = context;
  pthread_barrier_wait(w->barrier);
  w->seconds = time_calls(w);
  return NULL;
}

static double *fill(size_t count) {
  double *values = aligned_alloc(64, (count * sizeof *values + 63) / 64 * 64);
  if (values == NULL) driver_fail("out of memory");
  for (size_t i = 0; i < count; i++) values[i] = -1 + (double)(i * 2654435761u % 1009) / 1009;
  return values;
}

/* The rate, in calls a second, of all threads together. */
static double rate(int threads, struct work size, void (*call)(const struct work *)) {
  static struct work works[MAX_THREADS];
  pthread_t ids[MAX_THREADS];
  pthread_barrier_t barrier;
  double sum = 0;
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  for (int t = 0; t < threads; t++) {
    works[t] = size;
    works[t].call = call, works[t].barrier = &barrier;
    works[t].x = fill(IN_L1), works[t].y = fill(IN_L1);
    works[t].phi = fill(size.b * size.p), works[t].theta = fill(size.k * size.p);
    works[t].l = fill(size.b * size.k), works[t].s = fill(size.k * size.p);
    if (pthread_create(&ids[t], NULL, thread, &works[t]) != 0) driver_fail("no thread");
  }
  for (int t = 0; t < threads; t++) {
    pthread_join(ids[t], NULL);
    sum += 1 / works[t].seconds;
    free(works[t].x), free(works[t].y), free(works[t].phi), free(works[t].theta), free(works[t].l);
    free(works[t].s);
  }
  pthread_barrier_destroy(&barrier);
  return sum;
}

/* Exponentials for longer: the first hundredths of a second of wide vectors are slow. */
static void measure(int threads, size_t p, size_t k) {
  struct work one = {.b = 1, .p = 1, .k = 1, .least = 0.05};
  printf("{\"exponentials\": %.9g, \"products\": [", rate(threads, one, exponentials_of) * IN_L1);
  size_t sizes = sizeof block_rows / sizeof *block_rows, count = p > 0 ? 2 * sizes : 0;
  for (size_t i = 0; i < count; i++) {
    const struct layout *layout = &layouts[i / sizes];
    struct work w = {.b = block_rows[i % sizes], .p = p, .k = k, .least = 0.01};
    double rows = (double)w.b, e = rate(threads, w, layout->e), m = rate(threads, w, layout->m);
    printf("%s[\"%s\", %zu, %.9g, %.9g]", i ? ", " : "", layout->name, w.b, 1 / (e * rows), 1 / (m * rows));
  }
  printf("]}\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  char line[64];
  if (argc != 4) driver_fail("usage: limit THREADS P K");
  int threads = atoi(argv[1]);
  if (threads < 1 || threads > MAX_THREADS) driver_fail("limit: that many threads?");
  size_t p = strtoull(argv[2], NULL, 10), k = strtoull(argv[3], NULL, 10);
  const char *blas = "";
#if defined(EMBLAS_BLAS_OPENBLAS)
  openblas_set_num_threads(1);
  blas = openblas_get_config();
#endif
  printf("{\"blas\": \"%s\"}\n", blas);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) measure(threads, p, k);
  return EXIT_SUCCESS;
}
