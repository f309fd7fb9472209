/* SPDX-License-Identifier: MIT */
/* The header of a .npy file: a Python dictionary of the three keys descr, fortran_order, shape, each once.
 */
#include "npy_header.h"

#include <ctype.h>
#include <string.h>

struct parser {
  const char *next;
  const char *file;
  struct io_error *error;
};

enum { DESCR = 1, ORDER = 2, SHAPE = 4 };

static int fail_malformed(const struct parser *p) {
  return io_fail(p->error, "%s: malformed .npy header at '%s'", p->file,
                 io_quote(p->next, strlen(p->next)).text);
}

static void skip_blanks(struct parser *p) {
  while (isspace((unsigned char)*p->next)) p->next++;
}

static bool accept(struct parser *p, char c) {
  skip_blanks(p);
  if (*p->next != c) return false;
  p->next++;
  return true;
}

static bool accept_word(struct parser *p, const char *word) {
  skip_blanks(p);
  if (strncmp(p->next, word, strlen(word)) != 0) return false;
  p->next += strlen(word);
  return true;
}

/* A string in either kind of quotes, without escapes, of less than `size` bytes. */
static bool accept_string(struct parser *p, char *string, size_t size) {
  const char *end;

  skip_blanks(p);
  if (*p->next != '\'' && *p->next != '"') return false;
  end = strchr(p->next + 1, *p->next);
  if (!end || (size_t)(end - p->next) > size) return false;
  memcpy(string, p->next + 1, (size_t)(end - p->next - 1));
  string[end - p->next - 1] = '\0';
  p->next = end + 1;
  return true;
}

static bool accept_size(struct parser *p, size_t *value) {
  skip_blanks(p);
  if (!isdigit((unsigned char)*p->next)) return false;
  for (*value = 0; isdigit((unsigned char)*p->next); p->next++) {
    size_t digit = (size_t)(*p->next - '0');

    if (*value > (SIZE_MAX - digit) / 10) return false;
    *value = 10 * *value + digit;
  }
  return true;
}

static int parse_type(struct parser *p, struct npy_header *header) {
  char type[32];
  bool ordered, known;

  skip_blanks(p);
  if (*p->next == '[') return io_fail(p->error, "%s: a structured array; plain numbers are read", p->file);
  if (!accept_string(p, type, sizeof type)) return fail_malformed(p);
  ordered = type[0] == '<' || type[0] == '>';
  known = strlen(type) == 3 && ((ordered && type[1] == 'f' && strchr("48", type[2])) ||
                                (ordered && strchr("iu", type[1]) && strchr("1248", type[2])) ||
                                (type[0] == '|' && strchr("iu", type[1]) && type[2] == '1'));
  if (!known)
    return io_fail(p->error, "%s: elements of type '%s'; float32, float64 and integers are read", p->file,
                   io_quote(type, strlen(type)).text);
  header->big_endian = type[0] == '>';
  header->kind = type[1];
  header->size = (size_t)(type[2] - '0');
  return 0;
}

static int parse_order(struct parser *p, struct npy_header *header) {
  header->fortran = accept_word(p, "True");
  return header->fortran || accept_word(p, "False") ? 0 : fail_malformed(p);
}

/* One dimension is one column. */
static int parse_shape(struct parser *p, struct npy_header *header) {
  size_t shape[2] = {1, 1}, order = 0, extent;

  if (!accept(p, '(')) return fail_malformed(p);
  while (!accept(p, ')')) {
    if (!accept_size(p, &extent)) return fail_malformed(p);
    if (order < 2) shape[order] = extent;
    order++;
    if (!accept(p, ',') && *p->next != ')') return fail_malformed(p);
  }
  if (order < 1 || order > 2)
    return io_fail(p->error, "%s: an array of %zu dimensions; 1 or 2 are read", p->file, order);
  header->rows = shape[0];
  header->columns = shape[1];
  return 0;
}

static int parse_entry(struct parser *p, struct npy_header *header, unsigned *seen) {
  static const char *const keys[3] = {"descr", "fortran_order", "shape"};
  static int (*const parse[3])(struct parser *, struct npy_header *) = {parse_type, parse_order,
                                                                        parse_shape};
  struct parser key = *p; /* where a message about the key points */
  char name[32];

  if (!accept_string(p, name, sizeof name) || !accept(p, ':')) return fail_malformed(p);
  for (unsigned i = 0; i < 3; i++)
    if (strcmp(name, keys[i]) == 0 && !(*seen & 1u << i)) {
      *seen |= 1u << i;
      return parse[i](p, header);
    }
  return fail_malformed(&key);
}

int npy_header_parse(struct npy_header *header, const char *file, const char *text,
                     struct io_error *error) {
  struct parser p = {text, file, error};
  unsigned seen = 0;

  if (!accept(&p, '{')) return fail_malformed(&p);
  while (!accept(&p, '}')) {
    if (parse_entry(&p, header, &seen) != 0) return -1;
    if (!accept(&p, ',') && *p.next != '}') return fail_malformed(&p);
  }
  skip_blanks(&p);
  if (*p.next) return fail_malformed(&p);
  if (seen != (DESCR | ORDER | SHAPE))
    return io_fail(error, "%s: the .npy header lacks '%s'", file,
                   !(seen & DESCR)   ? "descr"
                   : !(seen & ORDER) ? "fortran_order"
                                     : "shape");
  return 0;
}
