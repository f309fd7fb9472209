/* SPDX-License-Identifier: MIT */
/* Gaussian components: features, natural parameters, and parameters from statistics.

   Parameters of a mixture are one vector theta = [ weights k | means k x d | factors k x f ], in the
   coordinates of the frame. Statistics are k x p, a row [ N | S1 | S2 ] for each component, moments about
   that component's centre: the origin in the expanded form, the old mean in the centred form. */
#ifndef EMBLAS_GAUSSIAN_H
#define EMBLAS_GAUSSIAN_H

#include "../../base/arena.h"
#include "../family.h"
#include "covariance.h"

struct gaussian {
  size_t k, d;
  size_t p; /* features */
  size_t f; /* doubles of a component's factor */
  enum geometry geometry;
  enum frame_kind frame;
  const struct covariance_model *model;
};

struct gaussian emblas_gaussian_shape(enum emblas_covariance covariance, size_t k, size_t d);

static inline size_t gaussian_theta_size(const struct gaussian *g) {
  return g->k * (1 + g->d + g->f);
}
static inline double *gaussian_weights(const struct gaussian *g, double *theta) {
  (void)g;
  return theta;
}
static inline double *gaussian_mean(const struct gaussian *g, double *theta, size_t c) {
  return theta + g->k + c * g->d;
}
static inline double *gaussian_factor(const struct gaussian *g, double *theta, size_t c) {
  return theta + g->k * (1 + g->d) + c * g->f;
}

/* What an E step needs, made from theta once per pass. */
struct gaussian_terms {
  double *inverse;         /* full covariances, k x d x d: K = L^-1; others, k x d: 1 / deviation, and: */
  double *natural;         /* k x p: logit = natural . features; zero rows for centred components */
  double *constant;        /* k: log weight - log |L| - d/2 log 2 pi */
  double *rounding;        /* k: what the constant of the expanded form lost in rounding */
  double *mean;            /* k x d */
  double *centre;          /* k x d: what the statistics are moments about */
  double *univariate;      /* k x 3: the terms of a backend's univariate(), in one dimension */
  unsigned char *expanded; /* k: in the expanded form? else centred */
  size_t expanded_count;
};

/* Room for the work on one block of rows, `stride` apart, and on one component. */
struct gaussian_scratch {
  double *rows, *more_rows; /* d x stride each */
  double *quadratic;        /* full covariances: of quadratic_logits() and quadratic_moments() */
  double *column;           /* stride */
  double *moments;          /* d */
  double *matrix, *inverse; /* d x d each */
  double *axes;             /* d x d, of full covariances .. */
  double *share, *spread;   /* .. 2 k and 3 d, and k (p - 1 - d), of models .. */
  double *scatter;          /* .. in which components share a part of their covariances */
  double *factors;          /* what eigen() and qr() need; inverse is its first part */
  double *univariate;       /* 64 k */
};

void emblas_gaussian_terms_allocate(const struct gaussian *g, struct arena *arena,
                                    struct gaussian_terms *terms);
void emblas_gaussian_scratch_allocate(const struct gaussian *g, struct arena *arena, size_t stride,
                                      struct gaussian_scratch *scratch);

/* theta -> terms: inverse factors of full covariances; of others natural parameters where sum |natural phi|
   is at most limit times d, the centred form elsewhere. */
void emblas_gaussian_prepare(const struct gaussian *g, const struct emblas_backend *backend, double limit,
                             const double *theta, struct gaussian_terms *terms);

/* The terms of `count` components, as those of a mixture of so many. What the expanded form's constants
   have lost is not among them. */
void emblas_gaussian_gather(const struct gaussian *g, const struct gaussian_terms *terms, size_t count,
                            const size_t *which, struct gaussian_terms *to);

/* All components in the centred form, as kernels take them. */
struct emblas_normals emblas_gaussian_normals(const struct gaussian *g, const struct gaussian_terms *terms);

/* Every component centred at the given means (k x d), for an M step that has no E step before it. */
void emblas_gaussian_centre(const struct gaussian *g, const double *means, struct gaussian_terms *terms);

