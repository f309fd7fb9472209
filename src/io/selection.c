/* SPDX-License-Identifier: MIT */
/* Selected columns: lists of names, 1-based numbers and ranges of them, or of what is to be left out. */
#include "internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define EXCLUDED ((size_t)-3) /* while the others are selected */

struct item {
  const char *text;
  size_t length;
  bool quoted; /* it stood in quotation marks, which are not part of it: a name, two marks for one in it */
};

static struct item item_of(const char *name) {
  return (struct item){name, strlen(name), false};
}

static bool is_name(struct item item, const char *name) {
  size_t length = strlen(name), used = 0;

  for (size_t i = 0; i < item.length; i++, used++) {
    if (used == length || item.text[i] != name[used]) return false;
    if (item.quoted && item.text[i] == '"') i++;
  }
  return used == length;
}

/* How many columns have a name; *column is the last of them. */
static size_t count_named(const struct io_header *header, struct item item, size_t *column) {
  size_t found = 0;

  for (size_t c = 0; header->names && c < header->columns; c++)
    if (is_name(item, header->names[c])) {
      *column = c;
      found++;
    }
  return found;
}

/* ---- items of lists ---- */

/* Lists are set apart by line ends. */
struct cursor {
  const char *text; /* NULL: nothing is left */
  const char *end;  /* of the list that was begun; NULL: none was */
};

static struct item trim(const char *begin, const char *end) {
  while (begin < end && isspace((unsigned char)*begin)) begin++;
  while (end > begin && isspace((unsigned char)end[-1])) end--;
  return (struct item){begin, (size_t)(end - begin), false};
}

/* The end of an item in quotation marks that is followed by a comma or nothing; NULL: it is none. */
static const char *end_of_quoted(const char *text, const char *end, struct item *item) {
  const char *close;

  while (text < end && isspace((unsigned char)*text)) text++;
  if (text == end || *text != '"') return NULL;
  for (close = text + 1; close < end && (*close != '"' || close[1] == '"'); close++)
    if (*close == '"') close++;
  if (close >= end) return NULL;
  *item = (struct item){text + 1, (size_t)(close - text - 1), true};
  while (++close < end && isspace((unsigned char)*close)) continue;
  return close == end || *close == ',' ? close : NULL;
}

/* The end of an item that is set apart by commas. */
static const char *end_of_item(const char *text, const char *end, struct item *item) {
  const char *close = end_of_quoted(text, end, item);

  if (close) return close;
  close = memchr(text, ',', (size_t)(end - text));
  if (!close) close = end;
  *item = trim(text, close);
  return close;
}

/* The next item, blanks round it taken off; false after the last. A list that is a name as a whole is one.
 */
static bool next_item(const struct io_header *header, struct cursor *cursor, struct item *item) {
  const char *text = cursor->text, *end = NULL;
  size_t column;

  if (!text) return false;
  if (!cursor->end) {
    cursor->end = strchrnul(text, '\n');
    *item = trim(text, cursor->end);
    if (count_named(header, *item, &column) > 0) end = cursor->end;
  }
  if (!end) end = end_of_item(text, cursor->end, item);
  cursor->text = *end ? end + 1 : NULL;
  if (end == cursor->end) cursor->end = NULL;
  return true;
}

/* Digits that are names are taken for them only where they are not among numbers of columns. */
static bool all_are_names(const struct io_header *header, const char *lists) {
  struct cursor cursor = {lists, NULL};
  struct item item;
  size_t column;

  while (next_item(header, &cursor, &item))
    if (count_named(header, item, &column) == 0) return false;
  return true;
}

/* ---- the column of an item ---- */

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

static int find_name(const struct io_header *header, struct item item, size_t *column,
                     struct io_error *error) {
  size_t found = count_named(header, item, column);

  if (found == 0) return fail_unknown(header, item, error);
  if (found > 1)
    return io_fail(error, "%s: %zu columns are named '%s': select by number", header->file, found,
                   io_quote(item.text, item.length).text);
  return 0;
}

static int find(struct io_plan *plan, const struct io_header *header, struct item item, bool names,
                size_t *column, struct io_error *error) {
  if (item.length == 0 && !item.quoted)
    return io_fail(error, "%s: an empty name among the selected columns", header->file);
  if (!names && !item.quoted && all_digits(item)) return find_number(header, item, column, error);
  plan->by_name = true;
  return find_name(header, item, column, error);
}

/* ---- selecting ---- */

static int select_weights(struct io_plan *plan, const struct io_header *header, const char *weights,
                          struct io_error *error) {
  struct item item = item_of(weights);
  size_t column;
  bool name = count_named(header, item, &column) > 0;

  if (find(plan, header, item, name, &column, error) != 0) return -1;
  plan->slot[column] = IO_WEIGHT;
  plan->weighted = true;
  return 0;
}

