/* SPDX-License-Identifier: MIT */
/* Numbers for oracles: 113 bits where the compiler has libquadmath, else long double. */
#ifndef TEST_REAL_H
#define TEST_REAL_H

#ifdef TEST_HAVE_QUADMATH
#include <quadmath.h>
__extension__ typedef __float128 real;
#define REAL_MANTISSA_BITS 113
static inline real real_sqrt(real x) {
  return sqrtq(x);
}
static inline real real_exp(real x) {
  return expq(x);
}
static inline real real_log(real x) {
  return logq(x);
}
#else
#include <float.h>
#include <math.h>
typedef long double real;
#define REAL_MANTISSA_BITS LDBL_MANT_DIG
static inline real real_sqrt(real x) {
  return sqrtl(x);
}
static inline real real_exp(real x) {
  return expl(x);
}
static inline real real_log(real x) {
  return logl(x);
}
#endif

static inline real real_abs(real x) {
  return x < 0 ? -x : x;
}

/* Oracles are of use when they carry more digits than what they check. */
#define SKIP_WITHOUT_REAL()                                                                                \
  do {                                                                                                     \
    if (REAL_MANTISSA_BITS < 64) cr_skip_test("neither libquadmath nor a long double wider than double");  \
  } while (0)

#endif
