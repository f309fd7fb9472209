/* SPDX-License-Identifier: MIT */
/* The M step of Gaussian components: statistics -> weights, means, covariance factors. */
#include "gaussian.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* A component of a smaller share has no mean to speak of: second moments of what it has would underflow. */
#define NOTHING 1e-150

/* mean = centre + S1/N, or the origin in columns without spread, which lie there; scatter (g->p - 1 - d
   entries) = S2/N - (S1/N)(S1/N)'. */
static void mean_and_scatter(const struct gaussian *g, const unsigned char *constant, const double *centre,
                             const double *stats, double *mean, double *scatter, double *offset) {
  size_t d = g->d;
  double n = stats[0], squares = 0;
  const double *second = stats + 1 + d;
  for (size_t j = 0; j < d; j++) {
    offset[j] = stats[1 + j] / n;
    mean[j] = constant[j] ? 0 : centre[j] + offset[j];
    squares += offset[j] * offset[j];
  }
  switch (g->geometry) {
  case GEOMETRY_FULL:
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l <= j; l++) *scatter++ = *second++ / n - offset[j] * offset[l];
    break;
  case GEOMETRY_DIAG:
    for (size_t j = 0; j < d; j++) scatter[j] = second[j] / n - offset[j] * offset[j];
    break;
  case GEOMETRY_SPHERICAL:
    scatter[0] = (second[0] / n - squares) / (double)d;
    break;
  }
}

/* No direction's variance is less beside the largest's: a factor, right to eps of its largest direction,
   would hold nothing of it. */
static const double NARROWEST = 0x1p-90;

/* The nearest covariance with no eigenvalue below the floor: among all such matrices it has the largest
   likelihood, so that an M step under the floor is still an M step. It is not formed: that would lose the
   small directions that the floor is about. scratch->matrix: the scatter, used up. */
static void factor_at_floor(size_t d, const struct emblas_backend *backend, double floor, double *factor,
                            struct gaussian_scratch *scratch) {
  double *a = scratch->matrix, *values = scratch->moments;
  int failed = backend->eigen(d, a, values, scratch->factors) != 0;
  for (size_t i = 0; i < d; i++) floor = fmax(floor, NARROWEST * values[i]);
  for (size_t i = 0; i < d; i++) {
    double root = failed ? NAN : sqrt(values[i] > floor ? values[i] : floor);
    for (size_t j = 0; j < d; j++) a[i * d + j] *= root;
  }
  backend->qr(d, a, factor, scratch->factors);
  /* No pivot of such a matrix is smaller; rounding beside a direction 1e16 as wide may have left 0. */
  for (size_t j = 0; j < d; j++)
    if (factor[j * d + j] < sqrt(floor)) factor[j * d + j] = sqrt(floor);
}

/* Both triangles of the matrix, constant columns given their nominal variance and kept apart from the
   others, minus `shift` on the diagonal. What is nothing beside the floor is 0, so that squares are in the
   range of doubles. */
static void unpack(size_t d, const double *scatter, const struct gaussian_floor *floor, double shift,
                   double *a) {
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) {
      double value = *scatter++;
      if (fabs(value) < floor->variance[0] * 0x1p-64) value = 0;
      if (floor->constant[j] || floor->constant[l]) value = l == j ? GAUSSIAN_CONSTANT_VARIANCE : 0;
      a[j * d + l] = a[l * d + j] = l == j ? value - shift : value;
    }
}

/* Is every eigenvalue of a matrix with this factor well above the floor, at a glance? The smallest is at
   least det ((d - 1) / trace)^(d - 1), since the others' product is at most that power of their mean. */
static int clear_of_floor(size_t d, const double *factor, double floor) {
  double trace = 0, bound = 1;
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++) trace += factor[j * d + l] * factor[j * d + l];
  for (size_t j = 0; j < d; j++) {
    double pivot = factor[j * d + j];
    bound *= pivot * pivot * (j > 0 ? (double)(d - 1) / trace : 1);
  }
  return bound > 2 * floor;
}

void emblas_gaussian_part_constant(size_t d, const struct gaussian_floor *floor, double *factor) {
  for (size_t j = 0; j < d; j++) {
    if (!floor->constant[j]) continue;
    for (size_t l = 0; l < d; l++) factor[j * d + l] = factor[l * d + j] = 0;
    factor[j * d + j] = GAUSSIAN_CONSTANT_VARIANCE;
  }
}

static unsigned factorise_full(const struct gaussian *g, const struct emblas_backend *backend,
                               const struct gaussian_floor *floor, const double *scatter, double *factor,
                               struct gaussian_scratch *scratch) {
  size_t d = g->d;
  double smallest = floor->variance[0];
  unpack(d, scatter, floor, 0, factor);
  int positive = backend->cholesky(d, factor) == 0, above = positive && clear_of_floor(d, factor, smallest);
  if (positive && !above) {
    unpack(d, scatter, floor, smallest, scratch->matrix);
    above = backend->cholesky(d, scratch->matrix) == 0;
  }
  if (above) {
    for (size_t j = 0; j < d; j++)
      for (size_t l = j + 1; l < d; l++) factor[j * d + l] = 0;
    return 0;
  }
  unpack(d, scatter, floor, 0, scratch->matrix);
  factor_at_floor(d, backend, smallest, factor, scratch);
  emblas_gaussian_part_constant(d, floor, factor);
  return EMBLAS_COMPONENT_COLLAPSED;
}

