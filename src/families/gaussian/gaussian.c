/* SPDX-License-Identifier: MIT */
/* Gaussian components in the E step. Full covariances are centred: constant - |K (x - mean)|^2 / 2, K the
   inverse of the factor, and moments about the mean, which are as good as the rows wherever the component
   lies. Others have two forms of the same log density:

   expanded   phi' natural,  phi = [1, x, x^2] or [1, x, |x|^2]: one matrix product for all components
   centred    constant - |(x - mean) / deviation|^2 / 2:         exact whatever the mean

   The expanded form adds terms that are larger than their sum when a component is narrow and far from the
   origin. Its error is about 1.1e-16 sum_j |natural_j phi_j|; a component whose sum, two standard
   deviations out from its mean, exceeds a limit per dimension takes the centred form. The same
   sum bounds the relative error of its second moments about the origin. */
#include "gaussian.h"

#include "../../base/sum.h"

#include <math.h>
#include <string.h>

#define LOG_2PI 1.8378770664093454835606594728112

/* log 0, finite so that a responsibility of 0 times it is 0. */
#define LOG_ZERO (-1e300)

struct gaussian emblas_gaussian_shape(enum emblas_covariance covariance, size_t k, size_t d) {
  const struct covariance_model *model = emblas_covariance_model_in(covariance, d);
  enum geometry geometry = emblas_covariance_geometry(covariance, d);
  size_t second = geometry == GEOMETRY_FULL ? d * (d + 1) / 2 : geometry == GEOMETRY_DIAG ? d : 1;
  return (struct gaussian){.k = k,
                           .d = d,
                           .p = 1 + d + second,
                           .f = emblas_geometry_factor_size(geometry, d),
                           .geometry = geometry,
                           .frame = d == 1 ? FRAME_SCALED : model->frame,
                           .model = model};
}

/* Doubles of a component's inverse, as kernels take it. */
static size_t inverse_size(const struct gaussian *g) {
  return g->geometry == GEOMETRY_FULL ? g->f : g->d;
}

void emblas_gaussian_terms_allocate(const struct gaussian *g, struct arena *arena,
                                    struct gaussian_terms *terms) {
  int full = g->geometry == GEOMETRY_FULL;
  terms->inverse = emblas_arena_doubles(arena, g->k, inverse_size(g));
  terms->natural = emblas_arena_doubles(arena, full ? 0 : g->k, g->p);
  terms->constant = emblas_arena_doubles(arena, g->k, 1);
  terms->rounding = emblas_arena_doubles(arena, g->k, 1);
  terms->mean = emblas_arena_doubles(arena, g->k, g->d);
  terms->centre = emblas_arena_doubles(arena, g->k, g->d);
  terms->univariate = emblas_arena_doubles(arena, g->k, 3);
  terms->expanded = emblas_arena_take(arena, g->k, 1, 1);
}

void emblas_gaussian_scratch_allocate(const struct gaussian *g, struct arena *arena, size_t stride,
                                      struct gaussian_scratch *scratch) {
  size_t matrix = g->geometry == GEOMETRY_FULL ? g->d : 1;
  scratch->rows = emblas_arena_doubles(arena, g->d, stride);
  scratch->more_rows = emblas_arena_doubles(arena, g->d, stride);
  scratch->quadratic =
      g->geometry == GEOMETRY_FULL ? emblas_arena_doubles(arena, g->d + 4, stride + g->d + 32) : NULL;
  scratch->column = emblas_arena_doubles(arena, stride, 1);
  scratch->moments = emblas_arena_doubles(arena, g->d, 1);
  scratch->matrix = emblas_arena_doubles(arena, matrix, matrix);
  scratch->factors = emblas_arena_doubles(arena, matrix + 3, 2 * (matrix + 3));
  scratch->inverse = scratch->factors;
  scratch->axes = emblas_arena_doubles(arena, matrix, matrix);
  scratch->share = emblas_arena_doubles(arena, g->k, 2);
  scratch->spread = emblas_arena_doubles(arena, g->d, 3);
  scratch->scatter =
      emblas_covariance_partly(g->model) ? emblas_arena_doubles(arena, g->k, g->p - 1 - g->d) : NULL;
  scratch->univariate = g->d == 1 ? emblas_arena_doubles(arena, g->k, 64) : NULL;
}

