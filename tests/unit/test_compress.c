/* SPDX-License-Identifier: MIT */
/* Sorting, Gauss rules of rows, and the rows of a line made of them. Moments are checked in 113 bits. */
#include "../support/real.h"
#include "base/random.h"
#include "base/sort.h"
#include "line/compress.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 20000 };

/* Lines of N values that a compressor meets. */
enum line { NORMAL, UNIFORM, EQUAL, TWO, GRID, GEOMETRIC, OUTLIER, CLUSTERS, ZEROS, LINES };

static double line_value(enum line line, size_t i, struct random *random) {
  switch (line) {
  case NORMAL:
    return emblas_random_normal(random) / 4;
  case UNIFORM:
    return emblas_random_uniform(random);
  case EQUAL:
    return 0.375;
  case TWO:
    return i % 3 == 0 ? -1 : 0.5;
  case GRID:
    return floor(100 * emblas_random_uniform(random)) / 64;
  case GEOMETRIC:
    return (i % 2 ? 1 : -1) * ldexp(1 + emblas_random_uniform(random), -(int)(i % 900));
  case OUTLIER:
    return i == 17 ? 1 : 1e-7 * emblas_random_normal(random);
  case CLUSTERS:
    return (double)(i % 5) / 4 + 1e-9 * emblas_random_uniform(random);
  case ZEROS:
    return i % 2 ? 0.0 : -0.0;
  case LINES:
    break;
  }
  return 0;
}

