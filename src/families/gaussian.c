/* SPDX-License-Identifier: MIT */
/* Gaussian components in the E step. Two forms of the same log density:

   expanded   phi' natural,  phi = [1, x, products of x]: one matrix product for all components
   centred    constant - |L^-1 (x - mean)|^2 / 2:         exact whatever the mean, a solve per component

   The expanded form adds terms that are larger than their sum when a component is narrow and far from the
   origin. Its error is about 1.1e-16 sum_j |natural_j phi_j|; a component whose sum, two standard
   deviations out from its mean, exceeds a limit per dimension takes the centred form. The same
   sum bounds the relative error of its second moments about the origin. */
#include "gaussian.h"

#include "../base/sum.h"

#include <math.h>
#include <string.h>

#define LOG_2PI 1.8378770664093454835606594728112

/* log 0, finite so that a responsibility of 0 times it is 0. */
#define LOG_ZERO (-1e300)

struct gaussian emblas_gaussian_shape(enum emblas_covariance covariance, size_t k, size_t d) {
  enum geometry geometry = emblas_covariance_geometry(covariance, d);
  size_t second = geometry == GEOMETRY_FULL ? d * (d + 1) / 2 : geometry == GEOMETRY_DIAG ? d : 1;
  return (struct gaussian){.k = k,
                           .d = d,
                           .p = 1 + d + second,
                           .f = emblas_geometry_factor_size(geometry, d),
                           .geometry = geometry,
                           .model = emblas_covariance_model(covariance)};
}

void emblas_gaussian_terms_allocate(const struct gaussian *g, struct arena *arena,
                                    struct gaussian_terms *terms) {
  terms->natural = emblas_arena_doubles(arena, g->k, g->p);
  terms->constant = emblas_arena_doubles(arena, g->k, 1);
  terms->rounding = emblas_arena_doubles(arena, g->k, 1);
  terms->mean = emblas_arena_doubles(arena, g->k, g->d);
  terms->factor = emblas_arena_doubles(arena, g->k, g->f);
  terms->centre = emblas_arena_doubles(arena, g->k, g->d);
  terms->univariate = emblas_arena_doubles(arena, g->k, 3);
  terms->expanded = emblas_arena_take(arena, g->k, 1, 1);
}

void emblas_gaussian_scratch_allocate(const struct gaussian *g, struct arena *arena, size_t stride,
                                      struct gaussian_scratch *scratch) {
  size_t matrix = g->geometry == GEOMETRY_FULL ? g->d : 1;
  scratch->rows = emblas_arena_doubles(arena, g->d, stride);
  scratch->more_rows = emblas_arena_doubles(arena, g->d, stride);
  scratch->column = emblas_arena_doubles(arena, stride, 1);
  scratch->moments = emblas_arena_doubles(arena, g->d, 1);
  scratch->matrix = emblas_arena_doubles(arena, matrix, matrix);
  scratch->inverse = emblas_arena_doubles(arena, matrix, matrix);
  scratch->univariate = g->d == 1 ? emblas_arena_doubles(arena, g->k, 64) : NULL;
}

/* ------------------------------------------------------------------ natural parameters */

/* The lower triangle of the precision matrix P = K'K, K = L^-1, into scratch->matrix; row by row, so that
   the inner loops run along rows. */
static void precision(const struct gaussian *g, const double *factor, struct gaussian_scratch *scratch) {
  size_t d = g->d;
  double *p = scratch->matrix, *inverse = scratch->inverse;
  memset(p, 0, d * d * sizeof *p);
  for (size_t j = 0; j < d; j++) {
    double *row = inverse + j * d, pivot = factor[j * d + j];
    memset(row, 0, d * sizeof *row);
    for (size_t m = 0; m < j; m++)
      for (size_t l = 0; l <= m; l++) row[l] -= factor[j * d + m] * inverse[m * d + l];
    for (size_t l = 0; l < j; l++) row[l] /= pivot;
    row[j] = 1 / pivot;
    for (size_t i = 0; i <= j; i++)
      for (size_t l = 0; l <= i; l++) p[i * d + l] += row[i] * row[l];
  }
}

/* The constant of the expanded form, constant - q/2 for q = q[0] + q[1], is larger than the logits it is
   part of. Its rounding would shift every row of the component alike, so what does not fit is returned. */
