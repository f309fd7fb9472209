/* SPDX-License-Identifier: MIT */
/* The M steps of mclust's covariance models in 113 bits, from the formulas of Celeux & Govaert (1995) as
   they are printed: lambda volumes, A shapes, D orientations. */
#include "quad_covariance.h"
#include "generate.h"

#include <criterion/criterion.h>
#include <emblas/emblas.h>
#include <stdint.h>

/* What is iterated rests where it moves by no more than some thousand roundings. */
#define STILL (1 / ((real)0x1p40 * (real)(UINT64_C(1) << (REAL_MANTISSA_BITS - 58))))
enum { MOST = 20000 };

static real power(real x, real exponent) {
  return real_exp(exponent * real_log(x));
}

static real trace(size_t d, const real *a) {
  real sum = 0;
  for (size_t i = 0; i < d; i++) sum += a[i * d + i];
  return sum;
}

/* Gauss elimination of a copy. */
static real determinant(size_t d, const real *a) {
  real *u = test_keep(d * d, sizeof *u), product = 1;
  for (size_t i = 0; i < d * d; i++) u[i] = a[i];
  for (size_t i = 0; i < d; i++) {
    product *= u[i * d + i];
    for (size_t r = i + 1; r < d; r++) {
      real ratio = u[r * d + i] / u[i * d + i];
      for (size_t c = i; c < d; c++) u[r * d + c] -= ratio * u[i * d + c];
    }
  }
  return product;
}

/* Gauss and Jordan. */
static void invert(size_t d, const real *a, real *out) {
  real *u = test_keep(d * d, sizeof *u);
  for (size_t i = 0; i < d * d; i++) u[i] = a[i], out[i] = i % (d + 1) == 0;
  for (size_t i = 0; i < d; i++) {
    real pivot = u[i * d + i];
    for (size_t c = 0; c < d; c++) u[i * d + c] /= pivot, out[i * d + c] /= pivot;
    for (size_t r = 0; r < d; r++) {
      real ratio = u[r * d + i];
      for (size_t c = 0; r != i && c < d; c++)
        u[r * d + c] -= ratio * u[i * d + c], out[r * d + c] -= ratio * out[i * d + c];
    }
  }
}

/* out = x a x', x's rows being axes; and x' a x. */
static void into_axes(size_t d, const real *x, const real *a, real *out) {
  enum { MOST_ENTRIES = 64 };
  real product[MOST_ENTRIES];
  cr_assert_leq(d * d, MOST_ENTRIES);
  for (size_t i = 0; i < d; i++)
    for (size_t q = 0; q < d; q++) {
      product[i * d + q] = 0;
      for (size_t p = 0; p < d; p++) product[i * d + q] += x[i * d + p] * a[p * d + q];
    }
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++) {
      out[i * d + j] = 0;
      for (size_t q = 0; q < d; q++) out[i * d + j] += product[i * d + q] * x[j * d + q];
    }
}

static void out_of_axes(size_t d, const real *x, const real *variances, real *out) {
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++) {
      out[i * d + j] = 0;
      for (size_t m = 0; m < d; m++) out[i * d + j] += x[m * d + i] * variances[m] * x[m * d + j];
    }
}

/* The rotation in the plane of axes p and q that makes b's entry 0 and its first eigenvalue the larger one,
   where b is symmetric, 2 x 2. */
static void turn(size_t d, real *axes, size_t p, size_t q, real b11, real b12, real b22) {
  real half = (b11 - b22) / 2, root = real_sqrt(half * half + b12 * b12);
  if (!(root > 0)) return;
  real cosine, sine; /* of the eigenvector of the larger eigenvalue */
  if (half >= 0)
    cosine = half + root, sine = b12;
  else
    cosine = b12, sine = root - half;
  real size = real_sqrt(cosine * cosine + sine * sine);
  if (!(size > 0)) return;
  cosine /= size, sine /= size;
  for (size_t m = 0; m < d; m++) {
    real x = axes[p * d + m], y = axes[q * d + m];
    axes[p * d + m] = cosine * x + sine * y;
    axes[q * d + m] = cosine * y - sine * x;
  }
}

