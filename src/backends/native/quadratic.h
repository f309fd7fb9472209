/* SPDX-License-Identifier: MIT */
/* Full covariances, component by component about its own mean: |K (x - mean)|^2 as a product with the
   triangle K, and sums of r (x - mean) (x - mean)', a triangle again. Both are tiles in registers; lanes
   are rows. Included by isa.h. */

/* ------------------------------------------------------------------ logits */

/* `count` rows of K from row j on: square += the squares of these entries of K y. y: columns of a tile of
   rows, one right behind the other. */
INLINE void NAMED(square_rows)(int count, size_t j, size_t d, const double *inverse, const double *y,
                               lanes *square) {
  lanes sum[INVERSE_ROWS][TILE];
  const double *row = inverse + j * d;
  _Pragma("GCC unroll 8") for (int a = 0; a < count; a++) EACH_VECTOR sum[a][t] = splat(0);
  for (size_t l = 0; l < j; l++) {
    lanes value[TILE];
    EACH_VECTOR value[t] = *(const stored *)(y + l * TILE_ROWS + t * LANES);
    _Pragma("GCC unroll 8") for (int a = 0; a < count; a++) {
      double factor = row[(size_t)a * d + l];
      EACH_VECTOR sum[a][t] += factor * value[t];
    }
  }
  _Pragma("GCC unroll 8") for (int m = 0; m < count; m++) {
    lanes value[TILE];
    EACH_VECTOR value[t] = *(const stored *)(y + (j + (size_t)m) * TILE_ROWS + t * LANES);
    _Pragma("GCC unroll 8") for (int a = m; a < count; a++) {
      double factor = row[(size_t)a * d + j + (size_t)m];
      EACH_VECTOR sum[a][t] += factor * value[t];
    }
  }
  _Pragma("GCC unroll 8") for (int a = 0; a < count; a++) EACH_VECTOR square[t] += sum[a][t] * sum[a][t];
}

/* One component's logits of a tile of rows. The first rows of K are those that do not fill a tile: they are
   the short ones. What overflows, NaN included, is the least logit. */
INLINE void NAMED(quadratic_tile)(int whole, size_t rows, size_t stride, size_t d, double constant,
                                  const double *mean, const double *inverse, const double *x, double *y,
                                  double *l) {
  lanes square[TILE];
  EACH_VECTOR square[t] = splat(0);
  for (size_t j = 0; j < d; j++) {
    const double *column = x + j * stride;
    EACH_VECTOR *(stored *)(y + j * TILE_ROWS + t * LANES) =
        get(whole, column + t * LANES, left(rows, (size_t)t * LANES), mean[j]) - mean[j];
  }
  size_t first = d % INVERSE_ROWS;
  if (first == 1) NAMED(square_rows)(1, 0, d, inverse, y, square);
  if (first == 2) NAMED(square_rows)(2, 0, d, inverse, y, square);
  if (first == 3) NAMED(square_rows)(3, 0, d, inverse, y, square);
  if (first == 4) NAMED(square_rows)(4, 0, d, inverse, y, square);
  for (size_t j = first; j < d; j += INVERSE_ROWS)
    NAMED(square_rows)(INVERSE_ROWS, j, d, inverse, y, square);
  EACH_VECTOR put(whole, l + t * LANES, left(rows, (size_t)t * LANES),
                  constant + greater(-0.5 * square[t], splat(EMBLAS_LEAST_LOGIT)));
}

INLINE void NAMED(quadratic_block)(size_t b, size_t stride, size_t d, const struct emblas_normals *normals,
                                   const double *x, double *y, double *l) {
  for (size_t i = 0; i < b; i += TILE_ROWS)
    for (size_t c = 0; c < normals->k; c++) {
      const double *mean = normals->mean + c * d, *inverse = normals->inverse + c * d * d;
      double constant = normals->constant[c], *out = l + c * stride + i;
      if (b - i >= TILE_ROWS)
        NAMED(quadratic_tile)(1, TILE_ROWS, stride, d, constant, mean, inverse, x + i, y, out);
      else
        NAMED(quadratic_tile)(0, b - i, stride, d, constant, mean, inverse, x + i, y, out);
    }
}

/* The compiler unrolls the loops over few columns, which then stay in registers. */
TARGET static void NAMED(quadratic_logits)(size_t b, size_t stride, const struct emblas_normals *normals,
                                           const double *x, double *scratch, double *l) {
  double few[4 * TILE_ROWS];
  if (normals->d == 2)
    NAMED(quadratic_block)(b, stride, 2, normals, x, few, l);
  else if (normals->d == 3)
    NAMED(quadratic_block)(b, stride, 3, normals, x, few, l);
  else if (normals->d == 4)
    NAMED(quadratic_block)(b, stride, 4, normals, x, few, l);
  else
    NAMED(quadratic_block)(b, stride, normals->d, normals, x, scratch, l);
}

