/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include <criterion/criterion.h>
#include <math.h>

double gamma_bound(size_t n) {
  double nu = (double)n * 0x1p-53;
  return nu / (1 - nu);
}

void compare_arrays(const struct comparison *comparison, const char *what, size_t count,
                    const double *actual, const double *expected, const double *bound) {
  const struct kernel_case *s = &comparison->size;
  for (size_t i = 0; i < count; i++)
    if (!(fabs(actual[i] - expected[i]) <= bound[i]))
      cr_assert_fail("%s of %s at b=%zu d=%zu k=%zu p=%zu, entry %zu: %.17g, %s has %.17g; off by %.3g, "
                     "allowed %.3g",
                     what, comparison->tested->name, s->b, s->d, s->k, s->p, i, actual[i],
                     comparison->oracle->name, expected[i], fabs(actual[i] - expected[i]), bound[i]);
}

size_t other_backends(const struct emblas_backend *backends[], size_t room) {
  const char *const names[] = {"blas"};
  size_t count = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names && count < room; i++)
    if ((backends[count] = emblas_backend_find(names[i]))) count++;
  return count;
}
