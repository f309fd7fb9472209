/* SPDX-License-Identifier: MIT */
/* Distances of rows from packed components, see packed.h; lanes are components. Included by isa.h.

   Sums must not wait for each other: a tile's vectors of LANES for one row, or for two rows which share
   what is loaded of the tile. */
enum {
  NAMED(PARTS) = PACKED_LANES / LANES,              /* vectors of LANES in one of PACKED_LANES */
  NAMED(TILE_VECTORS) = PACKED_TILE / PACKED_LANES, /* of the latter in a step */
  NAMED(ROW_PARTS) = LANES > 4   ? 1
                     : LANES > 2 ? 2
                                 : 1 /* at a time, of one row */
};
#define PARTS NAMED(PARTS)
#define TILE_VECTORS NAMED(TILE_VECTORS)
#define ROW_PARTS NAMED(ROW_PARTS)
#define EACH(index, count) _Pragma("GCC unroll 4") for (int index = 0; index < (count); index++)

/* Adds a tile's share of `rows` rows in `parts` vectors of LANES. */
INLINE void NAMED(add_tile)(int rows, int parts, size_t steps, const double *x, size_t row_stride,
                            const double *scale, const double *origin, const double *inverse, double *out) {
  lanes z[2][2][PACKED_TILE / PACKED_LANES];
  EACH(r, rows) EACH(h, parts) EACH(v, TILE_VECTORS) z[r][h][v] = splat(0);
  for (size_t l = 0; l < steps; l++) {
    lanes u[2][2];
    EACH(r, rows) EACH(h, parts) {
      const double *s = scale + l * PACKED_LANES + h * LANES, *o = origin + l * PACKED_LANES + h * LANES;
      u[r][h] = x[(size_t)r * row_stride + l] * get(1, s, LANES, 0) - get(1, o, LANES, 0);
    }
    EACH(v, TILE_VECTORS) EACH(h, parts) {
      lanes entry = get(1, inverse + l * PACKED_TILE + v * PACKED_LANES + h * LANES, LANES, 0);
      EACH(r, rows) z[r][h][v] += entry * u[r][h];
    }
  }
  EACH(r, rows) EACH(h, parts) {
    double *to = out + r * PACKED_LANES + h * LANES;
    lanes sum = get(1, to, LANES, 0);
    EACH(v, TILE_VECTORS) sum += z[r][h][v] * z[r][h][v];
    put(1, to, LANES, sum);
  }
}

INLINE void NAMED(add_diagonal)(size_t d, const double *x, const double *scale, const double *origin,
                                const double *inverse, double *out) {
  lanes sum[PACKED_LANES / LANES];
  EACH(h, PARTS) sum[h] = splat(0);
  for (size_t l = 0; l < d; l++) EACH(h, PARTS) {
      size_t at = l * PACKED_LANES + (size_t)h * LANES;
      lanes u = x[l] * get(1, scale + at, LANES, 0) - get(1, origin + at, LANES, 0);
      lanes z = get(1, inverse + at, LANES, 0) * u;
      sum[h] += z * z;
    }
  EACH(h, PARTS) put(1, out + h * LANES, LANES, sum[h]);
}

/* One tile for all rows: it stays in the cache. */
INLINE void NAMED(add_tile_of_rows)(size_t steps, size_t rows, const double *x, size_t row_stride,
                                    const double *scale, const double *origin, const double *inverse,
                                    double *out) {
  size_t i = 0;
  for (; i + 2 <= rows; i += 2)
    for (size_t h = 0; h < PACKED_LANES; h += LANES) NAMED(add_tile)
  (2, 1, steps, x + i * row_stride, row_stride, scale + h, origin + h, inverse + h,
   out + i * PACKED_LANES + h);
  if (i < rows)
    for (size_t h = 0; h < PACKED_LANES; h += ROW_PARTS * LANES) NAMED(add_tile)
  (1, ROW_PARTS, steps, x + i * row_stride, row_stride, scale + h, origin + h, inverse + h,
   out + i * PACKED_LANES + h);
}

