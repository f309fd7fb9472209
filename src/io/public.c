/* SPDX-License-Identifier: MIT */
/* What <emblas/io.h> promises, in terms of this folder's own functions, which the program uses. */
#include "internal.h"

#include <emblas/io.h>

#include <stdlib.h>
#include <string.h>

static emblas_status conclude(int result, const struct io_error *why, struct emblas_file_error *error) {
  if (result == 0) return EMBLAS_OK;
  _Static_assert(sizeof error->text == sizeof why->text, "a message fits");
  if (error) memcpy(error->text, why->text, sizeof error->text);
  return why->resources ? EMBLAS_ERROR_MEMORY : EMBLAS_ERROR_FILE;
}

/* ---- models ---- */

emblas_status emblas_model_save(const char *path, const struct emblas_model *model,
                                const char *const *names, struct emblas_file_error *error) {
  struct io_error why;

  return conclude(io_model_write(path, model, names, NULL, &why), &why, error);
}

emblas_status emblas_model_load(const char *path, struct emblas_model **model, char ***names,
                                struct emblas_file_error *error) {
  struct io_error why;

  return conclude(io_model_read(path, model, names, &why), &why, error);
}

static int print(const struct emblas_model *model, const char *const *names, char **text,
                 struct io_error *error) {
  char *printed = NULL;
  size_t length;
  FILE *stream = open_memstream(&printed, &length);
  int result = stream ? io_model_print(stream, model, names, NULL, error) : -1;

  /* Nothing but memory can run out of such a stream. */
  if (stream && fclose(stream) != 0) result = -1;
  if (result == 0 && printed) {
    *text = printed;
    return 0;
  }
  free(printed);
  return io_fail_memory(error, "the model");
}

emblas_status emblas_model_to_json(const struct emblas_model *model, const char *const *names, char **text,
                                   struct emblas_file_error *error) {
  struct io_error why;

  return conclude(print(model, names, text, &why), &why, error);
}

static int parse(const char *text, size_t length, struct emblas_model **model, char ***names,
                 struct io_error *error) {
  FILE *stream;
  int result;

  if (length == 0) return io_fail(error, "model:1:1: the text is empty");
  stream = fmemopen((char *)text, length, "r"); /* which writes nothing */
  if (!stream) return io_fail_memory(error, "model");
  result = io_model_read_stream(stream, "model", model, names, error);
  fclose(stream);
  return result;
}

emblas_status emblas_model_from_json(const char *text, size_t length, struct emblas_model **model,
                                     char ***names, struct emblas_file_error *error) {
  struct io_error why;

  return conclude(parse(text, length, model, names, &why), &why, error);
}

void emblas_names_free(char **names, size_t count) {
  io_names_free(names, count);
}

/* ---- tables ---- */

void emblas_table_options_init(struct emblas_table_options *options, size_t size) {
  memset(options, 0, size);
  options->size = size;
}

/* The fault of options, or NULL. */
static const char *fault(const struct emblas_table_options *o) {
  if (o->size != sizeof *o) return "options.size";
  if (o->decimal != 0 && o->decimal != '.' && o->decimal != ',') return "options.decimal";
  return o->header >= -1 && o->header <= 1 ? NULL : "options.header";
}

static struct io_selection selection_of(const struct emblas_table_options *o) {
  static const enum io_header_rule rules[] = {IO_HEADER_NO, IO_HEADER_AUTO, IO_HEADER_YES};

  return (struct io_selection){.format = {.separator = o->separator,
                                          .decimal = o->decimal,
                                          .header = rules[o->header + 1],
                                          .drop_missing = o->drop_missing != 0,
                                          .missing = o->missing},
                               .columns = o->columns,
                               .weights = o->weights};
}

static int read_table(const char *path, const struct emblas_table_options *options,
                      struct emblas_table *table, struct io_error *error) {
  const struct emblas_table_options defaults = {.size = sizeof defaults};
  const struct emblas_table_options *o = options ? options : &defaults;
  struct io_selection selection;
  struct io_table read;

  if (fault(o)) return io_fail(error, "%s: %s is out of range", path, fault(o));
  selection = selection_of(o);
  if (io_table_read(path, &selection, &read, error) != 0) return -1;
  *table = (struct emblas_table){.rows = read.rows,
                                 .columns = read.columns,
                                 .values = read.values,
                                 .weights = read.weights,
                                 .names = read.names,
                                 .places = read.places,
                                 .notes = read.notes,
                                 .note_count = read.note_count};
  return 0;
}

emblas_status emblas_table_read(const char *path, const struct emblas_table_options *options,
                                struct emblas_table *table, struct emblas_file_error *error) {
  struct io_error why;

  return conclude(read_table(path, options, table, &why), &why, error);
}

void emblas_table_clear(struct emblas_table *table) {
  struct io_table held = {.rows = table->rows,
                          .columns = table->columns,
                          .values = table->values,
                          .weights = table->weights,
                          .names = table->names,
                          .places = table->places,
                          .notes = table->notes,
                          .note_count = table->note_count};

  io_table_free(&held);
  *table = (struct emblas_table){0};
}
