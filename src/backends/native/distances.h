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
    for (size_t h = 0; h < PACKED_LANES; h += LANES)
      NAMED(add_tile)
      (2, 1, steps, x + i * row_stride, row_stride, scale + h, origin + h, inverse + h,
       out + i * PACKED_LANES + h);
  if (i < rows)
    for (size_t h = 0; h < PACKED_LANES; h += ROW_PARTS * LANES)
      NAMED(add_tile)
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

#undef PARTS
#undef TILE_VECTORS
#undef ROW_PARTS
#undef EACH