TARGET static void NAMED(distances)(const struct packed *packed, size_t group, size_t rows, const double *x,
                                    size_t row_stride, double *out) {
  size_t d = packed->d;
  const double *scale = packed->scale + group * d * PACKED_LANES;
  const double *origin = packed->origin + group * d * PACKED_LANES;
  const double *inverse = packed->inverse + group * packed->steps * packed->entries;
  if (!packed->triangular) {
    for (size_t i = 0; i < rows; i++)
      NAMED(add_diagonal)(d, x + i * row_stride, scale, origin, inverse, out + i * PACKED_LANES);
    return;
  }
  memset(out, 0, rows * PACKED_LANES * sizeof *out);
  for (size_t j = 0; j < d; j += packed->tile) {
    size_t steps = d - j < packed->tile ? d : j + packed->tile;
    NAMED(add_tile_of_rows)(steps, rows, x, row_stride, scale, origin, inverse, out);
    inverse += steps * PACKED_TILE;
  }
}

/* The logits of a group: the lanes of each component are added up, into all of them, as packed_fold() does.
 */
INLINE void NAMED(group_logits)(const struct packed *packed, size_t group, const double *x,
                                double *logits) {
  double lanes_of_group[PACKED_LANES], turned[2 * PACKED_LANES];
  NAMED(distances)(packed, group, 1, x, packed->d, lanes_of_group);
  for (size_t half = PACKED_LANES / 2; half >= packed->width; half /= 2) {
    for (size_t i = 0; i < PACKED_LANES; i++) turned[i] = turned[PACKED_LANES + i] = lanes_of_group[i];
    for (size_t i = 0; i < PACKED_LANES; i++) lanes_of_group[i] = turned[i] + turned[i + half];
  }
  EACH(h, PARTS) {
    lanes half = get(1, lanes_of_group + h * LANES, LANES, 0) * -0.5;
    lanes constant = get(1, packed->constant + group * PACKED_LANES + h * LANES, LANES, 0);
    put(1, logits + h * LANES, LANES, constant + greater(half, splat(-PACKED_FARTHEST / 2)));
  }
}

INLINE double NAMED(largest_lane)(lanes v) {
#if LANES == 8
  v = greater(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3));
  v = greater(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5));
#elif LANES == 4
  v = greater(v, __builtin_shufflevector(v, v, 2, 3, 0, 1));
#endif
  return v[0] > v[1] ? v[0] : v[1];
}

/* The logits of up to `vectors` vectors join largest + log sum. */
INLINE void NAMED(add_logits)(int vectors, const double *l, double *largest, double *sum) {
  lanes e[TILE], most = splat(*largest), total = splat(0);
  double before = *largest;
  EACH(t, vectors) most = greater(get(1, l + t * LANES, LANES, 0), most);
  *largest = NAMED(largest_lane)(most);
  EACH_VECTOR e[t] = t < vectors ? get(1, l + t * LANES, LANES, 0) - *largest : splat(0);
  exponentials(e, -708);
  EACH(t, vectors) total += e[t];
  *sum = *sum > 0 ? *sum * exp(before - *largest) + sum_of_lanes(total) : sum_of_lanes(total);
}

TARGET static double NAMED(log_density)(const struct packed *packed, size_t k, const double *x, double *r) {
  enum { TOGETHER = TILE_ROWS / PACKED_LANES };
  double l[TILE_ROWS], largest = -DBL_MAX, sum = 0;
  for (size_t group = 0; group < packed->groups; group++) {
    double *to = l + group % TOGETHER * PACKED_LANES;
    NAMED(group_logits)(packed, group, x, to);
    for (size_t c = group * packed->width, n = 0; r != NULL && n < packed->width && c + n < k; n++)
      r[c + n] = to[n];
    if (group % TOGETHER == TOGETHER - 1)
      NAMED(add_logits)(TILE, l, &largest, &sum);
    else if (group == packed->groups - 1)
      for (size_t n = 0; n <= group % TOGETHER; n++)
        NAMED(add_logits)(PARTS, l + n * PACKED_LANES, &largest, &sum);
  }
  sum *= (double)packed->width / PACKED_LANES;
  for (size_t c = 0; r != NULL && c < k; c += TILE_ROWS) {
    lanes e[TILE];
    EACH_VECTOR e[t] = get(0, r + c + t * LANES, left(k - c, (size_t)t * LANES), 0) - largest;
    exponentials(e, -708);
    EACH_VECTOR put(0, r + c + t * LANES, left(k - c, (size_t)t * LANES), e[t] / sum);
  }
  return largest + log(sum);
}

#undef PARTS
#undef TILE_VECTORS
#undef ROW_PARTS
#undef EACH