/* ------------------------------------------------------------------ moments */

/* A block of rows on its way into the statistics of one component. y: the columns of x - mean, and w: those
   of r (x - mean) of one group, both `apart` from each other; kept where there are more columns than one
   group has. */
struct NAMED(scattered) {
  size_t b, stride, d, apart;
  const double *x, *r, *mean;
  double *y, *w;
  double *first, *second; /* S1, and the triangle S2 row by row */
};

/* out[m] = the sum of the lanes of sum[m]; out has room for whole vectors. */
INLINE void NAMED(sums_of_lanes)(int count, const lanes *sum, double *out) {
  _Pragma("GCC unroll 32") for (int m = 0; m < count; m += LANES) {
    lanes part[LANES];
    _Pragma("GCC unroll 8") for (int l = 0; l < LANES; l++) part[l] = m + l < count ? sum[m + l] : splat(0);
    *(stored *)(out + m) = sums(part);
  }
}

/* A vector of rows, or what is left of it. For each of `count` rows of the triangle from row j on: S1, and
   S2 from column j - lead on; and N, behind them. */
INLINE void NAMED(moments_of_x)(int whole, size_t rows, int count, int lead, int kept,
                                const struct NAMED(scattered) * s, size_t j, size_t i, lanes *sum) {
  lanes y[MOMENTS_COLUMNS], weight = get(whole, s->r + i, rows, 0);
  const double *means = s->mean;
  READ_AGAIN(means); /* registers are for the sums */
  _Pragma("GCC unroll 8") for (int m = 0; m < lead + count; m++) {
    size_t column = j + (size_t)m - (size_t)lead;
    double mean = means[column];
    y[m] = get(whole, s->x + column * s->stride + i, rows, mean) - mean;
    if (kept) *(stored *)(s->y + column * s->apart + i) = y[m];
  }
  int at = 0;
  _Pragma("GCC unroll 8") for (int a = 0; a < count; a++) {
    lanes w = weight * y[lead + a];
    if (kept) *(stored *)(s->w + (size_t)a * s->apart + i) = w;
    sum[at++] += w;
    _Pragma("GCC unroll 8") for (int m = 0; m <= lead + a; m++) sum[at++] += w * y[m];
  }
  sum[at] += weight;
}

INLINE void NAMED(triangle_rows)(int count, int lead, int kept, const struct NAMED(scattered) * s,
                                 size_t j) {
  enum { MOST = MOMENTS_ROWS * (MOMENTS_ROWS + 3) / 2 + 1 };
  lanes sum[MOST];
  double total[MOST + LANES];
  _Pragma("GCC unroll 32") for (int m = 0; m < MOST; m++) sum[m] = splat(0);
  size_t i = 0;
  for (; i + LANES <= s->b; i += LANES) NAMED(moments_of_x)(1, LANES, count, lead, kept, s, j, i, sum);
  if (i < s->b) NAMED(moments_of_x)(0, s->b - i, count, lead, kept, s, j, i, sum);
  NAMED(sums_of_lanes)(count + count * lead + count * (count + 1) / 2 + 1, sum, total);
  const double *from = total;
  for (size_t row = j; row < j + (size_t)count; row++) {
    double *second = s->second + row * (row + 1) / 2;
    s->first[row] += *from++;
    for (size_t l = j - (size_t)lead; l <= row; l++) second[l] += *from++;
  }
  if (j == (size_t)lead && lead == 0) s->first[-1] += *from;
}

/* `count` rows of the triangle, whose w are made, and `columns` columns before them from l on. */
INLINE void NAMED(triangle_tile)(int count, int columns, const struct NAMED(scattered) * s, size_t j,
                                 size_t l) {
  lanes sum[MOMENTS_ROWS * MOMENTS_COLUMNS];
  double total[MOMENTS_ROWS * MOMENTS_COLUMNS + LANES];
  const double *y = s->y + l * s->apart;
  _Pragma("GCC unroll 16") for (int m = 0; m < count * columns; m++) sum[m] = splat(0);
  for (size_t i = 0; i < s->b; i += LANES) {
    lanes w[MOMENTS_ROWS];
    _Pragma("GCC unroll 8") for (int a = 0; a < count; a++) w[a] =
        *(const stored *)(s->w + (size_t)a * s->apart + i);
    _Pragma("GCC unroll 8") for (int m = 0; m < columns; m++) {
      lanes value = *(const stored *)(y + (size_t)m * s->apart + i);
      IN_REGISTER(value); /* else each sum loads it again, and loads are what there is too little of */
      _Pragma("GCC unroll 8") for (int a = 0; a < count; a++) sum[a * columns + m] += w[a] * value;
    }
  }
  NAMED(sums_of_lanes)(count * columns, sum, total);
  const double *from = total;
  for (size_t row = j; row < j + (size_t)count; row++)
    for (int m = 0; m < columns; m++) s->second[row * (row + 1) / 2 + l + (size_t)m] += *from++;
}

