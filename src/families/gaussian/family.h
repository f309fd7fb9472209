/* SPDX-License-Identifier: MIT */
/* What the family of Gaussian components keeps of a fit, and the functions of its table. */
#ifndef EMBLAS_GAUSSIAN_FAMILY_H
#define EMBLAS_GAUSSIAN_FAMILY_H

#include "../family.h"
#include "density.h"
#include "nearby.h"

struct gaussian_fit {
  struct gaussian shape; /* first, as in a model's gaussian_density */
  struct gaussian_terms terms;
  struct gaussian_floor floor;
  double *variance; /* d: the floor's */
  double *unit;     /* d: deviations that accelerated steps measure means in */
  double narrowest; /* a sound component's variances are at least so many times the floor's */
  struct nearby nearby;
  const double *aim_factor; /* what moves measure distances by: a factor, or the inverse of a full one .. */
  double *aim_inverse;      /* .. d x d, which has its room here, .. */
  double *aim_point;        /* .. and d: from where */
};

/* Of a fit's components or of a model's. */
static inline const struct gaussian *gaussian_of(const struct components *m) {
  return m->own;
}
static inline struct gaussian_fit *gaussian_fit_of(const struct components *m) {
  return m->own;
}

/* limits.c: the floor, the units, and what is narrow. */
void emblas_gaussian_bound(struct components *m);

/* convert.c */
emblas_status emblas_gaussian_convert(const struct components *m, const struct components *from,
                                      const double *from_theta, double *theta, double *room,
                                      unsigned *flags, size_t *component, void *scratch);
void emblas_gaussian_into_frame(const struct components *m, const struct components *from,
                                const double *from_theta, double *theta);
void emblas_gaussian_out_of_frame(const struct components *m, const double *theta, double *out);

/* place.c: random components, and such as are put where a search wants them. */
void emblas_gaussian_random(const struct components *m, const struct view_summary *summary,
                            struct random *random, double *theta, double *room, unsigned *flags,
                            void *scratch);
void emblas_gaussian_put(const struct components *m, double *theta, size_t c, const double *point);
void emblas_gaussian_spread(const struct components *m, const double *deviation, double *theta,
                            double *room, void *scratch);
void emblas_gaussian_copy(const struct components *m, const double *theta, size_t c,
                          const struct components *to, double *to_theta, size_t to_c);
extern const struct family_moves emblas_gaussian_moves;

/* parameters.c: those of a model, given and taken. */
emblas_status emblas_gaussian_take(const struct components *m, const struct emblas_parameters *given,
                                   double *theta, size_t *component);
void emblas_gaussian_cholesky(const struct components *m, const double *theta, size_t c, double *factor);
void emblas_gaussian_covariance(const struct components *m, const double *theta, size_t c,
                                double *covariance);

/* unshared.c: of a covariance model in which components share a part of their covariances, the first
   component that does not, or k. Memory from the arena, whose status tells whether there was any. */
size_t emblas_gaussian_unshared(const struct gaussian *g, const double *theta, struct arena *arena);

/* draw.c */
int emblas_gaussian_drawable(const struct components *m, const double *theta, size_t c);
void emblas_gaussian_draw(const struct components *m, const double *theta, size_t c, struct random *random,
                          double *x);

extern const struct family_coordinates emblas_gaussian_coordinates;
extern const struct family_density emblas_gaussian_density;
extern const struct family_line emblas_gaussian_line;

#endif
