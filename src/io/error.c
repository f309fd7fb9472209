/* SPDX-License-Identifier: MIT */
/* Messages: one line each, safe to show on a terminal whatever the file held. */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

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
    size_t size = io_utf8(text + i, length - i);

    if (used + 4 + sizeof shortened > sizeof quote.text) { /* 4: the longest that may be added */
      memcpy(quote.text + used, shortened, sizeof shortened);
      return quote;
    }
    if (size > 0 && !io_is_control(text + i)) {
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
