/* SPDX-License-Identifier: MIT */
/* One pass over the rows, block by block: responsibilities, and the statistics they weigh. Nothing of size
   n x k is ever stored. */
#ifndef EMBLAS_PASS_H
#define EMBLAS_PASS_H

#include "../data/frame.h"
#include "../families/gaussian.h"
#include "reduce.h"

struct pass {
  const struct emblas_data *data;
  const struct frame *frame;
  const struct emblas_backend *backend;
  struct gaussian gaussian;
  double expansion_limit; /* of emblas_gaussian_prepare() */
  size_t block;           /* rows in a block */
  struct gaussian_terms terms;
  struct gaussian_scratch scratch;
  double *x;          /* block x d: rows in the frame */
  double *phi;        /* block x p: their features */
  double *r;          /* block x k: logits, then weighted responsibilities */
  double *row_loglik; /* block: log density of each row */
  struct reduction reduction;
  /* Results of the last pass: */
  double loglik;    /* in the frame's coordinates, as all of these */
  double magnitude; /* sum of |log-likelihood of a row| */
  struct emblas_block_sums sums;
  double *stats; /* k x p */
};

/* Rows of a block: the features, logits and responsibilities together fill about half of a second-level
   cache. Never a function of the thread count: the order of sums must not be. */
size_t emblas_pass_block_rows(size_t rows, size_t features, size_t components);

/* Sets up a pass; memory from the arena, whose status tells. */
void emblas_pass_allocate(struct pass *pass, struct arena *arena, const struct emblas_data *data,
                          const struct frame *frame, const struct emblas_backend *backend,
                          struct gaussian gaussian);

/* Fills pass->r and pass->row_loglik for rows first .. first + count, and adds to *sums. */
typedef void (*pass_responsibilities)(struct pass *pass, void *context, size_t first, size_t count,
                                      struct emblas_block_sums *sums);

/* Walks all blocks; with moments, also adds up the statistics that follow from the responsibilities. */
void emblas_pass_run(struct pass *pass, pass_responsibilities responsibilities, void *context, int moments);

/* The E step of a mixture with parameters theta, by Bayes' rule, with its statistics. */
void emblas_pass_expectation(struct pass *pass, const double *theta);
/* Its responsibilities, once emblas_gaussian_prepare() has made the terms. */
void emblas_pass_bayes(struct pass *pass, void *context, size_t first, size_t count,
                       struct emblas_block_sums *sums);

/* The block's logits into pass->r. */
void emblas_pass_logits(struct pass *pass, size_t count);

#endif
