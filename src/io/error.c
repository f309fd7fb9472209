/* SPDX-License-Identifier: MIT */
/* Messages: one line each, safe to show on a terminal whatever the file held. */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static bool is_control(unsigned char c) {
  return c < 0x20 || c == 0x7f;
}

/* Length of the printable UTF-8 character that `text` begins with; 0 when it begins with none. */
static size_t printable(const unsigned char *text, size_t length) {
  unsigned char c = text[0];
  size_t size = c < 0x80                ? 1
                : c >= 0xc2 && c < 0xe0 ? 2
                : c >= 0xe0 && c < 0xf0 ? 3
                : c >= 0xf0 && c < 0xf5 ? 4
                                        : 0;

  if (size == 0 || size > length || is_control(c)) return 0;
  for (size_t i = 1; i < size; i++)
    if ((text[i] & 0xc0) != 0x80) return 0;
  if (c == 0xc2 && text[1] < 0xa0) return 0; /* the control characters of Latin-1 */
  return size;
}

void io_make_printable(char *text) {
  const char *next = text;
  size_t length = strlen(text);

  while (length > 0) {
    size_t size = printable((const unsigned char *)next, length), taken = size > 0 ? size : 1;

    /* U+0080 to U+009F are two bytes and one character */
    if (size == 0 && length > 1 && (unsigned char)next[0] == 0xc2 && (next[1] & 0xc0) == 0x80) taken = 2;
    if (size > 0)
      memmove(text, next, size);
    else
      *text = '?';
    text += size > 0 ? size : 1;
    next += taken;
    length -= taken;
  }
  *text = '\0';
}

int io_fail(struct io_error *error, const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  io_make_printable(error->text);
  error->resources = 0;
  return -1;
}

int io_fail_memory(struct io_error *error, const char *file) {
  io_fail(error, "%s: out of memory", file);
  error->resources = 1;
  return -1;
}

int io_fail_temporary(struct io_error *error) {
  io_fail(error, "temporary file: %s", strerror(errno));
  error->resources = 1;
  return -1;
}

struct io_quote io_quote(const char *text, size_t length) {
  static const char shortened[] = "...";
  static const char hex[] = "0123456789abcdef";
  struct io_quote quote;
  size_t used = 0;

  for (size_t i = 0; i < length;) {
    const unsigned char *c = (const unsigned char *)text + i;
    size_t size = printable(c, length - i);

    if (used + 4 + sizeof shortened > sizeof quote.text) { /* 4: the longest that may be added */
      memcpy(quote.text + used, shortened, sizeof shortened);
      return quote;
    }
    if (size > 0) {
      memcpy(quote.text + used, c, size);
      used += size;
      i += size;
    } else {
      const char escaped[4] = {'\\', 'x', hex[*c >> 4], hex[*c & 15]};
      memcpy(quote.text + used, escaped, sizeof escaped);
      used += sizeof escaped;
      i++;
    }
  }
  quote.text[used] = '\0';
  return quote;
}
