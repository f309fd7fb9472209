/* SPDX-License-Identifier: MIT */
/* The cross table of labels and a column of the file. */
#include "compare.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Rows of the table are the values of the column, in their order; columns of it are the components. */
struct cross {
  size_t values, components;
  const char **names;
  size_t *counts; /* values x components */
};

void comparison_add(struct comparison *comparison, const char *value, size_t label) {
  if (!*value || strcmp(value, "NA") == 0) return;
  comparison->rows[comparison->count++] = (struct compared_row){value, label};
}

/* Numbers within the values count as such: 2 comes before 10. */
static int by_value(const void *a, const void *b) {
  const struct compared_row *first = a, *second = b;
  int order = strverscmp(first->value, second->value);
  return order ? order : strcmp(first->value, second->value);
}

static struct cross make_cross(struct comparison *comparison) {
  const struct compared_row *rows = comparison->rows;
  struct cross cross = {.components = comparison->components};
  if (comparison->count) qsort(comparison->rows, comparison->count, sizeof *rows, by_value);
  for (size_t i = 0; i < comparison->count; i++)
    cross.values += i == 0 || strcmp(rows[i].value, rows[i - 1].value) != 0;
  cross.names = allocate(cross.values, sizeof *cross.names);
  cross.counts = allocate(cross.values * cross.components, sizeof *cross.counts);
  for (size_t i = 0, value = 0; i < comparison->count; i++) {
    value += i > 0 && strcmp(rows[i].value, rows[i - 1].value) != 0;
    cross.names[value] = rows[i].value;
    cross.counts[value * cross.components + rows[i].label]++;
  }
  return cross;
}

static void free_cross(struct cross *cross) {
  free(cross->names);
  free(cross->counts);
}

/* ---- how well they agree ---- */

static double pairs(size_t count) {
  return (double)count * ((double)count - 1) / 2;
}

static size_t total_of(const struct cross *cross, size_t value) {
  size_t total = 0;
  for (size_t c = 0; c < cross->components; c++) total += cross->counts[value * cross->components + c];
  return total;
}

static size_t size_of(const struct cross *cross, size_t component) {
  size_t total = 0;
  for (size_t v = 0; v < cross->values; v++) total += cross->counts[v * cross->components + component];
  return total;
}

/* Pairs of rows that are together in both, over those that chance would put together. 1 where all rows are
   together, or none are, in both. */
static double adjusted_rand(const struct cross *cross, size_t rows) {
  double both = 0, values = 0, components = 0;
  for (size_t i = 0; i < cross->values * cross->components; i++) both += pairs(cross->counts[i]);
  for (size_t v = 0; v < cross->values; v++) values += pairs(total_of(cross, v));
  for (size_t c = 0; c < cross->components; c++) components += pairs(size_of(cross, c));
  double chance = rows > 1 ? values * components / pairs(rows) : 0, most = (values + components) / 2;
  return most > chance ? (both - chance) / (most - chance) : 1;
}

static size_t count_errors(const struct cross *cross, size_t rows) {
  size_t right = 0;
  for (size_t c = 0; c < cross->components; c++) {
    size_t most = 0;
    for (size_t v = 0; v < cross->values; v++) {
      size_t count = cross->counts[v * cross->components + c];
      most = count > most ? count : most;
    }
    right += most;
  }
  return rows - right;
}

/* ---- what is printed ---- */

/* The columns of a table that are as wide as its longest count. */
static int cell_width(size_t rows) {
  return snprintf(NULL, 0, "%zu", rows) + 2;
}

static size_t label_width(const struct comparison *comparison, const struct cross *cross, size_t most) {
  size_t width = text_columns(comparison->name);
  for (size_t v = 0; v < cross->values; v++) {
    size_t columns = text_columns(cross->names[v]);
    width = columns > width ? columns : width;
  }
  return width < most ? width : most;
}

static void print_label(FILE *stream, const char *label, size_t width) {
  char *clean = text_clean(label);
  text_cell(stream, clean, (int)width);
  free(clean);
}

/* Components first to last - 1, which fit beside the values. */
static void print_block(FILE *stream, const struct comparison *comparison, const struct cross *cross,
                        size_t label, size_t first, size_t last) {
  int cell = cell_width(comparison->count);
  print_label(stream, comparison->name, label);
  for (size_t c = first; c < last; c++) fprintf(stream, "%*zu", cell, c);
  fputc('\n', stream);
  for (size_t v = 0; v < cross->values; v++) {
    print_label(stream, cross->names[v], label);
    for (size_t c = first; c < last; c++)
      fprintf(stream, "%*zu", cell, cross->counts[v * cross->components + c]);
    fputc('\n', stream);
  }
  fputc('\n', stream);
}

void comparison_print(FILE *stream, struct comparison *comparison) {
  struct cross cross = make_cross(comparison);
  size_t rows = comparison->count, width = text_width(stream), label, block;
  label = label_width(comparison, &cross, width / 2);
  block = (width - label) / (size_t)cell_width(rows);
  for (size_t first = 0, last; first < cross.components; first = last) {
    last = first + (block ? block : 1) < cross.components ? first + (block ? block : 1) : cross.components;
    print_block(stream, comparison, &cross, label, first, last);
  }
  text_fieldf(stream, width, "rows", "%zu", rows);
  text_fieldf(stream, width, "adjusted Rand", "%.6f", adjusted_rand(&cross, rows));
  size_t errors = count_errors(&cross, rows);
  text_fieldf(stream, width, "error rate",
              "%.6f (%zu of %zu rows are not of their component's most frequent value)",
              rows ? (double)errors / (double)rows : 0, errors, rows);
  free_cross(&cross);
}
