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
  scratch->factors = emblas_arena_doubles(arena, matrix + 3, 2 * (matrix + 3));
  scratch->inverse = scratch->factors;
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

/* The sum |natural phi| at |mean| + 2 sigma, from the precision matrix P in scratch->matrix. b = P m: d. */
static double bound_full(const struct gaussian *g, const double *mean, const double *factor, double *b,
                         struct gaussian_scratch *scratch) {
  size_t d = g->d;
  double *reach = scratch->moments, bound = 0;
  for (size_t j = 0; j < d; j++) {
    const double *l_row = factor + j * d, *p = scratch->matrix + j * d;
    double variance = 0, sum = 0, second = 0;
    for (size_t l = 0; l <= j; l++) variance += l_row[l] * l_row[l];
    reach[j] = fabs(mean[j]) + 2 * sqrt(variance);
    for (size_t l = 0; l < j; l++) {
      sum += p[l] * mean[l];
      b[l] += p[l] * mean[j];
      second += fabs(p[l]) * reach[l];
    }
    b[j] = sum + p[j] * mean[j];
    bound += (second + p[j] / 2 * reach[j]) * reach[j];
  }
  for (size_t j = 0; j < d; j++) bound += fabs(b[j]) * (reach[j] + fabs(mean[j]) / 2);
  return bound;
}

/* natural: [ constant - q/2 | b | -P_jj/2 and -P_jl ] with b = P m rounded and q = m'(2 b - P m): the
   constant that makes it the log density of the mean that the rounded b stands for. Returns what
   round_constant does. */
static double natural_full(const struct gaussian *g, double constant, const double *mean, const double *p,
                           double *natural) {
  size_t d = g->d;
  double *square = natural + 1 + d, q[2] = {0, 0};
  for (size_t j = 0; j < d; j++) {
    double product[2] = {0, 0};
    for (size_t l = 0; l < d; l++) sum_add_product(product, l <= j ? p[j * d + l] : p[l * d + j], mean[l]);
    double b = product[0] + product[1], rest = (b - product[0]) - product[1];
    natural[1 + j] = b;
    sum_add_product(q, mean[j], b);
    q[1] += mean[j] * rest;
    for (size_t l = 0; l <= j; l++) *square++ = p[j * d + l] * (l == j ? -0.5 : -1);
  }
  return round_constant(constant, q, natural);
}

/* The same two with P = diag(1 / s^2): natural [ constant - q/2 | m / s^2 | -1/(2 s^2) ], the last for each
   column or once. */
static double bound_diag(const struct gaussian *g, const double *mean, const double *factor) {
  double bound = 0;
  for (size_t j = 0; j < g->d; j++) {
    double deviation = factor[g->geometry == GEOMETRY_DIAG ? j : 0], inverse = 1 / (deviation * deviation);
    double reach = fabs(mean[j]) + 2 * deviation;
    bound += fabs(mean[j] * inverse) * (reach + fabs(mean[j]) / 2) + inverse / 2 * reach * reach;
  }
  return bound;
}

static double natural_diag(const struct gaussian *g, double constant, const double *mean,
                           const double *factor, double *natural) {
  double q[2] = {0, 0};
  for (size_t j = 0; j < g->d; j++) {
    size_t entry = g->geometry == GEOMETRY_DIAG ? j : 0;
    double inverse = 1 / (factor[entry] * factor[entry]), b = mean[j] * inverse;
    natural[1 + j] = b;
    natural[1 + g->d + entry] = -inverse / 2;
    sum_add_product(q, mean[j], b);
    q[1] += mean[j] * fma(-mean[j], inverse, b);
  }
  return round_constant(constant, q, natural);
}

