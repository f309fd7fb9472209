/* SPDX-License-Identifier: MIT */
/* Rows in boxes are the same rows, and a pass that leaves out components out of reach of a box says what
   one over all components says. */
#include "base/random.h"
#include "../support/models.h"
#include "families/gaussian/family.h"
#include "mixture/fitter.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 5000, K = 20, MOST_D = 4 };

/* Groups of deviation 0.3 to 1.7 in a cube, in the order of nothing. */
struct scene {
  const char *name;
  size_t d;
  double side;  /* of the cube */
  int weighted; /* 1e-6 to 1e6, and 0 */
  int outliers; /* rows a million deviations away */
  int rounded;  /* to whole numbers, so that rows are equal */
  int constant; /* the last column */
  int empty;    /* a component of weight 0 */
  enum emblas_compression compress;
};

static const struct scene scenes[] = {
    {"apart", 2, 200, 0, 0, 0, 0, 0, EMBLAS_COMPRESS_AUTO},
    {"overlapping", 2, 50, 0, 0, 0, 0, 0, EMBLAS_COMPRESS_AUTO},
    {"three columns", 3, 60, 0, 0, 0, 0, 0, EMBLAS_COMPRESS_AUTO},
    {"four columns", 4, 60, 1, 0, 0, 0, 1, EMBLAS_COMPRESS_AUTO},
    {"weights", 2, 60, 1, 0, 0, 0, 0, EMBLAS_COMPRESS_AUTO},
    {"outliers", 2, 60, 0, 1, 0, 0, 0, EMBLAS_COMPRESS_AUTO},
    {"equal rows", 2, 60, 0, 0, 1, 0, 0, EMBLAS_COMPRESS_NONE},
    {"a constant column", 3, 60, 1, 0, 0, 1, 0, EMBLAS_COMPRESS_AUTO},
    {"an empty component", 2, 60, 0, 0, 0, 0, 1, EMBLAS_COMPRESS_AUTO},
};
enum { SCENES = sizeof scenes / sizeof *scenes };

struct rows {
  double values[ROWS * MOST_D], weights[ROWS];
  size_t labels[ROWS];
};

static void draw(const struct scene *scene, struct rows *rows) {
  struct random random;
  double centre[K][MOST_D], deviation[K][MOST_D];
  emblas_random_seed(&random, 7, 0);
  for (size_t c = 0; c < K; c++)
    for (size_t j = 0; j < scene->d; j++) {
      centre[c][j] = scene->side * emblas_random_uniform(&random);
      deviation[c][j] = 0.3 + 1.4 * emblas_random_uniform(&random);
    }
  for (size_t i = 0; i < ROWS; i++) {
    size_t c = (size_t)(K * emblas_random_uniform(&random));
    double *x = rows->values + i * scene->d;
    for (size_t j = 0; j < scene->d; j++) {
      x[j] = centre[c][j] + deviation[c][j] * emblas_random_normal(&random) +
             (j > 0 ? 0.3 * (x[0] - centre[c][0]) : 0);
      if (scene->rounded) x[j] = floor(x[j]);
      if (scene->outliers && i % 1500 == 7) x[j] = i == 7 ? 1e6 : -1e3;
      if (scene->constant && j + 1 == scene->d) x[j] = 3.7;
    }
    rows->weights[i] = i % 11 == 5 ? 0 : pow(10, 12 * emblas_random_uniform(&random) - 6);
    rows->labels[i] = c;
  }
}

/* A fit of the scene at the parameters that its groups have; theta: room for them. */
static struct emblas_fitter *begin(const struct scene *scene, const struct rows *rows,
                                   enum emblas_covariance covariance, const struct emblas_backend *backend,
                                   size_t threads, double **theta) {
  struct emblas_fitter *fitter = NULL;
  struct emblas_data data;
  struct emblas_options options;
  emblas_data_init(&data, sizeof data);
  data.values = rows->values, data.rows = ROWS, data.columns = scene->d;
  data.weights = scene->weighted ? rows->weights : NULL;
  emblas_options_init(&options, sizeof options);
  options.components = K, options.covariance = covariance, options.backend = backend,
  options.threads = threads;
  options.start = EMBLAS_START_LABELS, options.labels = rows->labels, options.compress = scene->compress;
  cr_assert_eq(emblas_fitter_create(&data, &options, &fitter, NULL), EMBLAS_OK);
  cr_assert_eq(emblas_fitter_start(fitter, 0), EMBLAS_OK);
  size_t bytes = fitter->pass.components.parameters * sizeof **theta;
  *theta = malloc(bytes);
  memcpy(*theta, emblas_em_theta(fitter->em), bytes);
  if (scene->empty) (*theta)[3] = 0;
  emblas_compression_select(&fitter->compression, &fitter->pass, *theta);
  cr_assert(fitter->pass.boxed, "%s: no boxes", scene->name);
  return fitter;
}

