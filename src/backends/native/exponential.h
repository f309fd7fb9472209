/* SPDX-License-Identifier: MIT */
/* exp and log of vectors. Included by isa.h. */

#if LANES == 8
/* 2^(j/16) in two doubles. */
static const double NAMED(power)[] = {
    0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
    0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
    0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
    0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};
static const double NAMED(power_low)[] = {0,
                                          0x1.8a62e4adc610bp-54,
                                          -0x1.19041b9d78a76p-55,
                                          0x1.9b07eb6c70573p-54,
                                          0x1.6f46ad23182e4p-55,
                                          0x1.ada0911f09ebcp-55,
                                          0x1.d4397afec42e2p-56,
                                          0x1.6324c054647adp-54,
                                          -0x1.bdd3413b26456p-54,
                                          -0x1.41577ee04992fp-55,
                                          0x1.6e9f156864b27p-54,
                                          0x1.c7c46b071f2bep-56,
                                          0x1.7a1cd345dcc81p-54,
                                          0x1.11065895048ddp-55,
                                          0x1.2ed02d75b3707p-55,
                                          -0x1.e9c23179c2893p-54};

/* Entry `index` mod 16 of a table that registers hold. */
INLINE lanes NAMED(look_up)(const double *table, bits index) {
  return (lanes)_mm512_permutex2var_pd(_mm512_loadu_pd(table), (__m512i)index, _mm512_loadu_pd(table + 8));
}

/* The same with a table: x = n ln 2 + r, n a multiple of 1/16, |r| <= ln(2)/32, and exp(r) - 1 = r (1 + r
   p(r)) times the power of two that n's fraction stands for. p, of degree 4, is again the one of the least
   largest relative error of exp: 2^-56.2. */
INLINE void NAMED(exponentials)(lanes *x, double least) {
  const int any = least > -INFINITY;
  static const double c[] = {0x1.6c14c6ebcb2c3p-10, 0x1.11123aae4efeap-7, 0x1.55555558fca5ep-5,
                             0x1.555555548f893p-3,  0x1.fffffffffffb9p-2, 1};
  const double round_magic = 0x1.8p48; /* adding it leaves the nearest multiple of 1/16 in the low bits */
  const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  lanes r[TILE], n[TILE], s[TILE], power[TILE], scaled[TILE];
  EACH_VECTOR r[t] = any ? greater(x[t], splat(least)) : x[t];
  EACH_VECTOR s[t] = r[t] * 0x1.71547652b82fep0 + round_magic;
  EACH_VECTOR n[t] = s[t] - round_magic;
  EACH_VECTOR power[t] = NAMED(look_up)(NAMED(power), (bits)s[t]);
  EACH_VECTOR scaled[t] = NAMED(look_up)(NAMED(power_low), (bits)s[t]);
  EACH_VECTOR r[t] = r[t] - n[t] * ln2_high;
  EACH_VECTOR r[t] = r[t] - n[t] * ln2_low;
  EACH_VECTOR scaled[t] = r[t] * power[t] + scaled[t];
  EACH_VECTOR s[t] = r[t] * c[0] + c[1];
  _Pragma("GCC unroll 8") for (int i = 2; i < 6; i++) EACH_VECTOR s[t] = s[t] * r[t] + c[i];
  EACH_VECTOR s[t] = scaled[t] * s[t] + power[t];
  EACH_VECTOR {
    __mmask8 kept = any ? _mm512_cmp_pd_mask((__m512d)x[t], (__m512d)splat(least), _CMP_GE_OQ) : 0xff;
    x[t] = (lanes)_mm512_maskz_scalef_pd(kept, (__m512d)s[t], (__m512d)n[t]);
  }
}
#else
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
#endif
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
