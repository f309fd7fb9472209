/* SPDX-License-Identifier: MIT */
/* What a table of EM maps comes to: medians and worst cases over its problems. */
#ifndef TALLY_H
#define TALLY_H

#include "bench.h"

enum { TALLY_PROBLEMS = 128 };

struct tally {
  size_t count;
  double ratios[TALLY_PROBLEMS]; /* maps of plain EM over those of auto */
  size_t left, basins, lower;    /* ends that are none; other basins, and lower ones */
};

/* In nats: ends that differ by more are different. */
static const double TALLY_SAME = 1e-6;

/* The next problem: maps of plain EM and of auto; what plain EM still gains from where auto ended; and how
   far above plain EM's own end that leads. */
void tally_add(struct tally *tally, size_t plain, size_t accelerated, double left, double above);

/* Prints it, and writes it to the document under `key`. */
void tally_summarise(struct bench *bench, const char *key, struct tally *tally);

#endif
