/* SPDX-License-Identifier: MIT */
/* Random numbers: xoshiro256** (Blackman, Vigna 2018), seeded by SplitMix64. No global state. */
#ifndef EMBLAS_RANDOM_H
#define EMBLAS_RANDOM_H

#include <stdint.h>

struct random {
  uint64_t state[4];
};

/* Streams of one seed are independent: start s of a fit draws from stream s. */
void emblas_random_seed(struct random *r, uint64_t seed, uint64_t stream);
uint64_t emblas_random_next(struct random *r);
/* Uniform on [0, 1), 53 bits. */
double emblas_random_uniform(struct random *r);
/* Standard normal. */
double emblas_random_normal(struct random *r);

#endif
