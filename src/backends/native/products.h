/* SPDX-License-Identifier: MIT */
/* The two matrix products, and those with a triangle; lanes are rows of the block. Included by isa.h. */

/* C components of up to WIDE vectors of rows: L_ci = theta_cj phi_ji, + L_ci where add. */
INLINE void NAMED(logits_tile)(int components, int wide, int whole, size_t rows, size_t stride, size_t p,
                               const double *theta, size_t theta_stride, const double *phi, double *l,
                               int add) {
  lanes sum[LOGITS_COMPONENTS][LOGITS_VECTORS];
  _Pragma("GCC unroll 8") for (int c = 0; c < components; c++)
      _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) sum[c][v] =
          add ? get(whole, l + (size_t)c * stride + v * LANES, rows, 0) : splat(0);
  for (size_t j = 0; j < p; j++) {
    lanes x[LOGITS_VECTORS];
    _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) x[v] =
        get(whole, phi + j * stride + v * LANES, rows, 0);
    _Pragma("GCC unroll 8") for (int c = 0; c < components; c++) {
      double factor = theta[(size_t)c * theta_stride + j];
      _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++) sum[c][v] += factor * x[v];
    }
  }
  _Pragma("GCC unroll 8") for (int c = 0; c < components; c++)
      _Pragma("GCC unroll 8") for (int v = 0; v < wide; v++)
          put(whole, l + (size_t)c * stride + v * LANES, rows, sum[c][v]);
}

INLINE void NAMED(logits_rows)(int wide, int whole, size_t rows, size_t stride, size_t p, size_t k,
                               const double *theta, size_t theta_stride, const double *phi, double *l,
                               int add) {
  size_t c = 0;
  for (; c + LOGITS_COMPONENTS <= k; c += LOGITS_COMPONENTS) NAMED(logits_tile)
  (LOGITS_COMPONENTS, wide, whole, rows, stride, p, theta + c * theta_stride, theta_stride, phi,
   l + c * stride, add);
  for (; c + 2 <= k; c += 2) NAMED(logits_tile)
  (2, wide, whole, rows, stride, p, theta + c * theta_stride, theta_stride, phi, l + c * stride, add);
  if (c < k) NAMED(logits_tile)
  (1, wide, whole, rows, stride, p, theta + c * theta_stride, theta_stride, phi, l + c * stride, add);
}

TARGET static void NAMED(logits)(size_t b, size_t stride, size_t p, size_t k, const double *theta,
                                 size_t theta_stride, const double *phi, double *l, int add) {
  size_t i = 0;
  for (; i + LOGITS_VECTORS * LANES <= b; i += LOGITS_VECTORS * LANES)
    NAMED(logits_rows)(LOGITS_VECTORS, 1, 0, stride, p, k, theta, theta_stride, phi + i, l + i, add);
  for (; i + LANES <= b; i += LANES)
    NAMED(logits_rows)(1, 1, 0, stride, p, k, theta, theta_stride, phi + i, l + i, add);
  if (i < b) NAMED(logits_rows)(1, 0, b - i, stride, p, k, theta, theta_stride, phi + i, l + i, add);
}

/* One vector of rows, or what is left of it: sum_cm += r_c phi_m. phi is a column, or where `times` is not
   NULL the product of two, which is then kept. */
INLINE void NAMED(moments_step)(int components, int whole, size_t rows, size_t stride, const double *r,
                                const double *const *column, const double *const *times, double *phi,
                                size_t i, lanes (*sum)[LANES]) {
  lanes weight[MOMENTS_COMPONENTS];
  _Pragma("GCC unroll 8") for (int c = 0; c < components; c++) weight[c] =
      get(whole, r + (size_t)c * stride + i, rows, 0);
  _Pragma("GCC unroll 8") for (int m = 0; m < LANES; m++) {
    lanes value = get(whole, column[m] + i, rows, 0);
    if (times != NULL) {
      value *= get(whole, times[m] + i, rows, 0);
      put(whole, phi + (size_t)m * stride + i, rows, value);
    }
    IN_REGISTER(value); /* else each sum loads it again, and loads are what there is too little of */
    _Pragma("GCC unroll 8") for (int c = 0; c < components; c++) sum[c][m] += weight[c] * value;
  }
}

