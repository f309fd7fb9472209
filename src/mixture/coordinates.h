/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_COORDINATES_H
#define EMBLAS_COORDINATES_H

#include "../data/frame.h"
#include "../model/model.h"

/* Parameters of a model, in units of the data, into a mixture's in the frame. The model's covariances may
   be a special case of the mixture's; EMBLAS_ERROR_DIMENSION when they are not, or when sizes differ. */
emblas_status emblas_parameters_in(const struct frame *frame, const struct gaussian *g,
                                   const struct emblas_model *model, double *theta);

/* Back again: out in units of the data. */
void emblas_parameters_out(const struct frame *frame, const struct gaussian *g, const double *theta,
                           double *out);

#endif