/* ------------------------------------------------------------------ natural parameters */

/* The constant of the expanded form, constant - q/2 for q = q[0] + q[1], is larger than the logits it is
   part of. Its rounding would shift every row of the component alike, so what does not fit is returned. */
static double round_constant(double constant, const double *q, double *natural) {
  double exact[2] = {constant, -q[1] / 2};
  sum_add(exact, -q[0] / 2);
  *natural = exact[0] + exact[1];
  return (exact[0] - *natural) + exact[1];
}

/* The sum |natural phi| at |mean| + 2 sigma. */
static double expanded_bound(const struct gaussian *g, const double *mean, const double *factor) {
  double bound = 0;
  for (size_t j = 0; j < g->d; j++) {
    double deviation = factor[g->geometry == GEOMETRY_DIAG ? j : 0], inverse = 1 / (deviation * deviation);
    double reach = fabs(mean[j]) + 2 * deviation;
    bound += fabs(mean[j] * inverse) * (reach + fabs(mean[j]) / 2) + inverse / 2 * reach * reach;
  }
  return bound;
}

/* natural: [ constant - q/2 | b = m / s^2 | -1/(2 s^2) ], the last for each column or once; b as it is
   rounded and q = m'(2 b - m / s^2): the constant that makes it the log density of the mean that the
   rounded b stands for. Returns what round_constant does. */
