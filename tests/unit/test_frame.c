/* SPDX-License-Identifier: MIT */
#include "base/random.h"
#include "data/frame.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

enum { N = 300, D = 3 };

struct made {
  struct arena arena;
  struct emblas_data data;
  struct view_summary summary;
  struct frame frame;
  double values[N * D];
};

static void make(struct made *m, int whitened, double offset, double unit) {
  struct random random;
  emblas_random_seed(&random, 9, 0);
  for (size_t i = 0; i < N; i++) {
    double a = emblas_random_normal(&random), b = emblas_random_normal(&random),
           c = emblas_random_normal(&random);
    m->values[i * D] = offset + unit * a;
    m->values[i * D + 1] = offset + unit * (a + 0.01 * b); /* correlated at 0.99995 */
    m->values[i * D + 2] = offset + unit * 1e3 * c;
  }
  emblas_arena_init(&m->arena, (struct emblas_allocator){0});
  emblas_data_init(&m->data, sizeof m->data);
  m->data.values = m->values, m->data.rows = N, m->data.columns = D;
  m->summary.low = emblas_arena_doubles(&m->arena, D, 1);
  m->summary.high = emblas_arena_doubles(&m->arena, D, 1);
  size_t row, column;
  cr_assert_eq(emblas_view_summarise(&m->data, &m->summary, &row, &column), EMBLAS_OK);
  emblas_frame_allocate(&m->frame, &m->arena, D, whitened);
  emblas_frame_from_ranges(&m->frame, &m->data, &m->summary, 0);
  struct frame_workspace work = {.rows = 64,
                                 .block = emblas_arena_doubles(&m->arena, 64, D),
                                 .scratch = emblas_arena_doubles(&m->arena, 64, D),
                                 .pooled = emblas_arena_doubles(&m->arena, D, D),
                                 .mean = emblas_arena_doubles(&m->arena, D, 1)};
  emblas_frame_pool(&m->frame, emblas_backend_reference(), &m->data, m->summary.total_weight, &work);
}

/* The whitened rows have covariance I, within the condition number's part of eps. */
Test(frame, whitens) {
  struct made m;
  make(&m, 1, 5, 1);
  double y[N * D];
  emblas_frame_load(&m.frame, emblas_backend_reference(), &m.data, 0, N, y);
  for (size_t j = 0; j < D; j++)
    for (size_t l = 0; l < D; l++) {
      double mean_j = 0, mean_l = 0, product = 0;
      for (size_t i = 0; i < N; i++) mean_j += y[i * D + j] / N, mean_l += y[i * D + l] / N;
      for (size_t i = 0; i < N; i++) product += (y[i * D + j] - mean_j) * (y[i * D + l] - mean_l) / N;
      cr_assert(fabs(product - (j == l)) < 1e5 * DBL_EPSILON);
    }
  emblas_arena_free(&m.arena);
}

/* A power of two as unit changes no bit. */
Test(frame, powers_of_two_are_exact) {
  struct made m, scaled;
  double y[N * D], z[N * D];
  make(&m, 1, 0, 1);
  make(&scaled, 1, 0, 0x1p-300);
  emblas_frame_load(&m.frame, emblas_backend_reference(), &m.data, 0, N, y);
  emblas_frame_load(&scaled.frame, emblas_backend_reference(), &scaled.data, 0, N, z);
  for (size_t i = 0; i < N * D; i++) cr_assert_eq(y[i], z[i]);
  emblas_arena_free(&m.arena);
  emblas_arena_free(&scaled.arena);
}

/* In and out again. */
Test(frame, round_trip) {
  struct made m;
  make(&m, 1, -3, 2);
  double x[D] = {1, 2, 300}, y[D], back[D], factor[D * D] = {2, 0, 0, 1, 3, 0, -4, 5, 6}, in[D * D],
         out[D * D];
  emblas_frame_mean_in(&m.frame, x, y);
  emblas_frame_mean_out(&m.frame, y, back);
  emblas_frame_factor_in(&m.frame, factor, in);
  emblas_frame_factor_out(&m.frame, in, out);
  for (size_t j = 0; j < D; j++) cr_assert(fabs(back[j] - x[j]) <= 1e3 * DBL_EPSILON * (fabs(x[j]) + 1));
  for (size_t j = 0; j < D * D; j++) cr_assert(fabs(out[j] - factor[j]) <= 1e3 * DBL_EPSILON * 10);
  emblas_arena_free(&m.arena);
}