static double round_constant(double constant, const double *q, double *natural) {
  double exact[2] = {constant, -q[1] / 2};
  sum_add(exact, -q[0] / 2);
  *natural = exact[0] + exact[1];
  return (exact[0] - *natural) + exact[1];
}

/* natural: [ constant - q/2 | b | -P_jj/2 and -P_jl ] with b = P m rounded and q = m'(2 b - P m): the
   constant that makes it the log density of the mean that the rounded b stands for. Returns what
   round_constant does, and in *bound the sum |natural phi| at |m| + 2 sigma. */
static double natural_full(const struct gaussian *g, double constant, const double *mean,
                           const double *factor, double *natural, struct gaussian_scratch *scratch,
                           double *bound) {
  size_t d = g->d;
  const double *p = scratch->matrix;
  double *reach = scratch->moments, *square = natural + 1 + d, q[2] = {0, 0};
  precision(g, factor, scratch);
  *bound = 0;
  for (size_t j = 0; j < d; j++) {
    double variance = 0, product[2] = {0, 0};
    for (size_t l = 0; l <= j; l++) variance += factor[j * d + l] * factor[j * d + l];
    for (size_t l = 0; l < d; l++) sum_add_product(product, l <= j ? p[j * d + l] : p[l * d + j], mean[l]);
    double b = product[0] + product[1], rest = (b - product[0]) - product[1];
    natural[1 + j] = b;
    sum_add_product(q, mean[j], b);
    q[1] += mean[j] * rest;
    reach[j] = fabs(mean[j]) + 2 * sqrt(variance);
    *bound += fabs(b) * (reach[j] + fabs(mean[j]) / 2);
    for (size_t l = 0; l <= j; l++) {
      double weight = p[j * d + l] * (l == j ? 0.5 : 1);
      *square++ = -weight;
      *bound += fabs(weight) * reach[j] * reach[l];
    }
  }
  return round_constant(constant, q, natural);
}

/* The same with P = diag(1 / s^2): natural [ constant - q/2 | m / s^2 | -1/(2 s^2) ], the last for each
   column or once. */
static double natural_diag(const struct gaussian *g, double constant, const double *mean,
                           const double *factor, double *natural, double *bound) {
  double q[2] = {0, 0};
  *bound = 0;
  for (size_t j = 0; j < g->d; j++) {
    size_t entry = g->geometry == GEOMETRY_DIAG ? j : 0;
    double deviation = factor[entry], inverse = 1 / (deviation * deviation), b = mean[j] * inverse;
    double reach = fabs(mean[j]) + 2 * deviation;
    natural[1 + j] = b;
    natural[1 + g->d + entry] = -inverse / 2;
    sum_add_product(q, mean[j], b);
    q[1] += mean[j] * fma(-mean[j], inverse, b);
    *bound += fabs(b) * (reach + fabs(mean[j]) / 2) + inverse / 2 * reach * reach;
  }
  return round_constant(constant, q, natural);
}

static double log_determinant(const struct gaussian *g, const double *factor) {
  double sum = 0;
  for (size_t j = 0; j < g->d; j++)
    sum += log(emblas_geometry_factor_entry(g->geometry, g->d, factor, j, j));
  return sum;
}

void emblas_gaussian_prepare(const struct gaussian *g, double limit, const double *theta,
                             struct gaussian_terms *terms, struct gaussian_scratch *scratch) {
  size_t d = g->d;
  memcpy(terms->mean, theta + g->k, g->k * d * sizeof *theta);
  memcpy(terms->factor, theta + g->k * (1 + d), g->k * g->f * sizeof *theta);
  terms->expanded_count = 0;
  for (size_t c = 0; c < g->k; c++) {
    const double *mean = terms->mean + c * d, *factor = terms->factor + c * g->f;
    double *natural = terms->natural + c * g->p, bound = INFINITY;
    double log_weight = theta[c] > 0 ? log(theta[c]) : LOG_ZERO;
    terms->constant[c] = log_weight - log_determinant(g, factor) - 0.5 * (double)d * LOG_2PI;
    terms->univariate[3 * c] = mean[0];
    terms->univariate[3 * c + 1] = -0.5 / (factor[0] * factor[0]);
    terms->univariate[3 * c + 2] = terms->constant[c];
    terms->rounding[c] = 0;
    if (limit > 0)
      terms->rounding[c] = g->geometry == GEOMETRY_FULL
                               ? natural_full(g, terms->constant[c], mean, factor, natural, scratch, &bound)
                               : natural_diag(g, terms->constant[c], mean, factor, natural, &bound);
    terms->expanded[c] = bound <= limit * (double)d;
    terms->expanded_count += terms->expanded[c];
    for (size_t j = 0; j < d; j++) terms->centre[c * d + j] = terms->expanded[c] ? 0 : mean[j];
    if (!terms->expanded[c]) memset(natural, 0, g->p * sizeof *natural);
  }
}

