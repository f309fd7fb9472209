/* SPDX-License-Identifier: MIT */
/* The fields of a file in a temporary one: memory is for the values. */
#include "internal.h"

#include <stdlib.h>

int io_copy_begin(struct io_copy *copy, struct io_error *error) {
  copy->fields = tmpfile();
  return copy->fields ? 0 : io_fail_temporary(error);
}

int io_copy_add(struct io_copy *copy, const char *text, size_t length, struct io_error *error) {
  if (fwrite_unlocked(text, 1, length, copy->fields) != length || putc_unlocked('\0', copy->fields) == EOF)
    return io_fail_temporary(error);
  return 0;
}

int io_copy_end(struct io_copy *copy, struct io_error *error) {
  if (!copy->fields) return 0;
  return fseek(copy->fields, 0, SEEK_SET) == 0 ? 0
                                               : io_fail_temporary(error); /* what is buffered is written */
}

const char *io_copy_next(struct io_copy *copy) {
  return getdelim(&copy->field, &copy->room, '\0', copy->fields) > 0 ? copy->field : "";
}

bool io_copy_failed(const struct io_copy *copy) {
  return copy->fields && (ferror(copy->fields) || feof(copy->fields));
}

void io_copy_free(struct io_copy *copy) {
  io_names_free(copy->names, copy->columns);
  free(copy->field);
  if (copy->fields) fclose(copy->fields);
}
