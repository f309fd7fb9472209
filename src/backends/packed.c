/* SPDX-License-Identifier: MIT */
#include "packed.h"

#include "kernels.h"

#include <math.h>
#include <string.h>

struct packed emblas_packed_shape(size_t k, size_t d, int triangular) {
  struct packed best = {.d = d,
                        .triangular = triangular,
                        .width = PACKED_LANES,
                        .tile = 1,
                        .groups = (k - 1) / PACKED_LANES + 1,
                        .steps = d,
                        .entries = PACKED_LANES};
  if (!triangular) return best;
  best.entries = PACKED_TILE;
  for (size_t width = PACKED_LANES; width > 0; width /= 2) {
    struct packed shape = best;
    shape.width = width;
    shape.tile = PACKED_TILE / width;
    shape.groups = (k - 1) / width + 1;
    shape.steps = packed_steps_before(&shape, (d - 1) / shape.tile) + d;
    if (width == PACKED_LANES || shape.groups * shape.steps < best.groups * best.steps) best = shape;
  }
  return best;
}

/* out_i += sum_j z_ij^2 over the rows j of a tile, from u_il for l < steps. */
static void add_tile(size_t steps, const double *x, const double *scale, const double *origin,
                     const double *inverse, double *out) {
  double z[PACKED_TILE] = {0};
  for (size_t l = 0; l < steps; l++)
    for (size_t e = 0; e < PACKED_TILE; e++) {
      size_t lane = l * PACKED_LANES + e % PACKED_LANES;
      z[e] += inverse[l * PACKED_TILE + e] * (x[l] * scale[lane] - origin[lane]);
    }
  for (size_t e = 0; e < PACKED_TILE; e++) out[e % PACKED_LANES] += z[e] * z[e];
}

static void add_diagonal(size_t d, const double *x, const double *scale, const double *origin,
                         const double *inverse, double *out) {
  for (size_t l = 0; l < d * PACKED_LANES; l++) {
    double z = inverse[l] * (x[l / PACKED_LANES] * scale[l] - origin[l]);
    out[l % PACKED_LANES] += z * z;
  }
}

void emblas_packed_distances(const struct packed *packed, size_t group, size_t rows, const double *x,
                             size_t row_stride, double *out) {
  size_t d = packed->d;
  const double *scale = packed->scale + group * d * PACKED_LANES;
  const double *origin = packed->origin + group * d * PACKED_LANES;
  const double *inverse = packed->inverse + group * packed->steps * packed->entries;
  memset(out, 0, rows * PACKED_LANES * sizeof *out);
  for (size_t i = 0; i < rows; i++, x += row_stride, out += PACKED_LANES) {
    if (!packed->triangular) add_diagonal(d, x, scale, origin, inverse, out);
    for (size_t j = 0, t = 0; packed->triangular && j < d; j += packed->tile, t++) {
      size_t steps = d - j < packed->tile ? d : j + packed->tile;
      add_tile(steps, x, scale, origin, inverse + packed_steps_before(packed, t) * PACKED_TILE, out);
    }
  }
}

/* A term so many nats below the largest one is left out of a sum: k of them are less than its rounding. */
#define NEGLIGIBLE 80.0
/* The exponential of less would be subnormal. */
#define LEAST (-708.0)

/* largest + log sum = log sum_c exp(l_c) of the logits so far. */
static void add_logits(size_t count, const double *logits, double *largest, double *sum) {
  double before = *largest;
  for (size_t i = 0; i < count; i++) *largest = logits[i] > *largest ? logits[i] : *largest;
  *sum *= before - *largest > -NEGLIGIBLE ? exp(before - *largest) : 0;
  for (size_t i = 0; i < count; i++)
    if (logits[i] - *largest > -NEGLIGIBLE) *sum += exp(logits[i] - *largest);
}

double emblas_packed_log_density(const struct packed *packed, size_t k, const double *x, double *r) {
  double largest = -INFINITY, sum = 0;
  for (size_t group = 0, c = 0; c < k; group++, c += packed->width) {
    double lanes[PACKED_LANES];
    size_t count = k - c < packed->width ? k - c : packed->width;
    emblas_packed_distances(packed, group, 1, x, packed->d, lanes);
    packed_fold(packed->width, lanes);
    for (size_t i = 0; i < count; i++)
      lanes[i] = packed_logit(packed->constant[group * PACKED_LANES + i], lanes[i]);
    add_logits(count, lanes, &largest, &sum);
    if (r != NULL) memcpy(r + c, lanes, count * sizeof *r);
  }
  for (size_t c = 0; r != NULL && c < k; c++) r[c] = r[c] - largest > LEAST ? exp(r[c] - largest) / sum : 0;
  return largest + log(sum);
}

emblas_distances *emblas_packed_distances_kernel(void) {
  const struct emblas_native *native = emblas_native_table(0);
  return native != NULL ? native->distances : emblas_packed_distances;
}

emblas_log_density *emblas_packed_log_density_kernel(void) {
  const struct emblas_native *native = emblas_native_table(0);
  return native != NULL ? native->log_density : emblas_packed_log_density;
}