INLINE void NAMED(triangle_group)(const struct NAMED(scattered) * s, size_t j) {
  size_t l = 0;
  NAMED(triangle_rows)(MOMENTS_ROWS, 0, 1, s, j);
  for (; l + MOMENTS_COLUMNS <= j; l += MOMENTS_COLUMNS)
    NAMED(triangle_tile)(MOMENTS_ROWS, MOMENTS_COLUMNS, s, j, l);
  if (j - l == 1) NAMED(triangle_tile)(MOMENTS_ROWS, 1, s, j, l);
  if (j - l == 2) NAMED(triangle_tile)(MOMENTS_ROWS, 2, s, j, l);
  if (j - l == 3) NAMED(triangle_tile)(MOMENTS_ROWS, 3, s, j, l);
}

/* Few columns stay in registers. */
INLINE void NAMED(moments_of_few)(int d, const struct NAMED(scattered) * s) {
  if (d <= MOMENTS_ROWS) {
    NAMED(triangle_rows)(d, 0, 0, s, 0);
  } else {
    NAMED(triangle_rows)(MOMENTS_ROWS, 0, 0, s, 0);
    NAMED(triangle_rows)(d - MOMENTS_ROWS, MOMENTS_ROWS, 0, s, MOMENTS_ROWS);
  }
}

/* One function for all callers: its tiles are much code. The copy is known to be no part of what it writes.
 */
TARGET static __attribute__((noinline)) void NAMED(moments_of_one)(const struct NAMED(scattered) * block) {
  const struct NAMED(scattered) here = *block, *s = &here;
  if (s->d == 1) NAMED(moments_of_few)(1, s);
  if (s->d == 2) NAMED(moments_of_few)(2, s);
  if (s->d == 3) NAMED(moments_of_few)(3, s);
  if (s->d == 4) NAMED(moments_of_few)(4, s);
  if (s->d <= 4) return;
  size_t j = s->d % MOMENTS_ROWS;
  if (j == 1) NAMED(triangle_rows)(1, 0, 1, s, 0);
  if (j == 2) NAMED(triangle_rows)(2, 0, 1, s, 0);
  if (j == 3) NAMED(triangle_rows)(3, 0, 1, s, 0);
  for (; j < s->d; j += MOMENTS_ROWS) NAMED(triangle_group)(s, j);
}

INLINE struct NAMED(scattered)
    NAMED(scattered_by)(size_t b, size_t stride, const struct emblas_normals *normals, size_t c,
                        const double *r, const double *x, double *scratch, double *s) {
  size_t d = normals->d, p = 1 + d + d * (d + 1) / 2, apart = b + LANES;
  return (struct NAMED(scattered)){.b = b,
                                   .stride = stride,
                                   .d = d,
                                   .apart = apart,
                                   .x = x,
                                   .r = r + c * stride,
                                   .mean = normals->mean + c * d,
                                   .y = scratch,
                                   .w = scratch + d * apart,
                                   .first = s + c * p + 1,
                                   .second = s + c * p + 1 + d};
}

/* How many of b rows go into the statistics of all components before the next do: so few that their columns
   of x and of x - mean stay in the first level of the cache, of which 32 KB are taken for granted, from one
   component to the next. Each slice adds up the lanes of its sums, so that very short ones cost more than
   they save, and so does a short rest. */
INLINE size_t NAMED(slice_rows)(size_t b, size_t d) {
  enum { CACHE = 32768, LEAST = LANES > 4 ? 64 : 48 };
  size_t rows = CACHE / sizeof(double) / (2 * d + MOMENTS_ROWS + 1) / 16 * 16;
  return d <= 4 || rows < LEAST || 4 * rows > 3 * b ? b : rows;
}

TARGET static void NAMED(quadratic_moments)(size_t b, size_t stride, const struct emblas_normals *normals,
                                            const double *r, const double *x, double *scratch, double *s) {
  for (size_t i = 0, rows = NAMED(slice_rows)(b, normals->d); i < b; i += rows)
    for (size_t c = 0; c < normals->k; c++) {
      struct NAMED(scattered) block =
          NAMED(scattered_by)(b - i < rows ? b - i : rows, stride, normals, c, r + i, x + i, scratch, s);
      NAMED(moments_of_one)(&block);
    }
}
