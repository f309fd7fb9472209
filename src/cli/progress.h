/* SPDX-License-Identifier: MIT */
/* The progress of a fit, and Ctrl-C. */
#ifndef EMBLAS_CLI_PROGRESS_H
#define EMBLAS_CLI_PROGRESS_H

#include <emblas/emblas.h>
#include <signal.h>

enum progress_kind {
  PROGRESS_NONE,
  PROGRESS_LINE, /* one that is drawn again and again, on a terminal */
  PROGRESS_LOG   /* a line now and then, in a file or a pipe */
};

struct progress {
  enum progress_kind kind;
  int drawn;             /* whether a line stands on the terminal */
  double begin, last;    /* seconds: of the fit; when it was last shown */
  struct sigaction host; /* what SIGINT did before */
};

/* From here to progress_end() Ctrl-C asks the fit to end; a second one kills. */
void progress_begin(struct progress *progress, int quiet);
void progress_end(struct progress *progress);
/* The hook for emblas_options.progress; context: struct progress. */
int progress_hook(void *context, const struct emblas_progress *now);

#endif
