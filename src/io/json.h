/* SPDX-License-Identifier: MIT */
/* JSON as a tree (RFC 8259, strictly; NaN and Infinity, which Python writes, are numbers that are not
   finite). Every allocation is checked, which the libraries for it do not do: docs/decisions/json.md. A value
   takes 24 bytes, a string its own beside them. */
#ifndef EMBLAS_IO_JSON_H
#define EMBLAS_IO_JSON_H

#include "internal.h"

enum json_type { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
  enum json_type type;
  bool whole;   /* a number without fraction and exponent; true */
  size_t count; /* bytes of a string, items of an array, members of an object */
  union {
    double number; /* rounded correctly; too large a one is infinite */
    char *text;    /* NUL-terminated */
    struct json *items;
    struct json_member *members;
  };
};

struct json_member {
  struct json key; /* a string */
  struct json value;
};

/* The one value in a stream, nested at most 16 deep. 0, or -1 with the place in the error. */
int io_json_read(struct json *value, FILE *stream, const char *file, struct io_error *error);
void io_json_free(struct json *value);

/* A member of an object, the last of that name; NULL when there is none. */
const struct json *io_json_get(const struct json *object, const char *key);

#endif
