/* SPDX-License-Identifier: MIT */
/* Structs that a caller holds, and whose size it says: it may have been compiled against another
   version. */
#ifndef EMBLAS_SIZED_H
#define EMBLAS_SIZED_H

#include <stddef.h>
#include <string.h>

/* `defaults`, of `known` bytes, into a caller's struct of `size` bytes: none behind these is touched, and
   what this version does not know of is 0. */
static inline void sized_init(void *to, size_t size, const void *defaults, size_t known) {
  memset(to, 0, size);
  memcpy(to, defaults, size < known ? size : known);
}

#endif