/* log weight + log density of every row under every component, into block->r. */
void emblas_gaussian_logits(const struct gaussian *g, const struct emblas_backend *backend,
                            const struct gaussian_terms *terms, const struct block *block,
                            struct gaussian_scratch *scratch);

/* Adds the statistics (k x p) of a block, from its weighted responsibilities, which are used up. */
void emblas_gaussian_moments(const struct gaussian *g, const struct emblas_backend *backend,
                             const struct gaussian_terms *terms, const struct block *block, double *stats,
                             struct gaussian_scratch *scratch);

/* Q(theta | theta) in one dimension, from statistics about the means. */
double emblas_gaussian_univariate_q(const struct gaussian *g, const struct gaussian_terms *terms,
                                    const double *stats);

/* What the log-likelihood lost to the rounding of the expanded form's constants, from the statistics of the
   same pass: a constant's error shifts the logits of its component alike, and d loglik / d constant_c =
   N_c. */
double emblas_gaussian_rounding(const struct gaussian *g, const struct gaussian_terms *terms,
                                const double *stats);

/* What bounds the M step: a component's variance in any direction is at least floor[j]. */
struct gaussian_floor {
  const double *variance;        /* d: smallest variance; FULL: of the whitened frame, all equal */
  const unsigned char *constant; /* d: column without spread, given a nominal variance */
};

/* The variance that a column without spread is given: its unit in the frame is that deviation. */
#define GAUSSIAN_CONSTANT_VARIANCE 1

/* Columns without spread are apart from all others in a full factor, and have their nominal variance. */
void emblas_gaussian_part_constant(size_t d, const struct gaussian_floor *floor, double *factor);

/* The M step: next from the statistics. theta: the parameters before, kept by empty components. stats is
   used as room for the covariances. flags: k component flags. Returns how many components have moved so far
   from the centre of their statistics, beside what their deviations are now, that the covariances are but
   rounding: they want statistics about the new means. */
size_t emblas_gaussian_maximise(const struct gaussian *g, const struct emblas_backend *backend,
                                const struct gaussian_terms *terms, const struct gaussian_floor *floor,
                                const double *theta, double *stats, double *next, unsigned *flags,
                                struct gaussian_scratch *scratch);

/* What a covariance model's estimate() is given, and gives. */
struct gaussian_estimate {
  const double *weights; /* k: shares of the rows, which add up to 1 */
  double
      *scatter; /* k x (p - 1 - d): about the means and divided by n_c, packed as statistics are; used up */
  double *factors; /* k x f: those before, then the estimate */
  unsigned *flags; /* k: EMBLAS_COMPONENT_COLLAPSED is added to where the floor holds a component */
  int keep;        /* a component without weight keeps its factor where it has one of its own */
  const struct gaussian_floor *floor;
  const struct emblas_backend *backend;
  struct gaussian_scratch *scratch;
};

/* The rows' estimate(). Each component its own covariance; one for all, sum_c n_c S_c / sum_c n_c; diagonal
   ones that share volume or shape; axes of components' own; the same axes and shape; the same axes alone.
 */
void emblas_estimate_free(const struct gaussian *g, struct gaussian_estimate *e);
void emblas_estimate_pooled(const struct gaussian *g, struct gaussian_estimate *e);
void emblas_estimate_aligned(const struct gaussian *g, struct gaussian_estimate *e);
void emblas_estimate_oriented(const struct gaussian *g, struct gaussian_estimate *e);
void emblas_estimate_similar(const struct gaussian *g, struct gaussian_estimate *e);
void emblas_estimate_common_axes(const struct gaussian *g, struct gaussian_estimate *e);

/* The model's estimate, or the factors before where those are better and components share a part. before:
   those, which are in the model; or NULL. */
void emblas_estimate_guarded(const struct gaussian *g, struct gaussian_estimate *e, const double *before);

