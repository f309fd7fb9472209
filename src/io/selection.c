/* SPDX-License-Identifier: MIT */
/* Selected columns: a comma list of names or 1-based numbers. Digits are always a number. */
#include "internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct item {
  const char *text;
  size_t length;
};

/* What the search for a column needs to know. */
struct header {
  const char *file;
  const char *const *names; /* NULL: there are none */
  size_t columns;
};

/* The next item of a comma list, blanks round it taken off; *list moves on, to NULL after the last. */
static struct item next_item(const char **list) {
  const char *begin = *list, *comma = strchr(begin, ','), *end = comma ? comma : begin + strlen(begin);

  *list = comma ? comma + 1 : NULL;
  while (begin < end && isspace((unsigned char)*begin)) begin++;
  while (end > begin && isspace((unsigned char)end[-1])) end--;
  return (struct item){begin, (size_t)(end - begin)};
}

static int fail_unknown(const struct header *header, struct item item, struct io_error *error) {
  struct io_quote wanted = io_quote(item.text, item.length);
  char known[600] = "";
  size_t used = 0, column = 0;

  if (!header->names)
    return io_fail(error, "%s: no column '%s': there is no header; columns are 1 to %zu", header->file,
                   wanted.text, header->columns);
  for (; column < header->columns; column++) {
    struct io_quote name = io_quote(header->names[column], strlen(header->names[column]));

    if (used + strlen(name.text) + 40 > sizeof known) break;
    used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", column ? ", " : "", name.text);
  }
  if (column < header->columns)
    snprintf(known + used, sizeof known - used, ", ... (%zu in all)", header->columns);
  return io_fail(error, "%s: no column '%s'; there are: %s", header->file, wanted.text, known);
}

static bool all_digits(struct item item) {
  for (size_t i = 0; i < item.length; i++)
    if (!isdigit((unsigned char)item.text[i])) return false;
  return item.length > 0;
}

static int find_number(const struct header *header, struct item item, size_t *column,
                       struct io_error *error) {
  size_t number = 0;

  for (size_t i = 0; i < item.length && number <= header->columns; i++)
    number = 10 * number + (size_t)(item.text[i] - '0');
  if (number < 1 || number > header->columns)
    return io_fail(error, "%s: no column %s: columns are 1 to %zu", header->file,
                   io_quote(item.text, item.length).text, header->columns);
  *column = number - 1;
  return 0;
}

static int find_name(const struct header *header, struct item item, size_t *column,
                     struct io_error *error) {
  size_t found = 0;

  for (size_t c = 0; header->names && c < header->columns; c++)
    if (strlen(header->names[c]) == item.length && memcmp(header->names[c], item.text, item.length) == 0) {
      *column = c;
      found++;
    }
  if (found == 0) return fail_unknown(header, item, error);
  if (found > 1)
    return io_fail(error, "%s: %zu columns are named '%s': select by number", header->file, found,
                   io_quote(item.text, item.length).text);
  return 0;
}

static int find(struct io_plan *plan, const struct header *header, struct item item, size_t *column,
                struct io_error *error) {
  if (item.length == 0) return io_fail(error, "%s: an empty name among the selected columns", header->file);
  if (all_digits(item)) return find_number(header, item, column, error);
  plan->by_name = true;
  return find_name(header, item, column, error);
}

static int select_weights(struct io_plan *plan, const struct header *header, const char *weights,
                          struct io_error *error) {
  size_t column;

  if (find(plan, header, (struct item){weights, strlen(weights)}, &column, error) != 0) return -1;
  plan->slot[column] = IO_WEIGHT;
  plan->weighted = true;
  return 0;
}

static int select_columns(struct io_plan *plan, const struct header *header, const char *list,
                          struct io_error *error) {
  while (list) {
    struct item item = next_item(&list);
    size_t column;

    if (find(plan, header, item, &column, error) != 0) return -1;
    if (plan->slot[column] != IO_UNUSED)
      return io_fail(error, "%s: column '%s' is selected twice%s", header->file,
                     io_quote(item.text, item.length).text,
                     plan->slot[column] == IO_WEIGHT ? ", as a column and as the weights" : "");
    plan->slot[column] = plan->selected++;
  }
  return 0;
}

int io_plan_make(struct io_plan *plan, const char *file, const struct io_selection *selection,
                 const char *const *names, size_t columns, struct io_error *error) {
  const struct header header = {file, names, columns};

  if (columns > IO_MOST_COLUMNS)
    return io_fail(error, "%s: %zu columns; at most %d are read", file, columns, IO_MOST_COLUMNS);
  *plan = (struct io_plan){.columns = columns, .slot = calloc(columns, sizeof *plan->slot)};
  if (!plan->slot) return io_fail_memory(error, file);
  for (size_t c = 0; c < columns; c++) plan->slot[c] = IO_UNUSED;
  if (selection->weights && select_weights(plan, &header, selection->weights, error) != 0) return -1;
  if (selection->columns) return select_columns(plan, &header, selection->columns, error);
  for (size_t c = 0; c < columns; c++)
    if (plan->slot[c] == IO_UNUSED) plan->slot[c] = plan->selected++;
  if (plan->selected == 0) return io_fail(error, "%s: there is no column beside the weights", file);
  return 0;
}

void io_plan_free(struct io_plan *plan) {
  free(plan->slot);
  *plan = (struct io_plan){0};
}
