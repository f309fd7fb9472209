/* SPDX-License-Identifier: MIT */
/* The coordinates a fit works in: y = V ((x - shift) / scale).

   The shift is a value near each column's median and the scale a power of two near its range, so that
   offsets and units cost no digits: multiplying a column by a power of two changes no bit of y. Where the
   covariance model allows any linear map (full matrices), V is the inverse Cholesky factor of the pooled
   covariance, as rounded, and the whitened columns have covariance I; elsewhere there is no V. */
#ifndef EMBLAS_FRAME_H
#define EMBLAS_FRAME_H

#include "../base/arena.h"
#include "view.h"

/* The maps of rows that leave a model what it is, and so the frame that a fit may lay over the data. */
enum frame_kind {
  FRAME_NONE,         /* none: rows as they are */
  FRAME_SCALED,       /* each column shifted, and in a unit of its own */
  FRAME_COMMON_SCALE, /* each column shifted, all in one unit */
  FRAME_WHITENED      /* any linear map */
};

struct frame {
  size_t d;
  double *shift;           /* d, units of the data */
  double *scale;           /* d, powers of two */
  double *inverse;         /* d: 1 / scale, exact */
  double *origin;          /* d: shift / scale */
  double *whitener;        /* d x d lower triangular V, or NULL for I */
  double *mean;            /* d: pooled mean of the shifted and scaled columns, where there is no V */
  double *variance;        /* d: pooled variance of the scaled columns, > 0; 0 for constant ones */
  unsigned char *constant; /* d: all values equal */
  double least;            /* the least pooled variance of a whitened column: 1 but where it was raised */
  int fine;                /* rows are whitened in twice the digits: V cancels most of them */
  int skips;         /* rows without weight lie in the origin, wherever they are: 0 times what they are
                        may be no number */
  double log_volume; /* log |det dx/dy|: log-likelihood of x = that of y - weight * log_volume */
};

void emblas_frame_allocate(struct frame *frame, struct arena *arena, size_t d, int whitened);

/* The power of two at or below x, kept away from where its inverse would overflow; 1 for 0. */
double emblas_frame_unit(double x);

/* Once shift, scale and constant are set: what follows from them. common_scale: the largest scale for all
   columns (spherical models know no other), or a larger one, so that no value overflows. */
void emblas_frame_complete(struct frame *frame, int common_scale);

/* The frame of rows, but for what emblas_frame_pool() finds. data: the rows, or a sample of them, whose
   medians it takes; total_weight: theirs. nominal: the deviation that a constant column is given, relative
   to its value; the unit is the power of two at or below that. */
void emblas_frame_from_ranges(struct frame *frame, const struct emblas_data *data, double total_weight,
                              const struct view_summary *summary, double nominal, enum frame_kind kind);

/* `count` rows from `first` on, shifted and scaled, not whitened. out: d x stride, a column after the
 * other. */
void emblas_frame_rows(const struct frame *frame, const struct emblas_data *data, size_t first,
                       size_t count, size_t stride, double *out);

/* The same in full: y. scratch: as out. ahead: for the backend's columns(). */
void emblas_frame_load(const struct frame *frame, const struct emblas_backend *backend,
                       const struct emblas_data *data, size_t first, size_t count,
                       struct emblas_ahead ahead, size_t stride, double *scratch, double *out);

/* Shares of the first and second moments about the origin. */
struct frame_moments {
  double *mean, *variance; /* d; variance: NULL where it is not wanted */
  double *pooled;          /* d x d, lower triangle; NULL without a whitener */
};

/* Pooled moments of the rows, for `mean`, `variance` and, where it was asked for, the whitener. They choose
   the coordinates, and so need no last digits. */
struct frame_workspace {
  size_t rows; /* of a block */
  size_t stride;
  double *block, *scratch; /* d x stride each */
  double *share;           /* stride */
  double *pooled;          /* d x d; not used without a whitener */
  /* How moments of all rows are added up, where `data` are but a sample; NULL: as those of data. */
  void (*add_up)(void *context, int whitened, const struct frame_moments *moments);
  void *context;
};

/* Adds what rows have of the moments. total_weight: of all; whitened: in full, or shifted and scaled alone.
 */
void emblas_frame_add(const struct frame *frame, const struct emblas_backend *backend,
                      const struct emblas_data *data, double total_weight, int whitened,
                      const struct frame_moments *moments, const struct frame_workspace *workspace);
void emblas_frame_pool(struct frame *frame, const struct emblas_backend *backend,
                       const struct emblas_data *data, double total_weight,
                       const struct frame_workspace *workspace);

/* The deviation in the frame that is the smallest double, or more, in every direction of the data; at
 * most 1. */
double emblas_frame_smallest_deviation(const struct frame *frame);

/* V y, in place: d entries, of a point whose columns are shifted and scaled. */
void emblas_frame_whiten(const struct frame *frame, double *y);
/* V diag(deviation), d x d, of deviations of the scaled columns. */
void emblas_frame_diagonal_in(const struct frame *frame, const double *deviation, double *y);

/* Parameters between the frame and the data's units; d entries, or d x d lower factors. In place allowed.
   Means and deviations beyond the range of doubles become its ends, deviations > 0. */
void emblas_frame_mean_out(const struct frame *frame, const double *y, double *x);
void emblas_frame_mean_in(const struct frame *frame, const double *x, double *y);
void emblas_frame_factor_out(const struct frame *frame, const double *y, double *x);
double emblas_frame_deviation_out(const struct frame *frame, size_t column, double y);
void emblas_frame_factor_in(const struct frame *frame, const double *x, double *y);

#endif
