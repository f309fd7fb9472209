/* SPDX-License-Identifier: MIT */
/* The log densities of rows under a mixture of Gaussians, from what is made once of its parameters: inverse
   factors, packed, and constants. Always the centred form, each component in a unit of its own for each
   column, so that rows far from the model and deviations of any size come out right. */
#ifndef EMBLAS_GAUSSIAN_DENSITY_H
#define EMBLAS_GAUSSIAN_DENSITY_H

#include "../../backends/packed.h"
#include "gaussian.h"

struct gaussian_density {
  struct gaussian shape; /* first, as in a fit's */
  struct packed
      packed; /* constants: log weight - log |L| - d/2 log 2 pi, in a unit of volume of the model's own */
  double log_volume; /* of that unit: what is to be taken from a log density */
  double *room;      /* tile x d, for emblas_density_prepare() */
  emblas_distances *distances;
  emblas_log_density *log_density;
};

#endif
