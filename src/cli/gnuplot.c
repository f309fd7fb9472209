/* SPDX-License-Identifier: MIT */
/* Runs gnuplot as a child: no shell, its script and its output are files that are open already. */
#include "picture.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int spawn(FILE *script, FILE *output, FILE *messages, pid_t *child) {
  char *arguments[] = {(char *)"gnuplot", (char *)"--default-settings", (char *)"-", NULL};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(output), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(messages), STDERR_FILENO);
  int failure = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

/* The line that says what is wrong, "line 24: ..", among what gnuplot shows of the place. */
static void find_reason(FILE *messages, char *reason, size_t size) {
  char line[256];
  snprintf(reason, size, "no message");
  rewind(messages);
  while (fgets(line, sizeof line, messages)) {
    const char *text = line + strspn(line, " \t");
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(text, "line ", 5) == 0 && !strstr(text, "warning")) snprintf(reason, size, "%s", text);
  }
}

static int wait_for(pid_t child) {
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int gnuplot_run(FILE *script, FILE *output, struct io_error *error) {
  FILE *messages = tmpfile();
  pid_t child;
  if (!messages) {
    snprintf(error->text, sizeof error->text, "temporary file: %s", strerror(errno));
    return -1;
  }
  int failure = spawn(script, output, messages, &child);
  int result = failure ? -1 : wait_for(child);
  if (failure == ENOENT) {
    snprintf(error->text, sizeof error->text,
             "gnuplot is not installed, which draws the pictures (Debian: gnuplot-nox)");
  } else if (failure) {
    snprintf(error->text, sizeof error->text, "gnuplot cannot be run: %s", strerror(failure));
  } else if (result != 0) {
    char line[256];
    find_reason(messages, line, sizeof line);
    snprintf(error->text, sizeof error->text, "gnuplot failed: %s", line);
  }
  fclose(messages);
  return result;
}
