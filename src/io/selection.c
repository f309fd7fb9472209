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

/* The next item of a comma list, blanks round it taken off; *list moves on, to NULL after the last. */
static struct item next_item(const char **list) {
  const char *begin = *list, *comma = strchr(begin, ','), *end = comma ? comma : begin + strlen(begin);

  *list = comma ? comma + 1 : NULL;
  while (begin < end && isspace((unsigned char)*begin)) begin++;
  while (end > begin && isspace((unsigned char)end[-1])) end--;
  return (struct item){begin, (size_t)(end - begin)};
}

static int fail_unknown(const struct io_header *header, struct item item, struct io_error *error) {
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

static int find_number(const struct io_header *header, struct item item, size_t *column,
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

/* How many columns have a name; *column is the last of them. */
static size_t count_named(const struct io_header *header, struct item item, size_t *column) {
  size_t found = 0;

  for (size_t c = 0; header->names && c < header->columns; c++)
    if (strlen(header->names[c]) == item.length && memcmp(header->names[c], item.text, item.length) == 0) {
      *column = c;
      found++;
    }
  return found;
}

static int find_name(const struct io_header *header, struct item item, size_t *column,
                     struct io_error *error) {
  size_t found = count_named(header, item, column);

  if (found == 0) return fail_unknown(header, item, error);
  if (found > 1)
    return io_fail(error, "%s: %zu columns are named '%s': select by number", header->file, found,
                   io_quote(item.text, item.length).text);
  return 0;
}

static int find(struct io_plan *plan, const struct io_header *header, struct item item, size_t *column,
                struct io_error *error) {
  if (item.length == 0) return io_fail(error, "%s: an empty name among the selected columns", header->file);
  if (all_digits(item)) return find_number(header, item, column, error);
  plan->by_name = true;
  return find_name(header, item, column, error);
}

static int select_weights(struct io_plan *plan, const struct io_header *header, const char *weights,
                          struct io_error *error) {
  size_t column;

  if (find(plan, header, (struct item){weights, strlen(weights)}, &column, error) != 0) return -1;
  plan->slot[column] = IO_WEIGHT;
  plan->weighted = true;
  return 0;
}

static int take(struct io_plan *plan, const struct io_header *header, struct item item, size_t column,
                struct io_error *error) {
  if (plan->slot[column] != IO_UNUSED)
    return io_fail(error, "%s: column '%s' is selected twice%s", header->file,
                   io_quote(item.text, item.length).text,
                   plan->slot[column] == IO_WEIGHT ? ", as a column and as the weights" : "");
  plan->slot[column] = plan->selected++;
  return 0;
}

static int select_columns(struct io_plan *plan, const struct io_header *header, const char *list,
                          struct io_error *error) {
  while (list) {
    struct item item = next_item(&list);
    size_t column;

    if (find(plan, header, item, &column, error) != 0) return -1;
    if (take(plan, header, item, column, error) != 0) return -1;
  }
  return 0;
}

static void select_rest(struct io_plan *plan) {
  for (size_t c = 0; c < plan->columns; c++)
    if (plan->slot[c] == IO_UNUSED) plan->slot[c] = plan->selected++;
}

/* ---- the columns that a model knows ---- */

/* The number in a name that stands for a column without one: 3 for "x3"; 0 for other names. */
static size_t number_in(const char *name) {
  struct item digits = {name + 1, strlen(name) - (*name != 0)};
  size_t number = 0;

  if (name[0] != 'x' || name[1] == '0' || !all_digits(digits)) return 0;
  for (size_t i = 0; i < digits.length && number <= IO_MOST_COLUMNS; i++)
    number = 10 * number + (size_t)(digits.text[i] - '0');
  return number;
}

static bool all_have_numbers(const struct io_selection *selection) {
  for (size_t i = 0; i < selection->known_count; i++)
    if (number_in(selection->known[i]) == 0) return false;
  return true;
}

/* By name, where any is there: all must be. */
static int select_named(struct io_plan *plan, const struct io_header *header,
                        const struct io_selection *selection, struct io_error *error) {
  plan->by_name = true;
  for (size_t i = 0; i < selection->known_count; i++) {
    struct item item = {selection->known[i], strlen(selection->known[i])};
    size_t column;

    if (find_name(header, item, &column, error) != 0) return -1;
    if (take(plan, header, item, column, error) != 0) return -1;
  }
  return 0;
}

/* By the numbers of columns, where the file has so many, and more than the model. x1, x2, .. in their order
   are nothing but a count. */
static bool select_numbered(struct io_plan *plan, const struct io_selection *selection) {
  bool counted = true;

  if (plan->columns == selection->known_count + plan->weighted) return false;
  for (size_t i = 0; i < selection->known_count; i++) {
    size_t number = number_in(selection->known[i]);

    counted = counted && number == i + 1;
    if (number == 0 || number > plan->columns || plan->slot[number - 1] != IO_UNUSED) return false;
  }
  for (size_t i = 0; i < selection->known_count && !counted; i++)
    plan->slot[number_in(selection->known[i]) - 1] = plan->selected++;
  return !counted;
}

static int select_known(struct io_plan *plan, const struct io_header *header,
                        const struct io_selection *selection, struct io_error *error) {
  size_t there = 0, column;

  for (size_t i = 0; i < selection->known_count; i++)
    there +=
        count_named(header, (struct item){selection->known[i], strlen(selection->known[i])}, &column) > 0;
  if (there == selection->known_count || (header->words && (there > 0 || !all_have_numbers(selection))))
    return select_named(plan, header, selection, error);
  if (!select_numbered(plan, selection)) select_rest(plan);
  return 0;
}

int io_plan_make(struct io_plan *plan, const struct io_header *header, const struct io_selection *selection,
                 struct io_error *error) {
  size_t columns = header->columns;

  if (columns > IO_MOST_COLUMNS)
    return io_fail(error, "%s: %zu columns; at most %d are read", header->file, columns, IO_MOST_COLUMNS);
  *plan = (struct io_plan){.columns = columns, .slot = calloc(columns, sizeof *plan->slot)};
  if (!plan->slot) return io_fail_memory(error, header->file);
  for (size_t c = 0; c < columns; c++) plan->slot[c] = IO_UNUSED;
  if (selection->weights && select_weights(plan, header, selection->weights, error) != 0) return -1;
  if (selection->columns) return select_columns(plan, header, selection->columns, error);
  if (selection->known) {
    if (select_known(plan, header, selection, error) != 0) return -1;
  } else {
    select_rest(plan);
  }
  if (plan->selected == 0) return io_fail(error, "%s: there is no column beside the weights", header->file);
  return 0;
}

void io_plan_free(struct io_plan *plan) {
  free(plan->slot);
  *plan = (struct io_plan){0};
}
