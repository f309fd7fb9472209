/* SPDX-License-Identifier: MIT */
/* Errors, memory, the record of a fit and the end of output. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>

static void complain_list(const char *format, va_list arguments) {
  char *text;
  fflush(stdout);
  if (vasprintf(&text, format, arguments) < 0) text = NULL;
  if (text) io_make_printable(text);
  fprintf(stderr, "emblas: %s\n", text ? text : "out of memory");
  free(text);
}

void complain(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain_list(format, arguments);
  va_end(arguments);
}

void die(enum exit_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain_list(format, arguments);
  va_end(arguments);
  exit(status);
}

void die_of_file(const struct io_error *error) {
  die(error->resources ? EXIT_FAILED : EXIT_DATA, "%s", error->text);
}

void *allocate(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (!memory) die(EXIT_FAILED, "out of memory");
  return memory;
}

char *print_string(const char *format, ...) {
  char *text;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0) die(EXIT_FAILED, "out of memory");
  va_end(arguments);
  return text;
}

double seconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void parse_arguments(const struct argp *argp, int argc, char **argv, void *input) {
  error_t error = argp_parse(argp, argc, argv, 0, NULL, input);
  if (error) die(EXIT_FAILED, "%s", strerror(error));
}

void usage_error(const struct argp_state *state, const char *format, ...) {
  char *text;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0) die(EXIT_FAILED, "out of memory");
  va_end(arguments);
  io_make_printable(text);
  argp_error(state, "%s", text);
  free(text);
}

enum exit_status exit_status_of(emblas_status status) {
  switch (status) {
  case EMBLAS_OK:
    return EXIT_DONE;
  case EMBLAS_ERROR_ARGUMENT:
    return EXIT_USAGE;
  case EMBLAS_ERROR_MEMORY:
  case EMBLAS_ERROR_SIZE:
  case EMBLAS_ERROR_NUMERICAL:
    return EXIT_FAILED;
  default:
    return EXIT_DATA;
  }
}

const char *components_name(enum emblas_family family, enum emblas_covariance covariance) {
  return emblas_family_has_covariances(family) ? emblas_covariance_string(covariance)
                                               : emblas_family_string(family);
}

struct io_fit fit_record(const struct emblas_report *report, size_t rows, uint64_t seed) {
  return (struct io_fit){
      .status = emblas_stop_reason_string(report->stop),
      .iterations = report->iterations,
      .maps = report->maps,
      .loglik = report->loglik,
      .n = rows,
      .parameters = report->parameters,
      .bic = report->bic,
      .aic = report->aic,
      .icl = report->icl,
      .backend = report->backend,
      .threads = report->threads,
      .seed = seed,
  };
}

int output_possible(const char *path) {
  struct io_replacement replacement;
  struct io_error error;
  struct stat status;
  /* Its reader would take the trial for the end of the file. */
  if (stat(path, &status) == 0 && S_ISFIFO(status.st_mode)) return 1;
  if (io_replace_open(&replacement, path, &error) != 0) {
    complain("%s", error.text);
    return 0;
  }
  io_replace_discard(&replacement);
  return 1;
}

enum exit_status close_stdout(void) {
  int failed = ferror(stdout);
  errno = 0;
  if (fclose(stdout) == 0 && !failed) return EXIT_DONE;
  /* A reader that has seen enough, as head, is no accident. */
  if (errno != EPIPE) complain("standard output: %s", strerror(errno ? errno : EIO));
  return EXIT_FAILED;
}
