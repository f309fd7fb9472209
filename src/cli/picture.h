/* SPDX-License-Identifier: MIT */
/* Pictures: a gnuplot script, run by a gnuplot of its own. */
#ifndef EMBLAS_CLI_PICTURE_H
#define EMBLAS_CLI_PICTURE_H

#include "cli.h"

struct picture_format {
  const char *ending, *terminal; /* of the path; what gnuplot calls it */
  const char *last;              /* a word within the last bytes of a picture that is whole */
};
/* By the ending of a path; NULL when there is none. */
const struct picture_format *picture_format(const char *path);

/* Writes what follows the choice of the terminal: settings, data, plot commands. */
typedef void (*picture_writer)(FILE *script, const void *context);

/* Draws a picture into a file, which is replaced in one step, and keeps the script at script_path (NULL:
   does not). Complains of what fails. */
enum exit_status picture_draw(const char *path, const char *script_path, picture_writer write,
                              const void *context);

/* A path as a gnuplot string: each byte of it. */
void picture_path(FILE *script, const char *path);
/* The lettering of a picture as a gnuplot string: made printable. */
void picture_text(FILE *script, const char *text);

/* Runs gnuplot on a script, from where the stream's file stands, with its output in another file. 0, or -1
   with the reason in the error. Of an output that cannot be written gnuplot says nothing. */
int gnuplot_run(FILE *script, FILE *output, struct io_error *error);

#endif
