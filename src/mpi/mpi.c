/* SPDX-License-Identifier: MIT */
/* Rows of a communicator: stretches of EMBLAS_ROWS_TOGETHER rows are brought to one process each, and sums
   go through MPI_Allreduce. */
#include <emblas/mpi.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 1 };

struct emblas_mpi {
  MPI_Comm communicator; /* our own */
  int rank, count;
  struct emblas_data own; /* the caller's rows */
  size_t *given;          /* count + 1: the first row that each process was given by its caller .. */
  size_t *first;          /* .. and the first that it has in a fit */
  size_t skipped;         /* of the caller's rows, which another process has */
  size_t kept;            /* of the caller's rows */
  double *extra; /* rows of the next processes, (columns + 1) numbers each, the last their weights */
  int weighted;
  double seconds, numbers;
};

/* ------------------------------------------------------------------ sums */

/* In pieces that an int counts. */
static int sum(void *context, double *values, size_t length) {
  struct emblas_mpi *mpi = context;
  int result = MPI_SUCCESS;
  double begin = MPI_Wtime();
  for (size_t at = 0; at < length && result == MPI_SUCCESS; at += INT_MAX) {
    size_t piece = length - at < INT_MAX ? length - at : INT_MAX;
    result = MPI_Allreduce(MPI_IN_PLACE, values + at, (int)piece, MPI_DOUBLE, MPI_SUM, mpi->communicator);
  }
  mpi->seconds += MPI_Wtime() - begin;
  mpi->numbers += (double)length;
  return result != MPI_SUCCESS;
}

/* The first error of any process, in all of them. */
static emblas_status agree(struct emblas_mpi *mpi, emblas_status status) {
  struct {
    int status, rank;
  } worst = {status != EMBLAS_OK ? 0 : 1, mpi->rank};
  if (MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_2INT, MPI_MINLOC, mpi->communicator) != MPI_SUCCESS)
    return EMBLAS_ERROR_SUM;
  if (worst.status == 1) return EMBLAS_OK;
  int first = status;
  if (MPI_Bcast(&first, 1, MPI_INT, worst.rank, mpi->communicator) != MPI_SUCCESS) return EMBLAS_ERROR_SUM;
  return (emblas_status)first;
}

/* ------------------------------------------------------------------ the caller's rows */

/* Rows of the caller, in memory or of a reader. room: as for a reader. */
static int read_own(const struct emblas_mpi *mpi, size_t first, size_t count, double *room,
                    struct emblas_rows *rows) {
  const struct emblas_data *own = &mpi->own;
  size_t stride = own->stride != 0 ? own->stride : own->columns;
  *rows = (struct emblas_rows){.stride = own->columns};
  if (own->reader.read != NULL) return own->reader.read(own->reader.context, first, count, room, rows);
  rows->values = own->values + first * stride;
  rows->stride = stride;
  rows->weights = own->weights != NULL ? own->weights + first : NULL;
  return 0;
}

/* Packs rows of the caller: (columns + 1) numbers each. */
static int pack(const struct emblas_mpi *mpi, size_t first, size_t count, double *room, double *packed) {
  size_t d = mpi->own.columns;
  struct emblas_rows rows;
  if (count == 0) return 0;
  if (read_own(mpi, first, count, room, &rows) != 0) return 1;
  for (size_t i = 0; i < count; i++) {
    memcpy(packed + i * (d + 1), rows.values + i * rows.stride, d * sizeof *packed);
    packed[i * (d + 1) + d] = mpi->weighted ? rows.weights[i] : 1;
  }
  return 0;
}

/* The reader of a fit: rows of the caller, and then those that came from the next processes. */
static int read_rows(void *context, size_t first, size_t count, double *room, struct emblas_rows *rows) {
  const struct emblas_mpi *mpi = context;
  size_t d = mpi->own.columns, own = first < mpi->kept ? mpi->kept - first : 0;
  if (own >= count) return read_own(mpi, mpi->skipped + first, count, room, rows);
  double *weights = room + count * d;
  if (own > 0) {
    struct emblas_rows some;
    if (read_own(mpi, mpi->skipped + first, own, room, &some) != 0) return 1;
    /* Weights that stand in the room behind `own` rows make way for values first. */
    for (size_t i = 0; mpi->weighted && i < own; i++) weights[own - 1 - i] = some.weights[own - 1 - i];
    for (size_t i = 0; i < own && some.values != room; i++)
      memcpy(room + i * d, some.values + i * some.stride, d * sizeof *room);
  }
  for (size_t i = own; i < count; i++) {
    const double *row = mpi->extra + (first + i - mpi->kept) * (d + 1);
    memcpy(room + i * d, row, d * sizeof *room);
    weights[i] = row[d];
  }
  *rows = (struct emblas_rows){room, d, mpi->weighted ? weights : NULL};
  return 0;
}

