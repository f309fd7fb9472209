/* SPDX-License-Identifier: MIT */
/* Under mpirun: processes that hold parts of the rows, uneven ones and none, come to the bits that the
 * first one comes to with all of them, alone; and an error of one is that of all. With an argument: of the
 * smallest shapes.
 */
#include <emblas/mpi.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, count, faults;

static double uniform(uint64_t place) {
  uint64_t z = (place + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static const struct shape {
  const char *name;
  size_t n, d, k;
  enum emblas_family family;
  enum emblas_covariance covariance;
  int weighted;
} shapes[] = {
    {"full", 20011, 3, 3, EMBLAS_GAUSSIAN, EMBLAS_FULL, 0},
    {"VEI", 9001, 4, 3, EMBLAS_GAUSSIAN, EMBLAS_VEI, 1},
    {"diag", 9001, 5, 4, EMBLAS_GAUSSIAN, EMBLAS_DIAG, 0},
    {"one dimension", 30001, 1, 3, EMBLAS_GAUSSIAN, EMBLAS_FULL, 1},
    {"Poisson", 70001, 2, 3, EMBLAS_POISSON, EMBLAS_FULL, 0},
    {"few rows", 500, 2, 2, EMBLAS_GAUSSIAN, EMBLAS_FULL, 0},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void fill(const struct shape *shape, double *values, double *weights) {
  for (size_t i = 0; i < shape->n; i++) {
    weights[i] = (double)(i % 4) * 40;
    for (size_t j = 0; j < shape->d; j++) {
      double x = uniform(i * shape->d + j) + uniform(1000003 * (i * shape->d + j) + 7) +
                 3 * (double)(i % shape->k);
      values[i * shape->d + j] = shape->family == EMBLAS_POISSON ? floor(4 * x) : x;
    }
  }
}

struct result {
  emblas_status status;
  struct emblas_model *model;
  struct emblas_report report;
};

static struct result fit(const struct emblas_data *data, const struct shape *shape) {
  struct emblas_options options;
  struct result result = {.model = NULL};
  emblas_options_init(&options, sizeof options);
  emblas_report_init(&result.report, sizeof result.report);
  options.components = shape->k;
  options.family = shape->family;
  options.covariance = shape->covariance;
  options.starts = 2, options.max_iterations = 40;
  options.compress = EMBLAS_COMPRESS_STREAM;
  result.status = emblas_fit(data, &options, &result.model, &result.report);
  return result;
}

static void result_free(struct result *result) {
  emblas_model_free(result->model);
  emblas_report_clear(&result->report);
}

static void expect(int holds, const char *name, const char *what) {
  if (holds) return;
  faults++;
  printf("process %d of %d: %s: %s\n", rank, count, name, what);
}

/* Whole rows of one process: a share that grows with its rank, and none for every fifth. */
static size_t begin_of(size_t n, int process) {
  double share = 0, all = 0;
  for (int p = 0; p < count; p++) {
    double own = p % 5 == 3 ? 0 : 1 + p;
    all += own;
    if (p < process) share += own;
  }
  return process == count ? n : (size_t)(share / all * (double)n);
}

static void share(struct emblas_data *data, const struct shape *shape, const double *values,
                  const double *weights) {
  size_t first = begin_of(shape->n, rank), end = begin_of(shape->n, rank + 1);
  emblas_data_init(data, sizeof *data);
  data->values = values + first * shape->d, data->columns = shape->d;
  data->rows = end - first;
  if (shape->weighted) data->weights = weights + first;
}

static int same(const struct result *a, const struct result *b, const struct shape *shape) {
  size_t k = shape->k, d = shape->d;
  double one[64], other[64];
  int equal =
      a->report.loglik == b->report.loglik && a->report.icl == b->report.icl &&
      a->report.maps == b->report.maps &&
      memcmp(emblas_model_weights(a->model), emblas_model_weights(b->model), k * sizeof(double)) == 0 &&
      memcmp(emblas_model_means(a->model), emblas_model_means(b->model), k * d * sizeof(double)) == 0;
  for (size_t c = 0; c < k && shape->family == EMBLAS_GAUSSIAN; c++) {
    emblas_model_cholesky(a->model, c, one);
    emblas_model_cholesky(b->model, c, other);
    equal = equal && memcmp(one, other, d * d * sizeof(double)) == 0;
  }
  return equal;
}

static void compare(const struct shape *shape, double *values, double *weights) {
  struct emblas_data alone, data;
  struct emblas_mpi *mpi = NULL;
  fill(shape, values, weights);
  emblas_data_init(&alone, sizeof alone);
  alone.values = values, alone.rows = shape->n, alone.columns = shape->d;
  if (shape->weighted) alone.weights = weights;
  struct result expected = fit(&alone, shape), shared = {.status = EMBLAS_ERROR_SUM};
  share(&data, shape, values, weights);
  if (emblas_mpi_share(MPI_COMM_WORLD, &data, &mpi) == EMBLAS_OK) shared = fit(&data, shape);
  expect(expected.status == EMBLAS_OK && shared.status == EMBLAS_OK, shape->name,
         emblas_status_string(shared.status));
  if (shared.status == EMBLAS_OK)
    expect(same(&expected, &shared, shape), shape->name, "other bits than alone");
  result_free(&expected);
  result_free(&shared);
  emblas_mpi_free(mpi);
}

/* ------------------------------------------------------------------ errors */

static int fail_always(void *context, size_t first, size_t rows, double *room, struct emblas_rows *read) {
  (void)context, (void)first, (void)rows, (void)room, (void)read;
  return 1;
}

static void *no_memory(void *context, size_t bytes) {
  (void)context, (void)bytes;
  return NULL;
}

static void no_release(void *context, void *memory) {
  (void)context, (void)memory;
}

static void check_error(const char *name, struct emblas_data *data,
                        const struct emblas_allocator *allocator, emblas_status wanted) {
  struct emblas_mpi *mpi = NULL;
  struct emblas_model *model = NULL;
  struct emblas_options options;
  double begin = MPI_Wtime();
  emblas_options_init(&options, sizeof options);
  options.components = 2;
  if (allocator != NULL) options.allocator = *allocator;
  emblas_status status = emblas_mpi_share(MPI_COMM_WORLD, data, &mpi);
  if (status == EMBLAS_OK) status = emblas_fit(data, &options, &model, NULL);
  expect(status == wanted, name, emblas_status_string(status));
  expect(MPI_Wtime() - begin < 10, name, "it took more than ten seconds");
  emblas_model_free(model);
  emblas_mpi_free(mpi);
}

static void check_errors(double *values, double *weights) {
  const struct shape *shape = &shapes[0];
  const struct emblas_allocator none = {no_memory, no_release, NULL};
  struct emblas_data data;
  int last = rank == count - 1;
  fill(shape, values, weights);
  if (last)
    values[(shape->n - 1) * shape->d] = NAN; /* of the last process's rows, or of the one before it */
  share(&data, shape, values, weights);
  if (data.rows > 0 && begin_of(shape->n, rank + 1) == shape->n) values[(shape->n - 1) * shape->d] = NAN;
  check_error("a value that is NaN", &data, NULL, EMBLAS_ERROR_NOT_FINITE);
  fill(shape, values, weights);
  share(&data, shape, values, weights);
  if (rank == 0) data.values = NULL, data.reader.read = fail_always;
  check_error("rows that cannot be read", &data, NULL, EMBLAS_ERROR_READ);
  share(&data, shape, values, weights);
  check_error("no memory", &data, last ? &none : NULL, EMBLAS_ERROR_MEMORY);
  share(&data, shape, values, weights);
  data.rows = 0;
  check_error("no rows", &data, NULL, EMBLAS_ERROR_TOO_FEW_ROWS);
  share(&data, shape, values, weights);
  if (count > 1) {
    data.columns = last ? 2 : 3;
    check_error("other columns", &data, NULL, EMBLAS_ERROR_DIMENSION);
  }
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &count);
  double *values = malloc(200000 * sizeof *values), *weights = malloc(200000 * sizeof *weights);
  if (values == NULL || weights == NULL) MPI_Abort(MPI_COMM_WORLD, 1);
  for (size_t s = argc > 1 ? SHAPES - 2 : 0; s < SHAPES; s++) compare(&shapes[s], values, weights);
  if (argc == 1) check_errors(values, weights);
  free(values);
  free(weights);
  MPI_Allreduce(MPI_IN_PLACE, &faults, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  MPI_Finalize();
  return faults > 0;
}
