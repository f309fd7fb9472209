/* SPDX-License-Identifier: MIT */
/* The two products with the features [1, x, x_j x_l for l <= j], which are formed in registers where they
   are needed: once for several components, instead of through memory. Included by isa.h. */

/* C components of up to WIDE vectors of rows: L_ci = theta_c . [1, x_i, x_ji x_li]. */
INLINE void NAMED(quadratic_tile)(int components, int wide, int whole, size_t rows, size_t stride, size_t d,
                                  size_t p, const double *theta, const double *x, double *l) {
  lanes sum[QUADRATIC_COMPONENTS][QUADRATIC_VECTORS];
  _Pragma("GCC unroll 8") for (int c = 0; c < components; c++)
      _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) sum[c][v] = splat(theta[(size_t)c * p]);
  const double *linear = theta + 1, *square = theta + 1 + d;
  for (size_t j = 0; j < d; j++) {
    lanes x_j[QUADRATIC_VECTORS];
    _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) x_j[v] =
        get(whole, x + j * stride + v * LANES, rows, 0);
    _Pragma("GCC unroll 8") for (int c = 0; c < components; c++)
        _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) sum[c][v] +=
        linear[(size_t)c * p + j] * x_j[v];
    for (size_t m = 0; m <= j; m++) {
      lanes z[QUADRATIC_VECTORS];
      _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) z[v] =
          x_j[v] * get(whole, x + m * stride + v * LANES, rows, 0);
      _Pragma("GCC unroll 8") for (int c = 0; c < components; c++)
          _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) sum[c][v] +=
          square[(size_t)c * p + m] * z[v];
    }
    square += j + 1;
  }
  _Pragma("GCC unroll 8") for (int c = 0; c < components; c++)
      _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++)
          put(whole, l + (size_t)c * stride + v * LANES, rows, sum[c][v]);
}

INLINE void NAMED(quadratic_rows)(int wide, int whole, size_t rows, size_t stride, size_t d, size_t k,
                                  const double *theta, const double *x, double *l) {
  size_t c = 0, p = 1 + d + d * (d + 1) / 2;
  for (; c + QUADRATIC_COMPONENTS <= k; c += QUADRATIC_COMPONENTS) NAMED(quadratic_tile)
  (QUADRATIC_COMPONENTS, wide, whole, rows, stride, d, p, theta + c * p, x, l + c * stride);
  for (; c + 2 <= k; c += 2) NAMED(quadratic_tile)
  (2, wide, whole, rows, stride, d, p, theta + c * p, x, l + c * stride);
  if (c < k) NAMED(quadratic_tile)(1, wide, whole, rows, stride, d, p, theta + c * p, x, l + c * stride);
}

TARGET static void NAMED(quadratic_logits)(size_t b, size_t stride, size_t d, size_t k, const double *theta,
                                           const double *x, double *l) {
  size_t i = 0;
  for (; i + QUADRATIC_VECTORS * LANES <= b; i += QUADRATIC_VECTORS * LANES)
    NAMED(quadratic_rows)(QUADRATIC_VECTORS, 1, 0, stride, d, k, theta, x + i, l + i);
  for (; i + 2 * LANES <= b; i += 2 * LANES)
    NAMED(quadratic_rows)(2, 1, 0, stride, d, k, theta, x + i, l + i);
  for (; i + LANES <= b; i += LANES) NAMED(quadratic_rows)(1, 1, 0, stride, d, k, theta, x + i, l + i);
  if (i < b) NAMED(quadratic_rows)(1, 0, b - i, stride, d, k, theta, x + i, l + i);
}

/* LANES components and FORMED features, which are formed in registers: s_cf += r_ci x_i x_i', of which the
   first `features` are kept. s: k rows of p. */
INLINE void NAMED(quadratic_moments_step)(int whole, size_t rows, size_t stride, const double *r,
                                          const double *const *column, const double *const *times, size_t i,
                                          lanes (*sum)[LANES]) {
  lanes product[FORMED];
  _Pragma("GCC unroll 8") for (int f = 0; f < FORMED; f++) {
    product[f] = get(whole, column[f] + i, rows, 0) * get(whole, times[f] + i, rows, 0);
    IN_REGISTER(product[f]);
  }
  _Pragma("GCC unroll 8") for (int c = 0; c < LANES; c++) {
    lanes weight = get(whole, r + (size_t)c * stride + i, rows, 0);
    IN_REGISTER(weight); /* else each sum loads it again, and loads are what there is too little of */
    _Pragma("GCC unroll 8") for (int f = 0; f < FORMED; f++) sum[f][c] += weight * product[f];
  }
}

