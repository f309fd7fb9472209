/* SPDX-License-Identifier: MIT */
/* Data for tests, the same on every machine: integer arithmetic and sums of uniforms, no libm. */
#ifndef TEST_GENERATE_H
#define TEST_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generator {
  uint64_t state;
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t generate_bits(struct generator *generator);
/* [0, 1), a multiple of 2^-53. */
double generate_uniform(struct generator *generator);
/* Mean 0, variance 1: the sum of twelve uniforms, minus 6. */
double generate_gaussian(struct generator *generator);

/* G(n, d, seed): an n x d matrix of generate_gaussian, row by row. Kept by test_keep(). */
double *generate_matrix(size_t n, size_t d, uint64_t seed);
/* B(n, d, separation, seed): G with the separation added to the second half of the rows. */
double *generate_blobs(size_t n, size_t d, double separation, uint64_t seed);

/* BASE = B(200, 2, 6, 1), what most torture rows are made of. */
enum { BASE_ROWS = 200, BASE_COLUMNS = 2 };
double *generate_base(void);

/* Labels of consecutive blocks: row i of n belongs to floor(i k / n). */
size_t *generate_block_labels(size_t n, size_t k);

/* Zeroed memory for the rest of the test's process; it stays reachable: leak checkers are not disturbed. */
void *test_keep(size_t count, size_t size);

/* EMBLAS_TEST_SMALL=1, for tools that slow everything down thirtyfold: leave out what only repeats at
   length what another case has shown. */
bool test_small(void);

#endif
