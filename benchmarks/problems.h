/* SPDX-License-Identifier: MIT */
/* Data to fit: the sets in data/, and generated ones. */
#ifndef PROBLEMS_H
#define PROBLEMS_H

#include <stddef.h>
#include <stdint.h>

struct rows {
  size_t n, d;
  double *x;      /* n x d */
  size_t *labels; /* n, or NULL */
};

/* data/NAME.csv, with the labels of data/NAME-K-labels.csv for k > 0. Ends the program when it cannot. */
struct rows rows_read(const char *name, size_t k);

/* n rows in equal parts of k unit Gaussians in d dimensions whose centres lie `separation` apart: on a line
   for d = 1, else at random with no two closer. */
struct rows rows_generate(size_t n, size_t d, size_t k, double separation, uint64_t seed);

/* n rows of k Gaussians whose centres lie so far apart, of uneven weights and of deviations about 1,
   different in each column; labels say which. */
struct rows rows_draw(size_t n, size_t d, size_t k, double separation, uint64_t *state);

void rows_free(struct rows *rows);

/* From [0, 1), and from a standard normal; the state moves on. */
double draw_uniform(uint64_t *state);
double draw_normal(uint64_t *state);

/* Ends the program when there is none left. */
void *need(size_t count, size_t size);

#endif
