/* SPDX-License-Identifier: MIT */
/* An MPI code whose processes each have rows of their own: one mixture for the rows of all.
 *
 *     mpicc mpi.c $(pkg-config --cflags --libs emblas-mpi) -lm && mpirun -n 4 ./a.out
 */
#include <emblas/mpi.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIM = 2, COMPONENTS = 3, ALL = 100000 };

/* A number of (0, 1) that belongs to a place, whichever process asks for it (splitmix64). */
static double uniform(uint64_t place) {
  uint64_t z = (place + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

/* Row i of a mixture of three normal components. */
static void draw_row(size_t i, double *row) {
  static const double means[COMPONENTS][DIM] = {{-4, 0}, {3, 2}, {1, -5}};
  size_t c = uniform(3 * i) < 0.5 ? 0 : uniform(3 * i) < 0.8 ? 1 : 2;
  double radius = sqrt(-2 * log(uniform(3 * i + 1))), angle = 6.283185307179586 * uniform(3 * i + 2);
  row[0] = means[c][0] + radius * cos(angle);
  row[1] = means[c][1] + radius * sin(angle);
}

int main(int argc, char **argv) {
  int rank, count;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &count);

  /* This process's rows: about as many as any other's. */
  size_t first = (size_t)rank * ALL / (size_t)count, end = (size_t)(rank + 1) * ALL / (size_t)count;
  double *rows = malloc((end - first + 1) * DIM * sizeof *rows);
  if (rows == NULL) MPI_Abort(MPI_COMM_WORLD, 1);
  for (size_t i = first; i < end; i++) draw_row(i, rows + (i - first) * DIM);

  struct emblas_data data;
  struct emblas_options options;
  struct emblas_report report;
  struct emblas_model *model = NULL;
  struct emblas_mpi *mpi = NULL;
  emblas_data_init(&data, sizeof data);
  data.values = rows, data.rows = end - first, data.columns = DIM;
  emblas_options_init(&options, sizeof options);
  options.components = COMPONENTS;
  options.order = EMBLAS_ORDER_WEIGHT;
  emblas_report_init(&report, sizeof report);

  emblas_status status = emblas_mpi_share(MPI_COMM_WORLD, &data, &mpi);
  if (status == EMBLAS_OK) status = emblas_fit(&data, &options, &model, &report);
  if (status != EMBLAS_OK) {
    if (rank == 0) fprintf(stderr, "%s\n", emblas_status_string(status));
  } else if (rank == 0) { /* every process has the model */
    printf("log-likelihood %.17g\n", report.loglik);
    for (size_t c = 0; c < COMPONENTS; c++)
      printf("component %zu: weight %.4f, mean %.3f %.3f\n", c, emblas_model_weights(model)[c],
             emblas_model_means(model)[c * DIM], emblas_model_means(model)[c * DIM + 1]);
  }

  emblas_model_free(model);
  emblas_report_clear(&report);
  emblas_mpi_free(mpi);
  free(rows);
  MPI_Finalize();
  return status != EMBLAS_OK;
}
