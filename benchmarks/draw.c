/* SPDX-License-Identifier: MIT */
#include "draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_ROWS = 200, MORE_ROWS = 800, ROWS_A_MEAN = 5, MOST_K = 12, MOST_K_OF_SETS = 8 };

struct set {
  const char *name;
  size_t k; /* of the labels beside it */
};
static const struct set sets[] = {{"acidity", 3},  {"crabs", 2},    {"crabs", 4},    {"faithful", 2},
                                  {"faithful", 3}, {"galaxies", 3}, {"galaxies", 4}, {"geyser", 3},
                                  {"iris", 2},     {"iris", 3},     {"quakes", 3},   {"rivers", 2},
                                  {"rivers", 3},   {"ruspini", 4}};
static const size_t dimensions[] = {1, 2, 4, 8, 16};

static size_t below(size_t count, uint64_t *state) {
  return (size_t)(draw_uniform(state) * (double)count);
}

/* Mean and variance of each column over the rows with the label, or over all for label == SIZE_MAX. */
static void moments(const struct rows *rows, size_t label, double *mean, double *variance) {
  double count = 0;
  memset(mean, 0, rows->d * sizeof *mean);
  memset(variance, 0, rows->d * sizeof *variance);
  for (size_t i = 0; i < rows->n; i++) {
    if (label != SIZE_MAX && rows->labels[i] != label) continue;
    count++;
    for (size_t j = 0; j < rows->d; j++) {
      double from_mean = rows->x[i * rows->d + j] - mean[j];
      mean[j] += from_mean / count;
      variance[j] += from_mean * (rows->x[i * rows->d + j] - mean[j]);
    }
  }
  for (size_t j = 0; j < rows->d; j++) variance[j] /= count;
}

/* Each row has the label of the nearest of k rows, in columns of the same deviation. */
static void label_by_rows(struct rows *rows, size_t k, uint64_t *state) {
  size_t d = rows->d, *centre = need(k, sizeof *centre);
  double *mean = need(d, sizeof *mean), *variance = need(d, sizeof *variance);
  moments(rows, SIZE_MAX, mean, variance);
  rows->labels = rows->labels ? rows->labels : need(rows->n, sizeof *rows->labels);
  for (size_t c = 0; c < k; c++) centre[c] = below(rows->n, state);
  for (size_t i = 0; i < rows->n; i++) {
    double least = INFINITY;
    for (size_t c = 0; c < k; c++) {
      double sum = 0;
      for (size_t j = 0; j < d; j++)
        sum += pow(rows->x[i * d + j] - rows->x[centre[c] * d + j], 2) / variance[j];
      if (sum < least) least = sum, rows->labels[i] = c;
    }
  }
  free(centre), free(mean), free(variance);
}

/* A part of the rows gets any label; and each label has a row. */
static void disturb(struct rows *rows, size_t k, double part, uint64_t *state) {
  for (size_t i = 0; i < rows->n; i++)
    if (draw_uniform(state) < part) rows->labels[i] = below(k, state);
  size_t first = below(rows->n - k, state);
  for (size_t c = 0; c < k; c++) rows->labels[first + c] = c;
}

/* Means of the labels, moved by half a deviation, with what variance is left within labels; or k rows with
   the variance of all. */
static struct emblas_model *make_model(const struct problem *p, uint64_t *state) {
  const struct rows *rows = &p->rows;
  size_t d = rows->d, k = p->k;
  double *weights = need(k, sizeof *weights), *means = need(k * d, sizeof *means),
         *variance = need(d, sizeof *variance), *within = need(d, sizeof *within),
         *factors = need(k * d * d, sizeof *factors);
  int of_rows = draw_uniform(state) < 0.5;
  for (size_t c = 0; c < k; c++) {
    moments(rows, c, means + c * d, variance);
    for (size_t j = 0; j < d; j++) within[j] += variance[j] / (double)k;
  }
  if (of_rows) moments(rows, SIZE_MAX, means, within);
  int sphere = emblas_covariance_mclust(p->covariance, 2)[1] == 'I';
  for (size_t c = 0; c < k; c++) {
    const double *row = rows->x + below(rows->n, state) * d;
    double common = 0;
    weights[c] = 1 / (double)k;
    for (size_t j = 0; j < d; j++) {
      double *mean = &means[c * d + j];
      *mean = of_rows ? row[j] : *mean + sqrt(within[j]) * draw_normal(state) / 2;
      common += within[j] / (double)d;
    }
    for (size_t j = 0; j < d; j++) factors[c * d * d + j * d + j] = sqrt(sphere ? common : within[j]);
  }
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.covariance = p->covariance, parameters.components = k, parameters.dim = d;
  parameters.weights = weights, parameters.means = means, parameters.cholesky = factors;
  emblas_status status = emblas_model_create(&parameters, &model, NULL);
  if (status != EMBLAS_OK) fprintf(stderr, "model: %s\n", emblas_status_string(status)), exit(EXIT_FAILURE);
  free(weights), free(means), free(variance), free(within), free(factors);
  return model;
}

static void draw_set(struct problem *p, uint64_t *state) {
  const struct set *set = &sets[below(sizeof sets / sizeof *sets, state)];
  int known = draw_uniform(state) < 0.5;
  p->k = known ? set->k : 2 + below(MOST_K_OF_SETS - 1, state);
  p->rows = rows_read(set->name, known ? set->k : 0);
  if (!known) label_by_rows(&p->rows, p->k, state);
}

static void draw_mixture(struct problem *p, uint64_t *state) {
  size_t d = dimensions[below(sizeof dimensions / sizeof *dimensions, state)];
  p->k = 2 + below(MOST_K - 1, state);
  p->separation = 1 + 3 * draw_uniform(state);
  size_t n = LEAST_ROWS + below(MORE_ROWS, state), least = ROWS_A_MEAN * p->k * (d + 1);
  p->rows = rows_draw(n > least ? n : least, d, p->k, p->separation, state);
}

/* Neighbouring seeds have nothing in common (the finaliser of splitmix64). */
static uint64_t mixed(uint64_t z) {
  z *= UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

struct problem problem_draw(uint64_t seed, size_t covariances) {
  static const double parts[] = {0, 0.1, 0.3};
  struct problem p = {.seed = seed};
  uint64_t state = mixed(seed);
  p.start = (enum start_kind)below(START_KINDS, &state);
  if (draw_uniform(&state) < 1.0 / 3)
    draw_set(&p, &state);
  else
    draw_mixture(&p, &state);
  p.covariance = (enum emblas_covariance)below(p.rows.d > 1 ? covariances : EMBLAS_TIED + 1, &state);
  disturb(&p.rows, p.k, parts[below(sizeof parts / sizeof *parts, &state)], &state);
  if (p.start == FROM_MODEL) p.model = make_model(&p, &state);
  return p;
}

void problem_free(struct problem *problem) {
  rows_free(&problem->rows);
  emblas_model_free(problem->model);
  problem->model = NULL;
}

struct emblas_options problem_options(const struct problem *p) {
  static const enum emblas_start starts[START_KINDS] = {EMBLAS_START_LABELS, EMBLAS_START_MODEL,
                                                        EMBLAS_START_KMEANSPP, EMBLAS_START_RANDOM};
  struct emblas_options options;
  emblas_options_init(&options, sizeof options);
  options.components = p->k, options.covariance = p->covariance;
  options.start = starts[p->start], options.starts = 1, options.seed = p->seed;
  options.labels = p->rows.labels, options.model = p->model;
  options.compress = EMBLAS_COMPRESS_NONE, options.threads = 1;
  return options;
}