/* ------------------------------------------------------------------ boxes */

static size_t columns;
static int compare(const void *a, const void *b) {
  const double *x = a, *y = b;
  for (size_t j = 0; j <= columns; j++)
    if (x[j] != y[j]) return x[j] < y[j] ? -1 : 1;
  return 0;
}

/* Rows with their weights, those of weight 0 left out, sorted: count x (d + 1). */
static double *sorted(const double *x, const double *weights, size_t rows, size_t d, size_t *count) {
  double *all = malloc(rows * (d + 1) * sizeof *all);
  *count = 0;
  for (size_t i = 0; i < rows; i++) {
    double weight = weights != NULL ? weights[i] : 1;
    if (weight == 0) continue;
    memcpy(all + *count * (d + 1), x + i * d, d * sizeof *all);
    all[(*count)++ * (d + 1) + d] = weight;
  }
  columns = d;
  qsort(all, *count, (d + 1) * sizeof *all, compare);
  return all;
}

/* The rows of the data in the frame, row by row. */
static double *framed(struct emblas_fitter *fitter) {
  struct pass *pass = &fitter->pass;
  struct pass_worker *worker = &pass->workers[0];
  size_t d = fitter->data.columns;
  double *x = malloc(ROWS * d * sizeof *x);
  emblas_compression_all(&fitter->compression, pass);
  for (size_t i = 0; i < ROWS; i++) {
    emblas_pass_load(pass, worker, i, 1);
    for (size_t j = 0; j < d; j++) x[i * d + j] = worker->block.x[j * worker->block.stride];
  }
  return x;
}

Test(nearby, boxes_hold_the_rows) {
  struct rows *rows = malloc(sizeof *rows);
  for (size_t s = 0; s < SCENES; s++) {
    double *theta;
    draw(&scenes[s], rows);
    struct emblas_fitter *fitter =
        begin(&scenes[s], rows, EMBLAS_FULL, emblas_backend_reference(), 1, &theta);
    const struct boxes *boxes = &fitter->compression.boxes;
    const struct emblas_data *in_boxes = &boxes->rows;
    size_t d = scenes[s].d, expected, count;
    double *x = framed(fitter), *before = sorted(x, fitter->data.weights, ROWS, d, &expected);
    double *after = sorted(in_boxes->values, in_boxes->weights, in_boxes->rows, d, &count);
    cr_assert_eq(count, expected, "%s: %zu rows of %zu", scenes[s].name, count, expected);
    cr_assert_eq(memcmp(before, after, count * (d + 1) * sizeof *after), 0, "%s: other rows",
                 scenes[s].name);
    cr_assert_eq(boxes->count, (count + BOX_ROWS - 1) / BOX_ROWS);
    for (size_t i = 0; i < count; i++)
      for (size_t j = 0; j < d; j++) {
        double offset = in_boxes->values[i * d + j] - boxes->centre[i / BOX_ROWS * d + j];
        double half = boxes->half[i / BOX_ROWS * d + j];
        cr_assert_leq(fabs(offset),
                      half * (1 + 4 * DBL_EPSILON) + DBL_EPSILON * fabs(in_boxes->values[i * d + j]),
                      "%s: row %zu is not in its box", scenes[s].name, i);
      }
    free(x), free(before), free(after), free(theta);
    emblas_fitter_free(fitter);
  }
  free(rows);
}

/* ------------------------------------------------------------------ passes */

struct sums {
  double loglik, magnitude, q, hard;
  double *stats;
};

