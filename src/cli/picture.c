/* SPDX-License-Identifier: MIT */
/* A picture from a script: made in a temporary file, run, moved into place. */
#include "picture.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The same lettering and line widths to the eye in all three: PNG at twice the size of the SVG. */
static const struct {
  const char *ending, *terminal;
} formats[] = {
    {".svg", "svg size 640,480 font 'sans-serif,11' background '#ffffff' noenhanced"},
    {".png", "pngcairo size 1600,1200 font 'Sans,11' fontscale 2 linewidth 2 pointscale 2 "
             "background '#ffffff' noenhanced"},
    {".pdf", "pdfcairo size 8in,6in font 'Sans,11' fontscale 0.75 linewidth 1.5 pointscale 1.4 background "
             "'#ffffff' noenhanced"},
};

const char *picture_format(const char *path) {
  const char *ending = strrchr(path, '.');
  for (size_t i = 0; ending && i < sizeof formats / sizeof formats[0]; i++) {
    if (strcasecmp(ending, formats[i].ending) == 0) return formats[i].terminal;
  }
  return NULL;
}

/* Octal escapes within double quotes: gnuplot takes quotation marks in single quotes for their end here and
   there, and runs what stands between backquotes in double ones. An escape ends at the first character that
   is no digit, however many there are: a digit after one is escaped too. */
void picture_path(FILE *script, const char *path) {
  static const char plain[] = " ,.:;/()[]%+-=_";
  int escaped = 0;
  fputc('"', script);
  for (; *path; path++) {
    unsigned char c = (unsigned char)*path;
    escaped = !(c >= 0x80 || (isdigit(c) ? !escaped : isalpha(c) || strchr(plain, c)));
    fprintf(script, escaped ? "\\%03o" : "%c", c);
  }
  fputc('"', script);
}

void picture_text(FILE *script, const char *text) {
  char *clean = print_string("%s", text);
  io_make_printable(clean);
  picture_path(script, clean);
  free(clean);
}

/* The terminal, the output (NULL: standard output), the body. */
static void write_script(FILE *script, const char *terminal, const char *output, const char *body) {
  fprintf(script, "set encoding utf8\nset terminal %s\n", terminal);
  if (output) {
    fputs("set output ", script);
    picture_path(script, output);
    fputc('\n', script);
  }
  fputs(body, script);
}

static int keep_script(const char *script_path, const char *terminal, const char *path, const char *body,
                       struct io_error *error) {
  struct io_replacement file;
  if (io_replace_open(&file, script_path, error) != 0) return -1;
  write_script(file.stream, terminal, path, body);
  return io_replace_commit(&file, error);
}

/* gnuplot writes to a file that is open already: no path has to survive its quoting. */
static int draw(const char *path, const char *terminal, const char *body, struct io_error *error) {
  struct io_replacement file;
  FILE *script = tmpfile();
  if (!script) {
    snprintf(error->text, sizeof error->text, "no temporary file: %s", strerror(errno));
    return -1;
  }
  write_script(script, terminal, NULL, body);
  int result = io_replace_open(&file, path, error);
  if (result == 0) {
    result = gnuplot_run(script, file.stream, error);
    if (result == 0)
      result = io_replace_commit(&file, error);
    else
      io_replace_discard(&file);
  }
  fclose(script);
  return result;
}

/* The body is made before any file is opened, so that nothing is left behind when it cannot be. */
static char *make_body(picture_writer write, const void *context) {
  char *body = NULL;
  size_t length;
  FILE *stream = open_memstream(&body, &length);
  if (!stream) die(EXIT_FAILED, "out of memory");
  write(stream, context);
  if (fclose(stream) != 0) die(EXIT_FAILED, "out of memory");
  return body;
}

enum exit_status picture_draw(const char *path, const char *script_path, picture_writer write,
                              const void *context) {
  struct io_error error;
  const char *terminal = picture_format(path);
  if (!terminal) die(EXIT_USAGE, "%s: not the name of a picture", path);
  char *body = make_body(write, context);
  int failed = 0;
  if (script_path && keep_script(script_path, terminal, path, body, &error) != 0) {
    complain("%s", error.text);
    failed = 1;
  }
  if (draw(path, terminal, body, &error) != 0) {
    complain("%s", error.text);
    failed = 1;
  }
  free(body);
  return failed ? EXIT_FAILED : EXIT_DONE;
}
