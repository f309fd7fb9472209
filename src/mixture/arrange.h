/* SPDX-License-Identifier: MIT */
/* In which order the components of a model stand. A run keeps the order that its start has; what it comes
   to is put in order once, when the model is made. */
#ifndef EMBLAS_ARRANGE_H
#define EMBLAS_ARRANGE_H

#include "../families/family.h"

/* places: k; the component that stands at each place, in units of the data. Equal ones keep their order. */
void emblas_arrange_find(enum emblas_order order, const struct components *m, const double *theta,
                         size_t *places);

/* to: the parameters theta in this order. */
void emblas_arrange_parameters(const struct components *m, const size_t *places, const double *theta,
                               double *to);

/* What a report says of each component: flags and, unless NULL, rows. places is used up. */
void emblas_arrange_report(size_t k, size_t *places, unsigned *flags, struct emblas_component_rows *rows);

#endif