static double *line_values(enum line line) {
  double *x = malloc(N * sizeof *x);
  struct random random;
  cr_assert_not_null(x);
  emblas_random_seed(&random, 3, line);
  for (size_t i = 0; i < N; i++) x[i] = line_value(line, i, &random);
  return x;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Weights that tell which value they belong to. */
static double weight_for(double value) {
  return 1 + value * value;
}

Test(sort, any_distribution) {
  for (int line = 0; line < LINES; line++) {
    double *x = line_values((enum line)line), *expected = line_values((enum line)line);
    double *weights = malloc(N * sizeof *x), *room = malloc(N * sizeof *x), *more = malloc(N * sizeof *x);
    for (size_t i = 0; i < N; i++) weights[i] = weight_for(x[i]);
    qsort(expected, N, sizeof *x, ascending);
    emblas_sort(N, (struct sortable){x, weights}, (struct sortable){room, more});
    for (size_t i = 0; i < N; i++) {
      cr_assert_eq(x[i], expected[i], "line %d, value %zu", line, i);
      cr_assert_eq(weights[i], weight_for(x[i]), "line %d, weight %zu", line, i);
    }
    free(x), free(expected), free(weights), free(room), free(more);
  }
}

/* Stretches hold what sorting would put there, and none is longer than promised but for equal values. */
Test(sort, stretches) {
  enum { FEW = 100 };
  for (int line = 0; line < LINES; line++) {
    double *x = line_values((enum line)line), *expected = line_values((enum line)line);
    double *room = malloc(N * sizeof *x);
    size_t ends[2 * N / FEW + 2], first = 0;
    qsort(expected, N, sizeof *x, ascending);
    size_t count =
        emblas_sort_roughly(N, (struct sortable){x, NULL}, (struct sortable){room, NULL}, FEW, ends);
    cr_assert(count <= sizeof ends / sizeof *ends);
    cr_assert_eq(ends[count - 1], N);
    for (size_t s = 0; s < count; first = ends[s++]) {
      size_t length = ends[s] - first;
      qsort(x + first, length, sizeof *x, ascending);
      cr_assert(length <= FEW * 3 / 2 || x[first] == x[ends[s] - 1], "line %d, %zu values", line, length);
    }
    for (size_t i = 0; i < N; i++) cr_assert_eq(x[i], expected[i], "line %d, value %zu", line, i);
    free(x), free(expected), free(room);
  }
}

/* ------------------------------------------------------------------ rules */

/* sum w T_j((x - centre) / half). */
static void moments(size_t n, const double *x, const double *w, double low, double high, real *out) {
  real half = ((real)high - low) / 2, centre = low + half;
  memset(out, 0, QUADRATURE_MOMENTS * sizeof *out);
  for (size_t i = 0; i < n; i++) {
    real t = (x[i] - centre) / half, weight = w != NULL ? w[i] : 1, before = weight * t, now = weight;
    for (int j = 0; j < QUADRATURE_MOMENTS; j++) {
      real next = 2 * t * now - before;
      out[j] += now;
      before = now;
      now = next;
    }
  }
}

/* A rule is accepted when its moments are those computed from the points to 288 eps; those have the
   rounding of sums of n / 8 terms, and of t, by which T_j changes at most j^2 times as much; and a node,
   once more an x, is rounded to half an ulp of x, which is larger than that of t where the cell is far from
   0. Twice, for rules of rules. */
static double moment_bound(size_t n, double low, double high) {
  double farthest = fmax(fabs(low), fabs(high)), half = (high - low) / 2;
  return 2 * DBL_EPSILON * (288 + (double)n / 8 + 529 * (2 + farthest / half));
}

static int rule(const struct quadrature *quadrature, size_t n, const double *x, const double *w, double low,
                double high, double *nodes, double *weights) {
  double of_points[QUADRATURE_MOMENTS];
  emblas_quadrature_moments(n, x, w, interval(low, high), of_points);
  return emblas_quadrature_rule(quadrature, of_points, low, high, nodes, weights);
}

static void check_moments(const char *what, size_t n, const double *x, const double *w, size_t nodes,
                          const double *node, const double *weight, double low, double high) {
  real expected[QUADRATURE_MOMENTS], actual[QUADRATURE_MOMENTS];
  moments(n, x, w, low, high, expected);
  moments(nodes, node, weight, low, high, actual);
  for (int j = 0; j < QUADRATURE_MOMENTS; j++) {
    double error = (double)(real_abs(actual[j] - expected[j]) / expected[0]);
    cr_assert(error <= moment_bound(n, low, high), "%s: moment %d of %zu points is off by %g, bound %g",
              what, j, n, error, moment_bound(n, low, high));
  }
  double mass = (double)expected[0], error = (double)(actual[0] - expected[0]);
  /* Lanes add n / 8 weights each; a rule of rules has up to 8 n / 32 of its own to add. */
  double bound = DBL_EPSILON * mass * (2 + (double)n / (w != NULL ? 16 : 64));
  cr_assert(fabs(error) <= bound, "%s: mass off by %g", what, error / mass);
}

Test(quadrature, moments_agree) {
  struct quadrature quadrature;
  struct random random;
  double x[1000], w[1000], nodes[QUADRATURE_NODES], weights[QUADRATURE_NODES];
  emblas_quadrature_init(&quadrature);
  emblas_random_seed(&random, 4, 0);
  for (size_t n = QUADRATURE_MOMENTS + 1; n <= 1000; n += 1 + n / 7)
    for (int skewed = 0; skewed < 2; skewed++)
      for (int offset = 0; offset < 2; offset++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < n; i++) {
          double u = emblas_random_uniform(&random);
          x[i] = (skewed ? u * u * u : u) + (offset ? 1e6 : -0.3);
          w[i] = 0.01 + emblas_random_uniform(&random);
          low = fmin(low, x[i]), high = fmax(high, x[i]);
        }
        for (int weighted = 0; weighted < 2; weighted++) {
          const double *v = weighted ? w : NULL;
          if (!rule(&quadrature, n, x, v, low, high, nodes, weights)) {
            cr_assert(n < 100, "no rule for %zu points", n);
            continue;
          }
          check_moments("rule", n, x, v, QUADRATURE_NODES, nodes, weights, low, high);
          for (int q = 0; q < QUADRATURE_NODES; q++) {
            cr_assert(weights[q] > 0);
            cr_assert(nodes[q] >= (q > 0 ? nodes[q - 1] : low) && nodes[q] <= high);
          }
        }
      }
}

/* ------------------------------------------------------------------ lines */

struct limit {
  double width;
  size_t asked;
};

static double narrow(void *context, double low, double high) {
  struct limit *limit = context;
  limit->asked++;
  return (high - low) / limit->width;
}

static struct emblas_data data_of(const double *x, const double *weights, size_t n) {
  struct emblas_data data;
  emblas_data_init(&data, sizeof data);
  data.values = x, data.weights = weights, data.rows = n, data.columns = 1;
  return data;
}

static emblas_status create(struct compressor *c, struct arena *arena, const struct frame *frame,
                            const struct emblas_data *data) {
  size_t row, column;
  double low, high;
  struct view_summary summary = {.low = &low, .high = &high};
  cr_assert_eq(emblas_view_summarise(data, &summary, &row, &column), EMBLAS_OK);
  return emblas_compressor_create(c, arena, frame, data, &summary);
}

