/* SPDX-License-Identifier: MIT */
/* emblas backends: what this build has, and what BLAS it found; and how fast each is on rows of the
 * caller's. */
#include "backends_compare.h"
#include "rows.h"
#include "text.h"
#include "values.h"

#include <string.h>

struct arguments {
  const char *data;
  size_t components;
  enum emblas_covariance covariance;
  int asked; /* whether a covariance model is */
  struct io_selection selection;
};

enum { KEY_COMPARE = 1000, KEY_COV };

static error_t parse(int key, char *text, struct argp_state *state) {
  struct arguments *a = state->input;
  enum emblas_covariance covariances[EMBLAS_COVARIANCE_COUNT];
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &a->selection.format;
    return 0;
  case KEY_COMPARE:
    a->data = text;
    return 0;
  case 'k':
    a->components = value_size("-k", text, 1);
    return 0;
  case KEY_COV:
    if (value_covariances(text, covariances) != 1)
      usage_error(state, "--cov '%s': one model is compared", text);
    a->covariance = covariances[0], a->asked = 1;
    return 0;
  case ARGP_KEY_END:
    if (a->data && !a->components) usage_error(state, "--compare needs -k");
    if (!a->data && (a->components || a->asked)) usage_error(state, "-k and --cov need --compare");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static void list_backends(void) {
  size_t width = text_width(stdout);
  text_field(stdout, width, "emblas", emblas_version());
  text_field(stdout, width, "reference", "plain C loops");
  text_field(stdout, width, "blas",
             emblas_backend_blas() ? emblas_backend_blas_description() : "not in this build");
  text_field(stdout, width, "lapack",
             strcmp(emblas_backend_lapack_description(), "none") != 0 ? emblas_backend_lapack_description()
                                                                      : "not in this build");
  text_field(stdout, width, "native",
             emblas_backend_native() ? "vector code for this processor" : "not in this build");
  text_field(stdout, width, "auto", emblas_backend_auto(2, 6)->name);
}

static void compare_on(const struct arguments *arguments) {
  struct io_table table;
  rows_read(arguments->data, &arguments->selection, &table);
  rows_say_notes(&table, arguments->data);
  backends_compare(
      &(struct backends_comparison){arguments->data, &table, arguments->components, arguments->covariance});
  io_table_free(&table);
}

enum exit_status command_backends(int argc, char **argv) {
  static const struct argp_option options[] = {
      {"compare", KEY_COMPARE, "DATA", 0, "run the same maps of plain EM on DATA with each backend", 0},
      {"components", 'k', "K", 0, "of so many components", 0},
      {"cov", KEY_COV, "MODEL", 0, "of this covariance model (full)", 0},
      {NULL, 0, NULL, 0, NULL, 0},
  };
  static const struct argp_child children[] = {{&table_argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};
  static const struct argp argp = {
      .options = options,
      .parser = parse,
      .children = children,
      .doc = "Lists the backends of this build and the BLAS that it found. With --compare also how long "
             "each takes "
             "for a map of EM, and how far its result is from the reference's.",
  };
  struct arguments arguments = {.covariance = EMBLAS_FULL};
  parse_arguments(&argp, argc, argv, &arguments);
  list_backends();
  if (arguments.data) compare_on(&arguments);
  return EXIT_DONE;
}
