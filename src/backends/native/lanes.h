/* SPDX-License-Identifier: MIT */
/* Vectors of LANES doubles in portable vector code. Included once for each instruction set by isa.h, which
   sets LANES, TARGET, FUSED and NAMED(). Products and sums are fused where the processor can. */
typedef double NAMED(lanes) __attribute__((vector_size(8 * LANES)));
typedef int64_t NAMED(bits) __attribute__((vector_size(8 * LANES)));
/* The same in memory, where it need not be aligned. */
typedef double NAMED(stored) __attribute__((vector_size(8 * LANES), aligned(8), may_alias));
#define lanes NAMED(lanes)
#define stored NAMED(stored)
#define bits NAMED(bits)

#define INLINE TARGET static inline __attribute__((always_inline))
/* Chains of dependent operations are TILE vectors wide, so that one waits while others run. */
#define EACH_VECTOR _Pragma("GCC unroll 4") for (int t = 0; t < TILE; t++)
enum { NAMED(TILE_ROWS) = TILE * LANES };
#define TILE_ROWS NAMED(TILE_ROWS)

INLINE lanes NAMED(splat)(double x) {
  return x - (lanes){0}; /* x + 0 is not x where x is -0, and so would be an operation */
}
#define splat NAMED(splat)

INLINE lanes NAMED(choose)(bits mask, lanes yes, lanes no) {
  return (lanes)((mask & (bits)yes) | (~mask & (bits)no));
}
#define choose NAMED(choose)

/* a where a > b, else b. */
INLINE lanes NAMED(greater)(lanes a, lanes b) {
#if LANES == 8
  return (lanes)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif LANES == 4
  return (lanes)_mm256_max_pd((__m256d)a, (__m256d)b);
#else
  return choose(a > b, a, b);
#endif
}
#define greater NAMED(greater)

INLINE lanes NAMED(absolute)(lanes x) {
  return (lanes)((bits)x & INT64_MAX);
}
#define absolute NAMED(absolute)

/* `count` doubles at p, which are LANES when the vector is whole; the rest are `fill`. What is past them is
   not touched: by masks where there are some, which cost no more than whole vectors. */
INLINE lanes NAMED(get)(int whole, const double *p, size_t count, double fill) {
  if (whole || count >= LANES) return *(const stored *)p;
#if LANES == 8
  return (lanes)_mm512_mask_loadu_pd((__m512d)splat(fill), (__mmask8)((1u << count) - 1), p);
#elif LANES == 4
  bits mask = (bits){0, 1, 2, 3} < (int64_t)count;
  return choose(mask, (lanes)_mm256_maskload_pd(p, (__m256i)mask), splat(fill));
#else
  lanes v = splat(fill);
  for (size_t l = 0; l < count; l++) v[l] = p[l];
  return v;
#endif
}
#define get NAMED(get)

INLINE void NAMED(put)(int whole, double *p, size_t count, lanes v) {
  if (whole || count >= LANES) {
    *(stored *)p = v;
    return;
  }
#if LANES == 8
  _mm512_mask_storeu_pd(p, (__mmask8)((1u << count) - 1), (__m512d)v);
#elif LANES == 4
  _mm256_maskstore_pd(p, (__m256i)((bits){0, 1, 2, 3} < (int64_t)count), (__m256d)v);
#else
  for (size_t l = 0; l < count; l++) p[l] = v[l];
#endif
}
#define put NAMED(put)

/* How many of the rows from `row` on are in a tile of `rows`. */
INLINE size_t NAMED(left)(size_t rows, size_t row) {
  return rows > row ? rows - row : 0;
}
#define left NAMED(left)

INLINE double NAMED(sum_of_lanes)(lanes v) {
#if LANES == 8
  v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
  v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5);
#elif LANES == 4
  v += __builtin_shufflevector(v, v, 2, 3, 0, 1);
#endif
  return v[0] + v[1];
}
#define sum_of_lanes NAMED(sum_of_lanes)

INLINE double NAMED(largest_of_lanes)(lanes v) {
#if LANES == 8
  v = greater(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3));
  v = greater(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5));
#elif LANES == 4
  v = greater(v, __builtin_shufflevector(v, v, 2, 3, 0, 1));
#endif
  return v[0] > v[1] ? v[0] : v[1];
}
#define largest_of_lanes NAMED(largest_of_lanes)

/* Lane l of the result is the sum of all lanes of v[l]: half of the vectors with each step. */
INLINE lanes NAMED(sums)(const lanes *v) {
#if LANES == 8
  lanes pair[4], quad[2];
  _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++) pair[i] =
      __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14) +
      __builtin_shufflevector(v[2 * i], v[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  _Pragma("GCC unroll 2") for (int i = 0; i < 2; i++) quad[i] =
      __builtin_shufflevector(pair[2 * i], pair[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
      __builtin_shufflevector(pair[2 * i], pair[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
  return __builtin_shufflevector(quad[0], quad[1], 0, 1, 2, 3, 8, 9, 10, 11) +
         __builtin_shufflevector(quad[0], quad[1], 4, 5, 6, 7, 12, 13, 14, 15);
#elif LANES == 4
  lanes low =
      __builtin_shufflevector(v[0], v[1], 0, 4, 2, 6) + __builtin_shufflevector(v[0], v[1], 1, 5, 3, 7);
  lanes high =
      __builtin_shufflevector(v[2], v[3], 0, 4, 2, 6) + __builtin_shufflevector(v[2], v[3], 1, 5, 3, 7);
  return __builtin_shufflevector(low, high, 0, 1, 4, 5) + __builtin_shufflevector(low, high, 2, 3, 6, 7);
#else
  return __builtin_shufflevector(v[0], v[1], 0, 2) + __builtin_shufflevector(v[0], v[1], 1, 3);
#endif
}
#define sums NAMED(sums)

/* sum[0] + sum[1] += x without loss, lane by lane (Knuth's two-sum). */
INLINE void NAMED(add_exactly)(lanes *sum, lanes x) {
  lanes s = sum[0] + x, part = s - sum[0];
  sum[1] += (sum[0] - (s - part)) + (x - part);
  sum[0] = s;
}
#define add_exactly NAMED(add_exactly)

/* Bit l is that of lane l of a comparison. */
INLINE unsigned NAMED(lanes_set)(bits comparison) {
#if LANES == 8
  return _mm512_movepi64_mask((__m512i)comparison);
#elif LANES == 4
  return (unsigned)_mm256_movemask_pd((__m256d)comparison);
#else
  return (unsigned)(comparison[0] & 1) | (unsigned)(comparison[1] & 2);
#endif
}
#define lanes_set NAMED(lanes_set)

/* The lanes of which `set` has the bit, put together at the start; what follows is anything. */
INLINE lanes NAMED(compressed)(unsigned set, lanes v) {
#if LANES == 8
  return (lanes)_mm512_maskz_compress_pd((__mmask8)set, (__m512d)v);
#elif LANES == 4
  __m256i halves = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)halves_of_set[set]));
  return (lanes)_mm256_permutevar8x32_ps((__m256)v, halves);
#else
  return set == 2 ? __builtin_shufflevector(v, v, 1, 1) : v;
#endif
}
#define compressed NAMED(compressed)
