/* SPDX-License-Identifier: MIT */
#include "random.h"

#include <math.h>

static uint64_t splitmix(uint64_t *x) {
  uint64_t z = (*x += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int bits) {
  return (x << bits) | (x >> (64 - bits));
}

void emblas_random_seed(struct random *r, uint64_t seed, uint64_t stream) {
  /* The stream is mixed before it meets the seed: seed 1 of stream 2 is not seed 2 of stream 1. */
  uint64_t x = stream;
  x = seed ^ splitmix(&x);
  for (int i = 0; i < 4; i++) r->state[i] = splitmix(&x);
}

uint64_t emblas_random_next(struct random *r) {
  uint64_t *s = r->state;
  uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return result;
}

double emblas_random_uniform(struct random *r) {
  return (double)(emblas_random_next(r) >> 11) * 0x1p-53;
}

double emblas_random_normal(struct random *r) {
  double u, v, q;
  do { /* Marsaglia's polar method; the second value of the pair is dropped to keep no state */
    u = 2 * emblas_random_uniform(r) - 1;
    v = 2 * emblas_random_uniform(r) - 1;
    q = u * u + v * v;
  } while (q >= 1 || q == 0);
  return u * sqrt(-2 * log(q) / q);
}
