/* SPDX-License-Identifier: MIT */
/* How the text of DATA is read: the options that all commands with DATA share. */
#include "rows.h"
#include "values.h"

#include <string.h>

enum option_key { KEY_SEPARATOR = 512, KEY_DECIMAL, KEY_COMMENT, KEY_HEADER, KEY_MISSING, KEY_NA };

static const struct argp_option option_table[] = {
    {NULL, 0, NULL, 0, "Reading DATA:", 5},
    {"separator", KEY_SEPARATOR, "CHAR", 0,
     "between fields: a character, tab, or blanks for runs of them (auto: what splits the first lines "
     "evenly)",
     0},
    {"decimal", KEY_DECIMAL, "MARK", 0, "in numbers: point or comma (auto)", 0},
    {"comment", KEY_COMMENT, "CHAR", 0, "lines that begin with it are left out; none (#)", 0},
    {"header", KEY_HEADER, "RULE", 0, "yes or no: whether the first row holds names (auto)", 0},
    {"missing", KEY_MISSING, "RULE", 0, "rows with a missing value: error, or drop: leave them out (error)",
     0},
    {"na", KEY_NA, "LIST", 0,
     "what else stands for a missing value, with commas (nothing, NA, N/A, NaN, null, none, ., *, ?)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const char *const headers[] = {"auto", "yes", "no", NULL}; /* in the order of io_header_rule */
static const char *const rules[] = {"error", "drop", NULL};
static const struct choice header_choice = {"header", headers, NULL};
static const struct choice missing_choice = {"missing", rules, NULL};

/* A character that has a name, or any that can be nothing else. */
struct named_character {
  const char *name;
  char character;
};

static char character(const char *option, const char *text, const struct named_character *names) {
  for (; names->name; names++) {
    if (strcmp(text, names->name) == 0) return names->character;
  }
  if (text[0] < ' ' || text[0] > '~' || strchr("\"+-.eE0123456789", text[0]) || text[1])
    die(EXIT_USAGE, "%s '%s' is no character that can be one", option, text);
  return text[0];
}

static error_t parse(int key, char *text, struct argp_state *state) {
  static const struct named_character separators[] = {{"auto", 0},     {"tab", '\t'},  {"\\t", '\t'},
                                                      {"\t", '\t'},    {"comma", ','}, {"semicolon", ';'},
                                                      {"blanks", ' '}, {"bar", '|'},   {NULL, 0}};
  static const struct named_character comments[] = {{"none", IO_NO_COMMENT}, {NULL, 0}};
  static const struct named_character decimals[] = {{"auto", 0},    {"point", '.'}, {".", '.'},
                                                    {"comma", ','}, {",", ','},     {NULL, 0}};
  struct io_format *format = state->input;
  switch (key) {
  case KEY_SEPARATOR:
    format->separator = character("--separator", text, separators);
    break;
  case KEY_COMMENT:
    format->comment = character("--comment", text, comments);
    break;
  case KEY_DECIMAL:
    format->decimal = character("--decimal", text, decimals);
    if (format->decimal && !strchr(".,", format->decimal))
      die(EXIT_USAGE, "--decimal '%s' is unknown; allowed: auto, point, comma", text);
    break;
  case KEY_HEADER:
    format->header = (enum io_header_rule)value_choice(&header_choice, text);
    break;
  case KEY_MISSING:
    format->drop_missing = value_choice(&missing_choice, text) == 1;
    break;
  case KEY_NA:
    format->missing = text;
    break;
  case ARGP_KEY_END:
    if (format->decimal == ',' && format->separator == ',')
      usage_error(state, "a comma cannot be both the separator and the decimal mark");
    break;
  default:
    return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

const struct argp table_argp = {.options = option_table, .parser = parse};