/* ------------------------------------------------------------------ who has which rows */

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* A stretch belongs to the process that was given its first row. */
static size_t begin_of(const struct emblas_mpi *mpi, int process) {
  size_t together = EMBLAS_ROWS_TOGETHER, given = mpi->given[process];
  return least((given + together - 1) / together * together, mpi->given[mpi->count]);
}

static emblas_status count_rows(struct emblas_mpi *mpi) {
  unsigned long long own = mpi->own.rows, *all;
  emblas_status status = EMBLAS_OK;
  int weighted = mpi->own.reader.read != NULL ? mpi->own.reader.weighted : mpi->own.weights != NULL;
  int ways[2] = {weighted, !weighted && mpi->own.rows > 0}; /* with weights, without */
  unsigned long long columns[2] = {mpi->own.columns, ~(unsigned long long)mpi->own.columns};
  all = malloc((size_t)mpi->count * sizeof *all);
  mpi->given = malloc(((size_t)mpi->count + 1) * sizeof *mpi->given);
  mpi->first = malloc(((size_t)mpi->count + 1) * sizeof *mpi->first);
  if (all == NULL || mpi->given == NULL || mpi->first == NULL) status = EMBLAS_ERROR_MEMORY;
  status = agree(mpi, status);
  if (status == EMBLAS_OK &&
      (MPI_Allgather(&own, 1, MPI_UNSIGNED_LONG_LONG, all, 1, MPI_UNSIGNED_LONG_LONG, mpi->communicator) !=
           MPI_SUCCESS ||
       MPI_Allreduce(MPI_IN_PLACE, ways, 2, MPI_INT, MPI_MAX, mpi->communicator) != MPI_SUCCESS ||
       MPI_Allreduce(MPI_IN_PLACE, columns, 2, MPI_UNSIGNED_LONG_LONG, MPI_MAX, mpi->communicator) !=
           MPI_SUCCESS))
    status = EMBLAS_ERROR_SUM;
  if (status == EMBLAS_OK && columns[0] != ~columns[1]) status = EMBLAS_ERROR_DIMENSION;
  if (status == EMBLAS_OK && ways[0] && ways[1]) status = EMBLAS_ERROR_WEIGHT;
  if (status == EMBLAS_OK) {
    mpi->weighted = ways[0];
    mpi->given[0] = 0;
    for (int p = 0; p < mpi->count; p++) mpi->given[p + 1] = mpi->given[p] + (size_t)all[p];
    for (int p = 0; p <= mpi->count; p++) mpi->first[p] = begin_of(mpi, p);
    mpi->first[mpi->count] = mpi->given[mpi->count];
    mpi->skipped = least(mpi->first[mpi->rank] - mpi->given[mpi->rank], mpi->own.rows);
    mpi->kept = mpi->own.rows - mpi->skipped;
    if (mpi->given[mpi->count] == 0) status = EMBLAS_ERROR_TOO_FEW_ROWS;
  }
  free(all);
  return status;
}

/* The process that has a row. */
static int owner_of(const struct emblas_mpi *mpi, size_t row) {
  int p = 0;
  while (mpi->first[p + 1] <= row) p++;
  return p;
}

/* The rows at the begin of each process's share that complete the stretch of an earlier one go there. */
static int exchange(struct emblas_mpi *mpi, const double *packed) {
  size_t d = mpi->own.columns, end = mpi->first[mpi->rank + 1], at = 0;
  MPI_Request request = MPI_REQUEST_NULL;
  int result = MPI_SUCCESS;
  if (mpi->skipped > 0)
    result = MPI_Isend(packed, (int)(mpi->skipped * (d + 1)), MPI_DOUBLE,
                       owner_of(mpi, mpi->given[mpi->rank]), TAG, mpi->communicator, &request);
  for (int p = mpi->rank + 1; p < mpi->count && mpi->given[p] < end && result == MPI_SUCCESS; p++) {
    size_t rows = least(mpi->given[p + 1], end) - mpi->given[p];
    if (rows == 0 || owner_of(mpi, mpi->given[p]) != mpi->rank) continue;
    result = MPI_Recv(mpi->extra + at * (d + 1), (int)(rows * (d + 1)), MPI_DOUBLE, p, TAG,
                      mpi->communicator, MPI_STATUS_IGNORE);
    at += rows;
  }
  int waited = MPI_Wait(&request, MPI_STATUS_IGNORE);
  return result != MPI_SUCCESS || waited != MPI_SUCCESS;
}

