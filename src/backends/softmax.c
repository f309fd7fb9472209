/* SPDX-License-Identifier: MIT */
/* The softmax of a block with a vectorised exponential, in portable vector code: eight lanes, which the
   compiler maps to what the processor has. Many components: lanes are components. Few: lanes are rows. */
#include "kernels.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__)

/* Vectors wider than the target's registers are passed between inlined functions only. */
#pragma GCC diagnostic ignored "-Wpsabi"

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__)
#define RUN_TIME_DISPATCH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RUN_TIME_DISPATCH
#endif
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 8 };
typedef double lanes __attribute__((vector_size(8 * LANES)));
typedef int64_t bits __attribute__((vector_size(8 * LANES)));

/* Stands for a component that is not there: far below every logit, and 0 times it is 0. */
#define ABSENT (-1e300)

INLINE lanes choose(bits mask, lanes yes, lanes no) {
  return (lanes)((mask & (bits)yes) | (~mask & (bits)no));
}

/* exp(x) for x <= 0, 0 below -708 (where exp is subnormal). x = n ln 2 + r, |r| <= ln(2)/2: a polynomial of
   degree 11 through the Chebyshev nodes gives exp(r) within 1 ulp, and n is added to the exponent. */
INLINE lanes exp_lanes(lanes x) {
  static const double coefficient[] = {0x1.af632a0f7e2cep-26,
                                       0x1.28b4101c77212p-22,
                                       0x1.71ddf56d8deb5p-19,
                                       0x1.a01991a10d9aep-16,
                                       0x1.a01a01b1461c5p-13,
                                       0x1.6c16c1880029fp-10,
                                       0x1.111111110f21ep-7,
                                       0x1.555555554f0bap-5,
                                       0x1.555555555555ap-3,
                                       0x1.0000000000011p-1,
                                       1.0,
                                       1.0};
  const double round_magic = 0x1.8p52; /* adding it leaves the nearest integer in the low bits */
  const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  bits below = x < -708.0;
  x = choose(below, x * 0 - 708.0, x);
  lanes shifted = x * 0x1.71547652b82fep0 + round_magic, n = shifted - round_magic;
  lanes r = (x - n * ln2_high) - n * ln2_low;
  lanes p = r * coefficient[0] + coefficient[1];
  for (int i = 2; i < 12; i++) p = p * r + coefficient[i];
  p = (lanes)((bits)p + ((bits)shifted << 52));
  return choose(below, x * 0, p);
}

INLINE lanes load(const double *from, size_t count) {
  lanes v = {ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT};
  memcpy(&v, from, count * sizeof *from);
  return v;
}

INLINE double sum_lanes(lanes v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

INLINE double max_lanes(lanes v) {
  double max = v[0];
  for (int i = 1; i < LANES; i++) max = v[i] > max ? v[i] : max;
  return max;
}

INLINE size_t width(size_t k, size_t c) {
  return k - c < LANES ? k - c : LANES;
}

struct row_sums {
  double max, z, expected; /* z = sum exp(l - max), expected = sum exp(l - max) (l - max) */
};

/* One row, lanes are components: row becomes exp(l - max). */
INLINE struct row_sums row_exponentials(size_t k, double *row) {
  lanes max = load(row, width(k, 0)), z = {0}, expected = {0};
  size_t whole = k / LANES * LANES;
  for (size_t c = LANES; c < whole; c += LANES) {
    lanes l;
    memcpy(&l, row + c, sizeof l);
    max = choose(l > max, l, max);
  }
  if (whole < k) {
    lanes l = load(row + whole, k - whole);
    max = choose(l > max, l, max);
  }
  double top = max_lanes(max);
  for (size_t c = 0; c < whole; c += LANES) {
    lanes l, e;
    memcpy(&l, row + c, sizeof l);
    e = exp_lanes(l - top);
    z += e;
    expected += e * (l - top);
    memcpy(row + c, &e, sizeof e);
  }
  if (whole < k) {
    lanes l = load(row + whole, k - whole), e = exp_lanes(l - top);
    z += e;
    expected += e * (l - top);
    memcpy(row + whole, &e, (k - whole) * sizeof *row);
  }
  return (struct row_sums){top, sum_lanes(z), sum_lanes(expected)};
}

/* Up to eight rows of few components, lanes are rows. */
INLINE void rows_exponentials(size_t rows, size_t k, double *l, struct row_sums *sums) {
  lanes column[LANES], max = {ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT};
  lanes z = {0}, expected = {0};
  for (size_t c = 0; c < k; c++) {
    column[c] = (lanes){0};
    for (size_t i = 0; i < rows; i++) column[c][i] = l[i * k + c];
    max = choose(column[c] > max, column[c], max);
  }
  for (size_t c = 0; c < k; c++) {
    lanes distance = column[c] - max, e = exp_lanes(distance);
    z += e;
    expected += e * distance;
    column[c] = e;
  }
  for (size_t i = 0; i < rows; i++) {
    sums[i] = (struct row_sums){max[i], z[i], expected[i]};
    for (size_t c = 0; c < k; c++) l[i * k + c] = column[c][i];
  }
}

/* Static, since the clones' resolver would be exported otherwise. */
RUN_TIME_DISPATCH
static void softmax_dispatched(size_t b, size_t k, double *l, const double *weights, double *row_loglik,
                               struct emblas_block_sums *sums) {
  size_t together = k < LANES ? LANES : 1;
  for (size_t first = 0; first < b; first += together) {
    struct row_sums of_rows[LANES];
    size_t rows = b - first < together ? b - first : together;
    if (together > 1)
      rows_exponentials(rows, k, l + first * k, of_rows);
    else
      of_rows[0] = row_exponentials(k, l + first * k);
    for (size_t i = first; i < first + rows; i++) {
      struct row_sums *row = &of_rows[i - first];
      double weight = weights != NULL ? weights[i] : 1, log_z = log(row->z), share = weight / row->z;
      for (size_t c = 0; c < k; c++) l[i * k + c] *= share;
      row_loglik[i] = row->max + log_z;
      sums->q += weight * (row->max + row->expected / row->z);
      sums->hard -= weight * log_z;
    }
  }
}

void emblas_softmax_vector(size_t b, size_t k, double *l, const double *weights, double *row_loglik,
                           struct emblas_block_sums *sums) {
  softmax_dispatched(b, k, l, weights, row_loglik, sums);
}

#else

void emblas_softmax_vector(size_t b, size_t k, double *l, const double *weights, double *row_loglik,
                           struct emblas_block_sums *sums) {
  emblas_backend_reference()->softmax(b, k, l, weights, row_loglik, sums);
}

#endif
