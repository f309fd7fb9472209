/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_IO_H5_H
#define EMBLAS_IO_H5_H

#include "npy_header.h"

/* Whether a path is that of a dataset, FILE.h5:/NAME, or of such a file; and where its colon, or its end,
 * is. */
bool io_hdf5_named(const char *path);
const char *io_hdf5_colon(const char *path);

/* Makes a file with one dataset, /data where the path names none, and leaves the stream where its numbers
   are to be written. */
int io_hdf5_create(struct io_replacement *r, const char *path, size_t rows, size_t columns,
                   struct io_error *error);

/* Reads one. The source has no input. */
int io_hdf5_read(const char *path, struct io_source *source, struct io_table *table,
                 struct io_error *error);

#endif
