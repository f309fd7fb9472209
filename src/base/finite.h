/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_FINITE_H
#define EMBLAS_FINITE_H

#include "dispatch.h"

#include <stdint.h>
#include <string.h>

/* The sign bit says that a value is not finite. Of its bits: comparing a NaN raises an exception, for which
   the host may have a trap. */
DISPATCHED uint64_t not_finite(const double *x) {
  uint64_t bits;
  memcpy(&bits, x, sizeof bits);
  return (bits & UINT64_C(0x7ff0000000000000)) + UINT64_C(0x0010000000000000);
}

#endif
