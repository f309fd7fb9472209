/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <io/io.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(replace, .init = directory_enter, .fini = directory_leave);

static int replace(const char *path, const char *text, struct io_error *error) {
  struct io_replacement file;

  error->text[0] = '\0';
  if (io_replace_open(&file, path, error) != 0) return -1;
  fputs(text, file.stream);
  return io_replace_commit(&file, error);
}

static void expect_content(const char *path, const char *expected) {
  char *text = read_text(path, NULL);

  cr_assert_not_null(text, "%s", path);
  cr_expect_str_eq(text, expected);
  free(text);
}

static mode_t mode_of(const char *path) {
  struct stat status;

  cr_assert_eq(lstat(path, &status), 0);
  return status.st_mode;
}

/* Entries of a directory: a temporary file that was left over would be one. */
static size_t entries(const char *path) {
  DIR *directory = opendir(path);
  size_t count = 0;

  cr_assert_not_null(directory);
  for (const struct dirent *entry; (entry = readdir(directory));)
    count += entry->d_name[0] != '.' || entry->d_name[1] == 'e';
  closedir(directory);
  return count;
}

Test(replace, a_new_file_gets_the_default_permissions) {
  struct io_error error;

  umask(027);
  cr_assert_eq(replace("new", "text", &error), 0, "%s", error.text);
  expect_content("new", "text");
  cr_expect_eq(mode_of("new") & 07777, 0640);
  cr_expect_eq(umask(022), 027, "the umask is as it was");
  cr_expect_eq(entries("."), 1);
}

Test(replace, an_old_file_keeps_its_permissions) {
  struct io_error error;

  write_text("old", "before");
  cr_assert_eq(chmod("old", 0604), 0);
  cr_assert_eq(replace("old", "after", &error), 0, "%s", error.text);
  expect_content("old", "after");
  cr_expect_eq(mode_of("old") & 07777, 0604);
  cr_expect_eq(entries("."), 1);
}

Test(replace, the_old_file_stays_until_the_commit) {
  struct io_replacement file;
  struct io_error error;

  write_text("old", "before");
  cr_assert_eq(io_replace_open(&file, "old", &error), 0, "%s", error.text);
  fputs("half", file.stream);
  fflush(file.stream);
  expect_content("old", "before");
  io_replace_discard(&file);
  io_replace_discard(&file);
  expect_content("old", "before");
  cr_expect_eq(entries("."), 1);
}

Test(replace, in_another_directory) {
  struct io_error error;

  cr_assert_eq(mkdir("folder", 0777), 0);
  cr_assert_eq(replace("folder/file", "text", &error), 0, "%s", error.text);
  expect_content("folder/file", "text");
  cr_expect_eq(entries("folder"), 1);
}

Test(replace, a_symbolic_link_stays_and_its_target_is_replaced) {
  struct io_error error;

  cr_assert_eq(mkdir("folder", 0777), 0);
  write_text("folder/target", "before");
  cr_assert_eq(symlink("folder/target", "link"), 0);
  cr_assert_eq(replace("link", "after", &error), 0, "%s", error.text);
  cr_expect(S_ISLNK(mode_of("link")));
  expect_content("folder/target", "after");
  cr_expect_eq(entries("folder"), 1);
}

Test(replace, a_dangling_link_is_written_through) {
  struct io_error error;

  cr_assert_eq(mkdir("folder", 0777), 0);
  cr_assert_eq(symlink("new", "folder/second"), 0);
  cr_assert_eq(symlink("folder/second", "first"), 0);
  cr_assert_eq(replace("first", "text", &error), 0, "%s", error.text);
  cr_expect(S_ISLNK(mode_of("first")) && S_ISLNK(mode_of("folder/second")));
  expect_content("folder/new", "text");
  cr_expect_eq(entries("folder"), 2);

  cr_assert_eq(symlink("missing/file", "nowhere"), 0);
  cr_expect_eq(replace("nowhere", "text", &error), -1);
  cr_expect_str_eq(error.text, "nowhere: cannot write: No such file or directory");
  cr_assert_eq(symlink("circle", "circle"), 0);
  cr_expect_eq(replace("circle", "text", &error), -1);
  cr_expect_str_eq(error.text, "circle: cannot write: Too many levels of symbolic links");
}

Test(replace, the_owner_stays) {
  struct io_error error;
  struct stat status;

  if (geteuid() != 0) cr_skip_test("only root can write another's file and leave it to him");
  write_text("old", "before");
  cr_assert_eq(chown("old", 65534, 65533), 0);
  cr_assert_eq(chmod("old", 04640), 0);
  cr_assert_eq(replace("old", "after", &error), 0, "%s", error.text);
  expect_content("old", "after");
  cr_assert_eq(stat("old", &status), 0);
  cr_expect_eq(status.st_uid, 65534);
  cr_expect_eq(status.st_gid, 65533);
  cr_expect_eq(status.st_mode & 07777, 04640);
}

