/* SPDX-License-Identifier: MIT */
/* A start from a model, which may be of another covariance model than the mixture. */
#ifndef EMBLAS_CONVERT_H
#define EMBLAS_CONVERT_H

#include "../model/model.h"
#include "pass.h"

/* Parameters of a model, in units of the data, become admissible ones of the pass's mixture, in its frame.
   Weights and means stay. Covariances that the mixture may have stay, too; others become what an M step
   makes of rows with these weights and covariances: among all covariances that the mixture may have, the
   nearest by the Kullback-Leibler divergence from the model, component by component. What is below the
   floor in some direction is raised to it and flagged.

   room: as many doubles as theta. flags: k, set here. EMBLAS_ERROR_DIMENSION or EMBLAS_ERROR_COMPONENTS
   when the sizes differ; EMBLAS_ERROR_RANGE when a component is so far from the rows, or so much wider,
   that its parameters overflow in the frame: then *component is it. */
emblas_status emblas_parameters_convert(struct pass *pass, const struct gaussian_floor *floor,
                                        const struct emblas_model *model, double *theta, double *room,
                                        unsigned *flags, size_t *component);

#endif