void emblas_gaussian_centre(const struct gaussian *g, const double *means, struct gaussian_terms *terms) {
  terms->expanded_count = 0;
  for (size_t c = 0; c < g->k; c++) terms->expanded[c] = 0;
  memcpy(terms->centre, means, g->k * g->d * sizeof *means);
}

/* ------------------------------------------------------------------ features and logits */

static void sum_of_squares(const struct gaussian_block *block, size_t d, double *out) {
  memset(out, 0, block->rows * sizeof *out);
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < block->rows; i++) {
      double x = block->x[j * block->stride + i];
      out[i] += x * x;
    }
}

/* Features first .. first + count of the rows, into block->phi. Feature 0 is 1, 1 .. d are x, then come the
   products x_j x_l for l <= j; or x_j^2; or |x|^2. */
static void make_features(const struct gaussian *g, const struct emblas_backend *backend,
                          const struct gaussian_block *block, size_t first, size_t count) {
  size_t d = g->d, stride = block->stride, j = 0, l = 0;
  const double *x = block->x;
  for (size_t skipped = 1 + d; g->geometry == GEOMETRY_FULL && skipped + j + 1 <= first; j++)
    skipped += j + 1;
  if (g->geometry == GEOMETRY_FULL && first > d) l = first - 1 - d - j * (j + 1) / 2;
  for (size_t f = first; f < first + count; f++) {
    double *out = block->phi + (f - first) * stride;
    if (f == 0) {
      for (size_t i = 0; i < block->rows; i++) out[i] = 1;
    } else if (f <= d) {
      memcpy(out, x + (f - 1) * stride, block->rows * sizeof *out);
    } else if (g->geometry == GEOMETRY_FULL) {
      backend->multiply(block->rows, x + j * stride, x + l * stride, out);
      l = l < j ? l + 1 : 0;
      j += l == 0;
    } else if (g->geometry == GEOMETRY_DIAG) {
      backend->multiply(block->rows, x + (f - 1 - d) * stride, x + (f - 1 - d) * stride, out);
    } else {
      sum_of_squares(block, d, out);
    }
  }
}

/* Squared Mahalanobis distances of a block to one component, into scratch->column. */
static void distances(const struct gaussian *g, const struct emblas_backend *backend,
                      const struct gaussian_terms *terms, size_t c, const struct gaussian_block *block,
                      struct gaussian_scratch *scratch) {
  size_t d = g->d, stride = block->stride;
  const double *mean = terms->mean + c * d, *factor = terms->factor + c * g->f;
  if (g->geometry == GEOMETRY_FULL)
    backend->whiten(block->rows, stride, d, factor, mean, block->x, scratch->rows);
  memset(scratch->column, 0, block->rows * sizeof *scratch->column);
  for (size_t j = 0; j < d; j++) {
    const double *x = block->x + j * stride, *whitened = scratch->rows + j * stride;
    double deviation = factor[g->geometry == GEOMETRY_DIAG ? j : 0];
    for (size_t i = 0; i < block->rows; i++) {
      double z = g->geometry == GEOMETRY_FULL ? whitened[i] : (x[i] - mean[j]) / deviation;
      scratch->column[i] += z * z;
    }
  }
}

/* May the backend do without features in memory? */
static int quadratic(const struct gaussian *g, const struct emblas_backend *backend) {
  return g->geometry == GEOMETRY_FULL && backend->quadratic_logits != NULL;
}

static void expanded_logits(const struct gaussian *g, const struct emblas_backend *backend,
                            const struct gaussian_terms *terms, const struct gaussian_block *block) {
  for (size_t first = 0; first < g->p; first += block->panel) {
    size_t count = g->p - first < block->panel ? g->p - first : block->panel;
    make_features(g, backend, block, first, count);
    backend->logits(block->rows, block->stride, count, g->k, terms->natural + first, g->p, block->phi,
                    block->r, first > 0);
  }
}

