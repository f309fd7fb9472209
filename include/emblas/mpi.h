/* SPDX-License-Identifier: MIT */
/**
 * @file mpi.h
 * Rows that the processes of a communicator hold, for the functions of <emblas/emblas.h>: libemblas-mpi.
 *
 *     struct emblas_mpi *mpi;
 *     emblas_status status = emblas_mpi_share(MPI_COMM_WORLD, &data, &mpi);   // data: this process's rows
 *     if (status == EMBLAS_OK) status = emblas_fit(&data, &options, &model, &report);
 *     emblas_mpi_free(mpi);
 *
 * Each process passes rows of its own, as many as it has, or none; together, in the order of their ranks,
 * they are the rows of the fit. The result is the same bits as that of one process with all of them and
 * options.compress = EMBLAS_COMPRESS_STREAM, for any number of processes and threads on one kind of CPU.
 *
 * The calls of the library that take the data are collective then: every process makes them, in the same
 * order and with the same options, save for threads, the progress hook, the allocator, and labels or
 * responsibilities to start from, which are those of its own rows. An error of one process ends the call in
 * all of them with the same status. A process that ends is MPI's to notice.
 */
#ifndef EMBLAS_MPI_H
#define EMBLAS_MPI_H

#include <emblas/emblas.h>
#include <mpi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct emblas_mpi;

/**
 * Collective. Takes the rows of each process as `data` has them (in memory or of a reader), and makes
 * `data` those of all: its reader, rows and processes are set. Rows keep their places, but for fewer than
 * EMBLAS_ROWS_TOGETHER of a process and the next ones, which are copied to the process that their stretch
 * begins in. *mpi owns what `data` refers to then, beside the rows themselves, which the caller keeps. On
 * failure `data` is as it was, in all processes.
 *
 * Cost: some messages between neighbours. Every pass over the rows of all adds up some 64 sums of k d^2
 * numbers, with one MPI_Allreduce of as many numbers and a short one before it.
 */
EMBLAS_API emblas_status emblas_mpi_share(MPI_Comm communicator, struct emblas_data *data,
                                          struct emblas_mpi **mpi);

/** How many seconds this process has waited for the sums so far, and how many numbers went through them. */
EMBLAS_API void emblas_mpi_cost(const struct emblas_mpi *mpi, double *seconds, double *numbers);

/** Collective: frees the copy of the communicator. NULL: nothing. */
EMBLAS_API void emblas_mpi_free(struct emblas_mpi *mpi);

#ifdef __cplusplus
}
#endif
#endif
