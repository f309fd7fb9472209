/* SPDX-License-Identifier: MIT */
#include "em/stop.h"

#include <criterion/criterion.h>
#include <math.h>

/* l_t = 10 - 2^-t: after t there is exactly 2^-t to gain. */
Test(stop, aitken_is_exact_for_a_geometric_sequence) {
  struct emblas_em_point points[20];
  for (size_t t = 0; t < 20; t++) points[t] = (struct emblas_em_point){.loglik = 10 - ldexp(1, -(int)t)};
  for (size_t length = 3; length <= 20; length++)
    cr_assert_float_eq(emblas_stop_projected_gain(points, length), ldexp(1, -(int)length + 1),
                       ldexp(1, -40));
  cr_assert(isinf(emblas_stop_projected_gain(points, 2)));
}

/* Gains that still grow project nothing: the climb is not over. */
Test(stop, growing_gains_do_not_stop) {
  struct emblas_em_point points[] = {{.loglik = 0}, {.loglik = 1e-9}, {.loglik = 3e-9}, {.loglik = 7e-9}};
  struct emblas_em_options options;
  emblas_em_options_init(&options, sizeof options);
  points[2].projected = emblas_stop_projected_gain(points, 3);
  points[3].projected = emblas_stop_projected_gain(points, 4);
  cr_assert(isinf(points[2].projected) && isinf(points[3].projected));
  cr_assert_eq(emblas_stop_reached(&options, points, 4), 0);
}

Test(stop, rounding_is_no_gain) {
  struct emblas_em_point points[] = {{.loglik = -1e6, .magnitude = 1e6},
                                     {.loglik = -1e6 + 1e-9, .magnitude = 1e6},
                                     {.loglik = -1e6 + 1e-9, .magnitude = 1e6}};
  cr_assert_eq(emblas_stop_projected_gain(points, 3), 0);
}

/* Log-likelihoods that go to and fro by more than rounding is taken to be have come to their end, too. */
Test(stop, a_fall_is_rounding_and_what_is_gained_back) {
  struct emblas_em_point points[12];
  struct emblas_em_options options;
  size_t length = 2;
  emblas_em_options_init(&options, sizeof options);
  for (size_t t = 0; t < 12; t++)
    points[t] = (struct emblas_em_point){.loglik = -3 - (double)(t % 2) * 4e-13, .magnitude = 3};
  do {
    length++;
    points[length - 1].projected = emblas_stop_projected_gain(points, length);
  } while (length < 12 && !emblas_stop_reached(&options, points, length));
  cr_assert_leq(length, 5);
}

/* Of a run that a limit of one or two maps ends: a gain within rounding leaves nothing, another 5000 times
   as much unless two gains show a faster rate, and no less than the gain before. */
Test(stop, few_gains) {
  struct emblas_em_point points[] = {{.loglik = 0, .magnitude = 1},
                                     {.loglik = 1e-9, .magnitude = 1},
                                     {.loglik = 1.1e-9, .magnitude = 1},
                                     {.loglik = 1.11e-9, .magnitude = 1},
                                     {.loglik = 1.111e-9, .magnitude = 1}};
  cr_assert(isinf(emblas_stop_few_gains(points, 1, 1)));
  cr_assert_float_eq(emblas_stop_few_gains(points, 2, 2), 5e-6, 1e-12);
  cr_assert_float_eq(emblas_stop_few_gains(points, 3, 3), 1e-9, 1e-15);
  cr_assert_float_eq(emblas_stop_few_gains(points, 3, 1), 5e-7, 1e-12);
  cr_assert_float_eq(emblas_stop_few_gains(points, 4, 4), 1e-10, 1e-15);
  cr_assert(isinf(emblas_stop_few_gains(points, 5, 5)));
  points[1].loglik = 1e-16;
  cr_assert_eq(emblas_stop_few_gains(points, 2, 2), 0);
  points[1].loglik = -1e-9;
  cr_assert(isinf(emblas_stop_few_gains(points, 2, 2)));
}