INLINE void NAMED(quadratic_moments_tile)(size_t b, size_t stride, size_t features, const double *r,
                                          const double *const *column, const double *const *times,
                                          double *s, size_t p) {
  lanes sum[FORMED][LANES];
  _Pragma("GCC unroll 8") for (int f = 0; f < FORMED; f++)
      _Pragma("GCC unroll 8") for (int c = 0; c < LANES; c++) sum[f][c] = splat(0);
  size_t i = 0;
  for (; i + LANES <= b; i += LANES) NAMED(quadratic_moments_step)(1, 0, stride, r, column, times, i, sum);
  if (i < b) NAMED(quadratic_moments_step)(0, b - i, stride, r, column, times, i, sum);
  _Pragma("GCC unroll 8") for (size_t f = 0; f < FORMED; f++) {
    lanes total = sums(sum[f]);
    for (size_t c = 0; f < features && c < LANES; c++) s[c * p + f] += total[c];
  }
}

/* The columns whose products are `count` features from `at` on, where there are `there`: one past the last
   repeats it. Returns the feature after them. */
INLINE struct feature NAMED(factors)(size_t count, size_t there, size_t stride, size_t d, const double *x,
                                     const double *one, struct feature at, const double **column,
                                     const double **times) {
  for (size_t m = 0; m < count; m++) {
    times[m] = at.j > 0 ? x + (at.j - 1) * stride : one;
    column[m] = at.l > 0 ? x + (at.l - 1) * stride : one;
    if (m + 1 < there) at = next_feature(at, d);
  }
  return at;
}

/* All components that make whole tiles; returns how many. None where there are so many that their
   responsibilities leave the first-level cache, from where they are read again for every FORMED features.
 */
INLINE size_t NAMED(quadratic_moments_of_many)(size_t b, size_t stride, size_t d, size_t k, const double *r,
                                               const double *x, const double *one, double *s) {
  size_t p = 1 + d + d * (d + 1) / 2, many = k < 16 ? k / LANES * LANES : 0;
  struct feature at = {0, 0};
  for (size_t f = 0; f < p && many > 0; f += FORMED) {
    const double *column[FORMED], *times[FORMED];
    at = NAMED(factors)(FORMED, p - f, stride, d, x, one, at, column, times);
    for (size_t c = 0; c < many; c += LANES) NAMED(quadratic_moments_tile)
    (b, stride, p - f < FORMED ? p - f : FORMED, r + c * stride, column, times, s + c * p + f, p);
  }
  return many;
}

/* LANES features are made at a time, into scratch, where they stay in the first-level cache until the
   moments of all components have taken them; the first components' tile makes them. */
TARGET static void NAMED(quadratic_moments)(size_t b, size_t stride, size_t d, size_t k, const double *r,
                                            const double *x, double *scratch, double *s) {
  double *one = scratch + LANES * stride;
  for (size_t i = 0; i < b; i++) one[i] = 1;
  size_t p = 1 + d + d * (d + 1) / 2;
  size_t many = NAMED(quadratic_moments_of_many)(b, stride, d, k, r, x, one, s);
  if (many == k) return;
  k -= many, r += many * stride, s += many * p;
  size_t first = k < MOMENTS_COMPONENTS ? k : MOMENTS_COMPONENTS;
  struct feature at = {0, 0};
  for (size_t f = 0; f < p; f += LANES) {
    size_t features = p - f < LANES ? p - f : LANES;
    const double *column[LANES], *times[LANES];
    at = NAMED(factors)(LANES, p - f, stride, d, x, one, at, column, times);
    if (first == 3) NAMED(moments_tile)(3, b, stride, features, r, column, times, scratch, s + f, p);
    if (first == 2) NAMED(moments_tile)(2, b, stride, features, r, column, times, scratch, s + f, p);
    if (first == 1) NAMED(moments_tile)(1, b, stride, features, r, column, times, scratch, s + f, p);
    NAMED(moments_of_features)
    (b, stride, features, k - first, r + first * stride, scratch, s + first * p + f, p);
  }
}

/* The block's responsibilities stay in the cache from one kernel to the next. */
TARGET static void NAMED(quadratic)(size_t b, size_t stride, size_t d, size_t k, const double *x,
                                    const double *weights, const double *theta, struct emblas_ahead ahead,
                                    double *r, double *scratch, double *stats,
                                    struct emblas_block_sums *sums) {
  NAMED(quadratic_logits)(b, stride, d, k, theta, x, r);
  NAMED(bayes)(b, stride, k, r, weights, ahead, sums);
  NAMED(quadratic_moments)(b, stride, d, k, r, x, scratch, stats);
}
