/* SPDX-License-Identifier: MIT */
/* A file as a JSON tree, read strictly and in pieces, so that a file that is none is never held in memory.
 */
#include "model_format.h"

#include <string.h>

/* A model nests four deep; more than a little beyond that is no model. */
enum { DEEPEST = 16, CHUNK = 65536 };

struct position {
  size_t line, column; /* from 1 */
};

static void advance(struct position *position, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    position->column++;
    if (text[i] == '\n') *position = (struct position){position->line + 1, 1};
  }
}

static int fail_at(const char *file, struct position at, const char *what, struct io_error *error) {
  return io_fail(error, "%s:%zu:%zu: %s", file, at.line, at.column, what);
}

/* Feeds the tokener to the end of the object. *length bytes at chunk are left over. */
static struct json_object *parse(struct json_tokener *tokener, FILE *stream, const char *file, char *chunk,
                                 size_t *length, struct position *at, struct io_error *error) {
  while ((*length = fread(chunk, 1, CHUNK, stream)) > 0) {
    struct json_object *object = json_tokener_parse_ex(tokener, chunk, (int)*length);
    enum json_tokener_error result = json_tokener_get_error(tokener);
    size_t used = json_tokener_get_parse_end(tokener);

    advance(at, chunk, used);
    if (result == json_tokener_success) {
      memmove(chunk, chunk + used, *length - used);
      *length -= used;
      if (!object) io_fail(error, "%s: holds no model: it is not an object", file); /* null */
      return object;
    }
    if (result != json_tokener_continue) {
      fail_at(file, *at, json_tokener_error_desc(result), error);
      return NULL;
    }
  }
  if (ferror(stream))
    io_fail_read(error, file);
  else
    fail_at(file, *at, at->line == 1 && at->column == 1 ? "the file is empty" : "the file is cut short",
            error);
  return NULL;
}

/* Nothing but blanks may follow, in what is left of the chunk and in the rest of the file. */
static int check_rest(FILE *stream, const char *file, char *chunk, size_t length, struct position *at,
                      struct io_error *error) {
  do {
    size_t blanks = 0;

    while (blanks < length && chunk[blanks] && strchr(" \t\r\n", chunk[blanks])) blanks++;
    advance(at, chunk, blanks);
    if (blanks < length) return fail_at(file, *at, "more text after the model", error);
  } while ((length = fread(chunk, 1, CHUNK, stream)) > 0);
  return ferror(stream) ? io_fail_read(error, file) : 0;
}

struct json_object *io_json_parse(FILE *stream, const char *file, struct io_error *error) {
  struct json_tokener *tokener = json_tokener_new_ex(DEEPEST);
  struct position at = {1, 1};
  struct json_object *object;
  char chunk[CHUNK];
  size_t length;

  if (!tokener) {
    io_fail_memory(error, file);
    return NULL;
  }
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  object = parse(tokener, stream, file, chunk, &length, &at, error);
  if (object && check_rest(stream, file, chunk, length, &at, error) != 0) {
    json_object_put(object);
    object = NULL;
  }
  json_tokener_free(tokener);
  return object;
}
