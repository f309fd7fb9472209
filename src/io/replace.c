/* SPDX-License-Identifier: MIT */
/* A file is replaced in one step: the new text is written beside it and on disk before the rename, so that
   whoever looks, even after a crash, finds the old file or the new one, whole. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *shown_path(const struct io_replacement *r) {
  return r->path ? r->path : "<standard output>";
}

static int fail_write(const char *path, struct io_error *error) {
  int why = errno;

  io_fail(error, "%s: cannot write: %s", path, strerror(why));
  error->resources = why == ENOMEM;
  return -1;
}

static char *directory_of(const char *path) {
  char *copy = strdup(path), *directory = copy ? strdup(dirname(copy)) : NULL;

  free(copy);
  return directory;
}

enum { MOST_TEMPORARIES = 10000 }; /* of one process in a folder, left behind or being written */

static char *temporary_name(const char *path, unsigned number) {
  char *directory = directory_of(path), *temporary = NULL;

  if (directory && asprintf(&temporary, "%s/.emblas-%ld-%u", directory, (long)getpid(), number) < 0)
    temporary = NULL;
  free(directory);
  return temporary;
}

/* Makes a file beside path that was not there before, for writing and for reading, as what another program
   has written to it is checked. mkstemp() would give it to its owner alone, and what the umask leaves to
   others can only be asked for by changing it, under other threads' feet. */
static int make_temporary(const char *path, mode_t mode, char **temporary) {
  for (unsigned number = 0;; number++) {
    int file, why;

    *temporary = temporary_name(path, number);
    if (!*temporary) return -1;
    file = open(*temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file >= 0) return file;
    why = errno;
    free(*temporary);
    *temporary = NULL;
    errno = why;
    if (why != EEXIST || number == MOST_TEMPORARIES) return -1;
  }
}

/* Where a chain of symbolic links ends, whether or not a file is there: realpath() knows no missing ones.
   Malloc'ed; NULL with errno set. */
static char *follow_links(const char *path) {
  enum { MOST_LINKS = 40 }; /* as the kernel has it */
  char link[PATH_MAX], *target = strdup(path);
  ssize_t length = 0;

  for (int links = 0; target && (length = readlink(target, link, sizeof link - 1)) >= 0; links++) {
    char *directory = directory_of(target), *next = NULL;

    link[length] = '\0';
    if (links == MOST_LINKS)
      errno = ELOOP;
    else if (directory && asprintf(&next, "%s%s%s", link[0] == '/' ? "" : directory,
                                   link[0] == '/' ? "" : "/", link) < 0)
      next = NULL;
    free(directory);
    free(target);
    target = next;
  }
  return target;
}

/* The new file's owner, group and permissions are the old one's. Another's file in a folder that one may
   write to can be replaced but not given back, and some file systems know no owners: then it changes hands,
   as with any program that replaces files. */
static int take_after(int file, const struct stat *old) {
  bool given = fchown(file, old->st_uid, old->st_gid) == 0 || fchown(file, (uid_t)-1, old->st_gid) == 0;

  (void)given;
  return fchmod(file, old->st_mode & 07777); /* last: a change of hands takes set-user-ID away */
}

/* Opens the temporary file; old: what it is to replace, NULL for nothing. */
static int open_temporary(struct io_replacement *r, const struct stat *old) {
  int file = make_temporary(r->target, old ? 0600 : 0666, &r->temporary);

  if (file < 0) return -1;
  if (!old || take_after(file, old) == 0) r->stream = fdopen(file, "w");
  if (r->stream) return 0;
  close(file);
  return -1;
}

static int open_path(struct io_replacement *r) {
  struct stat status;

  bool exists = stat(r->path, &status) == 0;

  if (!exists && errno != ENOENT) return -1;
  if (exists && !S_ISREG(status.st_mode)) {
    r->stream = fopen(r->path, "w");
    return r->stream ? 0 : -1;
  }
  r->target = exists ? realpath(r->path, NULL) : follow_links(r->path);
  if (!r->target) return -1;
  if (exists && access(r->target, W_OK) != 0) return -1; /* rename would not ask */
  return open_temporary(r, exists ? &status : NULL);
}

int io_replace_open(struct io_replacement *r, const char *path, struct io_error *error) {
  *r = (struct io_replacement){0};
  if (strcmp(path, "-") == 0) {
    r->stream = stdout;
    return 0;
  }
  r->path = strdup(path);
  if (r->path && open_path(r) == 0) return 0;
  fail_write(path, error);
  io_replace_discard(r);
  return -1;
}

/* Makes the rename itself last. The new file is in place already, and not every file system can do this for
   a directory: no reason to call the write a failure. */
static void sync_directory(const char *path) {
  char *directory = directory_of(path);
  int file = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

  if (file >= 0) {
    fsync(file);
    close(file);
  }
  free(directory);
}

static int close_stream(struct io_replacement *r) {
  FILE *stream = r->stream;
  bool failed = fflush(stream) != 0 || ferror(stream) || (r->temporary && fsync(fileno(stream)) != 0);

  if (stream == stdout) return failed ? -1 : 0;
  r->stream = NULL;
  if (failed) {
    int why = errno;

    fclose(stream);
    errno = why;
    return -1;
  }
  return fclose(stream) == 0 ? 0 : -1;
}

int io_replace_commit(struct io_replacement *r, struct io_error *error) {
  errno = EIO; /* for a write that failed earlier, its reason lost */
  if (close_stream(r) != 0 || (r->temporary && rename(r->temporary, r->target) != 0)) {
    fail_write(shown_path(r), error);
    io_replace_discard(r);
    return -1;
  }
  if (r->temporary) sync_directory(r->target);
  free(r->temporary);
  r->temporary = NULL; /* it is the file now */
  io_replace_discard(r);
  return 0;
}

void io_replace_discard(struct io_replacement *r) {
  if (r->stream && r->stream != stdout) fclose(r->stream);
  if (r->temporary) unlink(r->temporary);
  free(r->temporary);
  free(r->target);
  free(r->path);
  *r = (struct io_replacement){0};
}
