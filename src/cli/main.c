/* SPDX-License-Identifier: MIT */
/* emblas: the program. Finds the subcommand and hands the rest of the command line to it. */
#include "cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const struct command commands[] = {
    {"fit", command_fit, "fit mixtures to data, report, save the best"},
    {"predict", command_predict, "labels, responsibilities and densities of rows"},
    {"score", command_score, "the log-likelihood of rows"},
    {"sample", command_sample, "draw rows from a model"},
    {"plot", command_plot, "a picture of a model, with or without data"},
    {"example", command_example, "triangular, two-normals, three-coins, faithful"},
    {"backends", command_backends, "what this build has, and what BLAS it found"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_version(FILE *stream, struct argp_state *state) {
  (void)state;
  fprintf(stream, "emblas %s\n", emblas_version());
}

static const struct command *find_command(const char *name) {
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  }
  return NULL;
}

/* The first word that is no option names the subcommand; everything after it is the subcommand's. */
struct invocation {
  const struct command *command;
  int first; /* index of the subcommand's name */
  int help;  /* its options are asked for, and what follows is of no account */
};

/* `emblas help` and `emblas help COMMAND` are --help of the one and the other. */
static void take_help(struct invocation *invocation, struct argp_state *state) {
  if (state->next == state->argc) argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
  invocation->help = 1;
  invocation->first = state->next;
  invocation->command = find_command(state->argv[state->next]);
  if (!invocation->command) usage_error(state, "there is no command '%s'", state->argv[state->next]);
  state->next = state->argc;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  struct invocation *invocation = state->input;
  switch (key) {
  case ARGP_KEY_ARG:
    if (strcmp(argument, "help") == 0) {
      take_help(invocation, state);
      return 0;
    }
    invocation->command = find_command(argument);
    if (!invocation->command) usage_error(state, "there is no command '%s'", argument);
    invocation->first = state->next - 1;
    state->next = state->argc;
    return 0;
  case ARGP_KEY_NO_ARGS:
    usage_error(state, "a command is missing");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

/* The list of commands, between the synopsis and the options of --help. */
static char *help_text(int key, const char *text, void *input) {
  (void)input;
  if (key != ARGP_KEY_HELP_POST_DOC) return (char *)text;
  char *list = print_string("Commands:\n");
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    char *longer = print_string("%s  %-9s %s\n", list, commands[i].name, commands[i].summary);
    free(list);
    list = longer;
  }
  char *all = print_string(
      "%s\n`emblas help COMMAND' shows a command's options; `man emblas' is the manual.", list);
  free(list);
  return all;
}

/* A standard stream that is closed would give its number to the next file that is opened, which would then
   receive what is printed. /dev/null the wrong way round keeps the place: whoever uses it gets an error. */
static void hold_standard_streams(void) {
  static const int ways[] = {O_WRONLY, O_RDONLY, O_RDONLY};
  for (int stream = 0; stream < 3; stream++) {
    if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", ways[stream]) != stream)
      exit(EXIT_FAILED); /* there is nowhere to say why */
  }
}

int main(int argc, char **argv) {
  static const struct argp argp = {
      .parser = parse,
      .args_doc = "COMMAND [ARGUMENT...]",
      .doc = "Fits Gaussian mixture models by expectation-maximisation.\v",
      .help_filter = help_text,
  };
  struct invocation invocation = {NULL, 0, 0};
  hold_standard_streams();
  signal(SIGXFSZ,
         SIG_IGN); /* a file that may not grow is an error of its write, not the end of the program */
  argp_err_exit_status = EXIT_USAGE;
  argp_program_version_hook = print_version;
  error_t error = argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &invocation);
  if (error) die(EXIT_FAILED, "%s", strerror(error));

  char *name = print_string("emblas %s", invocation.command->name);
  char help[] = "--help", *asked[] = {name, help, NULL};
  argv[invocation.first] = name;
  enum exit_status status = invocation.help
                                ? invocation.command->run(2, asked)
                                : invocation.command->run(argc - invocation.first, argv + invocation.first);
  free(name);
  enum exit_status closed = close_stdout();
  return (int)(status != EXIT_DONE ? status : closed);
}
