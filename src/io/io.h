/* SPDX-License-Identifier: MIT */
/* Files of the program: tables in, model files in and out. A separate static library: the core never
   opens a file. Every function returns 0, or -1 with one line of text in the error: what is wrong and
   where ("data.csv:8:2: 'abc' is not a number"), without a final newline. */
#ifndef EMBLAS_IO_IO_H
#define EMBLAS_IO_IO_H

#include <emblas/emblas.h>
#include <stdbool.h>
#include <stdio.h>

struct io_error {
  char text[1024];
  int resources; /* no fault of the file: memory, or room for temporary files, has run out */
};

/* Replaces each control character (C0, DEL, U+0080 to U+009F) and each byte that belongs to no UTF-8
   character by '?', in place: what is left may be shown on a terminal. */
void io_make_printable(char *text);

/* ---- tables (csv.c, npy.c; read.c chooses) ---- */

/* The fields of one column as they stand in the file, without the quotation marks around them: of every row
   of the file, left out or not. */
struct io_texts {
  char *name;     /* the header's, which may be empty, or x1, x2, ..; NULL: none were asked for */
  char *text;     /* of all fields, each ended by a zero */
  size_t *begins; /* of each in it */
  size_t used, count, text_capacity, begin_capacity;
};

/* The fields of all columns likewise, row by row, in a temporary file: they are read in their order, and
 * once. */
struct io_copy {
  size_t columns; /* 0: it was not asked for */
  char **names;   /* one a column, as the name of texts */
  FILE *fields;   /* each ended by a zero */
  char *field;    /* the last that was read .. */
  size_t room;    /* .. in so many bytes */
};

struct io_array; /* a matrix that stays in its file */

struct io_table {
  size_t rows, columns;
  double *values; /* rows x columns, finite */
  struct io_array
      *array; /* in place of values and weights, where the rows stay in the file; they are not looked at */
  double *weights;  /* rows, >= 0, not all 0; NULL when no weights column was asked for */
  char **names;     /* one a column: the header's, or x1, x2, .. */
  size_t file_rows; /* of the file; more than rows where some were left out */
  size_t *places;   /* rows: which row of the file each is, from 0; NULL: none was left out */
  char **notes;     /* what the reader decided or left out, one line each */
  size_t note_count;
  struct io_texts texts; /* of the selection's text_column; a table in .npy has none .. */
  struct io_copy copy;   /* .. and no copy */
};

/* Which row of the file a row is, from 0. */
static inline size_t io_table_place(const struct io_table *table, size_t row) {
  return table->places ? table->places[row] : row;
}

/* The text of a row of the file, from 0. */
static inline const char *io_table_text(const struct io_table *table, size_t file_row) {
  return table->texts.text + table->texts.begins[file_row];
}

/* The next field of the copy, valid until the next call; empty where the temporary file cannot be read. */
const char *io_copy_next(struct io_copy *copy);
/* Whether that has happened. */
bool io_copy_failed(const struct io_copy *copy);

enum io_header_rule { IO_HEADER_AUTO, IO_HEADER_YES, IO_HEADER_NO };
#define IO_NO_COMMENT '\n'

/* How the text of a table is to be read; all 0: as its first lines suggest. */
struct io_format {
  char separator; /* ' ': runs of blanks and tabs; 0: tab, semicolon, bar, comma or blanks, whichever splits
                     the first lines evenly */
  char comment;   /* lines that begin with it are left out; IO_NO_COMMENT: none; 0: '#' */
  char decimal;   /* '.' or ','; 0: a comma where it separates nothing else, and no number has a point */
  enum io_header_rule header; /* whether the first row holds names; auto: words over numbers are names */
  bool drop_missing;   /* leave out rows with a missing value in a selected column; false: refuse them */
  const char *missing; /* comma list of what stands for a missing value beside nothing, NA, N/A, NaN, null,
                          none, ., * and ?; NULL: nothing */
};

struct io_selection {
  struct io_format format;
  /* Names and 1-based numbers; NULL: all columns of numbers but the weights and one that counts rows. Items
     are set apart by commas, lists by line ends. Digits are a name where all items are names of the header,
     else a number; 2:5 is columns 2 to 5; an item in quotation marks, and a list that is a name as a whole,
     may hold commas; a list of items that begin with '-' means all columns but these. */
  const char *columns;
  const char *weights; /* a name or, where it is none, a 1-based number; NULL: none */
  /* Where columns is NULL: the columns of a model, in this order; NULL: none. A header must have them all,
     and may have more, in any order. Where there is none, names x1, x5, .. say which columns these are; so
     do they beside a header that has none of them. Else columns are taken as they stand. */
  const char *const *known;
  size_t known_count;
  /* A column whose texts are kept beside the values, and which is none of these where columns are taken as
     they stand: a name or, where it is none, a 1-based number; NULL: none. */
  const char *text_column;
  bool copy;        /* the texts of all columns are copied */
  size_t stay_from; /* a matrix whose values would take so many bytes stays in its file, and of a text they
                       go to a temporary one; 0: in memory */
};

