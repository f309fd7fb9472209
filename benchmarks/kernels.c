/* SPDX-License-Identifier: MIT */
/* The kernels of all backends, at the sizes of tests/kernels/cases.h with full blocks of rows. */
#include "../src/backends/kernels.h"
#include "../tests/kernels/cases.h"
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct workload {
  struct kernel_case size;
  void (*call)(const struct workload *workload, const struct emblas_backend *backend);
  double *in, *other, *out, *scratch;
};

static void call_logits(const struct workload *w, const struct emblas_backend *backend) {
  const struct kernel_case *s = &w->size;
  backend->logits(s->b, s->b, s->p, s->k, w->other, s->p, w->in, w->out, 0);
}

static void call_moments(const struct workload *w, const struct emblas_backend *backend) {
  const struct kernel_case *s = &w->size;
  backend->moments(s->b, s->b, s->p, s->k, w->other, w->in, w->out, s->p);
}

/* softmax, cholesky, eigen and qr work in place: the time is that of a copy, too. */
static void call_softmax(const struct workload *w, const struct emblas_backend *backend) {
  struct emblas_block_sums sums = {0};
  memcpy(w->out, w->in, w->size.b * w->size.k * sizeof *w->out);
  backend->softmax(w->size.b, w->size.b, w->size.k, w->out, NULL, w->scratch, &sums);
}

static void call_univariate(const struct workload *w, const struct emblas_backend *backend) {
  struct emblas_block_sums sums = {0};
  backend->univariate(w->size.b, w->size.k, w->in, NULL, w->other, w->out, &sums, w->scratch);
}

static void call_multiply(const struct workload *w, const struct emblas_backend *backend) {
  backend->multiply(w->size.b, w->in, w->other, w->out);
}

/* k components: other holds their constants, means and inverse factors. */
static struct emblas_normals normals_of(const struct workload *w) {
  const struct kernel_case *s = &w->size;
  return (struct emblas_normals){s->k, s->d, w->other, w->other + s->k, w->other + s->k * (1 + s->d)};
}

static void call_quadratic_logits(const struct workload *w, const struct emblas_backend *backend) {
  struct emblas_normals normals = normals_of(w);
  backend->quadratic_logits(w->size.b, w->size.b, &normals, w->in, w->scratch, w->out);
}

/* The responsibilities lie behind the rows. */
static void call_quadratic_moments(const struct workload *w, const struct emblas_backend *backend) {
  struct emblas_normals normals = normals_of(w);
  const double *r = w->in + w->size.b * w->size.d;
  backend->quadratic_moments(w->size.b, w->size.b, &normals, r, w->in, w->scratch, w->out);
}

static void call_diagonal_logits(const struct workload *w, const struct emblas_backend *backend) {
  struct emblas_normals normals = normals_of(w);
  backend->diagonal_logits(w->size.b, w->size.b, &normals, w->in, w->out);
}

static void call_diagonal_moments(const struct workload *w, const struct emblas_backend *backend) {
  struct emblas_normals normals = normals_of(w);
  const double *r = w->in + w->size.b * w->size.d;
  backend->diagonal_moments(w->size.b, w->size.b, &normals, w->size.p, r, w->in, w->out);
}

static void call_invert(const struct workload *w, const struct emblas_backend *backend) {
  backend->invert(w->size.d, w->other, w->out);
}

static void call_scatter(const struct workload *w, const struct emblas_backend *backend) {
  backend->scatter(w->size.b, w->size.b, w->size.d, w->other, w->in, w->scratch, w->out);
}

static void call_cholesky(const struct workload *w, const struct emblas_backend *backend) {
  memcpy(w->out, w->other, w->size.d * w->size.d * sizeof *w->out);
  backend->cholesky(w->size.d, w->out);
}

static void call_eigen(const struct workload *w, const struct emblas_backend *backend) {
  memcpy(w->out, w->other, w->size.d * w->size.d * sizeof *w->out);
  backend->eigen(w->size.d, w->out, w->in, w->scratch);
}

static void call_qr(const struct workload *w, const struct emblas_backend *backend) {
  memcpy(w->out, w->other, w->size.d * w->size.d * sizeof *w->out);
  backend->qr(w->size.d, w->out, w->in, w->scratch);
}

