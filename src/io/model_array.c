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

static int take_number(struct walk *walk, const struct json *node) {
  size_t depth = walk->array->order;

  if (node->type != JSON_NUMBER) return fail_at(walk, depth, "is not a number");
  if (!isfinite(node->number)) return fail_at(walk, depth, "is not a finite number");
  if (walk->array->values) walk->array->values[walk->count] = node->number;
  walk->count++;
  return 0;
}

static int walk_node(struct walk *walk, const struct json *node, size_t depth) {
  size_t length;

  if (depth == 3 || depth == walk->array->order) return take_number(walk, node);
  if (node->type != JSON_ARRAY) return fail_at(walk, depth, "is not an array");
  length = node->count;
  if (length != walk->array->extent[depth]) {
    char problem[80];

    snprintf(problem, sizeof problem, "has %zu entries; %zu are expected", length,
             walk->array->extent[depth]);
    return fail_at(walk, depth, problem);
  }
  for (size_t i = 0; i < length; i++) {
    walk->index[depth] = i;
    if (walk_node(walk, &node->items[i], depth + 1) != 0) return -1;
  }
  return 0;
}

int io_array_read(struct io_array *array, const struct json *object, const char *file,
                  struct io_error *error) {
  struct walk walk = {.array = array, .file = file, .error = error};
  const struct json *node = io_json_get(object, array->key);

  if (!node) return 0;
  if (walk_node(&walk, node, 0) != 0) return -1;
  array->values = malloc(walk.count * sizeof *array->values);
  if (!array->values) return io_fail_memory(error, file);
  walk.count = 0;
  return walk_node(&walk, node, 0);
}