static double expand(const struct gaussian *g, double constant, const double *mean, const double *factor,
                     double *natural) {
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
static void set_form(const struct gaussian *g, double limit, size_t c, const double *factor,
                     struct gaussian_terms *terms) {
  const double *mean = terms->mean + c * g->d;
  double *natural = terms->natural + c * g->p;
  terms->expanded[c] = limit > 0 && expanded_bound(g, mean, factor) <= limit * (double)g->d;
  terms->rounding[c] = 0;
  if (terms->expanded[c])
    terms->rounding[c] = expand(g, terms->constant[c], mean, factor, natural);
  else
    memset(natural, 0, g->p * sizeof *natural);
  terms->expanded_count += terms->expanded[c];
  for (size_t j = 0; j < g->d; j++) {
    terms->centre[c * g->d + j] = terms->expanded[c] ? 0 : mean[j];
    terms->inverse[c * g->d + j] = 1 / factor[g->geometry == GEOMETRY_DIAG ? j : 0];
  }
}

static double log_determinant(const struct gaussian *g, const double *factor) {
  double sum = 0;
  for (size_t j = 0; j < g->d; j++)
    sum += log(emblas_geometry_factor_entry(g->geometry, g->d, factor, j, j));
  return sum;
}

void emblas_gaussian_prepare(const struct gaussian *g, const struct emblas_backend *backend, double limit,
                             const double *theta, struct gaussian_terms *terms) {
  size_t d = g->d;
  const double *factors = theta + g->k * (1 + d);
  memcpy(terms->mean, theta + g->k, g->k * d * sizeof *theta);
  if (g->geometry == GEOMETRY_FULL) memcpy(terms->centre, terms->mean, g->k * d * sizeof *theta);
  terms->expanded_count = 0;
  for (size_t c = 0; c < g->k; c++) {
    const double *factor = factors + c * g->f;
    double log_weight = theta[c] > 0 ? log(theta[c]) : LOG_ZERO;
    terms->constant[c] = log_weight - log_determinant(g, factor) - 0.5 * (double)d * LOG_2PI;
    terms->univariate[3 * c] = terms->mean[c * d];
    terms->univariate[3 * c + 1] = -0.5 / (factor[0] * factor[0]);
    terms->univariate[3 * c + 2] = terms->constant[c];
    if (g->geometry == GEOMETRY_FULL)
      backend->invert(d, factor, terms->inverse + c * g->f);
    else
      set_form(g, limit, c, factor, terms);
  }
}

void emblas_gaussian_centre(const struct gaussian *g, const double *means, struct gaussian_terms *terms) {
  terms->expanded_count = 0;
  for (size_t c = 0; c < g->k; c++) terms->expanded[c] = 0;
  memcpy(terms->centre, means, g->k * g->d * sizeof *means);
}

void emblas_gaussian_gather(const struct gaussian *g, const struct gaussian_terms *terms, size_t count,
                            const size_t *which, struct gaussian_terms *to) {
  size_t d = g->d, inverse = inverse_size(g);
  to->expanded_count = 0;
  for (size_t a = 0; a < count; a++) {
    size_t c = which[a];
    to->constant[a] = terms->constant[c];
    memcpy(to->mean + a * d, terms->mean + c * d, d * sizeof *to->mean);
    memcpy(to->centre + a * d, terms->centre + c * d, d * sizeof *to->centre);
    memcpy(to->inverse + a * inverse, terms->inverse + c * inverse, inverse * sizeof *to->inverse);
    if (g->geometry == GEOMETRY_FULL) continue;
    memcpy(to->natural + a * g->p, terms->natural + c * g->p, g->p * sizeof *to->natural);
    to->expanded_count += to->expanded[a] = terms->expanded[c];
  }
}

/* Components in the centred form, from number first on, as kernels take them. */
static struct emblas_normals normals_of(const struct gaussian *g, const struct gaussian_terms *terms,
                                        size_t first, size_t count) {
  return (struct emblas_normals){count, g->d, terms->constant + first, terms->mean + first * g->d,
                                 terms->inverse + first * inverse_size(g)};
}

struct emblas_normals emblas_gaussian_normals(const struct gaussian *g,
                                              const struct gaussian_terms *terms) {
  return normals_of(g, terms, 0, g->k);
}

/* ------------------------------------------------------------------ features and logits */

static void sum_of_squares(const struct block *block, size_t d, double *out) {
  memset(out, 0, block->rows * sizeof *out);
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < block->rows; i++) {
      double x = block->x[j * block->stride + i];
      out[i] += x * x;
    }
}

/* Features first .. first + count of the rows, into block->phi: 1, x, and x_j^2 or |x|^2. */
static void make_features(const struct gaussian *g, const struct emblas_backend *backend,
                          const struct block *block, size_t first, size_t count) {
  size_t d = g->d, stride = block->stride;
  for (size_t f = first; f < first + count; f++) {
    double *out = block->phi + (f - first) * stride;
    const double *x = f > d ? block->x + (f - 1 - d) * stride : NULL;
    if (f == 0)
      for (size_t i = 0; i < block->rows; i++) out[i] = 1;
    else if (f <= d)
      memcpy(out, block->x + (f - 1) * stride, block->rows * sizeof *out);
    else if (g->geometry == GEOMETRY_DIAG)
      backend->multiply(block->rows, x, x, out);
    else
      sum_of_squares(block, d, out);
  }
}

/* The next run of components of one form from *c on, which moves past it; 0: there is none. */
static size_t run_of(const struct gaussian *g, const struct gaussian_terms *terms, int expanded,
                     size_t *c) {
  while (*c < g->k && terms->expanded[*c] != expanded) ++*c;
  size_t first = *c;
  while (*c < g->k && terms->expanded[*c] == expanded) ++*c;
  return *c - first;
}

