/* SPDX-License-Identifier: MIT */
/* emblas backends: what this build has, and what BLAS it found. */
#include "cli.h"
#include "text.h"

#include <string.h>

enum exit_status command_backends(int argc, char **argv) {
  static const struct argp argp = {.doc = "Lists the backends of this build and the BLAS that it found."};
  parse_arguments(&argp, argc, argv, NULL);
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
  return EXIT_DONE;
}
