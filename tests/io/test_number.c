/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <float.h>
#include <io/io.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(number, .init = directory_enter, .fini = directory_leave);

static uint64_t state = 88172645463325252u;

/* Any bit pattern (xorshift64). */
static double random_double(void) {
  double value;

  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  memcpy(&value, &state, sizeof value);
  return value;
}

static bool same_bits(double a, double b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

Test(number, formats_known_values) {
  const struct {
    double value;
    const char *text;
  } cases[] = {{0, "0"},
               {-0.0, "-0"},
               {0.1, "0.1"},
               {1.0 / 3.0, "0.3333333333333333"},
               {0.1 + 0.2, "0.30000000000000004"},
               {-1130.2639601847673, "-1130.2639601847673"},
               {272, "272"},
               {999999999999999, "999999999999999"},
               {1e15, "1e+15"},
               {9007199254740993, "9.007199254740992e+15"},
               {0.0001, "0.0001"},
               {-0.00012345678901234567, "-0.00012345678901234567"},
               {0.00009999, "9.999e-05"},
               {1e22, "1e+22"},
               {DBL_MAX, "1.7976931348623157e+308"},
               {DBL_MIN, "2.2250738585072014e-308"},
               {4.9406564584124654e-324, "5e-324"},
               {-1.5e-323, "-1.5e-323"}};

  for (size_t i = 0; i < COUNT(cases); i++) {
    char text[32];

    cr_expect_str_eq(io_number_format(cases[i].value, text), cases[i].text);
  }
}

/* Significant digits of a decimal number. */
static int significant(const char *text) {
  int digits = 0, zeros = 0;

  for (; *text && *text != 'e'; text++) {
    if (*text < '0' || *text > '9') continue;
    if (*text == '0' && digits == 0) continue;
    zeros = *text == '0' ? zeros + 1 : 0;
    digits++;
  }
  return digits - zeros;
}

static void check_shortest(double value) {
  char text[32], fewer[400];
  double back;

  io_number_format(value, text);
  cr_assert_lt(strlen(text), 32);
  cr_assert_eq(io_number_parse(text, strlen(text), &back), 0, "%s", text);
  cr_assert(same_bits(back, value), "%s", text);
  for (int digits = 1; digits < significant(text); digits++) {
    snprintf(fewer, sizeof fewer, "%.*g", digits, value);
    cr_assert_neq(strtod(fewer, NULL), value, "%s for %s", text, fewer);
  }
}

Test(number, every_double_reads_back_and_no_fewer_digits_would) {
  for (int i = 0; i < 5000; i++) {
    double value = random_double();

    if (!isfinite(value)) continue;
    check_shortest(value);
    check_shortest(round(remainder(value, 1e9) * 1000) / 1000);
    check_shortest((double)(i * i) * 4.9406564584124654e-324);
  }
}

Test(number, parses_what_is_a_number) {
  const struct {
    const char *text;
    double value;
  } cases[] = {{"5", 5},      {"+5", 5},          {"-5", -5},      {"1.", 1},
               {".5", 0.5},   {"1e3", 1000},      {"1E-3", 0.001}, {"007", 7},
               {"1e-400", 0}, {"5e-324", 5e-324}, {"-0", -0.0},    {"1.7976931348623157e308", DBL_MAX}};

  for (size_t i = 0; i < COUNT(cases); i++) {
    double value = 42;

    cr_expect_eq(io_number_parse(cases[i].text, strlen(cases[i].text), &value), 0, "%s", cases[i].text);
    cr_expect(same_bits(value, cases[i].value), "%s", cases[i].text);
  }
}

Test(number, plain_decimals_are_what_strtod_reads) {
  for (int i = 0; i < 50000; i++) {
    int digits = 1 + i % 20, point = i / 20 % (digits + 2);
    char text[32], *end = text;
    double value;

    if (i % 3 == 0) *end++ = '-';
    for (int j = 0; j < digits; j++) {
      if (j == point) *end++ = '.';
      *end++ = (char)('0' + (i % 5 == 0 && j < 3 ? 0 : rand() % 10));
    }
    if (point == digits) *end++ = '.';
    *end = '\0';
    if (i % 7 == 0) sprintf(end, "e%d", rand() % 60 - 30);
    cr_assert_eq(io_number_parse(text, strlen(text), &value), 0, "%s", text);
    cr_assert(same_bits(value, strtod(text, NULL)), "%s", text);
  }
}

/* Decimals in the middle between two doubles, and next to it, where the last digit decides. */
Test(number, middles_of_doubles) {
  for (int i = 0; i < 50000; i++) {
    uint64_t middle = 1 | 1ull << 53 | (uint64_t)rand() << 22 | (uint64_t)rand() % (1 << 22);
    char text[32];
    double value;

    middle &= (1ull << 54) - 1;
    for (int near = -1; near <= 1; near++) {
      snprintf(text, sizeof text, "%" PRIu64 "%s", middle + (uint64_t)near, i % 2 ? "" : "e2");
      cr_assert_eq(io_number_parse(text, strlen(text), &value), 0, "%s", text);
      cr_assert(same_bits(value, strtod(text, NULL)), "%s", text);
      snprintf(text, sizeof text, "%" PRIu64 ".5", (middle >> 2) + (uint64_t)near); /* of 53 bits */
      cr_assert_eq(io_number_parse(text, strlen(text), &value), 0, "%s", text);
      cr_assert(same_bits(value, strtod(text, NULL)), "%s", text);
    }
  }
}

Test(number, refuses_what_is_none) {
  const char *const cases[] = {"",      "+",     ".",     "e5",     "1e",      "1e+", "--1", "1.2.3",
                               "1,5",   "1_000", "0x1p3", "inf",    "-Inf",    "nan", "NAN", " 1",
                               "1 ",    "1 2",   "1e5.0", "1e400",  "-1e400",  "1f",  "１",  "NA",
                               "1e309", "\t1",   "1\n2",  "nan(1)", "infinity"};
  double value = 42;

  for (size_t i = 0; i < COUNT(cases); i++)
    cr_expect_eq(io_number_parse(cases[i], strlen(cases[i]), &value), -1, "'%s'", cases[i]);
  cr_expect_eq(io_number_parse("1\0002", 3, &value), -1, "a NUL inside");
  cr_expect_eq(io_number_parse("1\0", 2, &value), -1, "a NUL at the end");
  cr_expect_eq(value, 42, "the output is left alone");
  cr_expect_eq(io_number_parse("123", 2, &value), 0, "no byte beyond the length is read");
  cr_expect_eq(value, 12);
}

/* text / 2, for a decimal fraction that is written out ("0.00494.."). */
static void halve(const char *text, char *half) {
  int carry = 0;

  for (; *text; text++, half++) {
    if (*text == '.') {
      *half = '.';
      continue;
    }
    carry = 10 * carry + (*text - '0');
    *half = (char)('0' + carry / 2);
    carry %= 2;
  }
  *half++ = (char)('0' + 10 * carry / 2);
  *half = '\0';
}

Test(number, long_decimals_are_rounded_correctly) {
  /* 1 + 2^-53 lies halfway between 1 and the next double; one digit far behind decides. */
  const char tie[] = "1.00000000000000011102230246251565404236316680908203125";
  char text[2000], half[2000];
  double value;

  memset(text, '0', sizeof text);
  memcpy(text, tie, sizeof tie - 1);
  cr_expect_eq(io_number_parse(text, 800, &value), 0);
  cr_expect_eq(value, 1);
  text[799] = '1';
  cr_expect_eq(io_number_parse(text, 800, &value), 0);
  cr_expect_eq(value, 1 + DBL_EPSILON);

  snprintf(text, sizeof text, "%.1074f", 4.9406564584124654e-324);
  halve(text, half);
  cr_expect_eq(io_number_parse(half, strlen(half), &value), 0);
  cr_expect(same_bits(value, 0), "half the least double goes to even");
  half[strlen(half) - 1]++;
  cr_expect_eq(io_number_parse(half, strlen(half), &value), 0);
  cr_expect_eq(value, 4.9406564584124654e-324);
}

Test(number, a_million_digits) {
  size_t length = 1000000;
  char *text = malloc(length);
  double value;

  cr_assert_not_null(text);
  memset(text, '1', length);
  text[1] = '.';
  cr_expect_eq(io_number_parse(text, length, &value), 0);
  cr_expect_eq(value, 10.0 / 9.0);
  free(text);
}

Test(number, the_locale_has_no_say) {
  double value;
  char text[32];

  if (!comma_locale()) cr_skip_test("no locale with a decimal comma can be made here");
  cr_expect_eq(strtod("1.5", NULL), 1, "the locale is at work");
  cr_expect_eq(io_number_parse("1.5", 3, &value), 0);
  cr_expect_eq(value, 1.5);
  cr_expect_eq(io_number_parse("1,5", 3, &value), -1);
  cr_expect_str_eq(io_number_format(0.1 + 0.2, text), "0.30000000000000004");
  cr_expect_str_eq(io_number_format(-1.5e-323, text), "-1.5e-323");
}
