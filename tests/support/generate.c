/* SPDX-License-Identifier: MIT */
#include "generate.h"

#include <stdlib.h>

bool test_small(void) {
  const char *value = getenv("EMBLAS_TEST_SMALL");
  return value && *value && *value != '0';
}

struct kept {
  struct kept *next;
  _Alignas(max_align_t) unsigned char memory[];
};
static struct kept *kept_list;

void *test_keep(size_t count, size_t size) {
  struct kept *kept = calloc(1, sizeof *kept + count * size);
  if (!kept) abort();
  kept->next = kept_list;
  kept_list = kept;
  return kept->memory;
}

uint64_t generate_bits(struct generator *generator) {
  uint64_t z = generator->state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

double generate_uniform(struct generator *generator) {
  return (double)(generate_bits(generator) >> 11) * 0x1p-53;
}

double generate_gaussian(struct generator *generator) {
  double sum = 0;
  for (int i = 0; i < 12; i++) sum += generate_uniform(generator);
  return sum - 6;
}

double *generate_matrix(size_t n, size_t d, uint64_t seed) {
  struct generator generator = {seed};
  double *x = test_keep(n * d, sizeof *x);
  for (size_t i = 0; i < n * d; i++) x[i] = generate_gaussian(&generator);
  return x;
}

double *generate_blobs(size_t n, size_t d, double separation, uint64_t seed) {
  double *x = generate_matrix(n, d, seed);
  for (size_t i = n / 2 * d; i < n * d; i++) x[i] += separation;
  return x;
}

double *generate_base(void) {
  return generate_blobs(BASE_ROWS, BASE_COLUMNS, 6, 1);
}

size_t *generate_block_labels(size_t n, size_t k) {
  size_t *labels = test_keep(n, sizeof *labels);
  for (size_t i = 0; i < n; i++) labels[i] = i * k / n;
  return labels;
}
