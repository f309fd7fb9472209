/* SPDX-License-Identifier: MIT */
/* A picture from a script: made in a temporary file, run, moved into place. */
#include "picture.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* The same lettering and line widths to the eye in all three: PNG at twice the size of the SVG. */
static const struct picture_format formats[] = {
    {".svg", "svg size 640,480 font 'sans-serif,11' background '#ffffff' noenhanced", "</svg>"},
    {".png",
     "pngcairo size 1600,1200 font 'Sans,11' fontscale 2 linewidth 2 pointscale 2 "
     "background '#ffffff' noenhanced",
     "IEND"},
    {".pdf",
     "pdfcairo size 8in,6in font 'Sans,11' fontscale 0.75 linewidth 1.5 pointscale 1.4 background "
     "'#ffffff' noenhanced",
     "%%EOF"},
};

const struct picture_format *picture_format(const char *path) {
  const char *ending = strrchr(path, '.');
  for (size_t i = 0; ending && i < sizeof formats / sizeof formats[0]; i++) {
    if (strcasecmp(ending, formats[i].ending) == 0) return &formats[i];
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

/* A script for gnuplot alone, without an output, in a temporary file: a stream in memory loses what it has
   no memory for, and says nothing. */
struct script {
  FILE *stream;
  long body; /* where what follows the terminal begins */
};

static int fail_temporary(struct io_error *error) {
  snprintf(error->text, sizeof error->text, "temporary file: %s", strerror(errno));
  return -1;
}

static void choose_terminal(FILE *stream, const struct picture_format *format) {
  fprintf(stream, "set encoding utf8\nset terminal %s\n", format->terminal);
}

static int make_script(struct script *script, const struct picture_format *format, picture_writer write,
                       const void *context, struct io_error *error) {
  script->stream = tmpfile();
  if (!script->stream) return fail_temporary(error);
  choose_terminal(script->stream, format);
  script->body = ftell(script->stream);
  write(script->stream, context);
  if (fflush(script->stream) == 0 && !ferror(script->stream)) return 0;
  fail_temporary(error);
  fclose(script->stream);
  return -1;
}

/* The same with the output, for the user. */
static int keep_script(const struct script *script, const char *script_path,
                       const struct picture_format *format, const char *path, struct io_error *error) {
  struct io_replacement file;
  char chunk[4096];
  size_t length;
  if (io_replace_open(&file, script_path, error) != 0) return -1;
  choose_terminal(file.stream, format);
  fputs("set output ", file.stream);
  picture_path(file.stream, path);
  fputc('\n', file.stream);
  fseek(script->stream, script->body, SEEK_SET);
  while ((length = fread(chunk, 1, sizeof chunk, script->stream)) > 0)
    fwrite(chunk, 1, length, file.stream);
  if (!ferror(script->stream)) return io_replace_commit(&file, error);
  io_replace_discard(&file);
  return fail_temporary(error);
}

/* Whether what gnuplot has written ends as it should; of what cannot be read again it is believed. */
static int is_whole(FILE *picture, const char *last) {
  char end[33] = "";
  struct stat status;
  if (fstat(fileno(picture), &status) != 0 || !S_ISREG(status.st_mode)) return 1;
  off_t begin = status.st_size > 32 ? status.st_size - 32 : 0;
  return pread(fileno(picture), end, 32, begin) > 0 && memmem(end, 32, last, strlen(last));
}

/* gnuplot writes to a file that is open already: no path has to survive its quoting. */
static int run(FILE *script, const char *path, const char *last, struct io_error *error) {
  struct io_replacement file;
  if (io_replace_open(&file, path, error) != 0) return -1;
  int result = gnuplot_run(script, file.stream, error);
  if (result == 0 && !is_whole(file.stream, last)) {
    snprintf(error->text, sizeof error->text, "%s: cannot write: the picture is cut short", path);
    result = -1;
  }
  if (result == 0) return io_replace_commit(&file, error);
  io_replace_discard(&file);
  return -1;
}

/* The script first: a picture is not drawn without the script that is to stand beside it. */
static int draw(const struct script *script, const char *script_path, const char *path,
                struct io_error *error) {
  const struct picture_format *format = picture_format(path);
  if (script_path && keep_script(script, script_path, format, path, error) != 0) return -1;
  rewind(script->stream);
  return run(script->stream, path, format->last, error);
}

enum exit_status picture_draw(const char *path, const char *script_path, picture_writer write,
                              const void *context) {
  const struct picture_format *format = picture_format(path);
  struct script script;
  struct io_error error;
  if (!format) die(EXIT_USAGE, "%s: not the name of a picture", path);
  int result = make_script(&script, format, write, context, &error);
  if (result == 0) {
    result = draw(&script, script_path, path, &error);
    fclose(script.stream);
  }
  if (result == 0) return EXIT_DONE;
  complain("%s", error.text);
  return EXIT_FAILED;
}