static int select_text(struct io_plan *plan, const struct io_header *header, const char *name,
                       struct io_error *error) {
  struct item item = item_of(name);
  size_t column;

  if (find(plan, header, item, count_named(header, item, &column) > 0, &plan->text, error) != 0) return -1;
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

/* Columns 2 to 5 of "2:5"; 1 when it is no range, -1 after an error. */
static int take_range(struct io_plan *plan, const struct io_header *header, struct item item,
                      struct io_error *error) {
  const char *colon = item.quoted ? NULL : memchr(item.text, ':', item.length);
  struct item first = {item.text, 0, false}, last = {item.text, 0, false};
  size_t from = 0, to = 0;

  if (!colon) return 1;
  first.length = (size_t)(colon - item.text);
  last = (struct item){colon + 1, item.length - first.length - 1, false};
  if (!all_digits(first) || !all_digits(last)) return 1;
  if (find_number(header, first, &from, error) != 0 || find_number(header, last, &to, error) != 0)
    return -1;
  if (from > to)
    return io_fail(error, "%s: '%s' are no columns: the first comes after the last", header->file,
                   io_quote(item.text, item.length).text);
  for (size_t c = from; c <= to; c++)
    if (take(plan, header, item, c, error) != 0) return -1;
  return 0;
}

static int take_item(struct io_plan *plan, const struct io_header *header, struct item item, bool names,
                     struct io_error *error) {
  size_t column;
  int range = names ? 1 : take_range(plan, header, item, error);

  if (range != 1) return range;
  if (find(plan, header, item, names, &column, error) != 0) return -1;
  return take(plan, header, item, column, error);
}

static void take_unused(struct io_plan *plan, const bool *left_out) {
  for (size_t c = 0; c < plan->columns; c++)
    if (plan->slot[c] == IO_UNUSED && c != plan->text && !(left_out && left_out[c]))
      plan->slot[c] = plan->selected++;
}

/* Those that are not to be left out; all where there would be none, so that the first to be read says why.
 */
static void select_rest(struct io_plan *plan, const struct io_header *header) {
  plan->rest = true;
  take_unused(plan, header->left_out);
  if (plan->selected == 0) take_unused(plan, NULL);
}

/* An item that begins with '-' and is no name. */
static bool is_exclusion(const struct io_header *header, struct item item) {
  size_t column;

  return item.length > 1 && !item.quoted && *item.text == '-' && count_named(header, item, &column) == 0;
}

static int exclude_columns(struct io_plan *plan, const struct io_header *header, const char *lists,
                           struct io_error *error) {
  struct cursor cursor = {lists, NULL};
  struct item item;

  while (next_item(header, &cursor, &item)) {
    size_t column;
    bool name;

    if (!is_exclusion(header, item))
      return io_fail(error, "%s: '%s' stands beside columns that are left out", header->file,
                     io_quote(item.text, item.length).text);
    item.text++, item.length--;
    name = count_named(header, item, &column) > 0;
    if (find(plan, header, item, name, &column, error) != 0) return -1;
    if (plan->slot[column] == IO_UNUSED) plan->slot[column] = EXCLUDED;
  }
  select_rest(plan, header);
  for (size_t c = 0; c < plan->columns; c++)
    if (plan->slot[c] == EXCLUDED) plan->slot[c] = IO_UNUSED;
  return 0;
}

static int select_columns(struct io_plan *plan, const struct io_header *header, const char *lists,
                          struct io_error *error) {
  struct cursor cursor = {lists, NULL};
  struct item item;
  bool names = all_are_names(header, lists);

  for (bool first = true; next_item(header, &cursor, &item); first = false) {
    if (first && is_exclusion(header, item)) return exclude_columns(plan, header, lists, error);
    if (take_item(plan, header, item, names, error) != 0) return -1;
  }
  return 0;
}

/* ---- the columns that a model knows ---- */

/* The number in a name that stands for a column without one: 3 for "x3"; 0 for other names. */
static size_t number_in(const char *name) {
  struct item digits = {name + 1, strlen(name) - (*name != 0), false};
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
    struct item item = item_of(selection->known[i]);
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

  if (plan->columns == selection->known_count + plan->weighted + (plan->text != IO_UNUSED)) return false;
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
    there += count_named(header, item_of(selection->known[i]), &column) > 0;
  if (there == selection->known_count || (header->words && (there > 0 || !all_have_numbers(selection))))
    return select_named(plan, header, selection, error);
  if (!select_numbered(plan, selection)) select_rest(plan, header);
  return 0;
}

int io_plan_make(struct io_plan *plan, const struct io_header *header, const struct io_selection *selection,
                 struct io_error *error) {
  size_t columns = header->columns;

  if (columns > IO_MOST_COLUMNS)
    return io_fail(error, "%s: %zu columns; at most %d are read", header->file, columns, IO_MOST_COLUMNS);
  *plan =
      (struct io_plan){.columns = columns, .slot = calloc(columns, sizeof *plan->slot), .text = IO_UNUSED};
  if (!plan->slot) return io_fail_memory(error, header->file);
  for (size_t c = 0; c < columns; c++) plan->slot[c] = IO_UNUSED;
  if (selection->weights && select_weights(plan, header, selection->weights, error) != 0) return -1;
  if (selection->text_column && select_text(plan, header, selection->text_column, error) != 0) return -1;
  if (selection->columns) {
    if (select_columns(plan, header, selection->columns, error) != 0) return -1;
  } else if (selection->known) {
    if (select_known(plan, header, selection, error) != 0) return -1;
  } else {
    select_rest(plan, header);
  }
  if (plan->selected == 0) return io_fail(error, "%s: there is no column beside the weights", header->file);
  return 0;
}

void io_plan_free(struct io_plan *plan) {
  free(plan->slot);
  *plan = (struct io_plan){0};
}
