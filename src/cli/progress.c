/* SPDX-License-Identifier: MIT */
/* The progress of a fit on standard error, and Ctrl-C. */
#include "progress.h"
#include "cli.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Seconds between two drawings: a fit that is over sooner shows nothing. */
static const double intervals[] = {[PROGRESS_LINE] = 0.1, [PROGRESS_LOG] = 10};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
  (void)signal;
  interrupted = 1;
}

void progress_begin(struct progress *progress, int quiet) {
  struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
  const char *terminal = getenv("TERM");
  int capable = isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
  *progress = (struct progress){.kind = quiet ? PROGRESS_NONE : capable ? PROGRESS_LINE : PROGRESS_LOG};
  progress->begin = progress->last = seconds_now();
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

static int due(struct progress *progress) {
  double now = seconds_now();
  if (now - progress->last < intervals[progress->kind]) return 0;
  progress->last = now;
  return 1;
}

/* "model 3 of 126: k 2 VVV  ", or nothing where there is but one. */
static char *model_of(const struct emblas_progress *now) {
  if (now->trials < 2) return print_string("%s", "");
  return print_string("model %zu of %zu: k %zu %s  ", now->trial + 1, now->trials, now->components,
                      components_name(now->family, now->covariance));
}

/* Once a run has shown how fast its gains shrink. */
static char *gain_of(const struct emblas_progress *now) {
  return isfinite(now->point.projected) ? print_string("  to gain %.2g", now->point.projected)
                                        : print_string("%s", "");
}

static char *line_of(const struct progress *progress, const struct emblas_progress *now) {
  char *model = model_of(now), *gain = gain_of(now);
  char *sample = now->sample > 0 ? print_string(" on %zu rows", now->sample) : print_string("%s", "");
  char *best =
      isfinite(now->best_loglik) ? print_string("  best %.8g", now->best_loglik) : print_string("%s", "");
  char *line = print_string("%sstart %zu/%zu%s  iteration %zu  log-likelihood %.6g%s%s  %.0f s", model,
                            now->start + 1, now->starts, sample, now->point.iteration, now->point.loglik,
                            gain, best, progress->last - progress->begin);
  free(best);
  free(sample);
  free(gain);
  free(model);
  return line;
}

int progress_hook(void *context, const struct emblas_progress *now) {
  struct progress *progress = context;
  if (progress->kind == PROGRESS_NONE || !due(progress)) return interrupted;
  char *line = line_of(progress, now);
  if (progress->kind == PROGRESS_LINE)
    draw(progress, line);
  else
    fprintf(stderr, "%s\n", line);
  free(line);
  return interrupted;
}
