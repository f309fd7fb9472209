/* SPDX-License-Identifier: MIT */
/* Text that files hold: whether it is UTF-8, and what of it may be shown. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

size_t io_utf8(const char *text, size_t length) {
  const unsigned char *s = (const unsigned char *)text;
  unsigned char c = length > 0 ? s[0] : 0xff, low = 0x80, high = 0xbf;
  size_t size = c < 0x80                ? 1
                : c >= 0xc2 && c < 0xe0 ? 2
                : c >= 0xe0 && c < 0xf0 ? 3
                : c >= 0xf0 && c < 0xf5 ? 4
                                        : 0;

  /* the second byte leaves out what fewer bytes hold, surrogates, and what is beyond U+10FFFF */
  if (c == 0xe0) low = 0xa0;
  if (c == 0xf0) low = 0x90;
  if (c == 0xed) high = 0x9f;
  if (c == 0xf4) high = 0x8f;
  if (size > length || (size > 1 && (s[1] < low || s[1] > high))) return 0;
  for (size_t i = 2; i < size; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  return size;
}

static bool is_utf8(const char *text, size_t length) {
  for (size_t size; length > 0; text += size, length -= size) {
    size = io_utf8(text, length);
    if (size == 0) return false;
  }
  return true;
}

char *io_utf8_copy(const char *text, size_t length, size_t *copied) {
  bool utf8 = is_utf8(text, length);
  char *copy = malloc((utf8 ? length : 3 * length) + 1), *end = copy;

  if (!copy) return NULL;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];

    if (utf8 || c < 0x80)
      *end++ = (char)c;
    else if (c < 0xa0)
      end = stpcpy(end, "\xef\xbf\xbd");
    else
      *end++ = (char)(0xc0 | c >> 6), *end++ = (char)(0x80 | (c & 0x3f));
  }
  *end = '\0';
  *copied = (size_t)(end - copy);
  return copy;
}

bool io_is_control(const char *text) {
  unsigned char c = (unsigned char)text[0];

  return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text[1] < 0xa0);
}

void io_make_printable(char *text) {
  const char *next = text, *end = text + strlen(text);

  while (next < end) {
    size_t size = io_utf8(next, (size_t)(end - next));

    if (size > 0 && !io_is_control(next)) {
      memmove(text, next, size);
      text += size;
    } else {
      *text++ = '?';
    }
    next += size > 0 ? size : 1;
  }
  *text = '\0';
}
