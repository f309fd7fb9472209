/* SPDX-License-Identifier: MIT */
/* Kernels of our own, in portable vector code, compiled for several instruction sets of which the
   processor's best is taken at run time. They serve where a BLAS has little to gather: few features, one
   dimension, and the softmax, which no BLAS has. native/ holds the code, lanes being rows of the block. */
#include "kernels.h"

#if defined(__GNUC__)

#include "../base/sum.h"

#include <math.h>
#include <string.h>

/* Products and sums are fused in this file, where the processor can: its results depend on the processor
   anyway, by the number of lanes. */
#if defined(__clang__)
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
/* Vectors wider than the target's registers are passed between inlined functions only. */
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#if defined(__x86_64__)
#define IN_REGISTER(vector) __asm__("" : "+v"(vector))
#else
#define IN_REGISTER(vector) ((void)0)
#endif

#define TILE 4
static const double ones[] = {1, 1, 1, 1, 1, 1, 1, 1};

#if defined(__x86_64__)
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
#endif

#define LANES 2
#define NAMED(name) name##_v1
#define TARGET
#include "native/isa.h"
#undef LANES
#undef NAMED
#undef TARGET

struct kernels {
  struct emblas_backend backend;
  void (*exp_all)(size_t n, const double *x, double *y);
};

static size_t cholesky(size_t d, double *a) {
  return emblas_backend_reference()->cholesky(d, a);
}

#define KERNELS(isa)                                                                                       \
  {                                                                                                        \
    {.name = "native",                                                                                     \
     .expansion_limit = 4096, /* errors of logits below 5e-13 per dimension: docs/numerics.md */           \
     .logits = logits_##isa,                                                                               \
     .softmax = softmax_##isa,                                                                             \
     .moments = moments_##isa,                                                                             \
     .multiply = multiply_##isa,                                                                           \
     .whiten = whiten_##isa,                                                                               \
     .scatter = scatter_##isa,                                                                             \
     .cholesky = cholesky,                                                                                 \
     .univariate = univariate_##isa},                                                                      \
        exp_all_##isa                                                                                      \
  }

static const struct kernels v1 = KERNELS(v1);
#if defined(__x86_64__)
static const struct kernels v3 = KERNELS(v3), v4 = KERNELS(v4);
#endif

static const struct kernels *kernels(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd"))
    return &v4;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return &v3;
#endif
  return &v1;
}

const struct emblas_backend *emblas_backend_native(void) {
  return &kernels()->backend;
}

void emblas_native_exp(size_t n, const double *x, double *y) {
  kernels()->exp_all(n, x, y);
}

#else

const struct emblas_backend *emblas_backend_native(void) {
  return NULL;
}

#endif
