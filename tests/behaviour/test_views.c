/* SPDX-License-Identifier: MIT */
/* The caller's data: any stride, read and never written, not one number beyond its end. */
#define _DEFAULT_SOURCE
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Whole blocks of rows and a part of one, in whole vectors to the last row. */
enum { N = 1504, D = 3, K = 2 };

/* A copy that ends where a page ends, behind which nothing may be touched; read-only from here on. */
static const void *sealed_copy(const void *values, size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (bytes + page - 1) / page * page;
  unsigned char *memory =
      mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  cr_assert(memory != MAP_FAILED);
  memcpy(memory + size - bytes, values, bytes);
  cr_assert_eq(mprotect(memory, size, PROT_READ), 0);
  cr_assert_eq(mprotect(memory + size, page, PROT_NONE), 0);
  return memory + size - bytes;
}

/* x with `stride` doubles from row to row, NaN between, and nothing behind the last column of the last row.
 */
static const double *strided_copy(const double *x, size_t stride) {
  size_t count = (N - 1) * stride + D;
  double *padded = test_keep(count, sizeof *padded);
  for (size_t i = 0; i < count; i++) padded[i] = i % stride < D ? x[i / stride * D + i % stride] : NAN;
  return sealed_copy(padded, count * sizeof *padded);
}

/* The same bits from any view of the same numbers: fits of each kind of start, and predictions. */
Test(views, strided_read_only_at_the_end_of_a_page) {
  const double *x = generate_blobs(N, D, 4, 9);
  double *weights = test_keep(N, sizeof *weights);
  for (size_t i = 0; i < N; i++) weights[i] = 1 + (double)(i % 3);
  const size_t *labels = sealed_copy(generate_block_labels(N, K), N * sizeof(size_t));
  struct emblas_data plain = view(x, N, D);
  plain.weights = weights;
  for (size_t stride = D; stride <= 2 * D + 1; stride += 2)
    for (int kind = EMBLAS_START_KMEANSPP; kind <= EMBLAS_START_LABELS; kind++)
      for (int v = 0; v < EMBLAS_COVARIANCE_COUNT; v++) {
        struct emblas_data sealed = view(strided_copy(x, stride), N, D);
        sealed.stride = stride;
        sealed.weights = sealed_copy(weights, N * sizeof *weights);
        struct emblas_options options = options_for(K, (enum emblas_covariance)v);
        options.start = (enum emblas_start)kind, options.starts = 2, options.labels = labels;
        options.max_iterations = 20;
        struct fit a = fit_or_fail(&plain, &options), b = fit_or_fail(&sealed, &options);
        cr_assert(same_model(a.model, b.model), "stride %zu, start %d, covariance %d", stride, kind, v);
        cr_assert_eq(a.report.loglik, b.report.loglik);
        cr_assert(
            !memcmp(model_labels(a.model, &plain), model_labels(b.model, &sealed), N * sizeof(size_t)));
        fit_free(&a);
        fit_free(&b);
      }
}

/* A stride of 0 is that of the columns. */
Test(views, default_stride) {
  const double *x = generate_blobs(N, D, 4, 9);
  struct emblas_data data = view(x, N, D), explicit_stride = view(x, N, D);
  cr_assert_eq(data.stride, 0);
  explicit_stride.stride = D;
  struct emblas_options options = options_from_labels(K, EMBLAS_FULL, generate_block_labels(N, K), 3);
  struct fit a = fit_or_fail(&data, &options), b = fit_or_fail(&explicit_stride, &options);
  cr_assert(same_model(a.model, b.model));
  fit_free(&a);
  fit_free(&b);
}

/* What predict writes, and nothing beyond it. */
Test(views, predictions_have_canaries) {
  enum { MARGIN = 8 };
  static double responsibilities[N * K + 2 * MARGIN], logpdf[N + 2 * MARGIN];
  static size_t labels[N + 2 * MARGIN];
  const double *x = generate_blobs(N, D, 4, 9);
  struct emblas_data data = view(x, N, D);
  struct emblas_options options = options_from_labels(K, EMBLAS_FULL, generate_block_labels(N, K), 3);
  struct fit fit = fit_or_fail(&data, &options);
  for (size_t i = 0; i < N * K + 2 * MARGIN; i++) responsibilities[i] = -7;
  for (size_t i = 0; i < N + 2 * MARGIN; i++) logpdf[i] = -7, labels[i] = 777;
  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.responsibilities = responsibilities + MARGIN;
  prediction.logpdf = logpdf + MARGIN, prediction.labels = labels + MARGIN;
  cr_assert_eq(emblas_predict(fit.model, &data, predict_options(), &prediction, NULL), EMBLAS_OK);
  for (size_t i = 0; i < MARGIN; i++) {
    cr_assert(responsibilities[i] == -7 && responsibilities[N * K + MARGIN + i] == -7);
    cr_assert(logpdf[i] == -7 && logpdf[N + MARGIN + i] == -7);
    cr_assert(labels[i] == 777 && labels[N + MARGIN + i] == 777);
  }
  for (size_t i = 0; i < N; i++)
    if (labels[MARGIN + i] >= K || responsibilities[MARGIN + i * K] < 0)
      cr_assert_fail("row %zu not written", i);
  fit_free(&fit);
}