/* exp(): native's against the C library's in a loop; blas has none. */
static void call_exp(const struct workload *w, const struct emblas_backend *backend) {
  if (backend == emblas_backend_native())
    emblas_native_table(0)->exp(w->size.b, w->in, w->out);
  else
    for (size_t i = 0; i < w->size.b; i++) w->out[i] = exp(w->in[i]);
}

static bool has(const struct workload *w, const struct emblas_backend *backend) {
  if (w->call == call_univariate) return backend->univariate != NULL;
  return w->call != call_exp || backend != emblas_backend_blas();
}

/* Seconds of one call, of enough calls in a row to be measured. */
static double time_calls(void *context, const struct bench_column *column) {
  const struct workload *w = context;
  const struct emblas_backend *backend = column->backend;
  const double enough = bench_smoke() ? 2e-5 : 1e-3;
  if (!has(w, backend)) return NAN;
  int token = backend->enter ? backend->enter() : 0;
  double elapsed = 0;
  size_t calls = 1;
  for (;; calls *= 2) {
    double start = bench_clock();
    for (size_t i = 0; i < calls; i++) w->call(w, backend);
    elapsed = bench_clock() - start;
    if (elapsed >= enough) break;
  }
  if (backend->leave) backend->leave(token);
  return elapsed / (double)calls;
}

static double *fill(size_t count, double low, double high) {
  double *values = malloc(count * sizeof *values);
  if (!values) abort();
  for (size_t i = 0; i < count; i++)
    values[i] = low + (high - low) * (double)(i * 2654435761u % 1009) / 1009;
  return values;
}

/* A matrix with a dominant diagonal: positive definite, and a sound lower factor. */
static double *fill_matrix(size_t d) {
  double *a = fill(d * d, -1, 1);
  for (size_t j = 0; j < d; j++) a[j * d + j] = (double)(d + 1);
  return a;
}

/* k x 3 terms of univariate(): means over [-1, 1], which components of deviation 1.5 / k share. */
static double *fill_terms(size_t k) {
  double *terms = fill(3 * k, 0, 0);
  for (size_t c = 0; c < k; c++) {
    terms[3 * c] = (2 * (double)c + 1) / (double)k - 1;
    terms[3 * c + 1] = -(double)(k * k) / 4.5;
  }
  return terms;
}

static void measure(struct bench *bench, const struct bench_table *table, const char *kernel,
                    struct workload w) {
  const struct kernel_case *s = &w.size;
  struct json_object *row = json_object_new_object();
  json_object_object_add(row, "kernel", json_object_new_string(kernel));
  json_object_object_add(row, "b", json_object_new_uint64(s->b));
  json_object_object_add(row, "d", json_object_new_uint64(s->d));
  json_object_object_add(row, "k", json_object_new_uint64(s->k));
  json_object_object_add(row, "p", json_object_new_uint64(s->p));
  printf("%-10s %6zu %4zu %4zu %6zu %-10s", kernel, s->b, s->d, s->k, s->p, s->features ? s->features : "");
  int runs = bench_smoke() ? 1 : s->b * s->k * s->p > 100000000 ? 3 : 5;
  bench_measure(bench, table, row, time_calls, &w, runs, 1e-6);
  free(w.in), free(w.other), free(w.out), free(w.scratch);
}

static void measure_products(struct bench *bench, const struct bench_table *table, size_t b) {
  for (size_t i = 0; i < KERNEL_PRODUCTS; i++) {
    struct kernel_case s = kernel_product_case(i);
    if (s.b != b || !kernel_case_wanted(&s)) continue;
    measure(bench, table, "logits",
            (struct workload){s, call_logits, fill(s.b * s.p, -1, 1), fill(s.k * s.p, -1, 1),
                              fill(s.b * s.k, 0, 0), NULL});
    measure(bench, table, "moments",
            (struct workload){s, call_moments, fill(s.b * s.p, -1, 1), fill(s.b * s.k, 0, 1),
                              fill(s.k * s.p, 0, 0), NULL});
  }
}

/* What rows of a block cost without regard to k or d. */
static void measure_rows(struct bench *bench, const struct bench_table *table, size_t b) {
  struct kernel_case s = {.b = b};
  measure(bench, table, "multiply",
          (struct workload){s, call_multiply, fill(b, -1, 1), fill(b, -1, 1), fill(b, 0, 0), NULL});
  measure(bench, table, "exp", (struct workload){s, call_exp, fill(b, -30, 0), NULL, fill(b, 0, 0), NULL});
}

