/* SPDX-License-Identifier: MIT */
#include "hard_data.h"

#include "../support/generate.h"

#include <float.h>
#include <math.h>

static bool chance(struct generator *g, double probability) {
  return generate_uniform(g) < probability;
}

/* 0 .. count - 1 */
static size_t below(struct generator *g, size_t count) {
  return (size_t)(generate_uniform(g) * (double)count);
}

static double between(struct generator *g, double low, double high) {
  return low + generate_uniform(g) * (high - low);
}

/* A power of ten whose exponent is uniform. */
static double magnitude(struct generator *g, double low, double high) {
  return pow(10, between(g, low, high));
}

static double either_sign(struct generator *g, double x) {
  return chance(g, .5) ? x : -x;
}

static double *cell(struct hard_problem *p, size_t row, size_t column) {
  return p->values + row * p->data.columns + column;
}

/* ------------------------------------------------------------------ columns */

enum column_kind { NORMAL, CLUSTERS, DECIMALS, INTEGERS, TWO_VALUES, CONSTANT, COMBINATION, COPY, KINDS };

/* Values that constant columns have, and outliers. */
static double strange_value(struct generator *g) {
  static const double values[] = {0, 1, 7, -.1, 1e10, 1e-10, 1e154, 1e-300, 5e-324, 1e300, DBL_MAX, DBL_MIN};
  if (chance(g, .5)) return either_sign(g, values[below(g, sizeof values / sizeof *values)]);
  return either_sign(g, magnitude(g, -308, 308));
}

/* A sum of multiples of the columns before, to the last digit or nearly. */
static double combine(struct hard_problem *p, size_t row, size_t column, const double *factors,
                      double noise, struct generator *g) {
  double sum = 0;
  for (size_t l = 0; l < column; l++) sum += factors[l] * *cell(p, row, l);
  return sum * (1 + noise * generate_gaussian(g));
}

static void draw_column(struct hard_problem *p, size_t column, struct generator *g) {
  enum column_kind kind = (enum column_kind)below(g, KINDS);
  if (column == 0 && kind >= COMBINATION) kind = CLUSTERS;
  double scale = chance(g, .2) ? magnitude(g, -300, 300) : chance(g, .2) ? magnitude(g, -8, 8) : 1;
  double shift = chance(g, .2) ? scale * magnitude(g, 0, 16) : 0, constant = strange_value(g), factors[8];
  double noise = chance(g, .3) ? magnitude(g, -17, -3) : 0;
  size_t source = column > 0 ? below(g, column) : 0, levels = 2 + below(g, 5);
  for (size_t l = 0; l < 8; l++) factors[l] = (double)below(g, 4) - 1;
  for (size_t i = 0; i < p->data.rows; i++) {
    double x = 0, normal = generate_gaussian(g), uniform = generate_uniform(g);
    switch (kind) {
    case NORMAL: x = normal; break;
    case CLUSTERS: x = normal + 4 * floor(3 * uniform); break;
    case DECIMALS: x = round(10 * normal) / 10; break;
    case INTEGERS: x = floor((double)levels * uniform); break;
    case TWO_VALUES: x = uniform < .3; break;
    default: break;
    }
    x = shift + scale * x;
    if (kind == CONSTANT) x = constant;
    if (kind == COMBINATION) x = combine(p, i, column, factors, noise, g);
    if (kind == COPY) x = *cell(p, i, source) * (scale == 1 ? 1.8 : 1) + (scale == 1 ? 32 : 0);
    *cell(p, i, column) = fmax(fmin(x, DBL_MAX), -DBL_MAX);
  }
}

/* ------------------------------------------------------------------ rows */

static void repeat_rows(struct hard_problem *p, struct generator *g) {
  size_t distinct = 1 + below(g, p->data.rows);
  for (size_t i = distinct; i < p->data.rows; i++) {
    size_t from = below(g, distinct);
    for (size_t j = 0; j < p->data.columns; j++) *cell(p, i, j) = *cell(p, from, j);
  }
}

static void place_outliers(struct hard_problem *p, struct generator *g) {
  size_t count = 1 + below(g, 3);
  for (size_t i = 0; i < count; i++)
    *cell(p, below(g, p->data.rows), below(g, p->data.columns)) = strange_value(g);
}

