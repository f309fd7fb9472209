/* SPDX-License-Identifier: MIT */
/* Several starts of one fitter, and the best of them. */
#ifndef EMBLAS_SEARCH_H
#define EMBLAS_SEARCH_H

#include "fitter.h"

enum { MOST_KEPT = 3 };

/* A start that has ended, with its run. */
struct kept_start {
  struct emblas_em *em;
  struct emblas_start_result result;
  size_t number;
};

struct search {
  struct emblas_fitter *fitter;
  struct emblas_start_result *results; /* one a start; in the report, or NULL */
  size_t starts;                       /* how many there will be */
  size_t finished;
  size_t most_kept;                  /* at most MOST_KEPT */
  struct kept_start kept[MOST_KEPT]; /* the best first; no two at the same optimum */
  size_t kept_count;
  int cancelled;
};

/* Steps the fitter, which has just been started, to its end; the result is start number `number`'s and is
   kept if it is good enough. A numerical failure is a result; other errors are returned. */
emblas_status emblas_search_run(struct search *search, size_t number);

/* All starts from the first on. An error only when none of them came to an end. */
emblas_status emblas_search_run_all(struct search *search);

/* Calls the progress hook and remembers whether it cancels. */
void emblas_search_progress(struct search *search, size_t number, const struct emblas_em_point *point);

/* Drops what is kept. */
void emblas_search_clear(struct search *search);

#endif
