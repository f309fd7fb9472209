/* SPDX-License-Identifier: MIT */
#ifndef EMBLAS_DISPATCH_H
#define EMBLAS_DISPATCH_H

#include <limits.h> /* says whose the C library is */

/* Before a static function whose loops the compiler makes vectors of: one version for each instruction set,
   the processor's best taken at run time, where the C library's loader can do that (musl's cannot). Others
   would be seen outside of the library. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define RUN_TIME_DISPATCH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define DISPATCHED static inline __attribute__((always_inline)) /* what such a function calls */
#else
#define RUN_TIME_DISPATCH
#define DISPATCHED static inline
#endif

/* Before a short loop of fixed length: the compiler is to make vectors of it, not a copy of its body for
   each turn. */
#if defined(__GNUC__) && !defined(__clang__)
#define IN_VECTORS _Pragma("GCC unroll 1")
#else
#define IN_VECTORS
#endif

#endif
