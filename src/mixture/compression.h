/* SPDX-License-Identifier: MIT */
/* The rows that EM walks over: all of them, as they are or in order, or fewer that stand for them. */
#ifndef EMBLAS_COMPRESSION_H
#define EMBLAS_COMPRESSION_H

#include "../line/compress.h"
#include "pass.h"

struct compression {
  enum { COMPRESSION_NONE, COMPRESSION_DUPLICATES, COMPRESSION_LINE } kind;
  const struct emblas_data *all; /* what the pass walked over when this was made, .. */
  const struct frame *frame;
  struct emblas_data view;      /* .. and what it walks over instead, .. */
  struct frame identity;        /* .. if they are in the coordinates of the frame */
  struct weighted_rows ordered; /* all of one column; count 0: not in order */
  struct boxes boxes;           /* of several columns all, or those without duplicates; count 0: none */
  struct compressor line;
  void *reach;           /* the family's: which cells of the line are narrow enough */
  int ready;             /* `view` has the rows for the reach's parameters */
  int abandoned;         /* this start goes on with all rows */
  size_t failures, wait; /* of making rows for parameters that ask for too many; maps until the next try */
};

/* Looks at the rows of the pass, of which summary tells. maps: how many EM maps there may be at most, in
 * all starts. */
emblas_status emblas_compression_create(struct compression *c, struct arena *arena, const struct pass *pass,
                                        const struct view_summary *summary, enum emblas_compression how,
                                        size_t maps);

/* Points the pass at the rows that a start of this kind looks at. Nothing is remembered of earlier starts.
 */
void emblas_compression_begin(struct compression *c, struct pass *pass, enum emblas_start kind);

/* .. at the rows for an EM map at theta. */
void emblas_compression_select(struct compression *c, struct pass *pass, const double *theta);

/* .. at all rows as they are. */
void emblas_compression_all(const struct compression *c, struct pass *pass);

/* Are the rows that the pass walks over now fewer than all? */
static inline int compression_active(const struct compression *c, const struct pass *pass) {
  return c->kind != COMPRESSION_NONE && pass->data != c->all && c->view.values != c->ordered.values;
}

/* Is M(theta) of compressed rows that of all rows, to their roundings? */
int emblas_compression_agrees(const struct components *m, const double *compressed,
                              const struct emblas_em_value *compressed_value, const double *all,
                              const struct emblas_em_value *all_value);

#endif