static struct sums sums_of(const struct pass *pass) {
  size_t bytes = pass->components.k * pass->components.statistics * sizeof(double);
  struct sums sums = {pass->loglik, pass->magnitude, pass->q, pass->hard, malloc(bytes)};
  memcpy(sums.stats, pass->stats, bytes);
  return sums;
}

/* What a statistic of the second order, or its root, is beside: entry m of a component's row. */
static double second(const struct gaussian *g, const double *row, size_t j) {
  const double *s = row + 1 + g->d;
  return fabs(g->geometry == GEOMETRY_FULL   ? s[j * (j + 3) / 2]
              : g->geometry == GEOMETRY_DIAG ? s[j]
                                             : s[0]);
}

static double scale_of(const struct gaussian *g, const double *row, size_t m) {
  if (m == 0) return row[0];
  if (m <= g->d) return sqrt(row[0] * second(g, row, m - 1));
  if (g->geometry != GEOMETRY_FULL) return second(g, row, m - 1 - g->d);
  size_t j = 0, l = m - 1 - g->d;
  for (; l > j; j++) l -= j + 1;
  return sqrt(second(g, row, j) * second(g, row, l));
}

/* Sums of the same terms in another order differ by 100 u of the sum of their magnitudes: a chain of 32
   rows, of lanes, blocks, leaves and chunks adds fewer; log-likelihoods, added in two doubles, by 8 u.
   Products of a BLAS, and the expanded form, may have other logits in another block: by 4096 d u
   (docs/numerics.md). What was left out is e^-60 of the rows' weight at most, within `reach`, how far any
   row is from a mean. */
static void check(const char *name, const struct emblas_fitter *fitter, const struct sums *near,
                  const struct sums *all, double reach) {
  const struct pass *pass = &fitter->pass;
  const struct gaussian *g = gaussian_of(&pass->components);
  double u = DBL_EPSILON / 2, weight = fitter->summary.total_weight, left_out = exp(-60) * weight;
  int same_logits = g->geometry == GEOMETRY_FULL && strcmp(pass->backend->name, "blas") != 0;
  double part = same_logits ? 100 * u : 4096 * u * (double)g->d;
  double logits = same_logits ? 0 : part * weight;
  cr_assert_leq(fabs(near->loglik - all->loglik), 8 * u * all->magnitude + logits + K * left_out, "%s",
                name);
  cr_assert_leq(fabs(near->q - all->q), part * all->magnitude + 100 * K * left_out, "%s", name);
  cr_assert_leq(fabs(near->hard - all->hard), part * (fabs(all->hard) + weight), "%s", name);
  for (size_t c = 0; c < g->k; c++)
    for (size_t m = 0; m < g->p; m++) {
      size_t at = c * g->p + m;
      double tolerance = part * scale_of(g, all->stats + c * g->p, m);
      tolerance += left_out * (m == 0 ? 1 : m <= g->d ? reach : reach * reach);
      cr_assert_leq(fabs(near->stats[at] - all->stats[at]), tolerance, "%s: component %zu, %zu: %g for %g",
                    name, c, m, near->stats[at], all->stats[at]);
    }
}

static double farthest(const struct emblas_fitter *fitter, const double *theta) {
  const struct boxes *boxes = &fitter->compression.boxes;
  const struct gaussian *g = gaussian_of(&fitter->pass.components);
  double most = 0, mean = 0;
  for (size_t i = 0; i < boxes->count * g->d; i++)
    most = fmax(most, fabs(boxes->centre[i]) + boxes->half[i]);
  for (size_t i = 0; i < g->k * g->d; i++) mean = fmax(mean, fabs(theta[g->k + i]));
  return sqrt((double)g->d) * (most + mean);
}

static void check_passes(const struct scene *scene, const struct rows *rows,
                         enum emblas_covariance covariance, const struct emblas_backend *backend) {
  double *theta;
  struct emblas_fitter *fitter = begin(scene, rows, covariance, backend, 1, &theta);
  struct pass *pass = &fitter->pass;
  emblas_pass_expectation(pass, theta);
  struct sums near = sums_of(pass);
  cr_assert(pass->components.family->boxes->pay(&pass->components), "%s: no component was left out",
            scene->name);
  pass->boxed = 0;
  emblas_pass_expectation(pass, theta);
  struct sums ordered = sums_of(pass);
  emblas_compression_all(&fitter->compression, pass);
  emblas_pass_expectation(pass, theta);
  struct sums all = sums_of(pass);
  double reach = farthest(fitter, theta);
  check(scene->name, fitter, &near, &ordered, reach);
  check(scene->name, fitter, &near, &all, reach);
  if (scene->empty) cr_assert_eq(near.stats[3 * pass->components.statistics], 0);
  free(near.stats), free(ordered.stats), free(all.stats), free(theta);
  emblas_fitter_free(fitter);
}