static void centred_logits(const struct gaussian *g, const struct emblas_backend *backend,
                           const struct gaussian_terms *terms, const struct block *block) {
  for (size_t end = 0, run; (run = run_of(g, terms, 0, &end)) > 0;) {
    struct emblas_normals normals = normals_of(g, terms, end - run, run);
    backend->diagonal_logits(block->rows, block->stride, &normals, block->x,
                             block->r + (end - run) * block->stride);
  }
}

static void expanded_logits(const struct gaussian *g, const struct emblas_backend *backend,
                            const struct gaussian_terms *terms, const struct block *block) {
  for (size_t first = 0; first < g->p; first += block->panel) {
    size_t count = g->p - first < block->panel ? g->p - first : block->panel;
    if (block->made == NULL || !*block->made) make_features(g, backend, block, first, count);
    if (block->made != NULL) *block->made = count == g->p;
    for (size_t end = 0, run; (run = run_of(g, terms, 1, &end)) > 0;) {
      size_t c = end - run;
      backend->logits(block->rows, block->stride, count, run, terms->natural + c * g->p + first, g->p,
                      block->phi, block->r + c * block->stride, first > 0);
    }
  }
}

void emblas_gaussian_logits(const struct gaussian *g, const struct emblas_backend *backend,
                            const struct gaussian_terms *terms, const struct block *block,
                            struct gaussian_scratch *scratch) {
  if (g->geometry == GEOMETRY_FULL) {
    struct emblas_normals normals = emblas_gaussian_normals(g, terms);
    backend->quadratic_logits(block->rows, block->stride, &normals, block->x, scratch->quadratic, block->r);
    return;
  }
  if (terms->expanded_count > 0) expanded_logits(g, backend, terms, block);
  centred_logits(g, backend, terms, block);
}

/* ------------------------------------------------------------------ statistics */

/* Adds [ N | S1 | S2 ] of components about their centres. */
static void centred_moments(const struct gaussian *g, const struct emblas_backend *backend,
                            const struct gaussian_terms *terms, const struct block *block, double *stats) {
  for (size_t end = 0, run; (run = run_of(g, terms, 0, &end)) > 0;) {
    size_t first = end - run;
    struct emblas_normals normals = normals_of(g, terms, first, run);
    normals.mean = terms->centre + first * g->d;
    backend->diagonal_moments(block->rows, block->stride, &normals, g->p, block->r + first * block->stride,
                              block->x, stats + first * g->p);
  }
}

static void expanded_moments(const struct gaussian *g, const struct emblas_backend *backend,
                             const struct gaussian_terms *terms, const struct block *block, double *stats) {
  for (size_t first = 0; first < g->p; first += block->panel) {
    size_t count = g->p - first < block->panel ? g->p - first : block->panel;
    if (block->panel < g->p) make_features(g, backend, block, first, count);
    for (size_t end = 0, run; (run = run_of(g, terms, 1, &end)) > 0;) {
      size_t c = end - run;
      backend->moments(block->rows, block->stride, count, run, block->r + c * block->stride, block->phi,
                       stats + c * g->p + first, g->p);
    }
  }
}

void emblas_gaussian_moments(const struct gaussian *g, const struct emblas_backend *backend,
                             const struct gaussian_terms *terms, const struct block *block, double *stats,
                             struct gaussian_scratch *scratch) {
  size_t stride = block->stride;
  if (g->geometry == GEOMETRY_FULL) {
    struct emblas_normals normals = emblas_gaussian_normals(g, terms);
    normals.mean = terms->centre;
    backend->quadratic_moments(block->rows, stride, &normals, block->r, block->x, scratch->quadratic,
                               stats);
    return;
  }
  centred_moments(g, backend, terms, block, stats);
  if (terms->expanded_count > 0) expanded_moments(g, backend, terms, block, stats);
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
  for (size_t c = 0; c < g->k && terms->expanded_count > 0; c++)
    if (terms->expanded[c]) sum += terms->rounding[c] * stats[c * g->p];
  return sum;
}