/* A frame that shifts by `shift` and changes nothing else. */
static struct frame shift_frame(struct arena *arena, double shift) {
  struct frame frame;
  emblas_frame_allocate(&frame, arena, 1, 0);
  frame.inverse[0] = 1, frame.origin[0] = shift;
  return frame;
}

/* Every cell against the rows it stands for; every other row of the result is one of the data. x: sorted.
 */
static void check_line(const char *what, const struct compressor *c, const double *x, const double *w,
                       size_t n, double width) {
  const struct weighted_rows *result = &c->result;
  size_t row = 0, i = 0, cell = 0;
  double total = 0, expected = 0;
  while (row < result->count) {
    double value = result->values[row];
    cr_assert(row == 0 || value >= result->values[row - 1], "%s: row %zu is out of order", what, row);
    if (cell < c->cells && value >= c->cell_low[cell] && value <= c->cell_high[cell]) {
      double low = c->cell_low[cell], high = c->cell_high[cell];
      size_t first = i;
      while (i < n && x[i] <= high) i++;
      cr_assert(high - low <= width && x[first] == low && x[i - 1] == high, "%s: cell %zu", what, cell);
      check_moments(what, i - first, x + first, w != NULL ? w + first : NULL, QUADRATURE_NODES,
                    result->values + row, result->weights + row, low, high);
      row += QUADRATURE_NODES;
      cell++;
      continue;
    }
    double weight = 0;
    for (; i < n && x[i] == value; i++) weight += w != NULL ? w[i] : 1;
    cr_assert(weight > 0, "%s: row %zu is neither data nor of a cell", what, row);
    cr_assert_float_eq(result->weights[row], weight, 1e-12 * weight);
    row++;
  }
  cr_assert_eq(i, n);
  cr_assert_eq(cell, c->cells);
  for (row = 0; row < result->count; row++) {
    cr_assert(result->weights[row] > 0);
    total += result->weights[row];
  }
  for (i = 0; i < n; i++) expected += w != NULL ? w[i] : 1;
  cr_assert_float_eq(total, expected, 1e-13 * expected);
}

static void compress_line(const char *what, double *x, double *w, size_t n) {
  struct compressor c;
  struct arena arena;
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  struct frame frame = shift_frame(&arena, 0);
  struct emblas_data data = data_of(x, w, n);
  cr_assert_eq(create(&c, &arena, &frame, &data), EMBLAS_OK);
  double *room = malloc(n * sizeof *x), *more = malloc(n * sizeof *x);
  emblas_sort(n, (struct sortable){x, w}, (struct sortable){room, more});
  for (double width = 4; width > 1e-5; width /= 3) {
    struct limit limit = {width, 0};
    if (!emblas_compress(&c, narrow, &limit)) continue;
    check_line(what, &c, x, w, n, width);
  }
  struct limit wide = {INFINITY, 0};
  cr_assert(emblas_compress(&c, narrow, &wide), "%s", what);
  emblas_arena_free(&arena);
  free(room), free(more);
}

Test(compress, lines_keep_their_moments) {
  static const char *const names[] = {"normal",    "uniform", "equal",    "two",  "grid",
                                      "geometric", "outlier", "clusters", "zeros"};
  for (int line = 0; line < LINES; line++) {
    double *x = line_values((enum line)line), *weights = malloc(N * sizeof *weights);
    compress_line(names[line], x, NULL, N);
    for (size_t i = 0; i < N; i++) weights[i] = 0.5 + (double)(i % 10);
    compress_line(names[line], x, weights, N);
    free(x), free(weights);
  }
}

/* What is compressed narrower and then wider again has the same bits: nothing depends on what was asked
   before. */
Test(compress, does_not_remember) {
  struct compressor c;
  struct arena arena;
  double *x = line_values(NORMAL), *first = malloc(N * sizeof *first);
  struct limit wide = {0.01, 0}, fine = {0.0005, 0};
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  struct frame frame = shift_frame(&arena, 0);
  struct emblas_data data = data_of(x, NULL, N);
  cr_assert_eq(create(&c, &arena, &frame, &data), EMBLAS_OK);
  cr_assert(emblas_compress(&c, narrow, &wide));
  size_t count = c.result.count;
  memcpy(first, c.result.values, count * sizeof *first);
  emblas_compress(&c, narrow, &fine);
  cr_assert(emblas_compress(&c, narrow, &wide));
  cr_assert_eq(c.result.count, count);
  cr_assert(memcmp(first, c.result.values, count * sizeof *first) == 0);
  emblas_arena_free(&arena);
  free(x), free(first);
}

