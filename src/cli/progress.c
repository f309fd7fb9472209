/* SPDX-License-Identifier: MIT */
/* The progress line of a fit, on standard error when that is a terminal, and Ctrl-C. */
#include "progress.h"
#include "cli.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const long interval = 100000000; /* nanoseconds between two drawings */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
  (void)signal;
  interrupted = 1;
}

void progress_begin(struct progress *progress, int quiet) {
  struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
  const char *terminal = getenv("TERM");
  int capable = isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
  *progress = (struct progress){.shown = capable && !quiet};
  clock_gettime(CLOCK_MONOTONIC, &progress->last);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &progress->host);
}

/* A line that is clipped, not wrapped: it could not be rewritten otherwise. */
static void draw(struct progress *progress, const char *line) {
  size_t room = text_width(stderr) - 1, columns = text_columns(line);
  fputc('\r', stderr);
  text_cell(stderr, line, (int)(columns < room ? columns : room));
  fputs("\033[K", stderr);
  fflush(stderr);
  progress->drawn = 1;
}

void progress_end(struct progress *progress) {
  if (progress->drawn) fputs("\r\033[K", stderr);
  sigaction(SIGINT, &progress->host, NULL);
}

/* At most ten times a second; a fit that is over sooner shows nothing. */
static int due(struct progress *progress) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long passed = (now.tv_sec - progress->last.tv_sec) * 1000000000L + now.tv_nsec - progress->last.tv_nsec;
  if (passed < interval) return 0;
  progress->last = now;
  return 1;
}

int progress_hook(void *context, const struct emblas_progress *now) {
  struct progress *progress = context;
  if (!progress->shown || !due(progress)) return interrupted;
  char best[32];
  char *model = now->trials < 2
                    ? print_string("%s", "")
                    : print_string("model %zu of %zu: k %zu %s  ", now->trial + 1, now->trials,
                                   now->components, components_name(now->family, now->covariance));
  char *line = print_string("%sstart %zu/%zu  iteration %zu  log-likelihood %.6g%s%s", model,
                            now->start + 1, now->starts, now->point.iteration, now->point.loglik,
                            isfinite(now->best_loglik) ? "  best " : "",
                            isfinite(now->best_loglik) ? text_nats(now->best_loglik, best) : "");
  draw(progress, line);
  free(line);
  free(model);
  return interrupted;
}
