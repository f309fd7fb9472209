/* SPDX-License-Identifier: MIT */
/* Fits of data that break implementations: with every covariance model, and what any fit promises. */
#ifndef TEST_EVERY_WAY_H
#define TEST_EVERY_WAY_H

#include "../support/fit.h"

/* Beside check_fit(): no component without weight that is not flagged, an entropy that is not below 0, the
   same bits for two threads, an end that is one, and a model under which each row has a density and
   responsibilities that sum to 1. Where no component is flagged the densities add up to the log-likelihood
   reported. */
void check_promises(const char *id, const struct emblas_data *data, const struct emblas_options *options,
                    const struct fit *fit);

typedef void inspection(const char *id, const struct emblas_data *data, const struct fit *fit,
                        void *context);

/* Fits of each covariance model with these options; all are checked, then inspected. */
void fit_every_model(const char *id, const struct emblas_data *data, struct emblas_options options,
                     inspection *inspect, void *context);
/* .. and as many without acceleration and compression. */
void fit_every_way(const char *id, const struct emblas_data *data, struct emblas_options options,
                   inspection *inspect, void *context);
/* Defaults. */
struct emblas_options components(size_t k);
/* .. with fewer starts: where those take long. */
struct emblas_options few_starts(size_t k);

/* Components that have a flag. */
size_t count_flagged(const struct fit *fit);

/* The rows of a, m x d, after those of x, n x d. Kept by test_keep(). */
double *join_rows(const double *x, size_t n, size_t d, const double *a, size_t m);

#endif
