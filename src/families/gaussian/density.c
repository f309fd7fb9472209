/* SPDX-License-Identifier: MIT */
#include "family.h"

#include "../../base/dispatch.h"

#include <math.h>
#include <string.h>

/* Powers of two that are taken for scales, and that a scaled mean may reach: their products with anything
   in range are in range, or stand for rows that are too far out for a density anyway. */
enum { MOST = 1000 };

#define LOG_2 0.69314718055994530941723212145818
#define LOG_2PI 1.8378770664093454835606594728112
/* log 0, finite so that a responsibility of 0 times it is 0. */
#define LOG_ZERO (-1e300)
#define NO_COMPONENT (-1e307)

/* Memory: where triangular, k d^2 doubles at most and some 48 d for each group beside them. */
static void allocate(struct components *m, struct arena *arena) {
  struct gaussian_density *density = emblas_arena_take(arena, 1, 1, sizeof *density);
  if (density == NULL) return;
  density->shape = emblas_gaussian_shape(m->covariance, m->k, m->d);
  m->own = density;
  const struct gaussian *g = &density->shape;
  struct packed *packed = &density->packed;
  *packed = emblas_packed_shape(g->k, g->d, g->geometry == GEOMETRY_FULL);
  packed->scale = emblas_arena_doubles(arena, packed->groups * g->d, PACKED_LANES);
  packed->origin = emblas_arena_doubles(arena, packed->groups * g->d, PACKED_LANES);
  packed->inverse = emblas_arena_doubles(arena, packed->groups * packed->steps, packed->entries);
  packed->constant = emblas_arena_doubles(arena, packed->groups, PACKED_LANES);
  density->distances = emblas_packed_distances_kernel();
  density->log_density = emblas_packed_log_density_kernel();
  density->room = packed->triangular ? emblas_arena_doubles(arena, packed->tile, g->d) : NULL;
}

/* The exponent of a scale for column l of a component: of its inverse deviation, about, so that entries are
   near 1, unless the mean is so many deviations from 0 that it would be out of range. */
static int scale_exponent(const struct gaussian *g, const double *factor, double mean, size_t l) {
  double largest = 0;
  for (size_t m = 0; m <= l; m++)
    largest = fmax(largest, fabs(emblas_geometry_factor_entry(g->geometry, g->d, factor, l, m)));
  int exponent = -ilogb(largest);
  if (mean != 0 && exponent > MOST - ilogb(mean)) exponent = MOST - ilogb(mean);
  return exponent > MOST ? MOST : exponent < -MOST ? -MOST : exponent;
}

/* Scales and origins of component c, into each lane that is its own. */
static void set_origin(const struct gaussian *g, const double *theta, size_t c, struct packed *packed) {
  const double *mean = theta + g->k + c * g->d, *factor = theta + g->k * (1 + g->d) + c * g->f;
  for (size_t l = 0; l < g->d; l++) {
    double scale = ldexp(1, scale_exponent(g, factor, mean[l], l));
    size_t at = (c / packed->width * g->d + l) * PACKED_LANES;
    for (size_t lane = c % packed->width; lane < PACKED_LANES; lane += packed->width) {
      packed->scale[at + lane] = scale;
      packed->origin[at + lane] = mean[l] * scale;
    }
  }
}

/* The inverse of a pivot. One so tiny tells no two numbers apart that have a common unit near 1. */
static double inverse_of(double pivot) {
  return 1 / fmax(pivot, 0x1p-1000);
}

/* y <- y + a (unit x), whose factors' product may be out of range where theirs with x are not. */
RUN_TIME_DISPATCH
static void add_multiple(size_t n, double a, double unit, const double *restrict x, double *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] += a * (unit * x[i]);
}

/* Rows first .. first + rows of X = M^-1, M = diag(scale) L, from X M = I: X_jm = (I_jm - sum_{l > m} X_jl
   M_lm) / M_mm from the last m on, whose residual is small on the side on which rows of X meet vectors.
   Entry (j, m) goes to to[m PACKED_TILE + (j - first) width]. Returns whether all are finite. */
static int invert_rows(size_t d, size_t first, size_t rows, size_t width, const double *factor,
                       const double *scale, double *room, double *to) {
  int finite = 1;
  memset(room, 0, rows * d * sizeof *room);
  for (size_t m = first + rows; m-- > 0;) {
    double unit = scale[m * PACKED_LANES], inverse = inverse_of(factor[m * d + m] * unit);
    for (size_t r = m > first ? m - first : 0; r < rows; r++) {
      double x = ((first + r == m) - room[r * d + m]) * inverse;
      to[m * PACKED_TILE + r * width] = x;
      finite &= isfinite(x) != 0;
      add_multiple(m, x, unit, factor + m * d, room + r * d);
    }
  }
  return finite;
}

