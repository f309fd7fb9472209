/* SPDX-License-Identifier: MIT */
/* One pass over the rows, block by block: responsibilities, and the statistics they weigh. Nothing of size
   n x k is ever stored. */
#ifndef EMBLAS_PASS_H
#define EMBLAS_PASS_H

#include "../families/family.h"
#include "../rows/read.h"
#include "../walk/walk.h"

/* A block's rows in the frame, and their features once they were made. */
struct pass_rows {
  double *x, *phi; /* as in a block */
  int loaded, made;
};

/* What one thread needs for itself. */
struct pass_worker {
  struct block block;
  struct emblas_data view;  /* the rows of the block, as they come */
  double *room;             /* for them, where a reader hands them out */
  struct pass_rows own;     /* room for any block */
  void *scratch;            /* of the family */
  double *rows, *more_rows; /* d x stride each: room for rows in other coordinates */
  double *column;           /* stride: room for a number of each row */
  double *row_loglik;       /* log density of each row of the block, for those who ask for it */
};

struct pass {
  const struct emblas_data *data;
  const struct frame *frame;
  const struct emblas_backend *backend;
  struct components components;
  int streams;         /* rows are never copied or kept: EMBLAS_COMPRESS_STREAM */
  int weight_exponent; /* the weights of a reader are to be divided by 2 to this power */
  double independent; /* rows whose roundings cancel each other; 0: each stands for so many that none may */
  size_t threads;
  struct pass_worker *workers; /* one a thread; the first is also for work between passes */
  size_t block_rows;
  const struct emblas_data *few; /* rows of a single leaf or less, whose blocks .. */
  struct pass_rows *kept;        /* .. are kept from one walk to the next; NULL: they are many */
  int boxed;                     /* the rows are those of boxes */
  struct walk walk;
  /* Results of the last pass: */
  double loglik;    /* in the frame's coordinates, as all of these */
  double magnitude; /* sum of |log-likelihood of a row| */
  double q;
  double hard;   /* NaN where the family has left it out */
  double *stats; /* k x p */
};

/* Sets up a pass for up to `threads` threads; memory from the arena, whose status tells. pass->streams and
   weight_exponent are set beforehand. group: the processes that the rows are shared out to. */
void emblas_pass_allocate(struct pass *pass, struct arena *arena, const struct emblas_data *data,
                          const struct frame *frame, const struct components *components, size_t threads,
                          struct group *group);

/* Adds what a block has to say to a buffer of sums, of which the first two are one number. */
typedef void (*pass_block)(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                           size_t count, double *sums);

/* Walks all blocks. Returns the sums of `length` doubles, valid until the next walk. Where rows could not
   be read, or another process has failed, pass->walk.status says so; the sums are 0 then. */
double *emblas_pass_walk(struct pass *pass, size_t length, pass_block add, void *context);

/* The E step of a mixture with parameters theta, by Bayes' rule, with its statistics. */
void emblas_pass_expectation(struct pass *pass, const double *theta);
/* The same with statistics about the means of other parameters. */
void emblas_pass_expectation_about(struct pass *pass, const double *theta, const double *centres);
/* Makes ready what the family needs of theta, for walks that use its densities. */
void emblas_pass_prepare(struct pass *pass, const double *theta);
/* sum_i w_i log max_c r_ic, for the ICL, after the E step at the same parameters and rows; other results
   stay. Where a kernel has left it out it takes a walk of its own. */
double emblas_pass_hard(struct pass *pass, const double *theta);

/* Rows first .. first + count of this process into worker->view, as they come; where they cannot be read
   the walk has failed, and they are 0. */
void emblas_pass_read(struct pass *pass, struct pass_worker *worker, size_t first, size_t count);

/* The same, and into worker->block.x, in the frame. */
void emblas_pass_load(struct pass *pass, struct pass_worker *worker, size_t first, size_t count);

/* The weighted responsibilities of the rows that are loaded, once emblas_pass_prepare() has been called;
   weights may be NULL. row_loglik: NULL or as in the backend's softmax. */
void emblas_pass_bayes(struct pass *pass, struct pass_worker *worker, const double *weights,
                       double *row_loglik, struct emblas_block_sums *sums);

#endif
