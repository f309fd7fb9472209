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

/* One vector of rows, or what is left of it: sum_cm += r_c phi_m. */
INLINE void NAMED(moments_step)(int components, int whole, size_t rows, size_t stride, const double *r,
                                const double *const *phi, size_t i, lanes (*sum)[LANES]) {
  lanes weight[MOMENTS_COMPONENTS];
  _Pragma("GCC unroll 8") for (int c = 0; c < components; c++) weight[c] =
      get(whole, r + (size_t)c * stride + i, rows, 0);
  _Pragma("GCC unroll 8") for (int m = 0; m < LANES; m++) {
    lanes value = get(whole, phi[m] + i, rows, 0);
    IN_REGISTER(value); /* else each sum loads it again, and loads are what there is too little of */
    _Pragma("GCC unroll 8") for (int c = 0; c < components; c++) sum[c][m] += weight[c] * value;
  }
}

/* LANES features of C components, of which the first `features` are kept: s_cm += r_ci phi_mi. */
INLINE void NAMED(moments_tile)(int components, size_t b, size_t stride, size_t features, const double *r,
                                const double *const *phi, double *s, size_t s_stride) {
  lanes sum[MOMENTS_COMPONENTS][LANES];
  _Pragma("GCC unroll 8") for (int c = 0; c < components; c++)
      _Pragma("GCC unroll 8") for (int m = 0; m < LANES; m++) sum[c][m] = splat(0);
  size_t i = 0;
  for (; i + LANES <= b; i += LANES) NAMED(moments_step)(components, 1, 0, stride, r, phi, i, sum);
  if (i < b) NAMED(moments_step)(components, 0, b - i, stride, r, phi, i, sum);
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
    if (taken == 3) NAMED(moments_tile)(3, b, stride, features, share, x, to, s_stride);
    if (taken == 2) NAMED(moments_tile)(2, b, stride, features, share, x, to, s_stride);
    if (taken == 1) NAMED(moments_tile)(1, b, stride, features, share, x, to, s_stride);
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

/* `count` rows of K = L^-1 from row j on, in place of those of I, from K L = I: K_jm = rest_jm / L_mm, and
   rest_jl -= K_jm L_ml for l < m. Rows together read L once. */
INLINE void NAMED(invert_rows)(int count, size_t j, size_t d, const double *factor, double *inverse) {
  for (int a = 0; a < count; a++)
    for (size_t l = 0; l < j + (size_t)count; l++)
      inverse[(j + (size_t)a) * d + l] = l == j + (size_t)a ? 1 : 0;
  for (size_t m = j + (size_t)count; m-- > 0;) {
    double pivot = 1 / factor[m * d + m], here[INVERTED];
    for (int a = 0; a < count; a++) here[a] = inverse[(j + (size_t)a) * d + m] *= pivot;
    for (size_t l = 0; l < m; l += LANES) {
      lanes from = get(0, factor + m * d + l, m - l, 0);
      _Pragma("GCC unroll 8") for (int a = 0; a < count; a++) {
        double *to = inverse + (j + (size_t)a) * d + l;
        put(0, to, m - l, get(0, to, m - l, 0) - here[a] * from);
      }
    }
  }
}

TARGET static void NAMED(invert)(size_t d, const double *factor, double *inverse) {
  size_t j = 0;
  for (; j + INVERTED <= d; j += INVERTED) NAMED(invert_rows)(INVERTED, j, d, factor, inverse);
  for (; j < d; j++) NAMED(invert_rows)(1, j, d, factor, inverse);
}

/* m_jl += r_i x_ji x_li for l <= j */
TARGET static void NAMED(scatter)(size_t b, size_t stride, size_t d, const double *r, const double *x,
                                  double *scratch, double *m) {
  for (size_t j = 0; j < d; j++) {
    NAMED(multiply)(b, r, x + j * stride, scratch + j * stride);
    NAMED(moments)(b, stride, j + 1, 1, scratch + j * stride, x, m + j * d, d);
  }
}
