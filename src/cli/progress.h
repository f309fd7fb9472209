/* SPDX-License-Identifier: MIT */
/* The progress line of a fit, and Ctrl-C. */
#ifndef EMBLAS_CLI_PROGRESS_H
#define EMBLAS_CLI_PROGRESS_H

#include <emblas/emblas.h>
#include <signal.h>
#include <time.h>

struct progress {
  int shown;             /* whether there is a terminal to show anything on */
  int drawn;             /* whether a line stands there */
  struct timespec last;  /* when it was drawn */
  struct sigaction host; /* what SIGINT did before */
};

/* From here to progress_end() Ctrl-C asks the fit to end; a second one kills. */
void progress_begin(struct progress *progress, int quiet);
void progress_end(struct progress *progress);
/* The hook for emblas_options.progress; context: struct progress. */
int progress_hook(void *context, const struct emblas_progress *now);

#endif