static unsigned factorise_diag(const struct gaussian *g, const struct gaussian_floor *floor,
                               const double *scatter, double *factor) {
  unsigned flag = 0;
  for (size_t j = 0; j < g->f; j++) {
    double variance = scatter[j], smallest = floor->variance[j];
    int constant = g->geometry == GEOMETRY_DIAG && floor->constant[j];
    if (constant) {
      variance = GAUSSIAN_CONSTANT_VARIANCE;
    } else if (!(variance >= smallest)) {
      variance = smallest;
      flag = EMBLAS_COMPONENT_COLLAPSED;
    }
    factor[j] = sqrt(variance);
  }
  return flag;
}

unsigned emblas_gaussian_factorise(const struct gaussian *g, const struct emblas_backend *backend,
                                   const struct gaussian_floor *floor, const double *scatter,
                                   double *factor, struct gaussian_scratch *scratch) {
  return g->geometry == GEOMETRY_FULL ? factorise_full(g, backend, floor, scatter, factor, scratch)
                                      : factorise_diag(g, floor, scatter, factor);
}

/* ------------------------------------------------------------------ covariances of all components */

void emblas_estimate_free(const struct gaussian *g, struct gaussian_estimate *e) {
  size_t size = g->p - 1 - g->d;
  for (size_t c = 0; c < g->k; c++)
    if (e->weights[c] > 0 || !e->keep)
      e->flags[c] |= emblas_gaussian_factorise(g, e->backend, e->floor, e->scatter + c * size,
                                               e->factors + c * g->f, e->scratch);
}

void emblas_estimate_pooled(const struct gaussian *g, struct gaussian_estimate *e) {
  size_t size = g->p - 1 - g->d;
  double total = 0;
  for (size_t c = 0; c < g->k; c++) total += e->weights[c];
  for (size_t j = 0; j < size; j++) {
    double sum = 0;
    for (size_t c = 0; c < g->k; c++) sum += e->weights[c] / total * e->scatter[c * size + j];
    e->scatter[j] = sum;
  }
  unsigned flag = emblas_gaussian_factorise(g, e->backend, e->floor, e->scatter, e->factors, e->scratch);
  for (size_t c = 0; c < g->k; c++) {
    e->flags[c] |= flag;
    if (c > 0) memcpy(e->factors + c * g->f, e->factors, g->f * sizeof *e->factors);
  }
}

/* ------------------------------------------------------------------ the M step */

/* A scatter matrix about a centre that is this many squared deviations away is off by a thousandth. Of
   diagonal covariances every column stands for itself; of others the least deviation counts. */
static const double FAR = 0x1p-10 / DBL_EPSILON;

static int is_far(const struct gaussian *g, const double *centre, const double *mean,
                  const double *factor) {
  double squares = 0, least = INFINITY;
  for (size_t j = 0; j < g->d; j++) {
    double square = (mean[j] - centre[j]) * (mean[j] - centre[j]);
    double deviation = emblas_geometry_factor_entry(g->geometry, g->d, factor, j, j);
    if (g->geometry == GEOMETRY_DIAG && square > FAR * deviation * deviation) return 1;
    squares += square;
    least = fmin(least, deviation);
  }
  return g->geometry != GEOMETRY_DIAG && squares > FAR * least * least;
}

size_t emblas_gaussian_maximise(const struct gaussian *g, const struct emblas_backend *backend,
                                const struct gaussian_terms *terms, const struct gaussian_floor *floor,
                                const double *theta, double *stats, double *next, unsigned *flags,
                                struct gaussian_scratch *scratch) {
  size_t k = g->k, d = g->d, size = g->p - 1 - d, far = 0;
  double total = 0;
  for (size_t c = 0; c < k; c++) total += stats[c * g->p];

  /* Weights and means; the scatter matrices close up to k x size at the start of stats. */
  memcpy(next, theta, gaussian_theta_size(g) * sizeof *next);
  for (size_t c = 0; c < k; c++) {
    const double *row = stats + c * g->p;
    double n = row[0];
    flags[c] = n > DBL_EPSILON * total ? 0 : EMBLAS_COMPONENT_EMPTY;
    next[c] = n > NOTHING * total ? n / total : 0;
    if (next[c] > 0)
      mean_and_scatter(g, floor->constant, terms->centre + c * d, row, gaussian_mean(g, next, c),
                       stats + c * size, scratch->moments);
    else
      memset(stats + c * size, 0, size * sizeof *stats);
  }

  struct gaussian_estimate e = {.weights = next,
                                .scatter = stats,
                                .factors = gaussian_factor(g, next, 0),
                                .flags = flags,
                                .keep = 1,
                                .floor = floor,
                                .backend = backend,
                                .scratch = scratch};
  emblas_estimate_guarded(g, &e, theta + k * (1 + d));
  for (size_t c = 0; c < k; c++)
    far += next[c] > 0 &&
           is_far(g, terms->centre + c * d, gaussian_mean(g, next, c), gaussian_factor(g, next, c));
  return far;
}