/* Eigenvectors, a row each, by Jacobi's rotations; eigenvalues from the largest on. */
static void eigen(size_t d, const real *a, real *axes, real *values) {
  real *t = test_keep(d * d, sizeof *t);
  for (size_t i = 0; i < d * d; i++) axes[i] = i % (d + 1) == 0;
  for (int sweep = 0; sweep < 20; sweep++)
    for (size_t q = 1; q < d; q++)
      for (size_t p = 0; p < q; p++) {
        into_axes(d, axes, a, t);
        turn(d, axes, p, q, t[p * d + p], t[p * d + q], t[q * d + q]);
      }
  into_axes(d, axes, a, t);
  for (size_t i = 0; i < d; i++) {
    values[i] = t[i * d + i];
    cr_assert(i == 0 || values[i] <= values[i - 1] * (1 + STILL),
              "the oracle's eigenvalues are in no order");
  }
}

/* ------------------------------------------------------------------ matrices B_c = lambda_c A_c, in axes
 * or not */

struct problem {
  size_t k, d;
  const real *share; /* k */
  real *s;           /* k x d x d: scatter, then the estimate */
};

/* lambda C: C_c = S_c / |S_c|^(1/d), lambda = sum_c share_c |S_c|^(1/d). Diagonal ones are the same. */
static void equal_volumes(const struct problem *p) {
  size_t d = p->d;
  real volume = 0;
  for (size_t c = 0; c < p->k; c++)
    volume += p->share[c] * power(determinant(d, p->s + c * d * d), 1 / (real)d);
  for (size_t c = 0; c < p->k; c++) {
    real own = power(determinant(d, p->s + c * d * d), 1 / (real)d);
    for (size_t i = 0; i < d * d; i++) p->s[c * d * d + i] *= volume / own;
  }
}

/* lambda_c C: C = sum_c share_c S_c / lambda_c over its determinant's root, lambda_c = tr(S_c C^-1) / d. */
static void own_volumes(const struct problem *p) {
  size_t d = p->d;
  real *volume = test_keep(p->k, sizeof *volume), *common = test_keep(2 * d * d, sizeof *common);
  real *inverse = common + d * d, moved = 1;
  for (size_t c = 0; c < p->k; c++) volume[c] = trace(d, p->s + c * d * d) / (real)d;
  for (int turns = 0; turns < MOST && moved > STILL; turns++) {
    moved = 0;
    for (size_t i = 0; i < d * d; i++) {
      common[i] = 0;
      for (size_t c = 0; c < p->k; c++) common[i] += p->share[c] * p->s[c * d * d + i] / volume[c];
    }
    real root = power(determinant(d, common), 1 / (real)d);
    for (size_t i = 0; i < d * d; i++) common[i] /= root;
    invert(d, common, inverse);
    for (size_t c = 0; c < p->k; c++) {
      real sum = 0;
      for (size_t i = 0; i < d * d; i++) sum += p->s[c * d * d + i] * inverse[i] / (real)d;
      real change = real_abs(sum / volume[c] - 1);
      if (change > moved) moved = change;
      volume[c] = sum;
    }
  }
  cr_assert(moved <= STILL, "the oracle's volumes have not come to rest");
  for (size_t c = 0; c < p->k; c++)
    for (size_t i = 0; i < d * d; i++) p->s[c * d * d + i] = volume[c] * common[i];
}

static void all_equal(const struct problem *p) {
  size_t size = p->d * p->d;
  for (size_t i = 0; i < size; i++) {
    real sum = 0;
    for (size_t c = 0; c < p->k; c++) sum += p->share[c] * p->s[c * size + i];
    for (size_t c = 0; c < p->k; c++) p->s[c * size + i] = sum;
  }
}

static void share_spread(const struct problem *p, char volume, char shape) {
  if (volume == 'E' && shape == 'E') all_equal(p);
  if (volume == 'E' && shape == 'V') equal_volumes(p);
  if (volume == 'V' && shape == 'E') own_volumes(p);
}

/* ------------------------------------------------------------------ orientations */

