/* SPDX-License-Identifier: MIT */
/* What the files of the io library share with each other only. */
#ifndef EMBLAS_IO_INTERNAL_H
#define EMBLAS_IO_INTERNAL_H

#include "io.h"

#include <stdbool.h>

/* ---- errors (error.c) ---- */

/* Sets the text, one printable line. Returns -1. */
int io_fail(struct io_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
int io_fail_memory(struct io_error *error, const char *file);
/* A temporary file cannot be made or written: errno says why. Returns -1. */
int io_fail_temporary(struct io_error *error);

/* A piece of a file as it may stand in a message: shortened, and bytes that are no printable UTF-8 as \xNN.
 */
struct io_quote {
  char text[96];
};
struct io_quote io_quote(const char *text, size_t length);

/* ---- text (utf8.c) ---- */

/* Bytes of the UTF-8 character that a text begins with; 0 when it begins with none. */
size_t io_utf8(const char *text, size_t length);
/* A malloc'ed copy in UTF-8, NUL-terminated, and its length; NULL without memory. What is no UTF-8 is taken
   for Latin-1, whose control characters, letters and quotation marks in Windows, become U+FFFD. */
char *io_utf8_copy(const char *text, size_t length, size_t *copied);
/* Whether the UTF-8 character that a text begins with is a control character. */
bool io_is_control(const char *text);

/* ---- numbers (number.c) ---- */

enum io_number { IO_NUMBER, IO_NUMBER_TOO_LARGE, IO_NUMBER_NONE, IO_NUMBER_NO_MEMORY };
/* io_number_parse() that tells why. */
enum io_number io_number_read(const char *text, size_t length, double *value);
/* The same for a field of a table: decimal: '.' or ','; the exponent may be Fortran's, as in 1.5D+03. */
enum io_number io_number_read_field(const char *text, size_t length, char decimal, double *value);

/* ---- memory (memory.c) ---- */

/* An array of more than `count` elements from one of *capacity, larger by half; NULL, the old one kept,
   when there is no memory. Growing by half and never by rows keeps the peak near the size of the data. */
void *io_grow(void *array, size_t count, size_t *capacity, size_t element);
/* a * b, or false when it does not fit. */
bool io_multiply(size_t a, size_t b, size_t *product);

/* ---- files that are read (input.c) ---- */

/* Opens a file, or standard input for "-"; *name is what messages call it. NULL after an error. */
FILE *io_open(const char *path, const char **name, struct io_error *error);
void io_close(FILE *stream);
/* The file cannot be read: says why. Returns -1. */
int io_fail_read(struct io_error *error, const char *file);

/* A file of which the first bytes have been read, to see what it is. */
enum { IO_CHUNK = 65536 };
struct io_input {
  FILE *stream;
  const char *name;     /* what messages call it */
  char chunk[IO_CHUNK]; /* the first bytes, fewer only where the file ends */
  size_t length;
};

/* Opens a file, or standard input for "-", and reads the chunk. 0, or -1 after an error. */
int io_input_open(struct io_input *input, const char *path, struct io_error *error);
void io_input_close(struct io_input *input);
/* Puts another stream, from its beginning, in the place of the stream, which is closed. */
int io_input_replace(struct io_input *input, FILE *stream, struct io_error *error);
/* Makes the stream one that stands at its beginning and has a size, the chunk unread: a temporary file without a
   name where it is none, as a pipe. */
int io_input_rewind(struct io_input *input, struct io_error *error);

/* Text of UTF-16 becomes UTF-8, what gzip has compressed is expanded, each in a temporary file; kinds of files that
   are known and not read are refused by their names (recognise.c). */
int io_recognise(struct io_input *input, struct io_error *error);
/* Expands what gzip has compressed (gunzip.c). */
int io_gunzip(struct io_input *input, struct io_error *error);

/* ---- where the columns of a file go (selection.c) ---- */

#define IO_UNUSED ((size_t)-1)
#define IO_WEIGHT ((size_t)-2)

struct io_plan {
  size_t columns;  /* of the file */
  size_t *slot;    /* one a column: its index in the table's rows, IO_WEIGHT or IO_UNUSED */
  size_t text;     /* the column whose text was asked for; IO_UNUSED: none was */
  size_t selected; /* columns of the table */
  bool weighted;
  bool by_name; /* a column was selected by its name */
  bool rest;    /* columns were taken as they stand, without those to be left out */
};

/* A column takes some hundred bytes, whatever its values take: files that have more, as of one line that was
   to be a column, are refused. */
enum { IO_MOST_COLUMNS = 1 << 20 };

/* The first row of a file, so far as it may hold names. */
struct io_header {
  const char *file;
  const char *const *names; /* NULL: there are none */
  size_t columns;
  bool words;           /* one of them is a word, so that the row cannot be one of numbers */
  const bool *left_out; /* one a column: not taken unless it is selected; NULL: none is */
};

int io_plan_make(struct io_plan *plan, const struct io_header *header, const struct io_selection *selection,
                 struct io_error *error);
void io_plan_free(struct io_plan *plan);

/* ---- a table that is being filled (table.c) ---- */

/* What the selected columns hold. */
enum io_content { IO_VALUES, IO_LABELS, IO_RESPONSIBILITIES };

struct io_source {
  struct io_input *input;
  const char *name; /* the input's */
  const struct io_selection *selection;
  enum io_content content;
};

/* Adds a line to the notes. 0, or -1 without memory. */
int io_table_note(struct io_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Leaves out the rows in which a value or the weight is NaN, which stands for a missing one, and notes how many they
   are; -1 when they are all, or without memory. */
int io_table_drop_missing(struct io_table *table, const char *file, struct io_error *error);

/* Adds a field to the texts; -1 without memory. */
int io_texts_add(struct io_texts *texts, const char *text, size_t length);

/* A copy is begun, filled field by field, and ended, which makes it one to be read (copy.c). 0, or -1 after an
   error. */
int io_copy_begin(struct io_copy *copy, struct io_error *error);
int io_copy_add(struct io_copy *copy, const char *text, size_t length, struct io_error *error);
int io_copy_end(struct io_copy *copy, struct io_error *error);
void io_copy_free(struct io_copy *copy);

/* What is wrong with a value that a column receives, as "is negative"; NULL when nothing is. */
const char *io_value_problem(double value, size_t slot, enum io_content content);

/* Names of the selected columns: those given where they are not empty, else x1, x2, .. by the place in the
 * file. */
int io_table_name(struct io_table *table, const struct io_plan *plan, const char *const *names);
/* Puts a value in its place; the row exists. */
void io_table_put(struct io_table *table, size_t row, size_t slot, double value);

/* Both fill a zeroed table; after an error the caller frees it. */
int io_csv_read(const struct io_source *source, struct io_table *table, struct io_error *error);
int io_npy_read(const struct io_source *source, struct io_table *table, struct io_error *error);

#endif