static void check_backend(const char *name) {
  const struct emblas_backend *backend = emblas_backend_find(name);
  if (backend == NULL) cr_skip_test("no %s in this build", name);
  struct rows *rows = malloc(sizeof *rows);
  for (size_t s = 0; s < SCENES; s++) {
    draw(&scenes[s], rows);
    for (int v = 0; v < TEST_MODELS; v++)
      check_passes(&scenes[s], rows, (enum emblas_covariance)v, backend);
  }
  free(rows);
}

Test(nearby, passes_agree_reference) {
  check_backend("reference");
}

Test(nearby, passes_agree_native) {
  check_backend("native");
}

Test(nearby, passes_agree_blas) {
  check_backend("blas");
}

/* Equal rows are merged first, and carry their number as a weight. */
Test(nearby, merged_rows_are_in_boxes) {
  const size_t n = 24000, d = 2;
  double *x = malloc(n * d * sizeof *x), *theta;
  size_t *labels = malloc(n * sizeof *labels);
  struct random random;
  struct emblas_data data;
  struct emblas_options options;
  struct emblas_fitter *fitter = NULL;
  emblas_random_seed(&random, 8, 0);
  for (size_t i = 0; i < n; i++) {
    labels[i] = (size_t)(K * emblas_random_uniform(&random));
    for (size_t j = 0; j < d; j++) /* K x 19 x 19 values or so */
      x[i * d + j] = floor(200 * (double)(labels[i] * (j + 1) % K) + 19 * emblas_random_uniform(&random));
  }
  emblas_data_init(&data, sizeof data);
  data.values = x, data.rows = n, data.columns = d;
  emblas_options_init(&options, sizeof options);
  options.components = K, options.start = EMBLAS_START_LABELS, options.labels = labels;
  cr_assert_eq(emblas_fitter_create(&data, &options, &fitter, NULL), EMBLAS_OK);
  cr_assert_eq(emblas_fitter_start(fitter, 0), EMBLAS_OK);
  struct pass *pass = &fitter->pass;
  size_t bytes = pass->components.parameters * sizeof *theta;
  memcpy(theta = malloc(bytes), emblas_em_theta(fitter->em), bytes);
  emblas_compression_select(&fitter->compression, pass, theta);
  cr_assert(pass->boxed);
  cr_assert(compression_active(&fitter->compression, pass));
  cr_assert_lt(pass->data->rows, n / 2);
  emblas_pass_expectation(pass, theta);
  struct sums near = sums_of(pass);
  emblas_compression_all(&fitter->compression, pass);
  emblas_pass_expectation(pass, theta);
  struct sums all = sums_of(pass);
  check("merged", fitter, &near, &all, farthest(fitter, theta));
  free(near.stats), free(all.stats), free(theta), free(x), free(labels);
  emblas_fitter_free(fitter);
}

Test(nearby, threads_change_no_bit) {
  struct rows *rows = malloc(sizeof *rows);
  draw(&scenes[1], rows);
  for (int v = 0; v < TEST_MODELS; v++) {
    struct sums first = {0};
    for (size_t threads = 1; threads <= 5; threads += 2) {
      double *theta;
      struct emblas_fitter *fitter =
          begin(&scenes[1], rows, (enum emblas_covariance)v, NULL, threads, &theta);
      struct pass *pass = &fitter->pass;
      emblas_pass_expectation(pass, theta);
      struct sums sums = sums_of(pass);
      if (threads == 1) first = sums_of(pass);
      cr_assert_eq(memcmp(sums.stats, first.stats, K * pass->components.statistics * sizeof(double)), 0);
      cr_assert(sums.loglik == first.loglik && sums.q == first.q && sums.hard == first.hard);
      free(sums.stats), free(theta);
      emblas_fitter_free(fitter);
    }
    free(first.stats);
  }
  free(rows);
}