static void measure_others(struct bench *bench, const struct bench_table *table, size_t b) {
  for (size_t i = 0; i < KERNEL_COMPONENTS; i++) {
    struct kernel_case s = {.b = b, .k = kernel_components[i]};
    measure(bench, table, "softmax",
            (struct workload){s, call_softmax, fill(b * s.k, -30, 0), NULL, fill(b * s.k, 0, 0),
                              fill(b, 0, 0)});
    measure(bench, table, "univariate",
            (struct workload){s, call_univariate, fill(b, -1, 1), fill_terms(s.k), fill(3 * s.k, 0, 0),
                              fill(64 * s.k, 0, 0)});
  }
  for (size_t i = 0; i < KERNEL_DIMS; i++) {
    size_t d = kernel_dims[i];
    struct kernel_case s = {.b = b, .d = d};
    measure(bench, table, "scatter",
            (struct workload){s, call_scatter, fill(b * d, -1, 1), fill(b, 0, 1), fill(d * d, 0, 0),
                              fill(b * d, 0, 0)});
    measure(bench, table, "cholesky",
            (struct workload){s, call_cholesky, NULL, fill_matrix(d), fill(d * d, 0, 0), NULL});
    size_t room = 2 * (d + 3) * (d + 3);
    measure(bench, table, "eigen",
            (struct workload){s, call_eigen, fill(d, 0, 0), fill_matrix(d), fill(d * d, 0, 0),
                              fill(room, 0, 0)});
    measure(bench, table, "qr",
            (struct workload){s, call_qr, fill(d * d, 0, 0), fill_matrix(d), fill(d * d, 0, 0),
                              fill(room, 0, 0)});
    measure(bench, table, "invert",
            (struct workload){s, call_invert, NULL, fill_matrix(d), fill(d * d, 0, 0), NULL});
  }
}

/* A block of a fit with full covariances. */
static void measure_quadratic(struct bench *bench, const struct bench_table *table) {
  const struct kernel_case cases[] = {
      {256, 4, 8, 15, "full"}, {256, 16, 32, 153, "full"}, {256, 64, 16, 2145, "full"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct kernel_case s = cases[i];
    size_t theta = s.k * (1 + s.d + s.d * s.d), room = (s.d + 4) * (s.b + s.d + 32);
    measure(bench, table, "q logits",
            (struct workload){s, call_quadratic_logits, fill(s.b * s.d, -1, 1), fill(theta, -1, 1),
                              fill(s.b * s.k, 0, 0), fill(room, 0, 0)});
    measure(bench, table, "q moments",
            (struct workload){s, call_quadratic_moments, fill(s.b * (s.d + s.k), 0, 1), fill(theta, -1, 1),
                              fill(s.k * s.p, 0, 0), fill(room, 0, 0)});
  }
}

/* .. with diagonal covariances, in the centred form. */
static void measure_diagonal(struct bench *bench, const struct bench_table *table) {
  const struct kernel_case cases[] = {
      {256, 2, 3, 5, "diag"}, {256, 32, 64, 65, "diag"}, {256, 108, 64, 217, "diag"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct kernel_case s = cases[i];
    size_t theta = s.k * (1 + 2 * s.d);
    measure(bench, table, "d logits",
            (struct workload){s, call_diagonal_logits, fill(s.b * s.d, -1, 1), fill(theta, -1, 1),
                              fill(s.b * s.k, 0, 0), NULL});
    measure(bench, table, "d moments",
            (struct workload){s, call_diagonal_moments, fill(s.b * (s.d + s.k), 0, 1), fill(theta, -1, 1),
                              fill(s.k * s.p, 0, 0), NULL});
  }
}

int main(int argc, char **argv) {
  size_t b = bench_smoke() ? 64 : kernel_rows[KERNEL_ROWS - 1];
  struct bench bench = bench_open("kernels", "microseconds a call, on one thread", "1 minute", argc, argv);
  struct bench_table table = bench_table();
  printf("%-10s %6s %4s %4s %6s %-10s", "kernel", "b", "d", "k", "p", "features");
  bench_heading(&table);
  measure_rows(&bench, &table, b);
  measure_others(&bench, &table, b);
  measure_quadratic(&bench, &table);
  measure_diagonal(&bench, &table);
  measure_products(&bench, &table, b);
  return bench_close(&bench);
}