/* Reads a table in text (path "-": standard input) or .npy, either also compressed by gzip, text also in
   UTF-16. Where the first row has words over numbers, or consecutive integers over fractions, it is a
   header, and so it is when columns are selected by name; numbers and words over numbers are an error.
   Columns of words are left out unless they are selected, and unselected ones may hold anything. Numbers of
   columns count the file's. Names that are no UTF-8 are taken for Latin-1. At most 1,048,576 columns and
   fields of 16 MiB are read. On failure the table is as it was. */
int io_table_read(const char *path, const struct io_selection *selection, struct io_table *table,
                  struct io_error *error);
void io_table_free(struct io_table *table);

/* The rows of such a matrix, for the library: read in any number of threads, while it exists. */
struct emblas_reader io_array_reader(struct io_array *array);
void io_array_free(struct io_array *array);

/* Labels: a file of one column, values 0, 1, .., IO_NO_LABEL for a missing one; *labels is malloc'ed. */
#define IO_NO_LABEL ((size_t)-1)
int io_labels_read(const char *path, size_t **labels, size_t *count, struct io_error *error);

/* Responsibilities: rows of `count` values >= 0 or, for missing ones, NaN, a column for each component;
   *responsibilities is malloc'ed. Where a header names columns r0, r1, .., as `emblas predict` does, these
   are taken, in whatever order they stand; otherwise all columns are, as they stand. */
int io_responsibilities_read(const char *path, double **responsibilities, size_t *rows, size_t *count,
                             struct io_error *error);

/* ---- model files (model_write.c, model_read.c) ---- */

/* The "fit" part of a model file. */
struct io_fit {
  const char *status; /* "converged", "iteration-limit", "cancelled" */
  size_t iterations, maps;
  double loglik;
  size_t n;
  size_t parameters;
  double bic, aic, icl;
  const char *backend;
  size_t threads;
  uint64_t seed;
  double seconds;
  const char *const *warnings;
  size_t warning_count;
};

/* Writes the JSON text of a model. names: dim column names, or NULL; fit: NULL allowed. */
int io_model_print(FILE *stream, const struct emblas_model *model, const char *const *names,
                   const struct io_fit *fit, struct io_error *error);
/* The same to a file, which is replaced in one step: after a failure the old one is still there. */
int io_model_write(const char *path, const struct emblas_model *model, const char *const *names,
                   const struct io_fit *fit, struct io_error *error);
/* Reads one (path "-": standard input). *names receives dim malloc'ed strings in a malloc'ed array, or
   NULL when the file has none. */
int io_model_read(const char *path, struct emblas_model **model, char ***names, struct io_error *error);
/* The same from a stream, which messages call `name`. */
int io_model_read_stream(FILE *stream, const char *name, struct emblas_model **model, char ***names,
                         struct io_error *error);
void io_names_free(char **names, size_t count);

/* ---- replacing a file in one step (replace.c) ---- */

/* Opens a temporary file beside path (its permissions kept when it exists, and its owner and group where
   the system lets us); commit flushes, syncs and renames it over path, or removes it when that fails;
   discard removes it, and does nothing after a commit. A symbolic link's target is replaced, or made where
   it is missing. What is no regular file, as /dev/null, is written to directly. path "-" writes to standard
   output, which stays open. */
struct io_replacement {
  FILE *stream;
  char *path;      /* as given, for messages; NULL: standard output */
  char *target;    /* the file that is replaced, links followed; NULL when path is written to directly */
  char *temporary; /* NULL with target */
};
int io_replace_open(struct io_replacement *r, const char *path, struct io_error *error);
int io_replace_commit(struct io_replacement *r, struct io_error *error);
void io_replace_discard(struct io_replacement *r);

/* ---- writing a matrix (matrix_write.c) ---- */

/* Whether a file of this name is one: NAME.npy, NAME.h5 or NAME.h5:/DATASET. */
bool io_matrix_named(const char *path);
/* Opens such a file to be replaced, and writes all but its rows * columns doubles, which the caller writes
   to the stream, row by row. */
int io_matrix_open(struct io_replacement *r, const char *path, size_t rows, size_t columns,
                   struct io_error *error);

/* ---- numbers (number.c): independent of the locale ---- */

/* The shortest decimal that reads back as the same double; text holds at least 32 characters. */
char *io_number_format(double value, char *text);
/* Reads a whole field of length `length` as a decimal number. 0, or -1 when it is none. Infinite and NaN
   words, hexadecimal, blanks inside: none. Overflow: -1. */
int io_number_parse(const char *text, size_t length, double *value);

#endif
