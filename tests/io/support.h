/* SPDX-License-Identifier: MIT */
/* Real files for the tests of the io library: each test runs in a temporary directory of its own. */
#ifndef EMBLAS_TEST_IO_SUPPORT_H
#define EMBLAS_TEST_IO_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* For TestSuite(..., .init, .fini): makes and enters the directory, removes it with what it holds. */
void directory_enter(void);
void directory_leave(void);

/* A test that hands the program's files a device by name must not be able to replace that device when the
   code is wrong: root becomes nobody, until the directory is left. */
void drop_root(void);

void write_bytes(const char *name, const void *bytes, size_t length);
void write_text(const char *name, const char *text);
/* The content, NUL-terminated and malloc'ed; NULL when there is no such file. */
char *read_text(const char *name, size_t *length);

/* Makes a locale with a decimal comma and switches to it. false: this machine cannot. */
bool comma_locale(void);

#endif