void emblas_gaussian_logits(const struct gaussian *g, const struct emblas_backend *backend,
                            const struct gaussian_terms *terms, const struct gaussian_block *block,
                            struct gaussian_scratch *scratch) {
  size_t stride = block->stride;
  if (terms->expanded_count > 0 && quadratic(g, backend))
    backend->quadratic_logits(block->rows, stride, g->d, g->k, terms->natural, block->x, block->r);
  else if (terms->expanded_count > 0)
    expanded_logits(g, backend, terms, block);
  for (size_t c = 0; c < g->k; c++) {
    if (terms->expanded[c]) continue;
    distances(g, backend, terms, c, block, scratch);
    for (size_t i = 0; i < block->rows; i++) {
      /* A row so far out that its square overflows keeps a finite, if tiny, density. */
      double square = scratch->column[i] < -LOG_ZERO ? scratch->column[i] : -LOG_ZERO;
      block->r[c * stride + i] = terms->constant[c] - square / 2;
    }
  }
}

/* ------------------------------------------------------------------ statistics */

/* Adds [ N | S1 | S2 ] of one component about its centre. r: its responsibilities, used up. */
static void centred_moments(const struct gaussian *g, const struct emblas_backend *backend,
                            const double *centre, const struct gaussian_block *block, double *r,
                            double *stats, struct gaussian_scratch *scratch) {
  size_t d = g->d, stride = block->stride;
  double *offset = scratch->rows, *second = stats + 1 + d;
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < block->rows; i++) offset[j * stride + i] = block->x[j * stride + i] - centre[j];
  for (size_t i = 0; i < block->rows; i++) stats[0] += r[i];
  backend->moments(block->rows, stride, d, 1, r, offset, stats + 1, d);
  if (g->geometry == GEOMETRY_FULL) {
    memset(scratch->matrix, 0, d * d * sizeof *scratch->matrix);
    backend->scatter(block->rows, stride, d, r, offset, scratch->more_rows, scratch->matrix);
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l <= j; l++) *second++ += scratch->matrix[j * d + l];
    return;
  }
  size_t step = g->geometry == GEOMETRY_DIAG; /* spherical: all columns into one sum */
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < block->rows; i++)
      second[j * step] += r[i] * offset[j * stride + i] * offset[j * stride + i];
}

void emblas_gaussian_moments(const struct gaussian *g, const struct emblas_backend *backend,
                             const struct gaussian_terms *terms, const struct gaussian_block *block,
                             double *stats, struct gaussian_scratch *scratch) {
  size_t stride = block->stride;
  for (size_t c = 0; c < g->k; c++) {
    double *r = block->r + c * stride;
    if (terms->expanded[c]) continue;
    centred_moments(g, backend, terms->centre + c * g->d, block, r, stats + c * g->p, scratch);
    memset(r, 0, block->rows * sizeof *r); /* nothing of it in the product below */
  }
  if (terms->expanded_count == 0) return;
  if (quadratic(g, backend)) {
    backend->quadratic_moments(block->rows, stride, g->d, g->k, block->r, block->x, block->phi, stats);
    return;
  }
  for (size_t first = 0; first < g->p; first += block->panel) {
    size_t count = g->p - first < block->panel ? g->p - first : block->panel;
    if (block->panel < g->p) make_features(g, backend, block, first, count);
    backend->moments(block->rows, stride, count, g->k, block->r, block->phi, stats + first, g->p);
  }
}

/* sum_ic r_ic l_ic = sum_c constant_c N_c - S2_c / (2 sigma_c^2) */
double emblas_gaussian_univariate_q(const struct gaussian *g, const struct gaussian_terms *terms,
                                    const double *stats) {
  double q = 0;
  for (size_t c = 0; c < g->k; c++)
    q += terms->constant[c] * stats[3 * c] + terms->univariate[3 * c + 1] * stats[3 * c + 2];
  return q;
}

double emblas_gaussian_rounding(const struct gaussian *g, const struct gaussian_terms *terms,
                                const double *stats) {
  double sum = 0;
  for (size_t c = 0; c < g->k; c++)
    if (terms->expanded[c]) sum += terms->rounding[c] * stats[c * g->p];
  return sum;
}
