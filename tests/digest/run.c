/* SPDX-License-Identifier: MIT */
/* One line: a fit, and what is done with its model. */
#include "digest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_COUNTS = 8 };

static size_t counts = 1, thread_counts[MOST_COUNTS] = {1};
static size_t printed, failed;

void run_with_threads(size_t count, const size_t *threads) {
  counts = count < MOST_COUNTS ? count : MOST_COUNTS;
  for (size_t i = 0; i < counts; i++) thread_counts[i] = threads[i];
}

size_t lines_printed(void) {
  return printed;
}

size_t lines_that_fail(void) {
  return failed;
}

static void print_outcome(const char *name, const struct outcome *outcome) {
  printf("%-52s %016" PRIx64 " %.17g\n", name, outcome->hash, outcome->loglik);
  printed++;
}

void run_each(const char *name, outcome_maker *make, const void *context) {
  struct outcome first = make(context, thread_counts[0]);
  print_outcome(name, &first);
  for (size_t i = 1; i < counts; i++) {
    struct outcome other = make(context, thread_counts[i]);
    if (other.hash == first.hash) continue;
    fprintf(stderr, "%s: %zu threads: %016" PRIx64 " %.17g\n", name, thread_counts[i], other.hash,
            other.loglik);
    failed++;
  }
}

struct fit {
  const struct set *set;
  struct emblas_options options;
};

static struct outcome make_fit(const void *context, size_t threads) {
  const struct fit *fit = context;
  struct emblas_options options = fit->options;
  struct outcome outcome;
  struct emblas_data data = set_data(fit->set);
  struct emblas_model *model = NULL;
  struct emblas_report report;
  options.threads = threads;
  emblas_report_init(&report, sizeof report);
  digest_begin(&outcome);
  digest_size(&outcome, (size_t)-emblas_fit(&data, &options, &model, &report));
  digest_report(&outcome, &report);
  outcome.loglik = report.loglik;
  if (model != NULL) digest_model(&outcome, model, fit->set, &options);
  emblas_model_free(model);
  emblas_report_clear(&report);
  return outcome;
}

void run(const struct set *set, struct emblas_options options, const char *format, ...) {
  char name[128];
  int length = snprintf(name, sizeof name, "%s/", set->name);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name + length, sizeof name - (size_t)length, format, arguments);
  va_end(arguments);
  run_each(name, make_fit, &(struct fit){set, options});
}
