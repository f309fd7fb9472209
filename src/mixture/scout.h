/* SPDX-License-Identifier: MIT */
/* Starts that cost little: all of them are tried on a sample of the rows, and only the best few go on with
   all rows. */
#ifndef EMBLAS_SCOUT_H
#define EMBLAS_SCOUT_H

#include "search.h"

/* Is there time to save? */
int emblas_scout_pays(const struct search *search);

/* Tries all starts of the search on a sample and runs the best few in full; fills search->results and what
   the search keeps. Falls back on emblas_search_run_all() where the sample yields nothing. */
emblas_status emblas_scout(struct search *search);

#endif