/* LANES features of C components, of which the first `features` are kept: s_cm += r_ci phi_mi. */
INLINE void NAMED(moments_tile)(int components, size_t b, size_t stride, size_t features, const double *r,
                                const double *const *column, const double *const *times, double *phi,
                                double *s, size_t s_stride) {
  lanes sum[MOMENTS_COMPONENTS][LANES];
  _Pragma("GCC unroll 8") for (int c = 0; c < components; c++)
      _Pragma("GCC unroll 8") for (int m = 0; m < LANES; m++) sum[c][m] = splat(0);
  size_t i = 0;
  for (; i + LANES <= b; i += LANES)
    NAMED(moments_step)(components, 1, 0, stride, r, column, times, phi, i, sum);
  if (i < b) NAMED(moments_step)(components, 0, b - i, stride, r, column, times, phi, i, sum);
  _Pragma("GCC unroll 8") for (int c = 0; c < components; c++) {
    lanes total = sums(sum[c]);
    double *to = s + (size_t)c * s_stride, part[LANES];
    if (features == LANES) {
      *(stored *)to += total;
      continue;
    }
    *(stored *)part = total;
    for (size_t m = 0; m < features; m++) to[m] += part[m];
  }
}

/* Up to LANES features; one past the last repeats it. */
INLINE void NAMED(moments_of_features)(size_t b, size_t stride, size_t features, size_t k, const double *r,
                                       const double *phi, double *s, size_t s_stride) {
  const double *x[LANES];
  for (size_t m = 0; m < LANES; m++) x[m] = phi + (m < features ? m : features - 1) * stride;
  for (size_t c = 0, taken; c < k; c += taken) {
    const double *share = r + c * stride;
    double *to = s + c * s_stride;
    taken = k - c >= 3 && k - c != 4 ? 3 : k - c >= 2 ? 2 : 1;
    if (taken == 3) NAMED(moments_tile)(3, b, stride, features, share, x, NULL, NULL, to, s_stride);
    if (taken == 2) NAMED(moments_tile)(2, b, stride, features, share, x, NULL, NULL, to, s_stride);
    if (taken == 1) NAMED(moments_tile)(1, b, stride, features, share, x, NULL, NULL, to, s_stride);
  }
}

TARGET static void NAMED(moments)(size_t b, size_t stride, size_t p, size_t k, const double *r,
                                  const double *phi, double *s, size_t s_stride) {
  for (size_t j = 0; j < p; j += LANES) NAMED(moments_of_features)
  (b, stride, p - j < LANES ? p - j : LANES, k, r, phi + j * stride, s + j, s_stride);
}

TARGET static void NAMED(multiply)(size_t b, const double *x, const double *y, double *z) {
  size_t i = 0;
  for (; i + LANES <= b; i += LANES)
    *(stored *)(z + i) = *(const stored *)(x + i) * *(const stored *)(y + i);
  for (; i < b; i++) z[i] = x[i] * y[i];
}

/* Forward substitution, L_jl z_li = x_ji - mean_j, for TILE vectors of rows, so that a pivot is inverted
   once for all of them. */
INLINE void NAMED(whiten_tile)(int whole, size_t rows, size_t stride, size_t d, const double *factor,
                               const double *mean, const double *x, double *z) {
  for (size_t j = 0; j < d; j++) {
    lanes sum[TILE];
    double centre = mean != NULL ? mean[j] : 0, inverse = 1 / factor[j * d + j];
    EACH_VECTOR sum[t] = get(whole, x + j * stride + t * LANES, left(rows, (size_t)t * LANES), 0) - centre;
    for (size_t l = 0; l < j; l++)
      EACH_VECTOR sum[t] -=
          factor[j * d + l] * get(whole, z + l * stride + t * LANES, left(rows, (size_t)t * LANES), 0);
    EACH_VECTOR put(whole, z + j * stride + t * LANES, left(rows, (size_t)t * LANES), inverse * sum[t]);
  }
}

TARGET static void NAMED(whiten)(size_t b, size_t stride, size_t d, const double *factor,
                                 const double *mean, const double *x, double *z) {
  size_t i = 0;
  for (; i + TILE_ROWS <= b; i += TILE_ROWS)
    NAMED(whiten_tile)(1, TILE_ROWS, stride, d, factor, mean, x + i, z + i);
  if (i < b) NAMED(whiten_tile)(0, b - i, stride, d, factor, mean, x + i, z + i);
}

/* m_jl += r_i x_ji x_li for l <= j */
TARGET static void NAMED(scatter)(size_t b, size_t stride, size_t d, const double *r, const double *x,
                                  double *scratch, double *m) {
  for (size_t j = 0; j < d; j++) {
    NAMED(multiply)(b, r, x + j * stride, scratch + j * stride);
    NAMED(moments)(b, stride, j + 1, 1, scratch + j * stride, x, m + j * d, d);
  }
}
