/* SPDX-License-Identifier: MIT */
/* Diagonal and spherical covariances about the components' own means: tiles in registers of a few
   components by vectors of rows, or by columns, which load the rows once for all of them; lanes are rows.
   Included by isa.h. */

/* ------------------------------------------------------------------ logits */

/* `components` from component c on, of `wide` vectors of rows. What is left of a vector is filled up with
   its first row. What overflows, NaN included, is the least logit. */
INLINE void NAMED(diagonal_tile)(int components, int wide, int whole, size_t rows, size_t stride,
                                 const struct emblas_normals *normals, size_t c, const double *x,
                                 double *l) {
  size_t d = normals->d;
  const double *mean = normals->mean + c * d, *inverse = normals->inverse + c * d;
  lanes square[DIAGONAL_COMPONENTS][LOGITS_VECTORS];
  _Pragma("GCC unroll 8") for (int a = 0; a < components; a++)
      _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) square[a][v] = splat(0);
  for (size_t j = 0; j < d; j++) {
    const double *column = x + j * stride;
    lanes value[LOGITS_VECTORS];
    _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) value[v] =
        get(whole, column + v * LANES, rows, *column);
    _Pragma("GCC unroll 8") for (int a = 0; a < components; a++) {
      double centre = mean[(size_t)a * d + j], scale = inverse[(size_t)a * d + j];
      _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) {
        lanes z = (value[v] - centre) * scale;
        square[a][v] += z * z;
      }
    }
  }
  _Pragma("GCC unroll 8") for (int a = 0; a < components; a++)
      _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++)
          put(whole, l + (c + (size_t)a) * stride + v * LANES, rows,
              normals->constant[c + (size_t)a] + greater(-0.5 * square[a][v], splat(EMBLAS_LEAST_LOGIT)));
}

INLINE void NAMED(diagonal_rows)(int wide, int whole, size_t rows, size_t stride,
                                 const struct emblas_normals *normals, const double *x, double *l) {
  size_t c = 0;
  for (; c + DIAGONAL_COMPONENTS <= normals->k; c += DIAGONAL_COMPONENTS)
    NAMED(diagonal_tile)(DIAGONAL_COMPONENTS, wide, whole, rows, stride, normals, c, x, l);
  for (; c < normals->k; c++) NAMED(diagonal_tile)(1, wide, whole, rows, stride, normals, c, x, l);
}

TARGET static void NAMED(diagonal_logits)(size_t b, size_t stride, const struct emblas_normals *normals,
                                          const double *x, double *l) {
  size_t i = 0;
  for (; i + LOGITS_VECTORS * LANES <= b; i += LOGITS_VECTORS * LANES)
    NAMED(diagonal_rows)(LOGITS_VECTORS, 1, LANES, stride, normals, x + i, l + i);
  for (; i + LANES <= b; i += LANES) NAMED(diagonal_rows)(1, 1, LANES, stride, normals, x + i, l + i);
  if (i < b) NAMED(diagonal_rows)(1, 0, b - i, stride, normals, x + i, l + i);
}

/* ------------------------------------------------------------------ moments */

/* One vector of rows, or what is left of it: first_am += r_a y, second_am += r_a y^2, y = x_m - mean_am. */
INLINE void NAMED(spread_step)(int components, int columns, int whole, size_t rows, size_t stride, size_t d,
                               const double *r, const double *x, const double *mean,
                               lanes (*first)[SPREAD_COLUMNS], lanes (*second)[SPREAD_COLUMNS]) {
  lanes weight[SPREAD_COMPONENTS];
  READ_AGAIN(mean); /* registers are for the sums */
  _Pragma("GCC unroll 8") for (int a = 0; a < components; a++) weight[a] =
      get(whole, r + (size_t)a * stride, rows, 0);
  _Pragma("GCC unroll 8") for (int m = 0; m < columns; m++) {
    const double *column = x + (size_t)m * stride;
    lanes value = get(whole, column, rows, *column);
    IN_REGISTER(value); /* else each sum loads it again, as in the moments of features */
    _Pragma("GCC unroll 8") for (int a = 0; a < components; a++) {
      lanes y = value - mean[(size_t)a * d + (size_t)m], w = weight[a] * y;
      first[a][m] += w;
      second[a][m] += w * y;
    }
  }
}

/* Of `components` from component c on the moments of `columns` columns from column j on. */
INLINE void NAMED(spread_tile)(int components, int columns, size_t b, size_t stride,
                               const struct emblas_normals *normals, size_t p, size_t c, size_t j,
                               const double *r, const double *x, double *s) {
  size_t d = normals->d, i = 0, apart = p > 2 + d; /* second moments are d, or one for all columns */
  const double *mean = normals->mean + c * d + j, *share = r + c * stride, *from = x + j * stride;
  lanes first[SPREAD_COMPONENTS][SPREAD_COLUMNS], second[SPREAD_COMPONENTS][SPREAD_COLUMNS];
  _Pragma("GCC unroll 8") for (int a = 0; a < components; a++)
      _Pragma("GCC unroll 8") for (int m = 0; m < columns; m++) first[a][m] = second[a][m] = splat(0);
  for (; i + LANES <= b; i += LANES) NAMED(spread_step)
  (components, columns, 1, LANES, stride, d, share + i, from + i, mean, first, second);
  if (i < b) NAMED(spread_step)
  (components, columns, 0, b - i, stride, d, share + i, from + i, mean, first, second);
  for (int a = 0; a < components; a++) {
    double *to = s + (c + (size_t)a) * p + 1;
    for (size_t m = 0; m < (size_t)columns; m++) {
      to[j + m] += sum_of_lanes(first[a][m]);
      to[d + apart * (j + m)] += sum_of_lanes(second[a][m]);
    }
  }
}

INLINE void NAMED(spread_of_components)(int components, size_t b, size_t stride,
                                        const struct emblas_normals *normals, size_t p, size_t c,
                                        const double *r, const double *x, double *s) {
  size_t j = 0;
  for (; j + SPREAD_COLUMNS <= normals->d; j += SPREAD_COLUMNS)
    NAMED(spread_tile)(components, SPREAD_COLUMNS, b, stride, normals, p, c, j, r, x, s);
  for (; j < normals->d; j++) NAMED(spread_tile)(components, 1, b, stride, normals, p, c, j, r, x, s);
}

INLINE double NAMED(sum_of_rows)(size_t b, const double *r) {
  lanes sum[TILE];
  EACH_VECTOR sum[t] = splat(0);
  for (size_t i = 0; i < b; i += TILE_ROWS)
    EACH_VECTOR sum[t] += get(0, r + i + t * LANES, left(b - i, (size_t)t * LANES), 0);
  return sum_of_lanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

TARGET static void NAMED(diagonal_moments)(size_t b, size_t stride, const struct emblas_normals *normals,
                                           size_t p, const double *r, const double *x, double *s) {
  size_t c = 0;
  for (; c + SPREAD_COMPONENTS <= normals->k; c += SPREAD_COMPONENTS)
    NAMED(spread_of_components)(SPREAD_COMPONENTS, b, stride, normals, p, c, r, x, s);
  for (; c < normals->k; c++) NAMED(spread_of_components)(1, b, stride, normals, p, c, r, x, s);
  for (c = 0; c < normals->k; c++) s[c * p] += NAMED(sum_of_rows)(b, r + c * stride);
}
