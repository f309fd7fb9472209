/* SPDX-License-Identifier: MIT */
/* Do the covariances that a model is made from share what its covariance model says that they share? Each
   letter of its name is looked at by itself: volumes by the factors' pivots, shapes by the power sums of
   eigenvalues, orientations by whether the matrices commute. What is narrow beside the largest eigenvalue
   counts in the volume alone, since a matrix holds it to no digits. */
#include "family.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* How far logarithms of volumes, and matrices of trace 1, may be off each other; matrices of nearly
   collinear columns farther, whose factors have come through a frame that is as badly conditioned. */
static const double VOLUMES = 1e-4, MATRICES = 1e-6;

struct check {
  const struct gaussian *g;
  const double *theta;
  double *unit;                                   /* d: of the columns */
  double tolerance;                               /* of matrices of trace 1 */
  double *first, *own, *before, *product, *power; /* d x d each */
};

static const double *factor_of(const struct check *check, size_t c) {
  return check->theta + check->g->k * (1 + check->g->d) + c * check->g->f;
}

static double entry(const struct check *check, size_t c, size_t i, size_t j) {
  return emblas_geometry_factor_entry(check->g->geometry, check->g->d, factor_of(check, c), i, j) /
         check->unit[i];
}

/* Deviations that have met the ends of the range of doubles are not what the model had. */
static int at_the_ends(const struct check *check) {
  for (size_t c = 0; c < check->g->k; c++)
    for (size_t j = 0; j < check->g->f; j++) {
      double value = fabs(factor_of(check, c)[j]);
      if (value > 0x1p1000 || (value > 0 && value < 0x1p-1000)) return 1;
    }
  return 0;
}

/* Columns without spread have the same nominal deviation in all components, apart from their shapes. */
static int apart(const struct check *check, size_t column) {
  enum geometry geometry = check->g->geometry;
  size_t d = check->g->d;
  double nominal = emblas_geometry_factor_entry(geometry, d, factor_of(check, 0), column, column);
  for (size_t c = 0; c < check->g->k; c++)
    for (size_t j = 0; j < d; j++) {
      size_t row = j < column ? column : j, other = j < column ? j : column;
      double value = emblas_geometry_factor_entry(geometry, d, factor_of(check, c), row, other);
      if (j == column ? fabs(value - nominal) > 1e-12 * nominal : value != 0) return 0;
    }
  return 1;
}

/* Units in which the first component's deviations are about 1: of each column where the model stays what it
   is, else of the largest. */
static void set_units(const struct check *check) {
  double largest = 0;
  for (size_t i = 0; i < check->g->d; i++) {
    double sum = 0;
    check->unit[i] = 1;
    for (size_t j = 0; j <= i; j++) sum = hypot(sum, entry(check, 0, i, j));
    check->unit[i] = apart(check, i) ? INFINITY : sum;
    if (isfinite(check->unit[i])) largest = fmax(largest, sum);
  }
  for (size_t i = 0; check->g->frame == FRAME_COMMON_SCALE && i < check->g->d; i++)
    if (isfinite(check->unit[i])) check->unit[i] = largest;
}

/* doubt: each pivot is known to so many roundings of its row as that is larger. */
static double log_volume(const struct check *check, size_t c, double *doubt) {
  double sum = 0;
  for (size_t j = 0; j < check->g->d; j++) {
    double pivot = entry(check, c, j, j), row = pivot;
    if (!isfinite(check->unit[j])) continue;
    for (size_t l = 0; l < j; l++) row = fmax(row, fabs(entry(check, c, j, l)));
    sum += log(pivot);
    *doubt += 16 * DBL_EPSILON * row / pivot;
  }
  return 2 * sum;
}

static int same_volumes(const struct check *check, size_t c) {
  double doubt = VOLUMES, first = log_volume(check, 0, &doubt), own = log_volume(check, c, &doubt);
  return fabs(own - first) <= doubt;
}

/* The worst condition of all components, as far as pivots beside their rows tell. */
static double matrix_tolerance(const struct check *check) {
  double worst = 0;
  for (size_t c = 0; c < check->g->k; c++)
    for (size_t j = 0; j < check->g->d; j++)
      for (size_t l = 0; l < j && isfinite(check->unit[j]); l++)
        worst = fmax(worst, fabs(entry(check, c, j, l)) / entry(check, c, j, j));
  return MATRICES + 16 * DBL_EPSILON * worst;
}

