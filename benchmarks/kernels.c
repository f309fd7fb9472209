/* SPDX-License-Identifier: MIT */
/* The kernels, reference against blas, at the sizes of tests/kernels/cases.h with full blocks of rows. */
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
  backend->logits(w->size.b, w->size.p, w->size.k, w->in, w->other, w->out);
}

static void call_moments(const struct workload *w, const struct emblas_backend *backend) {
  backend->moments(w->size.b, w->size.p, w->size.k, w->other, w->in, w->out);
}

/* softmax and cholesky work in place: the time is that of a copy, too. */
static void call_softmax(const struct workload *w, const struct emblas_backend *backend) {
  struct emblas_block_sums sums = {0, 0};
  memcpy(w->out, w->in, w->size.b * w->size.k * sizeof *w->out);
  backend->softmax(w->size.b, w->size.k, w->out, NULL, w->scratch, &sums);
}

static void call_whiten(const struct workload *w, const struct emblas_backend *backend) {
  backend->whiten(w->size.b, w->size.d, w->other, NULL, w->in, w->out);
}

static void call_scatter(const struct workload *w, const struct emblas_backend *backend) {
  backend->scatter(w->size.b, w->size.d, w->other, 1, w->in, w->scratch, w->out);
}

static void call_cholesky(const struct workload *w, const struct emblas_backend *backend) {
  memcpy(w->out, w->other, w->size.d * w->size.d * sizeof *w->out);
  backend->cholesky(w->size.d, w->out);
}

/* Seconds of one call, of enough calls in a row to be measured. */
static double time_calls(void *context, const struct emblas_backend *backend) {
  const struct workload *w = context;
  const double enough = bench_smoke() ? 2e-5 : 1e-3;
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

static void measure(struct bench *bench, const char *kernel, struct workload w) {
  const struct kernel_case *s = &w.size;
  struct json_object *row = json_object_new_object();
  json_object_object_add(row, "kernel", json_object_new_string(kernel));
  json_object_object_add(row, "b", json_object_new_uint64(s->b));
  json_object_object_add(row, "d", json_object_new_uint64(s->d));
  json_object_object_add(row, "k", json_object_new_uint64(s->k));
  json_object_object_add(row, "p", json_object_new_uint64(s->p));
  printf("%-9s %6zu %4zu %4zu %6zu %-10s", kernel, s->b, s->d, s->k, s->p, s->features ? s->features : "");
  int runs = bench_smoke() ? 1 : s->b * s->k * s->p > 100000000 ? 3 : 5;
  bench_print(bench, row, bench_alternate(time_calls, &w, runs), 1e-6);
  free(w.in), free(w.other), free(w.out), free(w.scratch);
}

static void measure_products(struct bench *bench, size_t b) {
  for (size_t i = 0; i < KERNEL_PRODUCTS; i++) {
    struct kernel_case s = kernel_product_case(i);
    if (s.b != b || !kernel_case_wanted(&s)) continue;
    measure(bench, "logits",
            (struct workload){s, call_logits, fill(s.b * s.p, -1, 1), fill(s.k * s.p, -1, 1),
                              fill(s.b * s.k, 0, 0), NULL});
    measure(bench, "moments",
            (struct workload){s, call_moments, fill(s.b * s.p, -1, 1), fill(s.b * s.k, 0, 1),
                              fill(s.k * s.p, 0, 0), NULL});
  }
}

static void measure_others(struct bench *bench, size_t b) {
  for (size_t i = 0; i < KERNEL_COMPONENTS; i++) {
    struct kernel_case s = {.b = b, .k = kernel_components[i]};
    measure(bench, "softmax",
            (struct workload){s, call_softmax, fill(b * s.k, -30, 0), NULL, fill(b * s.k, 0, 0),
                              fill(b, 0, 0)});
  }
  for (size_t i = 0; i < KERNEL_DIMS; i++) {
    size_t d = kernel_dims[i];
    struct kernel_case s = {.b = b, .d = d};
    measure(bench, "whiten",
            (struct workload){s, call_whiten, fill(b * d, -1, 1), fill_matrix(d), fill(b * d, 0, 0), NULL});
    measure(bench, "scatter",
            (struct workload){s, call_scatter, fill(b * d, -1, 1), fill(b, 0, 1), fill(d * d, 0, 0),
                              fill(b * d, 0, 0)});
    measure(bench, "cholesky",
            (struct workload){s, call_cholesky, NULL, fill_matrix(d), fill(d * d, 0, 0), NULL});
  }
}

int main(int argc, char **argv) {
  size_t b = bench_smoke() ? 64 : kernel_rows[KERNEL_ROWS - 1];
  struct bench bench = bench_open("kernels", "microseconds a call", argc, argv);
  printf("%-9s %6s %4s %4s %6s %-10s %12s %12s %8s\n", "kernel", "b", "d", "k", "p", "features",
         "reference", "blas", "ratio");
  measure_products(&bench, b);
  measure_others(&bench, b);
  return bench_close(&bench);
}
