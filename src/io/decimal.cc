// SPDX-License-Identifier: MIT
// The C++ library reads and prints decimals faster than C's, and knows no locale: Ryu's shortest digits
// (Adams 2018) and Lemire's exact reading (2021) are behind its <charconv>.
#include "decimal.h"

#include <charconv>
#include <cmath>

char *io_decimal_print(double value, char *text) {
  const double size = std::fabs(value);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e15);
  const std::chars_format format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  return std::to_chars(text, text + IO_DECIMAL_LENGTH, value, format).ptr;
}

bool io_decimal_read(const char *text, size_t length, double *value) {
  const char *digits = text + (length > 0 && *text == '-');
  const char *end = text + length;

  if (digits == end || !((*digits >= '0' && *digits <= '9') || *digits == '.')) return false;
  double number;
  const std::from_chars_result result = std::from_chars(text, end, number);
  if (result.ec != std::errc() || result.ptr != end) return false;
  *value = number;
  return true;
}