/* The covariance of component c over its trace. */
static void set_matrix(const struct check *check, size_t c, double *out) {
  size_t d = check->g->d;
  double trace = 0, largest = 0;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j <= i; j++) largest = fmax(largest, fabs(entry(check, c, i, j)));
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j <= i; j++) {
      double sum = 0;
      for (size_t m = 0; m <= j; m++)
        if (largest > 0) sum += (entry(check, c, i, m) / largest) * (entry(check, c, j, m) / largest);
      out[i * d + j] = out[j * d + i] = sum;
      trace += i == j ? sum : 0;
    }
  for (size_t i = 0; i < d * d && largest > 0; i++) out[i] /= trace;
}

static void multiply(size_t d, const double *a, const double *b, double *out) {
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++) {
      double sum = 0;
      for (size_t l = 0; l < d; l++) sum += a[i * d + l] * b[l * d + j];
      out[i * d + j] = sum;
    }
}

static double trace_of(size_t d, const double *a) {
  double sum = 0;
  for (size_t i = 0; i < d; i++) sum += a[i * d + i];
  return sum;
}

/* tr a^m for m up to d tell the eigenvalues. */
static int same_eigenvalues(const struct check *check, const double *a, const double *b) {
  size_t d = check->g->d;
  double *power = check->power, *next = check->product;
  memcpy(power, a, d * d * sizeof *power);
  memcpy(power + d * d, b, d * d * sizeof *power);
  for (size_t m = 2; m <= d; m++) {
    for (size_t side = 0; side < 2; side++) {
      multiply(d, power + side * d * d, side ? b : a, next);
      memcpy(power + side * d * d, next, d * d * sizeof *power);
    }
    if (!(fabs(trace_of(d, power) - trace_of(d, power + d * d)) <= (double)m * check->tolerance)) return 0;
  }
  return 1;
}

static int commute(const struct check *check, const double *a, const double *b) {
  size_t d = check->g->d;
  multiply(d, a, b, check->product); /* whose transpose is b a */
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < i; j++)
      if (!(fabs(check->product[i * d + j] - check->product[j * d + i]) <= check->tolerance)) return 0;
  return 1;
}

static int same_matrix(const struct check *check, const double *a, const double *b) {
  for (size_t i = 0; i < check->g->d * check->g->d; i++)
    if (!(fabs(a[i] - b[i]) <= check->tolerance)) return 0;
  return 1;
}

/* Component c beside the first and the one before it. */
static int shares(const struct check *check, size_t c) {
  const char *letters = check->g->model->mclust;
  int shape = letters[1] == 'E', orientation = letters[2] == 'E', aligned = letters[2] == 'I';
  size_t d = check->g->d;
  if (letters[0] == 'E' && !same_volumes(check, c)) return 0;
  if (!shape && !orientation) return 1;
  memcpy(check->before, check->own, d * d * sizeof *check->own);
  set_matrix(check, c, check->own);
  if (shape && (orientation || aligned)) return same_matrix(check, check->first, check->own);
  if (shape) return same_eigenvalues(check, check->first, check->own);
  return commute(check, check->first, check->own) && commute(check, check->before, check->own);
}

size_t emblas_gaussian_unshared(const struct gaussian *g, const double *theta, struct arena *arena) {
  size_t d = g->d;
  struct check check = {.g = g, .theta = theta, .unit = emblas_arena_doubles(arena, d, 1)};
  double *room = emblas_arena_doubles(arena, 6 * d, d);
  if (arena->status != EMBLAS_OK) return g->k;
  check.first = room, check.own = room + d * d, check.before = room + 2 * d * d;
  check.product = room + 3 * d * d, check.power = room + 4 * d * d;
  if (at_the_ends(&check)) return g->k;
  set_units(&check);
  check.tolerance = matrix_tolerance(&check);
  set_matrix(&check, 0, check.first);
  set_matrix(&check, 0, check.own);
  for (size_t c = 1; c < g->k; c++)
    if (!shares(&check, c)) return c;
  return g->k;
}
