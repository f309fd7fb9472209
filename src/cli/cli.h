/* SPDX-License-Identifier: MIT */
/* What every subcommand of the program shares: exit statuses, errors, memory and the end of output. */
#ifndef EMBLAS_CLI_H
#define EMBLAS_CLI_H

#include "io/io.h"

#include <argp.h>

/* Done covers a fit that was cancelled or met its iteration limit; the model's status says so. */
enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_DATA = 3 };

struct command {
  const char *name;
  enum exit_status (*run)(int argc, char **argv);
  const char *summary;
};

enum exit_status command_fit(int argc, char **argv);
enum exit_status command_predict(int argc, char **argv);
enum exit_status command_score(int argc, char **argv);
enum exit_status command_sample(int argc, char **argv);
enum exit_status command_plot(int argc, char **argv);
enum exit_status command_example(int argc, char **argv);
enum exit_status command_backends(int argc, char **argv);

/* One printable line on standard error: "emblas: ...". */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, then exit. Not to be called while a replacement file is open. */
_Noreturn void die(enum exit_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a file that could not be read. */
_Noreturn void die_of_file(const struct io_error *error);

/* count * size zeroed bytes, at least one; exits when there are none. */
void *allocate(size_t count, size_t size);
/* A printed string, malloc'ed. */
char *print_string(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Of a clock that only goes forward, since some time in the past. */
double seconds_now(void);

/* Parses the arguments of a subcommand; exits with a message when they are wrong. */
void parse_arguments(const struct argp *argp, int argc, char **argv, void *input);
/* argp_error() with a message that may hold any argument: it is made printable. */
void usage_error(const struct argp_state *state, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The exit status that a failed library call stands for. */
enum exit_status exit_status_of(emblas_status status);

/* What components are called in a list of models: by their covariance model, or where there is none by
   their family. */
const char *components_name(enum emblas_family family, enum emblas_covariance covariance);

/* What a model file says of the fit that a report is of; without its time and warnings. */
struct io_fit fit_record(const struct emblas_report *report, size_t rows, uint64_t seed);

/* Whether a file can be written at path; complains when not. What stands there is left alone. */
int output_possible(const char *path);
/* Flushes and closes standard output. EXIT_FAILED, with a message, when not everything was written. */
enum exit_status close_stdout(void);

#endif
