/* SPDX-License-Identifier: MIT */
/* Inverse factors of Gaussian components, packed so that the distances of a row from several components are
   one walk over memory: what a model keeps to evaluate its density.

   The components are cut into groups of `width`, and the lanes of a vector belong to the components of a
   group in turn: lane i of PACKED_LANES to component i mod width. The row enters as u_l = x_l scale_l -
   origin_l, with a scale, a power of two, and an origin for each component.

   Diagonal: z_l = u_l inverse_l, one vector for each l.
   Triangular: z_j = sum_{l <= j} inverse_jl u_l. The rows j are taken `tile` at a time, PACKED_TILE /
   width, and so many components of so many rows fill PACKED_TILE doubles for each l: the entry of row j and
   component c is number (j mod tile) width + (c mod width) of them. A tile has a step for each l up to its
   last row; entries above the diagonal are 0.

   A distance is the sum of z_j^2, in the lanes of its component. */
#ifndef EMBLAS_PACKED_H
#define EMBLAS_PACKED_H

#include <math.h>
#include <stddef.h>

enum { PACKED_LANES = 8, PACKED_TILE = 32 };

struct packed {
  size_t d;
  int triangular;
  size_t width, tile; /* components of a group; rows of a tile */
  size_t groups;
  size_t steps;           /* of all tiles of a group */
  size_t entries;         /* doubles in a step: PACKED_TILE, or PACKED_LANES where diagonal */
  double *scale, *origin; /* groups x d x PACKED_LANES */
  double *inverse;        /* groups x steps x entries */
  double *
      constant; /* groups x PACKED_LANES: of a log density; far below all others in lanes of no component */
};

/* The square of the largest distance, in deviations, that a density tells from larger ones: those and what
   overflows get it. */
#define PACKED_FARTHEST 1e300

/* The shape for k components in d dimensions, with the width that takes fewest steps; no arrays. */
struct packed emblas_packed_shape(size_t k, size_t d, int triangular);

/* Steps of a group before those of a tile. */
static inline size_t packed_steps_before(const struct packed *packed, size_t tile) {
  return packed->tile * (tile * (tile + 1) / 2);
}

/* The distances of `rows` rows, row_stride apart, from the components of a group. out: rows x PACKED_LANES;
   a component's is the sum of its lanes. A row that is so far out that its distance overflows may get NaN.
 */
typedef void emblas_distances(const struct packed *packed, size_t group, size_t rows, const double *x,
                              size_t row_stride, double *out);

/* log sum_c exp(l_c) of one row, l_c = constant - distance / 2. r: NULL, or receives exp(l_c) over that
   sum, of k components. */
typedef double emblas_log_density(const struct packed *packed, size_t k, const double *x, double *r);

/* Plain loops: the specification. */
emblas_distances emblas_packed_distances;
emblas_log_density emblas_packed_log_density;
/* The fastest that this processor runs. */
emblas_distances *emblas_packed_distances_kernel(void);
emblas_log_density *emblas_packed_log_density_kernel(void);

/* The lanes of each component are added up, as a tree, into its first one. */
static inline void packed_fold(size_t width, double *lanes) {
  for (size_t half = PACKED_LANES / 2; half >= width; half /= 2)
    for (size_t i = 0; i < half; i++) lanes[i] += lanes[i + half];
}

/* Log density of a component from its distance; what overflowed may be NaN. */
static inline double packed_logit(double constant, double distance) {
  return constant - (isless(distance, PACKED_FARTHEST) ? distance : PACKED_FARTHEST) / 2;
}

#endif
