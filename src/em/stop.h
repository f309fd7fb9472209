/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_STOP_H
#define EMBLAS_STOP_H

#include <emblas/em.h>

/* The log-likelihood still to gain, from the last three of `length` points. */
double emblas_stop_projected_gain(const struct emblas_em_point *points, size_t length);

/* The same where a limit of few maps leaves no room for the rule: from the last two of `length` points, the
   last of which a plain step led to; from the last three where `plain` steps, two or more, did. INFINITY
   after more points. */
double emblas_stop_few_gains(const struct emblas_em_point *points, size_t length, size_t plain);

/* Does the rule say that the last of `length` points is the end? */
int emblas_stop_reached(const struct emblas_em_options *options, const struct emblas_em_point *points,
                        size_t length);

#endif
