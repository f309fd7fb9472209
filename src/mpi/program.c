/* SPDX-License-Identifier: MIT */
/* emblas-mpi: `emblas fit` in the processes of mpirun. Each reads its own part of the rows; the first one
   reports and writes the files. */
#include "../cli/fit.h"

#include <emblas/mpi.h>
#include <stdlib.h>
#include <string.h>

static int rank, count, finished, shared;
static struct emblas_mpi *mpi;
static double begun;

/* A part of the rows of a file. */
static struct part {
  struct emblas_reader file;
  size_t first;
} part;

static int read_part(void *context, size_t first, size_t rows, double *room, struct emblas_rows *read) {
  const struct part *own = context;
  return own->file.read(own->file.context, own->first + first, rows, room, read);
}

/* Whole stretches, as many for each process as for any other. */
static size_t begin_of(size_t rows, int process) {
  size_t together = EMBLAS_ROWS_TOGETHER, stretches = (rows + together - 1) / together;
  size_t first = stretches / (size_t)count * (size_t)process;
  size_t more = stretches % (size_t)count;
  first += (size_t)process < more ? (size_t)process : more;
  return first * together < rows ? first * together : rows;
}

/* The largest exit status of all processes, which every one of them asks for once, before there is anything
 * to share. */
static int agree(int status) {
  int largest;
  shared = 1;
  MPI_Allreduce(&status, &largest, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  return largest;
}

static emblas_status share_rows(struct emblas_data *data) {
  int failed = agree(EXIT_DONE);
  if (failed) {
    sharing.agreed = 1; /* another process has said why, as of a file that is missing there */
    exit(failed);
  }
  size_t all = data->rows;
  part = (struct part){data->reader, begin_of(all, rank)};
  data->reader.read = read_part;
  data->reader.context = &part;
  data->rows = begin_of(all, rank + 1) - part.first;
  return emblas_mpi_share(MPI_COMM_WORLD, data, &mpi);
}

/* Each process ends when all have said what they have to say. An error of one alone, while the others are
   at work, ends these where they are. */
static void leave(int status, void *context) {
  (void)context;
  if (finished) return;
  if (shared && !sharing.agreed) MPI_Abort(MPI_COMM_WORLD, status);
  if (!shared) agree(status);
  fflush(NULL);
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Finalize();
}

static void say_cost(void) {
  double seconds, numbers, all = MPI_Wtime() - begun;
  emblas_mpi_cost(mpi, &seconds, &numbers);
  fprintf(stderr, "%d processes, %.3g s, of which the first one waited %.2g %% for sums, of %.3g numbers\n",
          count, all, 100 * seconds / all, numbers);
}

int main(int argc, char **argv) {
  char name[] = "emblas-mpi fit";
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &count);
  on_exit(leave, NULL);
  argp_err_exit_status = EXIT_USAGE;
  if (argc < 2 || strcmp(argv[1], "fit") != 0)
    die(EXIT_USAGE, "mpirun -n N emblas-mpi fit DATA ...: the options are those of emblas fit");
  sharing = (struct sharing){share_rows, rank > 0, 0};
  begun = MPI_Wtime();
  argv[1] = name;
  enum exit_status status = command_fit(argc - 1, argv + 1);
  if (rank == 0 && mpi != NULL) say_cost();
  emblas_mpi_free(mpi);
  MPI_Barrier(MPI_COMM_WORLD);
  finished = 1;
  MPI_Finalize();
  enum exit_status closed = close_stdout();
  return (int)(status != EXIT_DONE ? status : closed);
}
