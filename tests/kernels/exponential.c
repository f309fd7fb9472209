/* SPDX-License-Identifier: MIT */
/* The exponential and the logarithm of native's softmax: at most one unit in the last place from the exact
   value, for every instruction set that this processor has. EMBLAS_TEST_EXP_ARGUMENTS=100000000 takes more
   arguments than the suite does. */
#include "../support/generate.h"
#include "../support/real.h"
#include "backends/kernels.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1021, SETS = 3 };
/* Of its least argument exp is still normal. */
static const double LEAST = -708, LN2 = 0x1.62e42fefa39efp-1;

struct function {
  const char *name;
  double (*argument)(struct generator *generator, size_t i);
  long double (*close)(long double x); /* its own error shows in the third digit of an ulp, or not at all */
  real (*exact)(real x);
};

static double signed_uniform(struct generator *generator) {
  return 2 * generate_uniform(generator) - 1;
}

/* Spread over the range; near multiples of ln(2) / 2, where the reduced argument is largest or least; near
   0, down to the subnormal; near the end of the range. */
static double exp_argument(struct generator *generator, size_t i) {
  double x;
  switch (i % 8) {
  case 0:
    x = LN2 / 2 * floor(2043 * generate_uniform(generator)) * (1 + 0x1p-45 * signed_uniform(generator));
    return -fmin(x, -LEAST);
  case 1:
    return -ldexp(1 + generate_uniform(generator), -1 - (int)(1074 * generate_uniform(generator)));
  case 2:
    return LEAST * (1 - 0x1p-40 * generate_uniform(generator));
  case 3:
    return -generate_uniform(generator);
  case 4:
    return -40 * generate_uniform(generator);
  default:
    return LEAST * generate_uniform(generator);
  }
}

/* Every size in (0, 1e300); what a softmax has, 1 <= z <= k; near 1 and near the ends of the reduced
   argument's range. */
static double log_argument(struct generator *generator, size_t i) {
  int exponent;
  switch (i % 4) {
  case 0:
    return 1 + 100 * generate_uniform(generator);
  case 1:
    exponent = -1 - (int)(52 * generate_uniform(generator));
    return 1 + ldexp(signed_uniform(generator), exponent);
  case 2:
    exponent = (int)(2000 * generate_uniform(generator)) - 1010;
    return ldexp(0x1.6a09e667f3bcdp-1 * (1 + 0x1p-30 * signed_uniform(generator)), exponent);
  default:
    exponent = (int)(2000 * generate_uniform(generator)) - 1010;
    return ldexp(1 + generate_uniform(generator), exponent);
  }
}

static double ulps(real difference, double exact) {
  int exponent;
  if (exact == 0) return difference == 0 ? 0 : INFINITY;
  frexp(exact, &exponent);
  return fabs((double)(difference / (real)ldexp(1, exponent - DBL_MANT_DIG)));
}

/* By the long double, and by 113 bits only where that comes near the bound: a tenth of the time. */
static double error(const struct function *f, double x, double y, long double close) {
  double first = ulps((real)y - (real)close, (double)close);
  if (first < 0.9) return first;
  real exact = f->exact(x);
  return ulps((real)y - exact, (double)exact);
}

struct worst {
  double error, at;
};

static void check_chunk(const struct function *f, int is_log, const double *x, size_t count,
                        struct worst *worst) {
  long double close[CHUNK];
  double y[CHUNK];
  for (size_t i = 0; i < count; i++) close[i] = f->close(x[i]);
  for (size_t n = 0; n < SETS; n++) {
    const struct emblas_native *native = emblas_native_table(n);
    if (native == NULL) break;
    (is_log ? native->log : native->exp)(count, x, y);
    for (size_t i = 0; i < count; i++) {
      double here = error(f, x[i], y[i], close[i]);
      if (!(here <= worst[n].error)) worst[n] = (struct worst){here, x[i]};
    }
  }
}

static size_t arguments(void) {
  const char *value = getenv("EMBLAS_TEST_EXP_ARGUMENTS");
  if (value != NULL) return (size_t)strtoull(value, NULL, 10);
  return test_small() ? 20000 : 1000000;
}

static void check(const struct function *f, int is_log) {
  SKIP_WITHOUT_REAL();
  if (LDBL_MANT_DIG < 64) cr_skip_test("no long double wider than double");
  if (emblas_native_table(0) == NULL) cr_skip_test("this build has no vector code");
  struct generator generator = {31};
  struct worst worst[SETS] = {{0, 0}};
  double x[CHUNK];
  for (size_t i = 0, count = arguments(); i < count; i += CHUNK) {
    size_t here = count - i < CHUNK ? count - i : CHUNK;
    for (size_t j = 0; j < here; j++) x[j] = f->argument(&generator, i + j);
    check_chunk(f, is_log, x, here, worst);
  }
  for (size_t n = 0; n < SETS && emblas_native_table(n) != NULL; n++) {
    if (getenv("EMBLAS_TEST_EXP_ARGUMENTS") != NULL)
      cr_log_warn("%s, %s: at most %.4f ulp, at %a", f->name, emblas_native_table(n)->isa, worst[n].error,
                  worst[n].at);
    cr_expect(worst[n].error <= 1, "%s, %s: %.4f ulp at %a = %.17g", f->name, emblas_native_table(n)->isa,
              worst[n].error, worst[n].at, worst[n].at);
  }
}

Test(exponential, within_one_ulp) {
  check(&(struct function){"exp", exp_argument, expl, real_exp}, 0);
}

Test(logarithm, within_one_ulp) {
  check(&(struct function){"log", log_argument, logl, real_log}, 1);
}

/* At the ends; and at every length the arrays' tails, with what lies behind them untouched. */
Test(exponential, ends_and_tails) {
  for (size_t n = 0; n < SETS && emblas_native_table(n) != NULL; n++) {
    const struct emblas_native *native = emblas_native_table(n);
    const double x[] = {0, -0.0, -DBL_MIN, -708, nextafter(-708, -INFINITY), -709, -1e6, -1e300, -INFINITY};
    double y[40];
    native->exp(9, x, y);
    cr_expect(y[0] == 1 && y[1] == 1 && y[2] == 1, "%s: exp(0) = %a", native->isa, y[0]);
    cr_expect(y[3] > 0, "%s: exp(-708) = %a", native->isa, y[3]);
    for (size_t i = 4; i < 9; i++) cr_expect(y[i] == 0, "%s: exp(%g) = %a", native->isa, x[i], y[i]);
    for (size_t length = 0; length < 40; length++) {
      double zeros[40] = {0};
      for (size_t i = 0; i < 40; i++) y[i] = 7;
      native->exp(length, zeros, y);
      for (size_t i = 0; i < 40; i++)
        cr_expect(y[i] == (i < length ? 1 : 7), "%s: entry %zu of %zu: %g", native->isa, i, length, y[i]);
    }
  }
}
