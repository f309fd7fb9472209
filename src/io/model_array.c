/* SPDX-License-Identifier: MIT */
/* Nested arrays of numbers. They are walked twice: what is allocated was counted in the file before. */
#include "model_format.h"

#include <math.h>
#include <stdlib.h>

struct walk {
  struct io_array *array;
  const char *file;
  struct io_error *error;
  size_t index[3]; /* where the walk is */
  size_t count;    /* numbers met so far */
};

/* Fails with the key path of the entry at a depth, as means[1][0]. */
static int fail_at(const struct walk *walk, size_t depth, const char *problem) {
  char path[128];
  int used = snprintf(path, sizeof path, "%s", walk->array->key);

  for (size_t i = 0; i < depth; i++)
    used += snprintf(path + used, sizeof path - (size_t)used, "[%zu]", walk->index[i]);
  return io_fail(walk->error, "%s: %s %s", walk->file, path, problem);
}

static int take_number(struct walk *walk, struct json_object *node) {
  size_t depth = walk->array->order;
  enum json_type type = json_object_get_type(node);
  double value = json_object_get_double(node);

  if (type != json_type_int && type != json_type_double) return fail_at(walk, depth, "is not a number");
  if (!isfinite(value)) return fail_at(walk, depth, "is not a finite number");
  /* json-c cuts larger integers off at these */
  if (type == json_type_int &&
      (json_object_get_uint64(node) == UINT64_MAX || json_object_get_int64(node) == INT64_MIN))
    return fail_at(walk, depth, "is too large an integer: write it with an exponent");
  if (walk->array->values) walk->array->values[walk->count] = value;
  walk->count++;
  return 0;
}

static int walk_node(struct walk *walk, struct json_object *node, size_t depth) {
  size_t length;

  if (depth == walk->array->order) return take_number(walk, node);
  if (!json_object_is_type(node, json_type_array)) return fail_at(walk, depth, "is not an array");
  length = json_object_array_length(node);
  if (length != walk->array->extent[depth]) {
    char problem[80];

    snprintf(problem, sizeof problem, "has %zu entries; %zu are expected", length,
             walk->array->extent[depth]);
    return fail_at(walk, depth, problem);
  }
  for (size_t i = 0; i < length; i++) {
    walk->index[depth] = i;
    if (walk_node(walk, json_object_array_get_idx(node, i), depth + 1) != 0) return -1;
  }
  return 0;
}

int io_array_read(struct io_array *array, struct json_object *object, const char *file,
                  struct io_error *error) {
  struct walk walk = {.array = array, .file = file, .error = error};
  struct json_object *node;

  if (!json_object_object_get_ex(object, array->key, &node)) return 0;
  if (walk_node(&walk, node, 0) != 0) return -1;
  array->values = malloc(walk.count * sizeof *array->values);
  if (!array->values) return io_fail_memory(error, file);
  walk.count = 0;
  return walk_node(&walk, node, 0);
}