static void keep_diagonal(const struct problem *p, int sphere) {
  size_t d = p->d;
  for (size_t c = 0; c < p->k; c++) {
    real mean = trace(d, p->s + c * d * d) / (real)d;
    for (size_t i = 0; i < d * d; i++) {
      real *entry = p->s + c * d * d + i;
      *entry = i % (d + 1) != 0 ? 0 : sphere ? mean : *entry;
    }
  }
}

/* Diagonal matrices of the variances along each component's own eigenvectors, and back. */
static void own_axes(const struct problem *p, char volume, char shape) {
  size_t d = p->d;
  real *axes = test_keep(p->k * d * d, sizeof *axes), *values = test_keep(d, sizeof *values);
  for (size_t c = 0; c < p->k; c++) {
    eigen(d, p->s + c * d * d, axes + c * d * d, values);
    for (size_t i = 0; i < d * d; i++) p->s[c * d * d + i] = i % (d + 1) == 0 ? values[i % d] : 0;
  }
  share_spread(p, volume, shape);
  for (size_t c = 0; c < p->k; c++) {
    for (size_t j = 0; j < d; j++) values[j] = p->s[c * d * d + j * (d + 1)];
    out_of_axes(d, axes + c * d * d, values, p->s + c * d * d);
  }
}

/* Flury & Gautschi (1986): axes p and q become the eigenvectors of sum_c share_c (1 / v_cp - 1 / v_cq) S_c
   in their plane, the first that of the smaller eigenvalue; v are the variances that the model has along
   the axes. */
static void common_axes(const struct problem *p, char volume, real *axes) {
  size_t d = p->d, size = p->k * d * d;
  real *v = test_keep(size, sizeof *v), *t = test_keep(d * d, sizeof *t),
       *before = test_keep(d * d, sizeof *t);
  struct problem along = {p->k, d, p->share, v};
  real moved = 1;
  for (int turns = 0; turns < MOST && moved > STILL; turns++) {
    for (size_t i = 0; i < d * d; i++) before[i] = axes[i];
    for (size_t b = 1; b < d; b++)
      for (size_t a = 0; a < b; a++) {
        real b11 = 0, b12 = 0, b22 = 0;
        for (size_t c = 0; c < p->k; c++) into_axes(d, axes, p->s + c * d * d, v + c * d * d);
        keep_diagonal(&along, 0);
        share_spread(&along, volume, 'V');
        for (size_t c = 0; c < p->k; c++) {
          const real *own = v + c * d * d;
          real apart = p->share[c] * (1 / own[b * (d + 1)] - 1 / own[a * (d + 1)]);
          into_axes(d, axes, p->s + c * d * d, t);
          b11 += apart * t[a * d + a], b12 += apart * t[a * d + b], b22 += apart * t[b * d + b];
        }
        turn(d, axes, a, b, b11, b12, b22);
      }
    moved = 0;
    for (size_t i = 0; i < d * d; i++) {
      real change = real_abs(axes[i] - before[i]);
      if (change > moved) moved = change;
    }
  }
  cr_assert(moved <= STILL, "the oracle's axes have not come to rest");
  for (size_t c = 0; c < p->k; c++) into_axes(d, axes, p->s + c * d * d, v + c * d * d);
  keep_diagonal(&along, 0);
  share_spread(&along, volume, 'V');
  for (size_t c = 0; c < p->k; c++) {
    for (size_t j = 0; j < d; j++) t[j] = v[c * d * d + j * (d + 1)];
    out_of_axes(d, axes, t, p->s + c * d * d);
  }
}

void quad_constrain(const char *letters, size_t k, size_t d, const real *share, real *covariances,
                    real *axes) {
  struct problem p = {k, d, share, covariances};
  char volume = letters[0], shape = letters[1], orientation = letters[2];
  if (shape == 'I' || orientation == 'I') {
    keep_diagonal(&p, shape == 'I');
    share_spread(&p, volume, shape == 'I' ? 'E' : shape);
  } else if (orientation == 'V' && volume == 'V' && shape == 'V') {
    return;
  } else if (orientation == 'V') {
    own_axes(&p, volume, shape);
  } else if (shape == 'E') {
    share_spread(&p, volume, shape);
  } else {
    common_axes(&p, volume, axes);
  }
}
