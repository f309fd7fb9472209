/* SPDX-License-Identifier: MIT */
/* Which components of a model stand on too little to be believed, and on which rows. */
#ifndef EMBLAS_SOUND_H
#define EMBLAS_SOUND_H

#include "fitter.h"

/* Adds EMBLAS_COMPONENT_SPURIOUS to the flags of components that have none and should: too few
   rows, or what the family finds too narrow. theta: in the frame. */
void emblas_sound_flags(struct emblas_fitter *fitter, const double *theta, unsigned *flags);

/* For components with a flag (no row for others): how many rows there are to it, the row that is most its
   own, and how many rows are equal to that one. On all rows, on one thread. */
void emblas_sound_places(struct emblas_fitter *fitter, const double *theta, const unsigned *flags,
                         struct emblas_component_rows *places);

#endif
