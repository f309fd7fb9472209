/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_COORDINATES_H
#define EMBLAS_COORDINATES_H

#include "../data/frame.h"
#include "../model/model.h"

/* Parameters of a model, in units of the data, into those of a mixture of the same sizes and covariance
   model in the frame. */
void emblas_parameters_in(const struct frame *frame, const struct gaussian *g,
                          const struct emblas_model *model, double *theta);

/* Back again: out in units of the data. */
void emblas_parameters_out(const struct frame *frame, const struct gaussian *g, const double *theta,
                           double *out);

#endif
