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
  return (lanes){0} + x;
}
#define splat NAMED(splat)

INLINE lanes NAMED(choose)(bits mask, lanes yes, lanes no) {
  return (lanes)((mask & (bits)yes) | (~mask & (bits)no));
}
#define choose NAMED(choose)

INLINE lanes NAMED(greater)(lanes a, lanes b) {
  lanes r;
  for (int l = 0; l < LANES; l++) r[l] = a[l] > b[l] ? a[l] : b[l];
  return r;
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
  double sum = v[0];
  for (int l = 1; l < LANES; l++) sum += v[l];
  return sum;
}
#define sum_of_lanes NAMED(sum_of_lanes)

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

/* x <- exp(x) for x <= 0, within 1 ulp; 0 for x < least, which is -708, from where on exp is subnormal or
   nearly, or greater; -INFINITY: no x is less than -708. x = n ln 2 + r, |r| <= ln(2)/2, exp(r) = 1 + r +
   r^2 p(r), and n is added to the exponent. p, of degree 9, has the least largest relative error of exp
   among those with this p(0): 2^-57.7. */
INLINE void NAMED(exponentials)(lanes *x, double least) {
  const int any = least > -INFINITY;
  static const double c[] = {0x1.af55e95351e26p-26, 0x1.28b49060945bep-22, 0x1.71de198c28cb5p-19,
                             0x1.a019924af7b35p-16, 0x1.a01a01942996ap-13, 0x1.6c16c1870de70p-10,
                             0x1.1111111116fa4p-7,  0x1.555555554fb04p-5,  0x1.5555555555531p-3,
                             0x1.000000000000cp-1};
  const double round_magic = 0x1.8p52; /* adding it leaves the nearest integer in the low bits */
  const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  lanes shifted[TILE], n[TILE], p[TILE], clamped[TILE];
  EACH_VECTOR clamped[t] = any ? greater(x[t], splat(least)) : x[t];
  EACH_VECTOR shifted[t] = clamped[t] * 0x1.71547652b82fep0 + round_magic;
  EACH_VECTOR n[t] = shifted[t] - round_magic;
  EACH_VECTOR clamped[t] = clamped[t] - n[t] * ln2_high;
  EACH_VECTOR clamped[t] = clamped[t] - n[t] * ln2_low;
  EACH_VECTOR p[t] = clamped[t] * c[0] + c[1];
  _Pragma("GCC unroll 8") for (int i = 2; i < 10; i++) EACH_VECTOR p[t] = p[t] * clamped[t] + c[i];
  if (FUSED) {
    EACH_VECTOR p[t] = p[t] * clamped[t] + 1;
    EACH_VECTOR p[t] = p[t] * clamped[t] + 1;
  } else { /* the rounding of a product with r counts: r is added as it is */
    EACH_VECTOR p[t] = 1 + (clamped[t] + clamped[t] * clamped[t] * p[t]);
  }
  EACH_VECTOR p[t] = (lanes)((bits)p[t] + ((bits)shifted[t] << 52));
  EACH_VECTOR x[t] = any ? (lanes)((bits)p[t] & (x[t] >= splat(least))) : p[t];
}
#define exponentials NAMED(exponentials)

/* log(x) for normal x > 0, within 1 ulp: x = 2^n m with m in [sqrt(1/2), sqrt(2)), s = (m-1)/(m+1), and log
   m = 2 atanh(s) as f - f^2/2 + s (f^2/2 + R(s^2)); the coefficients are fdlibm's. */
INLINE lanes NAMED(logarithm)(lanes x) {
  static const double c[] = {0x1.2f112df3e5244p-3, 0x1.39a09d078c69fp-3, 0x1.7466496cb03dep-3,
                             0x1.c71c51d8e78afp-3, 0x1.2492494229359p-2, 0x1.999999997fa04p-2,
                             0x1.5555555555593p-1};
  static const int order[] = {0, 2, 4, 6}, even[] = {1, 3, 5};
  const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  const int64_t root_half = 0x3fe6a09e667f3bcd;
  bits offset = (bits)x - root_half + ((int64_t)1023 << 52), exponent = offset >> 52;
  lanes m = (lanes)((offset & (((int64_t)1 << 52) - 1)) + root_half);
  lanes n = (lanes)(exponent + (0x4338000000000000 - 1023)) - 0x1.8p52;
  lanes f = m - 1, s = f / (f + 2), z = s * s, w = z * z, half = 0.5 * f * f;
  lanes odd = splat(c[order[0]]), rest = splat(c[even[0]]);
  for (int i = 1; i < 4; i++) odd = odd * w + c[order[i]];
  for (int i = 1; i < 3; i++) rest = rest * w + c[even[i]];
  lanes r = z * odd + w * rest;
  return n * ln2_high - ((half - (s * (half + r) + n * ln2_low)) - f);
}
#define logarithm NAMED(logarithm)
