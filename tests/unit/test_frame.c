/* SPDX-License-Identifier: MIT */
#include "base/random.h"
#include "rows/frame.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

/* Columns lie STRIDE apart: what is between the rows and the next column is nobody's. */
enum { N = 300, D = 3, STRIDE = N + 5, BLOCK = 64, BLOCK_STRIDE = 72 };

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
  emblas_frame_from_ranges(&m->frame, &m->data, m->summary.total_weight, &m->summary, 1, FRAME_SCALED);
  struct frame_workspace work = {.rows = BLOCK,
                                 .stride = BLOCK_STRIDE,
                                 .block = emblas_arena_doubles(&m->arena, BLOCK_STRIDE, D),
                                 .scratch = emblas_arena_doubles(&m->arena, BLOCK_STRIDE, D),
                                 .share = emblas_arena_doubles(&m->arena, BLOCK_STRIDE, 1),
                                 .pooled = emblas_arena_doubles(&m->arena, D, D)};
  emblas_frame_pool(&m->frame, emblas_backend_reference(), &m->data, m->summary.total_weight, &work);
}

/* All rows, column by column. */
static void load(const struct made *m, double *y) {
  double scratch[D * STRIDE];
  for (size_t i = 0; i < D * STRIDE; i++) y[i] = scratch[i] = NAN;
  emblas_frame_load(&m->frame, emblas_backend_reference(), &m->data, 0, N, (struct emblas_ahead){0}, STRIDE,
                    scratch, y);
}

/* The whitened rows have covariance I, within the condition number's part of eps. */
Test(frame, whitens) {
  struct made m;
  double y[D * STRIDE];
  make(&m, 1, 5, 1);
  load(&m, y);
  for (size_t j = 0; j < D; j++)
    for (size_t l = 0; l < D; l++) {
      const double *a = y + j * STRIDE, *b = y + l * STRIDE;
      double mean_a = 0, mean_b = 0, product = 0;
      for (size_t i = 0; i < N; i++) mean_a += a[i] / N, mean_b += b[i] / N;
      for (size_t i = 0; i < N; i++) product += (a[i] - mean_a) * (b[i] - mean_b) / N;
      cr_assert(fabs(product - (j == l)) < 1e5 * DBL_EPSILON);
    }
  emblas_arena_free(&m.arena);
}

/* Rows are placed by feature; nothing is written between the columns; a part of the rows is the part of
 * all. */
Test(frame, columns_lie_a_stride_apart) {
  struct made m;
  double all[D * STRIDE], part[D * STRIDE], scratch[D * STRIDE];
  make(&m, 1, 5, 1);
  load(&m, all);
  for (size_t i = 0; i < D * STRIDE; i++) part[i] = NAN;
  emblas_frame_load(&m.frame, emblas_backend_reference(), &m.data, 100, 50, (struct emblas_ahead){0},
                    STRIDE, scratch, part);
  for (size_t j = 0; j < D; j++)
    for (size_t i = 0; i < STRIDE; i++) {
      cr_assert_eq(isnan(all[j * STRIDE + i]), i >= N);
      if (i < 50)
        cr_assert_eq(part[j * STRIDE + i], all[j * STRIDE + 100 + i]);
      else
        cr_assert(isnan(part[j * STRIDE + i]));
    }
  emblas_arena_free(&m.arena);
}

/* A loaded row is where a mean of the same values goes: y = V ((x - shift) / scale), both ways of writing
   it. Three products, the shift's and the scale's roundings: gamma_{d+2} of the absolute terms. */
Test(frame, rows_and_means_agree) {
  for (int whitened = 0; whitened < 2; whitened++) {
    struct made m;
    double y[D * STRIDE], mean[D];
    make(&m, whitened, 5, 1);
    load(&m, y);
    for (size_t i = 0; i < N; i++) {
      emblas_frame_mean_in(&m.frame, m.values + i * D, mean);
      for (size_t j = 0; j < D; j++) {
        double size = whitened ? 0 : fabs(mean[j]);
        for (size_t l = 0; whitened && l <= j; l++)
          size += fabs(m.frame.whitener[j * D + l]) *
                  (fabs(m.values[i * D + l] * m.frame.inverse[l]) + fabs(m.frame.origin[l]));
        cr_assert(fabs(y[j * STRIDE + i] - mean[j]) <= 2 * (D + 2) * DBL_EPSILON * size);
      }
    }
    emblas_arena_free(&m.arena);
  }
}

/* A power of two as unit changes no bit. */
Test(frame, powers_of_two_are_exact) {
  struct made m, scaled;
  double y[D * STRIDE], z[D * STRIDE];
  make(&m, 1, 0, 1);
  make(&scaled, 1, 0, 0x1p-300);
  load(&m, y), load(&scaled, z);
  for (size_t j = 0; j < D; j++)
    for (size_t i = 0; i < N; i++) cr_assert_eq(y[j * STRIDE + i], z[j * STRIDE + i]);
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