Test(replace, a_write_that_fails_leaves_the_old_file) {
  const struct rlimit limit = {8192, 8192}; /* files end there, as on a full disk */
  struct io_replacement file;
  struct io_error error;

  write_text("old", "before");
  signal(SIGXFSZ, SIG_IGN);
  cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  cr_assert_eq(io_replace_open(&file, "old", &error), 0);
  for (int i = 0; i < 100000; i++) fputc('x', file.stream);
  cr_expect_eq(io_replace_commit(&file, &error), -1);
  cr_expect_str_eq(error.text, "old: cannot write: File too large");
  expect_content("old", "before");
  cr_expect_eq(entries("."), 1);
}

Test(replace, where_nothing_can_be_written) {
  struct io_error error;
  char name[400];

  cr_expect_eq(replace("missing/file", "text", &error), -1);
  cr_expect_str_eq(error.text, "missing/file: cannot write: No such file or directory");
  write_text("plain", "before");
  cr_expect_eq(replace("plain/file", "text", &error), -1);
  cr_expect_str_eq(error.text, "plain/file: cannot write: Not a directory");
  cr_assert_eq(mkdir("folder", 0777), 0);
  cr_expect_eq(replace("folder", "text", &error), -1);
  cr_expect_str_eq(error.text, "folder: cannot write: Is a directory");
  memset(name, 'n', sizeof name);
  name[sizeof name - 1] = '\0';
  cr_expect_eq(replace(name, "text", &error), -1);
  cr_expect_not_null(strstr(error.text, "nnn: cannot write: File name too long"));
  cr_expect_eq(entries("."), 2);
}

Test(replace, without_permission) {
  struct io_error error;

  cr_assert_eq(mkdir("folder", 0777), 0);
  write_text("folder/old", "before");
  write_text("protected", "before");
  cr_assert_eq(chmod("protected", 0444), 0);
  cr_assert_eq(chmod("folder", 0555), 0);
  if (getuid() == 0) cr_assert_eq(chmod("folder/old", 0666), 0);
  drop_root(); /* who may write anywhere */
  cr_expect_eq(replace("folder/old", "after", &error), -1);
  cr_expect_str_eq(error.text, "folder/old: cannot write: Permission denied");
  cr_expect_eq(replace("folder/new", "after", &error), -1);
  expect_content("folder/old", "before");
  cr_expect_eq(entries("folder"), 1);
  if (getuid() != 0) {
    cr_expect_eq(replace("protected", "after", &error), -1);
    expect_content("protected", "before");
  }
  cr_assert_eq(seteuid(getuid()), 0);
  cr_assert_eq(chmod("folder", 0777), 0);
}

Test(replace, a_write_that_failed_before_the_commit_counts) {
  struct io_error error;
  char *large = calloc(1, 100001);

  cr_assert_not_null(large);
  memset(large, 'x', 100000);
  drop_root();
  cr_expect_eq(replace("/dev/full", large, &error), -1); /* nothing is left in the stream's buffer */
  cr_expect_not_null(strstr(error.text, "/dev/full: cannot write: "));
  free(large);
}

Test(replace, devices_are_written_to) {
  struct io_replacement file;
  struct io_error error;

  drop_root();
  cr_assert_eq(replace("/dev/null", "text", &error), 0, "%s", error.text);
  cr_expect(S_ISCHR(mode_of("/dev/null")), "a device is still one");
  cr_expect_eq(replace("/dev/full", "text", &error), -1);
  cr_expect_str_eq(error.text, "/dev/full: cannot write: No space left on device");
  cr_assert_eq(io_replace_open(&file, "/dev/full", &error), 0);
  for (int i = 0; i < 100000; i++) fputc('x', file.stream); /* fails long before the commit */
  cr_expect_eq(io_replace_commit(&file, &error), -1);
  cr_expect_str_eq(error.text, "/dev/full: cannot write: No space left on device");
  cr_expect(S_ISCHR(mode_of("/dev/full")));
}

Test(replace, a_pipe_is_written_to) {
  struct io_error error;
  char text[8] = "";
  int reader;

  cr_assert_eq(mkfifo("pipe", 0666), 0);
  reader = open("pipe", O_RDONLY | O_NONBLOCK);
  cr_assert_geq(reader, 0);
  cr_assert_eq(replace("pipe", "text", &error), 0, "%s", error.text);
  cr_expect_eq(read(reader, text, sizeof text - 1), 4);
  cr_expect_str_eq(text, "text");
  cr_expect(S_ISFIFO(mode_of("pipe")));
}

Test(replace, standard_output) {
  struct io_error error;
  int terminal = dup(1);

  fflush(stdout);
  cr_assert_eq(dup2(open("out", O_WRONLY | O_CREAT, 0666), 1), 1);
  cr_expect_eq(replace("-", "text", &error), 0, "%s", error.text);
  cr_expect_eq(replace("-", " and more", &error), 0, "it stays open");
  expect_content("out", "text and more");
  cr_assert_eq(dup2(open("/dev/full", O_WRONLY), 1), 1);
  cr_expect_eq(replace("-", "text", &error), -1);
  cr_expect_str_eq(error.text, "<standard output>: cannot write: No space left on device");
  dup2(terminal, 1);
}
