/* SPDX-License-Identifier: MIT */
/* Text for a terminal of any width. */
#ifndef EMBLAS_CLI_TEXT_H
#define EMBLAS_CLI_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Columns of the terminal behind a stream; of COLUMNS when it is set; else 80. At least 20. */
size_t text_width(FILE *stream);

/* The same for a table: without end where neither a terminal nor COLUMNS bounds it. */
size_t text_table_width(FILE *stream);

/* Columns a UTF-8 text takes, counting one a character. */
size_t text_columns(const char *text);

/* A malloc'ed copy that may be shown: io_make_printable(). Names and paths hold what they like. */
char *text_clean(const char *text);

/* Prints text over `columns` columns, cut where it is longer; negative: flush right. */
void text_cell(FILE *stream, const char *text, int columns);

/* "label   value", the value made printable and wrapped at blanks to the width, with a hanging indent. */
void text_field(FILE *stream, size_t width, const char *label, const char *value);
/* The same with a printed value. */
void text_fieldf(FILE *stream, size_t width, const char *label, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Log-likelihoods and criteria: six decimals while they make sense. text holds at least 32 characters. */
char *text_nats(double value, char *text);
/* A mean to the digits that its standard deviation leaves meaning to. */
char *text_measure(double value, double deviation, char *text);

#endif
