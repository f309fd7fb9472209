/* SPDX-License-Identifier: MIT */
/* Weak scaling: every process has as many rows. Run it by itself:
 *
 *     for n in 1 2 4 8; do mpirun -n $n --oversubscribe build/benchmarks/bench_scaling [ROWS]; done
 *
 * A line says how many rows a second each process has walked over, and which part of the time it has waited
 * for the sums of all. */
#include <emblas/mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS = 8, COMPONENTS = 8, FEW = 2, MANY = 12, RUNS = 5 };

static double uniform(uint64_t place) {
  uint64_t z = (place + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double run(const struct emblas_data *data, const size_t *labels, size_t maps) {
  struct emblas_options options;
  struct emblas_model *model = NULL;
  emblas_options_init(&options, sizeof options);
  options.components = COMPONENTS, options.start = EMBLAS_START_LABELS, options.labels = labels;
  options.accelerate = EMBLAS_ACCELERATE_NONE, options.tolerance = 0;
  options.max_iterations = maps, options.threads = 1;
  MPI_Barrier(MPI_COMM_WORLD);
  double begin = MPI_Wtime();
  if (emblas_fit(data, &options, &model, NULL) != EMBLAS_OK) MPI_Abort(MPI_COMM_WORLD, 1);
  emblas_model_free(model);
  return MPI_Wtime() - begin;
}

static int compare(const void *a, const void *b) {
  const double *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

int main(int argc, char **argv) {
  int rank, count;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &count);
  size_t n =
      (argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000) / EMBLAS_ROWS_TOGETHER * EMBLAS_ROWS_TOGETHER;
  double *x = malloc(n * COLUMNS * sizeof *x);
  size_t *labels = malloc(n * sizeof *labels);
  if (n == 0 || x == NULL || labels == NULL) MPI_Abort(MPI_COMM_WORLD, 1);
  for (size_t i = 0; i < n * COLUMNS; i++) {
    uint64_t place = 2 * ((uint64_t)rank * n * COLUMNS + i);
    x[i] = uniform(place) + uniform(place + 1) + (i / COLUMNS % COMPONENTS == i % COLUMNS ? 2 : 0);
  }
  for (size_t i = 0; i < n; i++) labels[i] = i % COMPONENTS;

  struct emblas_data data;
  struct emblas_mpi *mpi;
  double times[RUNS], waited = 0, all = 0, numbers = 0;
  emblas_data_init(&data, sizeof data);
  data.values = x, data.rows = n, data.columns = COLUMNS;
  if (emblas_mpi_share(MPI_COMM_WORLD, &data, &mpi) != EMBLAS_OK) MPI_Abort(MPI_COMM_WORLD, 1);
  for (int r = 0; r < RUNS; r++) {
    double before, after, few = run(&data, labels, FEW);
    emblas_mpi_cost(mpi, &before, &numbers);
    double many = run(&data, labels, MANY), sums = numbers;
    emblas_mpi_cost(mpi, &after, &numbers);
    times[r] = (many - few) / (MANY - FEW);
    waited += after - before, all += many;
    numbers -= sums;
  }
  qsort(times, RUNS, sizeof times[0], compare);
  if (rank == 0)
    printf("%3d processes of %zu rows: %6.2f million rows a second each; %5.2f %% of the time in sums, of "
           "%.0f numbers a "
           "map\n",
           count, n, (double)n / times[RUNS / 2] / 1e6, 100 * waited / all, numbers / (MANY + 3));
  emblas_mpi_free(mpi);
  free(x);
  free(labels);
  MPI_Finalize();
  return 0;
}
