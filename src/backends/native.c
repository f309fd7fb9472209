/* SPDX-License-Identifier: MIT */
/* Kernels of our own, in portable vector code, compiled for several instruction sets of which the
   processor's best is taken at run time. They serve where a BLAS has little to gather: few features, one
   dimension, and the softmax, which no BLAS has. native/ holds the code, lanes being rows of the block. */
#include "kernels.h"

#include <float.h>

/* __builtin_shufflevector: clang, and gcc from 12 on. Not where numbers are wider than their type, as on
   the x87 of 32-bit processors: vectors are not. */
#if FLT_EVAL_METHOD == 0 && (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12))

#include "../base/sum.h"

#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Products and sums are fused in this file, where the processor can: its results depend on the processor
   anyway, by the number of lanes. */
#if defined(__clang__)
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
/* Vectors wider than the target's registers are passed between inlined functions only. */
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

/* The vector is kept in a register; and what the pointer points to is not. */
#if defined(__x86_64__)
#define IN_REGISTER(vector) __asm__("" : "+v"(vector))
#define READ_AGAIN(pointer) __asm__("" : "+r"(pointer))
#else
#define IN_REGISTER(vector) ((void)0)
#define READ_AGAIN(pointer) ((void)0)
#endif

#define TILE 4
#define INVERTED 4 /* rows of a triangle that are inverted together */
static const double ones[] = {1, 1, 1, 1, 1, 1, 1, 1};

/* What the exponentials of a block in one dimension are shifted by: the largest constant, with all logits
   near enough to it, or not; or each row's own maximum. */
enum shifts { CONSTANT_NEAR, CONSTANT, OWN_MAXIMUM };
#define LEAST_LOGIT (-600.0)

/* Responsibilities that a component's moments may do without, and a component's largest one that makes
   none: the M step has no use for a component of less than 1e-150 = 2^-498. */
#define NEGLIGIBLE 0x1p-100
#define VANISHING 0x1p-465

#if defined(__x86_64__)
/* Of four doubles those of a set, by the set's bits: which halves of which come first. */
static const uint8_t halves_of_set[16][8] = {
    {0, 1, 0, 1, 0, 1, 0, 1}, {0, 1, 0, 1, 0, 1, 0, 1}, {2, 3, 0, 1, 0, 1, 0, 1}, {0, 1, 2, 3, 0, 1, 0, 1},
    {4, 5, 0, 1, 0, 1, 0, 1}, {0, 1, 4, 5, 0, 1, 0, 1}, {2, 3, 4, 5, 0, 1, 0, 1}, {0, 1, 2, 3, 4, 5, 0, 1},
    {6, 7, 0, 1, 0, 1, 0, 1}, {0, 1, 6, 7, 0, 1, 0, 1}, {2, 3, 6, 7, 0, 1, 0, 1}, {0, 1, 2, 3, 6, 7, 0, 1},
    {4, 5, 6, 7, 0, 1, 0, 1}, {0, 1, 4, 5, 6, 7, 0, 1}, {2, 3, 4, 5, 6, 7, 0, 1}, {0, 1, 2, 3, 4, 5, 6, 7}};

#define FUSED 1
#define LANES 8
#define NAMED(name) name##_v4
#define TARGET __attribute__((target("arch=x86-64-v4")))
#include "native/isa.h"
#undef LANES
#undef NAMED
#undef TARGET

#define LANES 4
#define NAMED(name) name##_v3
#define TARGET __attribute__((target("arch=x86-64-v3")))
#include "native/isa.h"
#undef LANES
#undef NAMED
#undef TARGET
#undef FUSED
#endif

#if defined(__FP_FAST_FMA)
#define FUSED 1
#else
#define FUSED 0
#endif
#define LANES 2
#define NAMED(name) name##_v1
#define TARGET
#include "native/isa.h"
#undef LANES
#undef NAMED
#undef TARGET

#define LIMIT 4096 /* errors of logits below 5e-13 per dimension: docs/numerics.md */
#define KERNELS(set, name_of_set)                                                                          \
  {                                                                                                        \
    .backend = {.name = "native",                                                                          \
                .expansion_limit = LIMIT,                                                                  \
                .logits = logits_##set,                                                                    \
                .softmax = softmax_##set,                                                                  \
                .moments = moments_##set,                                                                  \
                .multiply = multiply_##set,                                                                \
                .scatter = scatter_##set,                                                                  \
                .columns = columns_##set,                                                                  \
                .diagonal_logits = diagonal_logits_##set,                                                  \
                .diagonal_moments = diagonal_moments_##set,                                                \
                .quadratic_logits = quadratic_logits_##set,                                                \
                .quadratic_moments = quadratic_moments_##set,                                              \
                .quadratic = quadratic_##set,                                                              \
                .cholesky = emblas_factors_cholesky,                                                       \
                .eigen = emblas_factors_eigen,                                                             \
                .qr = emblas_factors_qr,                                                                   \
                .invert = invert_##set,                                                                    \
                .univariate = univariate_##set},                                                           \
    .isa = name_of_set, .exp = exp_all_##set, .log = log_all_##set, .distances = distances_##set,          \
    .log_density = log_density_##set                                                                       \
  }

#if defined(__x86_64__)
static int runs_v4(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd");
}

static int runs_v3(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}

static const struct emblas_native v4 = KERNELS(v4, "x86-64-v4"), v3 = KERNELS(v3, "x86-64-v3");
#endif
static const struct emblas_native v1 = KERNELS(v1, "baseline");

const struct emblas_native *emblas_native_table(size_t index) {
  const struct emblas_native *best_first[3];
  size_t count = 0;
#if defined(__x86_64__)
  if (runs_v4()) best_first[count++] = &v4;
  if (runs_v3()) best_first[count++] = &v3;
#endif
  best_first[count++] = &v1;
  return index < count ? best_first[index] : NULL;
}

const struct emblas_backend *emblas_backend_native(void) {
  return &emblas_native_table(0)->backend;
}

#else

const struct emblas_native *emblas_native_table(size_t index) {
  (void)index;
  return NULL;
}

const struct emblas_backend *emblas_backend_native(void) {
  return NULL;
}

#endif
