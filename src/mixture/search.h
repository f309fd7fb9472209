/* SPDX-License-Identifier: MIT */
/* Several starts of one fitter, moves from the best of them, and the best of all. */
#ifndef EMBLAS_SEARCH_H
#define EMBLAS_SEARCH_H

#include "fitter.h"

enum { MOST_KEPT = 3 };

/* A run that has ended. */
struct kept_start {
  struct emblas_em *em;
  struct emblas_start_result result;
  size_t number;  /* of the start that it descends from */
  size_t met;     /* further runs that came to the same optimum */
  unsigned worst; /* flags of its components together */
  size_t suspect; /* the first component with a flag, or k */
};

struct search {
  struct emblas_fitter *fitter;
  struct emblas_start_result *results; /* one a start; in the report, or NULL */
  size_t starts;                       /* how many there will be, unless the best is in doubt */
  size_t sound_starts, most_starts;    /* while none is sound; while a single run has come to the best */
  size_t moves;                        /* how many there will be, unless one of them leads on */
  size_t patience;                     /* moves in vain until there are no more */
  size_t finished, moved, moves_kept;  /* starts and moves that were tried; moves that led on */
  size_t runs;                         /* begun: starts, moves, and what goes on after a sample */
  size_t most_kept;                    /* at most MOST_KEPT */
  struct kept_start kept[MOST_KEPT];   /* the best first; no two at the same optimum */
  size_t kept_count;
  size_t sample; /* rows of the sample that this is a search on; 0: on all rows */
  int cancelled;
  int deaf; /* the hook cannot cancel it: a process that stopped would have another result than the others
             */
};

/* How many starts and moves the options ask for. */
void emblas_search_plan(struct search *search);

/* Steps the fitter, which has just been started, to its end, or until it has no hope to be kept; the result
   is start number `number`'s. A numerical failure is a result; other errors are returned. */
emblas_status emblas_search_run(struct search *search, size_t number);

/* All starts and moves. An error only when none of them came to an end. */
emblas_status emblas_search_run_all(struct search *search);

/* Calls the progress hook and remembers whether it cancels. */
void emblas_search_progress(struct search *search, const struct emblas_em_point *point);

/* Drops what is kept. */
void emblas_search_clear(struct search *search);

#endif