/* The natural parameters of component c, if its form is the expanded one; zeros, if it is not. */
static void set_form(const struct gaussian *g, double limit, size_t c, struct gaussian_terms *terms,
                     struct gaussian_scratch *scratch) {
  const double *mean = terms->mean + c * g->d, *factor = terms->factor + c * g->f;
  double *natural = terms->natural + c * g->p, bound = INFINITY;
  int full = g->geometry == GEOMETRY_FULL;
  if (limit > 0 && full) precision(g, factor, scratch);
  if (limit > 0)
    bound = full ? bound_full(g, mean, factor, natural + 1, scratch) : bound_diag(g, mean, factor);
  terms->expanded[c] = bound <= limit * (double)g->d;
  terms->rounding[c] = 0;
  if (!terms->expanded[c])
    memset(natural, 0, g->p * sizeof *natural);
  else if (full)
    terms->rounding[c] = natural_full(g, terms->constant[c], mean, scratch->matrix, natural);
  else
    terms->rounding[c] = natural_diag(g, terms->constant[c], mean, factor, natural);
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
    double log_weight = theta[c] > 0 ? log(theta[c]) : LOG_ZERO;
    terms->constant[c] = log_weight - log_determinant(g, factor) - 0.5 * (double)d * LOG_2PI;
    terms->univariate[3 * c] = mean[0];
    terms->univariate[3 * c + 1] = -0.5 / (factor[0] * factor[0]);
    terms->univariate[3 * c + 2] = terms->constant[c];
    set_form(g, limit, c, terms, scratch);
    terms->expanded_count += terms->expanded[c];
    for (size_t j = 0; j < d; j++) terms->centre[c * d + j] = terms->expanded[c] ? 0 : mean[j];
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

/* The rows less a mean, in units of the component's deviations: d x stride. */
static void standardise(const struct gaussian *g, const struct emblas_backend *backend, const double *mean,
                        const double *factor, const struct gaussian_block *block, double *z) {
  size_t d = g->d, stride = block->stride;
  if (g->geometry == GEOMETRY_FULL) {
    backend->whiten(block->rows, stride, d, factor, mean, block->x, z);
    return;
  }
  for (size_t j = 0; j < d; j++) {
    double centre = mean[j], deviation = factor[g->geometry == GEOMETRY_DIAG ? j : 0];
    for (size_t i = 0; i < block->rows; i++)
      z[j * stride + i] = (block->x[j * stride + i] - centre) / deviation;
  }
}

/* Logits of a centred component: constant - |z|^2 / 2. */
static void centred_logits(const struct gaussian *g, const struct emblas_backend *backend,
                           const struct gaussian_terms *terms, size_t c, const struct gaussian_block *block,
                           struct gaussian_scratch *scratch) {
  size_t stride = block->stride;
  double *z = scratch->rows, *half = scratch->moments, *logit = block->r + c * stride;
  double constant = terms->constant[c];
  standardise(g, backend, terms->mean + c * g->d, terms->factor + c * g->f, block, z);
  for (size_t j = 0; j < g->d; j++) {
    half[j] = -0.5;
    backend->multiply(block->rows, z + j * stride, z + j * stride, z + j * stride);
  }
  backend->logits(block->rows, stride, g->d, 1, half, g->d, z, logit, 0);
  /* A row so far out that its square overflows keeps a finite, if tiny, density. */
  for (size_t i = 0; i < block->rows; i++)
    logit[i] = constant + (logit[i] > LOG_ZERO / 2 ? logit[i] : LOG_ZERO / 2);
}

/* May the backend do without features in memory? Those that are kept are there anyway. */
static int quadratic(const struct gaussian *g, const struct emblas_backend *backend,
                     const struct gaussian_block *block) {
  int kept = block->made != NULL && block->panel >= g->p;
  return g->geometry == GEOMETRY_FULL && backend->quadratic_logits != NULL && !kept;
}

static void expanded_logits(const struct gaussian *g, const struct emblas_backend *backend,
                            const struct gaussian_terms *terms, const struct gaussian_block *block) {
  for (size_t first = 0; first < g->p; first += block->panel) {
    size_t count = g->p - first < block->panel ? g->p - first : block->panel;
    if (block->made == NULL || !*block->made) make_features(g, backend, block, first, count);
    if (block->made != NULL) *block->made = count == g->p;
    backend->logits(block->rows, block->stride, count, g->k, terms->natural + first, g->p, block->phi,
                    block->r, first > 0);
  }
}

void emblas_gaussian_logits(const struct gaussian *g, const struct emblas_backend *backend,
                            const struct gaussian_terms *terms, const struct gaussian_block *block,
                            struct gaussian_scratch *scratch) {
  size_t stride = block->stride;
  if (terms->expanded_count > 0 && quadratic(g, backend, block))
    backend->quadratic_logits(block->rows, stride, g->d, g->k, terms->natural, block->x, block->r);
  else if (terms->expanded_count > 0)
    expanded_logits(g, backend, terms, block);
  for (size_t c = 0; c < g->k; c++)
    if (!terms->expanded[c]) centred_logits(g, backend, terms, c, block, scratch);
}

/* ------------------------------------------------------------------ statistics */

/* In sums that need not wait for each other. */
static double sum_of(size_t count, const double *values) {
  enum { SUMS = 8 };
  double sums[SUMS] = {0}, rest = 0;
  size_t i = 0;
  for (; i + SUMS <= count; i += SUMS)
    for (size_t l = 0; l < SUMS; l++) sums[l] += values[i + l];
  for (; i < count; i++) rest += values[i];
  for (size_t l = SUMS; l > 1; l /= 2)
    for (size_t m = 0; m < l / 2; m++) sums[m] += sums[m + l / 2];
  return sums[0] + rest;
}

/* Adds [ N | S1 | S2 ] of one component about its centre. r: its responsibilities, used up. */
static void centred_moments(const struct gaussian *g, const struct emblas_backend *backend,
                            const double *centre, const struct gaussian_block *block, double *r,
                            double *stats, struct gaussian_scratch *scratch) {
  size_t d = g->d, stride = block->stride;
  double *offset = scratch->rows, *second = stats + 1 + d;
  for (size_t j = 0; j < d; j++) {
    double shift = centre[j];
    for (size_t i = 0; i < block->rows; i++) offset[j * stride + i] = block->x[j * stride + i] - shift;
  }
  stats[0] += sum_of(block->rows, r);
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
  if (quadratic(g, backend, block)) {
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

/* sum_ic r_ic l_ic = sum_cj natural_cj S_cj, and what the constants lost. */
double emblas_gaussian_expanded_q(const struct gaussian *g, const struct gaussian_terms *terms,
                                  const double *stats) {
  double q[2] = {0, 0};
  for (size_t i = 0; i < g->k * g->p; i++) sum_add_product(q, terms->natural[i], stats[i]);
  return q[0] + (q[1] + emblas_gaussian_rounding(g, terms, stats));
}

double emblas_gaussian_rounding(const struct gaussian *g, const struct gaussian_terms *terms,
                                const double *stats) {
  double sum = 0;
  for (size_t c = 0; c < g->k; c++)
    if (terms->expanded[c]) sum += terms->rounding[c] * stats[c * g->p];
  return sum;
}
