/* SPDX-License-Identifier: MIT */
/* The log densities of rows under a mixture of Gaussians, from what is made once of its parameters: inverse
   factors, packed, and constants. Always the centred form, each component in a unit of its own for each
   column, so that rows far from the model and deviations of any size come out right. */
#ifndef EMBLAS_GAUSSIAN_DENSITY_H
#define EMBLAS_GAUSSIAN_DENSITY_H

#include "../../backends/packed.h"
#include "gaussian.h"

struct gaussian_density {
  struct packed
      packed; /* constants: log weight - log |L| - d/2 log 2 pi, in a unit of volume of the model's own */
  double log_volume; /* of that unit: what is to be taken from a log density */
  double *room;      /* tile x d, for emblas_density_prepare() */
  emblas_distances *distances;
  emblas_log_density *log_density;
};

/* Memory: where triangular, k d^2 doubles at most and some 48 d for each group beside them. */
void emblas_density_allocate(const struct gaussian *g, struct arena *arena,
                             struct gaussian_density *density);

/* From theta, in units of the data. Returns k, or the first component whose inverse factor is beyond the
   range of double. */
size_t emblas_density_prepare(const struct gaussian *g, const double *theta,
                              struct gaussian_density *density);

/* Components first .. first + the result are those of a group, at most PACKED_LANES. */
static inline size_t density_group(const struct gaussian *g, const struct gaussian_density *density,
                                   size_t group, size_t *first) {
  *first = group * density->packed.width;
  return g->k - *first < density->packed.width ? g->k - *first : density->packed.width;
}

/* Log weight + log density in the model's unit of rows under component c, from the folded lanes of its
   group (rows x PACKED_LANES). */
void emblas_density_logits(const struct gaussian_density *density, size_t c, size_t rows,
                           const double *lanes, double *logits);

#endif