/* Weights alike, over many magnitudes, one heavy one; some of them 0. */
static void draw_weights(struct hard_problem *p, struct generator *g) {
  static const double widest[] = {.3, 4, 20, 100};
  size_t n = p->data.rows, kind = below(g, 4);
  double width = widest[below(g, 4)], unit = chance(g, .3) ? magnitude(g, -150, 150) : 1;
  for (size_t i = 0; i < n; i++) {
    p->weights[i] = kind == 0 ? 1 + (double)below(g, 5) : kind == 1 ? 1 : magnitude(g, -width, width);
    if (chance(g, .1)) p->weights[i] = 0;
    p->weights[i] *= unit;
  }
  p->weights[below(g, n)] = unit * (chance(g, .5) ? 1 : magnitude(g, 0, 20));
  p->data.weights = p->weights;
}

static void draw_rows(struct hard_problem *p, struct generator *g) {
  bool line = chance(g, .01);
  size_t d = line ? 1 : 1 + below(g, 6), most = chance(g, .05) ? 700 : chance(g, .5) ? 60 : 12;
  emblas_data_init(&p->data, sizeof p->data);
  p->data.values = p->values;
  p->data.columns = d;
  p->data.rows = line ? 4096 + below(g, 1500) : 2 + below(g, most);
  for (size_t j = 0; j < d; j++) draw_column(p, j, g);
  if (chance(g, .3)) repeat_rows(p, g);
  if (chance(g, .2)) place_outliers(p, g);
  if (chance(g, .4)) draw_weights(p, g);
}

/* ------------------------------------------------------------------ options */

static const struct emblas_backend *draw_backend(struct generator *g) {
  static const char *const names[] = {"reference", "blas", "native"};
  const struct emblas_backend *backend = emblas_backend_find(names[below(g, 3)]);
  return backend != NULL ? backend : emblas_backend_reference();
}

/* Labels of rows with weight, each used: those rows in turn, the others anyhow. */
static void draw_labels(struct hard_problem *p, struct generator *g) {
  size_t k = p->options.components, used = 0;
  for (size_t i = 0; i < p->data.rows; i++) {
    bool counts = p->data.weights == NULL || p->data.weights[i] > 0;
    p->labels[i] = counts && used < k ? used : below(g, k);
    used += counts;
  }
  p->options.labels = p->labels;
}

static size_t rows_with_weight(const struct hard_problem *p) {
  size_t count = 0;
  for (size_t i = 0; i < p->data.rows; i++) count += p->data.weights == NULL || p->data.weights[i] > 0;
  return count;
}

static void draw_options(struct hard_problem *p, struct generator *g) {
  static const size_t maps[] = {2, 30, 200, 600};
  size_t rows = rows_with_weight(p), most = rows < HARD_COMPONENTS ? rows : HARD_COMPONENTS;
  struct emblas_options *o = &p->options;
  emblas_options_init(o, sizeof *o);
  o->components = 1 + below(g, most);
  o->covariance = (enum emblas_covariance)below(g, EMBLAS_COVARIANCE_COUNT);
  o->backend = draw_backend(g);
  o->accelerate = chance(g, .6)   ? EMBLAS_ACCELERATE_AUTO
                  : chance(g, .7) ? EMBLAS_ACCELERATE_NONE
                  : chance(g, .5) ? EMBLAS_ACCELERATE_SQUAREM
                                  : EMBLAS_ACCELERATE_ANDERSON;
  o->compress = chance(g, .8) ? EMBLAS_COMPRESS_AUTO : EMBLAS_COMPRESS_NONE;
  o->start = (enum emblas_start)below(g, 3);
  o->starts = 1 + below(g, 3);
  o->seed = generate_bits(g) % 1000;
  o->threads = 1;
  o->max_iterations = p->data.rows > 700 ? 30 : maps[below(g, 4)];
  if (chance(g, .2)) o->tolerance = 0;
  if (chance(g, .2)) o->floor = magnitude(g, -15, -.1);
  if (o->start == EMBLAS_START_LABELS) draw_labels(p, g);
}

void hard_problem_draw(struct hard_problem *p, uint64_t seed) {
  struct generator g = {seed};
  g.state = generate_bits(&g); /* neighbouring seeds have nothing in common */
  draw_rows(p, &g);
  draw_options(p, &g);
}
