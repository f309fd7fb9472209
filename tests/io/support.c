/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/emblas-io-XXXXXX";

void directory_enter(void) {
  cr_assert_not_null(mkdtemp(directory));
  cr_assert_eq(chmod(directory, 0755), 0);
  cr_assert_eq(chdir(directory), 0);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)status, (void)type, (void)walk;
  return remove(path);
}

void directory_leave(void) {
  cr_assert_eq(seteuid(getuid()), 0);
  cr_assert_eq(chdir("/"), 0);
  nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void drop_root(void) {
  if (geteuid() == 0) cr_assert_eq(seteuid(65534), 0);
  cr_assert_neq(faccessat(AT_FDCWD, "/dev", W_OK, AT_EACCESS), 0);
}

void write_bytes(const char *name, const void *bytes, size_t length) {
  FILE *file = fopen(name, "wb");

  cr_assert_not_null(file);
  cr_assert_eq(fwrite(bytes, 1, length, file), length);
  cr_assert_eq(fclose(file), 0);
}

void write_text(const char *name, const char *text) {
  write_bytes(name, text, strlen(text));
}

char *read_text(const char *name, size_t *length) {
  FILE *file = fopen(name, "rb");
  struct stat status;
  char *text;

  if (!file) return NULL;
  cr_assert_eq(fstat(fileno(file), &status), 0);
  text = malloc((size_t)status.st_size + 1);
  cr_assert_not_null(text);
  cr_assert_eq(fread(text, 1, (size_t)status.st_size, file), (size_t)status.st_size);
  text[status.st_size] = '\0';
  fclose(file);
  if (length) *length = (size_t)status.st_size;
  return text;
}

bool comma_locale(void) {
  char here[4096];

  if (system("localedef -i de_DE -f UTF-8 ./de_DE.UTF-8 >/dev/null 2>&1") == -1) return false;
  if (!getcwd(here, sizeof here) || setenv("LOCPATH", here, 1) != 0) return false;
  return setlocale(LC_ALL, "de_DE.UTF-8") && *localeconv()->decimal_point == ',';
}