static int set_inverse(const struct gaussian *g, const double *theta, size_t c,
                       struct gaussian_density *density) {
  struct packed *packed = &density->packed;
  size_t d = g->d, group = c / packed->width, lane = c % packed->width;
  const double *factor = theta + g->k * (1 + d) + c * g->f;
  const double *scale = packed->scale + group * d * PACKED_LANES + lane;
  double *to = packed->inverse + group * packed->steps * packed->entries + lane;
  int finite = 1;
  if (!packed->triangular) {
    for (size_t l = 0; l < d; l++)
      to[l * PACKED_LANES] =
          inverse_of(emblas_geometry_factor_entry(g->geometry, d, factor, l, l) * scale[l * PACKED_LANES]);
    return 1;
  }
  for (size_t j = 0, t = 0; j < d; j += packed->tile, t++)
    finite &= invert_rows(d, j, d - j < packed->tile ? d - j : packed->tile, packed->width, factor, scale,
                          density->room, to + packed_steps_before(packed, t) * PACKED_TILE);
  return finite;
}

/* |L| of component c is 2^exponent times the result, a logarithm. */
static double log_determinant(const struct gaussian *g, const double *theta, size_t c, double *exponent) {
  const double *factor = theta + g->k * (1 + g->d) + c * g->f;
  double sum = 0;
  *exponent = 0;
  for (size_t j = 0; j < g->d; j++) {
    int power;
    sum += log(frexp(emblas_geometry_factor_entry(g->geometry, g->d, factor, j, j), &power));
    *exponent += power;
  }
  return sum;
}

/* The unit of volume is a power of two, that of the first component's |L|: columns that are multiplied by
   powers of two change no bit of a constant. */
static void set_constants(const struct gaussian *g, const double *theta, struct gaussian_density *density) {
  struct packed *packed = &density->packed;
  double first, exponent;
  log_determinant(g, theta, 0, &first);
  density->log_volume = first * LOG_2;
  for (size_t i = 0; i < packed->groups * PACKED_LANES; i++) packed->constant[i] = NO_COMPONENT;
  for (size_t c = 0; c < g->k; c++) {
    double log_weight = theta[c] > 0 ? log(theta[c]) : LOG_ZERO,
           rest = log_determinant(g, theta, c, &exponent);
    double constant = log_weight - (rest + (exponent - first) * LOG_2) - 0.5 * (double)g->d * LOG_2PI;
    size_t at = c / packed->width * PACKED_LANES;
    for (size_t lane = c % packed->width; lane < PACKED_LANES; lane += packed->width)
      packed->constant[at + lane] = constant;
  }
}

/* Fails where the inverse of a factor is beyond the range of double. */
static size_t prepare(const struct components *m, const double *theta) {
  struct gaussian_density *density = m->own;
  const struct gaussian *g = &density->shape;
  struct packed *packed = &density->packed;
  size_t lanes = packed->groups * g->d * PACKED_LANES;
  memset(packed->scale, 0, lanes * sizeof *packed->scale);
  memset(packed->origin, 0, lanes * sizeof *packed->origin);
  memset(packed->inverse, 0, packed->groups * packed->steps * packed->entries * sizeof *packed->inverse);
  set_constants(g, theta, density);
  for (size_t c = 0; c < g->k; c++) {
    set_origin(g, theta, c, packed);
    if (!set_inverse(g, theta, c, density)) return c;
  }
  return g->k;
}

/* Components first .. first + the result are those of a group, at most PACKED_LANES. */
static size_t group_of(const struct gaussian_density *density, size_t group, size_t *first) {
  size_t width = density->packed.width, k = density->shape.k;
  *first = group * width;
  return k - *first < width ? k - *first : width;
}

/* Log weight + log density in the model's unit of volume, of the rows under component c, from the folded
   lanes of its group (rows x PACKED_LANES). */
static void component_logits(const struct gaussian_density *density, size_t c, size_t rows,
                             const double *lanes, double *logits) {
  size_t lane = c % density->packed.width;
  double constant = density->packed.constant[c / density->packed.width * PACKED_LANES + lane];
  for (size_t i = 0; i < rows; i++) logits[i] = packed_logit(constant, lanes[i * PACKED_LANES + lane]);
}

static void logits(const struct components *m, size_t count, const double *rows, size_t stride,
                   size_t logit_stride, double *to, double *room) {
  const struct gaussian_density *density = m->own;
  for (size_t group = 0; group < density->packed.groups; group++) {
    size_t c, components = group_of(density, group, &c);
    density->distances(&density->packed, group, count, rows, stride, room);
    for (size_t i = 0; i < count && density->packed.width < PACKED_LANES; i++)
      packed_fold(density->packed.width, room + i * PACKED_LANES);
    for (size_t i = 0; i < components; i++)
      component_logits(density, c + i, count, room, to + (c + i) * logit_stride);
  }
}

static double log_volume(const struct components *m) {
  return ((const struct gaussian_density *)m->own)->log_volume;
}

static double at(const struct components *m, const double *x, double *responsibilities) {
  const struct gaussian_density *density = m->own;
  return density->log_density(&density->packed, m->k, x, responsibilities) - density->log_volume;
}

static double products(const struct components *m) {
  return (double)(m->d * (gaussian_of(m)->geometry == GEOMETRY_FULL ? m->d + 1 : 2) / 2);
}

const struct family_density emblas_gaussian_density = {allocate, prepare,  logits,      log_volume,
                                                       at,       products, PACKED_LANES};
