/* SPDX-License-Identifier: MIT */
/* Rows of the data become columns of a block, and are whitened. Included by isa.h. */

/* Four columns of LANES rows, of which `columns` are there. */
#if LANES == 8
INLINE lanes NAMED(two_rows)(const double *x, size_t row_stride, __mmask8 there) {
  __m256d first = _mm256_maskz_loadu_pd(there, x),
          second = _mm256_maskz_loadu_pd(there, x + 4 * row_stride);
  return (lanes)_mm512_insertf64x4(_mm512_castpd256_pd512(first), second, 1);
}

INLINE void NAMED(transpose)(const double *x, size_t row_stride, size_t columns, lanes *column) {
  lanes row[4], even[2], odd[2];
  __mmask8 there = (__mmask8)((1u << columns) - 1);
  for (size_t i = 0; i < 4; i++) row[i] = NAMED(two_rows)(x + i * row_stride, row_stride, there);
  for (int i = 0; i < 2; i++) {
    even[i] = __builtin_shufflevector(row[2 * i], row[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    odd[i] = __builtin_shufflevector(row[2 * i], row[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  column[0] = __builtin_shufflevector(even[0], even[1], 0, 1, 8, 9, 4, 5, 12, 13);
  column[1] = __builtin_shufflevector(odd[0], odd[1], 0, 1, 8, 9, 4, 5, 12, 13);
  column[2] = __builtin_shufflevector(even[0], even[1], 2, 3, 10, 11, 6, 7, 14, 15);
  column[3] = __builtin_shufflevector(odd[0], odd[1], 2, 3, 10, 11, 6, 7, 14, 15);
}
#elif LANES == 4
INLINE void NAMED(transpose)(const double *x, size_t row_stride, size_t columns, lanes *column) {
  lanes row[4], even[2], odd[2];
  for (size_t i = 0; i < 4; i++) row[i] = get(0, x + i * row_stride, columns, 0);
  for (int i = 0; i < 2; i++) {
    even[i] = __builtin_shufflevector(row[2 * i], row[2 * i + 1], 0, 4, 2, 6);
    odd[i] = __builtin_shufflevector(row[2 * i], row[2 * i + 1], 1, 5, 3, 7);
  }
  column[0] = __builtin_shufflevector(even[0], even[1], 0, 1, 4, 5);
  column[1] = __builtin_shufflevector(odd[0], odd[1], 0, 1, 4, 5);
  column[2] = __builtin_shufflevector(even[0], even[1], 2, 3, 6, 7);
  column[3] = __builtin_shufflevector(odd[0], odd[1], 2, 3, 6, 7);
}
#else
INLINE void NAMED(transpose)(const double *x, size_t row_stride, size_t columns, lanes *column) {
  for (size_t j = 0; j < columns; j++) column[j] = (lanes){x[j], x[row_stride + j]};
}
#endif

/* LANES rows. */
INLINE void NAMED(columns_of_rows)(size_t stride, size_t d, const double *x, size_t row_stride,
                                   const double *factor, const double *origin, double *z) {
  for (size_t j = 0; j < d; j += 4) {
    size_t columns = d - j < 4 ? d - j : 4;
    lanes column[4];
    NAMED(transpose)(x + j, row_stride, columns, column);
    _Pragma("GCC unroll 4") for (size_t l = 0; l < 4; l++) {
      if (l >= columns) break;
      lanes y = column[l] * factor[j + l] - origin[j + l];
      *(stored *)(z + (j + l) * stride) = y;
    }
  }
}

/* z <- V z in place, two rows of the lower triangle V at a time from the last on, for TILE vectors. */
INLINE void NAMED(multiply_triangle)(int whole, size_t rows, size_t stride, size_t d, const double *v,
                                     double *z) {
  size_t j = d;
  for (; j >= 2; j -= 2) {
    const double *upper = v + (j - 2) * d, *lower = upper + d;
    lanes sum[2][TILE], last[TILE];
    EACH_VECTOR {
      last[t] = get(whole, z + (j - 1) * stride + t * LANES, left(rows, (size_t)t * LANES), 0);
      lanes before = get(whole, z + (j - 2) * stride + t * LANES, left(rows, (size_t)t * LANES), 0);
      sum[0][t] = upper[j - 2] * before;
      sum[1][t] = lower[j - 1] * last[t] + lower[j - 2] * before;
    }
    for (size_t l = 0; l < j - 2; l++) {
      double first = upper[l], second = lower[l];
      EACH_VECTOR {
        lanes value = get(whole, z + l * stride + t * LANES, left(rows, (size_t)t * LANES), 0);
        sum[0][t] += first * value;
        sum[1][t] += second * value;
      }
    }
    EACH_VECTOR put(whole, z + (j - 1) * stride + t * LANES, left(rows, (size_t)t * LANES), sum[1][t]);
    EACH_VECTOR put(whole, z + (j - 2) * stride + t * LANES, left(rows, (size_t)t * LANES), sum[0][t]);
  }
  if (j > 0) EACH_VECTOR {
      size_t here = left(rows, (size_t)t * LANES);
      put(whole, z + t * LANES, here, v[0] * get(whole, z + t * LANES, here, 0));
    }
}

/* So much of what is asked for next as belongs to part `part` of `parts`. */
INLINE void NAMED(fetch)(struct emblas_ahead ahead, size_t part, size_t parts) {
  size_t end = ahead.bytes * (part + 1) / parts;
  for (size_t at = ahead.bytes * part / parts / 64 * 64; at < end; at += 64)
    __builtin_prefetch((const char *)ahead.start + at, 0, 2);
}

INLINE void NAMED(columns_of_block)(size_t b, size_t stride, size_t d, const double *x, size_t row_stride,
                                    const double *factor, const double *origin, const double *v,
                                    struct emblas_ahead ahead, double *z) {
  size_t i = 0;
  for (; i + LANES <= b; i += LANES) {
    if (ahead.bytes > 0) NAMED(fetch)(ahead, i / LANES, b / LANES);
    NAMED(columns_of_rows)(stride, d, x + i * row_stride, row_stride, factor, origin, z + i);
    if (v != NULL && (i + LANES) % TILE_ROWS == 0)
      NAMED(multiply_triangle)(1, TILE_ROWS, stride, d, v, z + i + LANES - TILE_ROWS);
  }
  for (; i < b; i++)
    for (size_t j = 0; j < d; j++) z[j * stride + i] = x[i * row_stride + j] * factor[j] - origin[j];
  i = b / TILE_ROWS * TILE_ROWS;
  if (v != NULL && i < b) NAMED(multiply_triangle)(0, b - i, stride, d, v, z + i);
}

/* The compiler unrolls the loops over few columns. */
TARGET static void NAMED(columns)(size_t b, size_t stride, size_t d, const double *x, size_t row_stride,
                                  const double *factor, const double *origin, const double *v,
                                  struct emblas_ahead ahead, double *z) {
  if (d == 2)
    NAMED(columns_of_block)(b, stride, 2, x, row_stride, factor, origin, v, ahead, z);
  else if (d == 3)
    NAMED(columns_of_block)(b, stride, 3, x, row_stride, factor, origin, v, ahead, z);
  else if (d == 4)
    NAMED(columns_of_block)(b, stride, 4, x, row_stride, factor, origin, v, ahead, z);
  else
    NAMED(columns_of_block)(b, stride, d, x, row_stride, factor, origin, v, ahead, z);
}
