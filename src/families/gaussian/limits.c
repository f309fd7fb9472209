/* SPDX-License-Identifier: MIT */
/* What bounds the parameters of a fit: the floor, and how narrow a sound component may be. */
#include "family.h"

#include <math.h>

/* No variance is held below this part of the square of its column's unit, whatever the floor: the inverse
   is far from overflowing. Of a matrix whose largest eigenvalues are about 1, smaller ones than 128 eps are
   but rounding. */
static const double LEAST_FLOOR = 0x1p-400, LEAST_EIGENVALUE = 0x1p-45;

/* The least share of the variance of all data in the same direction. A component that is narrower by a
   factor of 1000 has found rows that happen to lie close together, or in a line. Columns that all but
   follow from others are such a line themselves. */
static const double LEAST_VARIANCE = 1e-6;

static double mean_variance(const struct frame *frame) {
  double mean = 0;
  for (size_t j = 0; j < frame->d; j++) mean += frame->variance[j] / (double)frame->d;
  return mean;
}

/* The floor in the frame: relative to the pooled variance, which is 1 where the frame is whitened; and no
   deviation that is none in units of the data. */
static void set_floor(struct gaussian_fit *fit, const struct frame *frame, double floor, double *variance) {
  enum geometry geometry = fit->shape.geometry;
  double mean = mean_variance(frame), smallest = emblas_frame_smallest_deviation(frame);
  double eigenvalue = LEAST_EIGENVALUE * (frame->whitener != NULL ? 1 : mean);
  double least = fmax(geometry == GEOMETRY_FULL ? eigenvalue : LEAST_FLOOR, smallest * smallest);
  for (size_t j = 0; j < frame->d; j++) {
    double pooled = geometry == GEOMETRY_DIAG ? frame->variance[j] : frame->whitener != NULL ? 1 : mean;
    if (pooled == 0) pooled = 1;
    variance[j] = fmax(floor * pooled, least);
    fit->unit[j] = sqrt(pooled);
  }
}

/* In units of the floor. */
static double narrowest(const struct gaussian_fit *fit, const struct frame *frame, double floor) {
  double least = frame->least;
  if (fit->shape.geometry == GEOMETRY_FULL && frame->whitener == NULL) {
    double smallest = INFINITY; /* the floor is a part of the mean of the columns' variances */
    for (size_t j = 0; j < frame->d; j++)
      if (!frame->constant[j]) smallest = fmin(smallest, frame->variance[j]);
    least = fmin(least, smallest / mean_variance(frame));
  }
  return fmax(LEAST_VARIANCE * least / floor, 1);
}

void emblas_gaussian_bound(struct components *m) {
  struct gaussian_fit *fit = m->own;
  set_floor(fit, m->frame, m->floor, fit->variance);
  fit->floor = (struct gaussian_floor){fit->variance, m->frame->constant};
  fit->narrowest = narrowest(fit, m->frame, m->floor);
}