static emblas_status move_rows(struct emblas_mpi *mpi) {
  size_t d = mpi->own.columns, own = mpi->first[mpi->rank + 1] - mpi->first[mpi->rank];
  size_t extra = own - least(own, mpi->kept);
  double *room = malloc(EMBLAS_ROWS_TOGETHER * (d + 1) * sizeof *room);
  double *packed = malloc((mpi->skipped + 1) * (d + 1) * sizeof *packed);
  emblas_status status = EMBLAS_OK;
  mpi->extra = malloc((extra + 1) * (d + 1) * sizeof *mpi->extra);
  if (room == NULL || packed == NULL || mpi->extra == NULL)
    status = EMBLAS_ERROR_MEMORY;
  else if (pack(mpi, 0, mpi->skipped, room, packed) != 0)
    status = EMBLAS_ERROR_READ;
  status = agree(mpi, status);
  if (status == EMBLAS_OK && exchange(mpi, packed) != 0) status = EMBLAS_ERROR_SUM;
  free(room);
  free(packed);
  return status;
}

/* ------------------------------------------------------------------ the whole */

static int is_whole(const struct emblas_data *data) {
  return data->size == sizeof *data && data->columns > 0 && data->processes.count == 0 &&
         (data->rows == 0 || (data->values == NULL) != (data->reader.read == NULL));
}

static emblas_status share(struct emblas_mpi *mpi, const struct emblas_data *data) {
  emblas_status status = agree(mpi, is_whole(data) ? EMBLAS_OK : EMBLAS_ERROR_ARGUMENT);
  if (status == EMBLAS_OK) status = count_rows(mpi);
  if (status == EMBLAS_OK) status = move_rows(mpi);
  return agree(mpi, status);
}

emblas_status emblas_mpi_share(MPI_Comm communicator, struct emblas_data *data, struct emblas_mpi **out) {
  struct emblas_mpi *mpi = calloc(1, sizeof *mpi);
  int here = mpi != NULL, all;
  if (MPI_Allreduce(&here, &all, 1, MPI_INT, MPI_MIN, communicator) != MPI_SUCCESS || !all) {
    free(mpi);
    return EMBLAS_ERROR_MEMORY;
  }
  if (MPI_Comm_dup(communicator, &mpi->communicator) != MPI_SUCCESS) {
    free(mpi);
    return EMBLAS_ERROR_SUM;
  }
  MPI_Comm_set_errhandler(mpi->communicator, MPI_ERRORS_RETURN);
  MPI_Comm_rank(mpi->communicator, &mpi->rank);
  MPI_Comm_size(mpi->communicator, &mpi->count);
  mpi->own = *data;
  emblas_status status = share(mpi, data);
  if (status != EMBLAS_OK) {
    emblas_mpi_free(mpi);
    return status;
  }
  data->values = NULL;
  data->weights = NULL;
  data->stride = 0;
  data->rows = mpi->first[mpi->rank + 1] - mpi->first[mpi->rank];
  data->reader = (struct emblas_reader){read_rows, mpi, mpi->weighted};
  data->processes = (struct emblas_processes){(size_t)mpi->count, (size_t)mpi->rank, mpi->first, sum, mpi};
  *out = mpi;
  return EMBLAS_OK;
}

void emblas_mpi_cost(const struct emblas_mpi *mpi, double *seconds, double *numbers) {
  *seconds = mpi->seconds;
  *numbers = mpi->numbers;
}

void emblas_mpi_free(struct emblas_mpi *mpi) {
  if (mpi == NULL) return;
  MPI_Comm_free(&mpi->communicator);
  free(mpi->given);
  free(mpi->first);
  free(mpi->extra);
  free(mpi);
}
