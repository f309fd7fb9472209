/* SPDX-License-Identifier: MIT */
/* The coordinates of free.c and the metric of metric.c, as the family's table has them. */
#include "family.h"

static size_t size(const struct components *m) {
  return emblas_gaussian_free_size(gaussian_of(m));
}

static void to_free(const struct components *m, const double *theta, double *free) {
  emblas_gaussian_to_free(gaussian_of(m), gaussian_fit_of(m)->unit, theta, free);
}

static int from_free(const struct components *m, const double *free, double *theta, double *room,
                     unsigned *flags, void *scratch) {
  const struct gaussian_fit *fit = m->own;
  return emblas_gaussian_from_free(&fit->shape, m->backend, &fit->floor, fit->unit, free, theta, room,
                                   flags, scratch);
}

static void metric(const struct components *m, const double *theta, double *scale) {
  emblas_gaussian_metric(gaussian_of(m), gaussian_fit_of(m)->unit, theta, scale);
}

static void whiten(const struct components *m, const double *scale, const double *theta, double *change) {
  emblas_gaussian_whiten(gaussian_of(m), scale, theta, change);
}

static void unwhiten(const struct components *m, const double *scale, const double *theta, double *change) {
  emblas_gaussian_unwhiten(gaussian_of(m), scale, theta, change);
}

static size_t blocks(const struct components *m) {
  return emblas_gaussian_blocks(gaussian_of(m));
}

static void moved(const struct components *m, const double *theta, const double *change,
                  double *distances) {
  emblas_gaussian_moved(gaussian_of(m), theta, change, distances);
}

const struct family_coordinates emblas_gaussian_coordinates = {size,   to_free,  from_free, metric,
                                                               whiten, unwhiten, blocks,    moved};