/* The factor of one covariance, packed as statistics are (p - 1 - d entries), or of the nearest one that is
   nowhere below the floor; then the flag is returned. */
unsigned emblas_gaussian_factorise(const struct gaussian *g, const struct emblas_backend *backend,
                                   const struct gaussian_floor *floor, const double *scatter,
                                   double *factor, struct gaussian_scratch *scratch);

/* ------------------------------------------------------------------ parameters of a start */

/* What diagonal and spherical components have of the covariance of a factor of any geometry, whose rows are
   taken times unit (d): the variances, or their mean. These are the nearest of all diagonal and spherical
   covariances, as an M step from rows with that covariance would give them. */
void emblas_gaussian_variances(const struct gaussian *g, enum geometry geometry, const double *factor,
                               const double *unit, double *scatter);

/* L L' of a full factor, packed as statistics are: d (d + 1) / 2 entries. */
void emblas_gaussian_product(size_t d, const double *factor, double *scatter);

/* A finite factor in the frame becomes admissible: a component that is below the floor in some direction is
   raised to the floor and *flag says so, another keeps its bits; columns without spread get their nominal
   variance. room: p doubles. Non-zero when the covariance overflows. */
int emblas_gaussian_raise(const struct gaussian *g, const struct emblas_backend *backend,
                          const struct gaussian_floor *floor, double *factor, double *room, unsigned *flag,
                          struct gaussian_scratch *scratch);

/* Where components share a part of their covariances: covariances that are not in the model, of which the
   factors are k of its geometry, become those that an M step would make of them. Of other models nothing
   changes. scatter: room for k x (p - 1 - d) doubles. flags: k, to which it adds. */
void emblas_gaussian_admit(const struct gaussian *g, const struct emblas_backend *backend,
                           const struct gaussian_floor *floor, double *theta, double *scatter,
                           unsigned *flags, struct gaussian_scratch *scratch);

/* Do two components have the same mean and factor, but for the tolerance in units of a's deviations? */
int emblas_gaussian_equal(const struct gaussian *g, const double *theta, size_t a, size_t b,
                          double tolerance);

/* Has a component of this factor less variance in some direction than `times` the floor's? Columns without
   spread do not count. */
int emblas_gaussian_narrow(const struct gaussian *g, const struct emblas_backend *backend,
                           const struct gaussian_floor *floor, double times, const double *factor,
                           struct gaussian_scratch *scratch);

/* ------------------------------------------------------------------ unconstrained coordinates */

size_t emblas_gaussian_free_size(const struct gaussian *g);

/* unit (d): the deviations that means are measured in. */
void emblas_gaussian_to_free(const struct gaussian *g, const double *unit, const double *theta,
                             double *free);

/* Non-zero where the coordinates, which are finite, stand for no parameters above the floor. room: as
   theta. Where components share a part of their covariances, coordinates are those of components' own ones,
   and what they stand for is brought into the model as an M step would: to_free() of that is other
   coordinates, by the square of what these were off. */
int emblas_gaussian_from_free(const struct gaussian *g, const struct emblas_backend *backend,
                              const struct gaussian_floor *floor, const double *unit, const double *free,
                              double *theta, double *room, unsigned *flags,
                              struct gaussian_scratch *scratch);

/* The information of a complete observation at theta, as a metric: scale has an entry for each coordinate.
   A change of the coordinates as the metric sees it; and back. */
void emblas_gaussian_metric(const struct gaussian *g, const double *unit, const double *theta,
                            double *scale);
void emblas_gaussian_whiten(const struct gaussian *g, const double *scale, const double *theta,
                            double *change);
void emblas_gaussian_unwhiten(const struct gaussian *g, const double *scale, const double *theta,
                              double *change);

/* How far a whitened change moves each component, and after them the factor of a tied model, in deviations
   of one observation of its own: emblas_gaussian_blocks() numbers. */
size_t emblas_gaussian_blocks(const struct gaussian *g);
void emblas_gaussian_moved(const struct gaussian *g, const double *theta, const double *change,
                           double *distances);

#endif