/* Values of 1e8 and a little: the frame takes the offset out before any moment is formed. Rows of weight 0
   are not there. */
Test(compress, offsets_and_zero_weights) {
  struct compressor c;
  struct arena arena;
  double *x = line_values(NORMAL), *weights = malloc(N * sizeof *weights), *kept = malloc(N * sizeof *kept);
  double *room = malloc(N * sizeof *room);
  size_t count = 0;
  for (size_t i = 0; i < N; i++) {
    x[i] += 1e8;
    weights[i] = (double)(i % 4 != 0);
    if (weights[i] > 0) kept[count++] = x[i] - 1e8;
  }
  emblas_arena_init(&arena, (struct emblas_allocator){0});
  struct frame frame = shift_frame(&arena, 1e8);
  struct emblas_data data = data_of(x, weights, N);
  struct limit limit = {0.02, 0};
  cr_assert_eq(create(&c, &arena, &frame, &data), EMBLAS_OK);
  cr_assert(emblas_compress(&c, narrow, &limit));
  emblas_sort(count, (struct sortable){kept, NULL}, (struct sortable){room, NULL});
  check_line("offset", &c, kept, NULL, count, limit.width);
  cr_assert(c.result.count < N / 10);
  emblas_arena_free(&arena);
  free(x), free(weights), free(kept), free(room);
}

/* Moments 0 to 3 of a leaf and of its pair, on [-1, 1], where they are at most the mass: a rounding or two
   of each term of a sum whose terms add up to that. */
static void check_pair(const char *what, const struct leaves *leaves, size_t leaf, size_t count,
                       const double *values, const double *weights) {
  enum { MOMENTS = 4 };
  const struct weighted_rows *rows = &leaves->rows;
  double low = leaves->low[leaf], high = leaves->high[leaf];
  struct interval on = interval(low, high);
  double n = (double)(leaves->end[leaf] - leaf_first(leaves, leaf));
  double far = fmax(fabs(low), fabs(high)) / on.half;
  double bound = 2 * DBL_EPSILON * (3 * LEAF_POINTS + n / 8 + 9 * (2 + far));
  real expected[MOMENTS] = {0}, own[MOMENTS] = {0};
  if (!isfinite(on.inverse)) return; /* no number lies between its ends */
  for (size_t i = leaf_first(leaves, leaf); i < leaves->end[leaf]; i++) {
    real power = rows->weights != NULL ? rows->weights[i] : 1;
    for (int m = 0; m < MOMENTS; m++, power *= (rows->values[i] - on.centre) * on.inverse)
      expected[m] += power;
  }
  for (size_t i = 0; i < count; i++) {
    real power = weights[i];
    for (int m = 0; m < MOMENTS; m++, power *= (values[i] - on.centre) * on.inverse) own[m] += power;
  }
  for (int m = 0; m < (count == 2 ? MOMENTS : 2); m++) {
    double off = (double)(own[m] - expected[m]) / (double)expected[0];
    cr_assert(fabs(off) <= bound, "%s: moment %d of leaf %zu is off by %g", what, m, leaf, off);
  }
}

/* What looks for a start sees the line with its masses, means, variances and skewness. */
Test(compress, pairs_keep_moments) {
  static const enum line lines[] = {NORMAL, UNIFORM, GEOMETRIC, OUTLIER};
  double *weights = malloc(N * sizeof *weights);
  for (size_t l = 0; l < sizeof lines / sizeof *lines; l++) {
    double *x = line_values(lines[l]);
    struct compressor c;
    struct arena arena;
    emblas_arena_init(&arena, (struct emblas_allocator){0});
    struct frame frame = shift_frame(&arena, 0);
    for (size_t i = 0; i < N; i++) weights[i] = exp(200 * fabs(x[i] - 0.5));
    struct emblas_data data = data_of(x, l % 2 ? NULL : weights, N);
    cr_assert_eq(create(&c, &arena, &frame, &data), EMBLAS_OK);
    size_t pairs = 0;
    for (size_t leaf = 0; leaf < c.leaves.count; leaf++) {
      double values[2], masses[2];
      size_t count = emblas_leaves_pair(&c.leaves, &c.quadrature, leaf, values, masses);
      check_pair("pair", &c.leaves, leaf, count, values, masses);
      pairs += count;
    }
    cr_assert_eq(pairs, c.pairs.count);
    emblas_arena_free(&arena);
    free(x);
  }
  free(weights);
}
