/* SPDX-License-Identifier: MIT */
/* Values of options: numbers, ranges, names, covariance models. */
#include "values.h"
#include "picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Digits only: strtoull alone would take signs and blanks. Returns the end of the number, NULL when there
 * is none. */
static const char *read_whole(const char *text, unsigned long long *value) {
  char *end;
  if (*text < '0' || *text > '9') return NULL;
  errno = 0;
  *value = strtoull(text, &end, 10);
  return errno == 0 ? end : NULL;
}

size_t value_size(const char *option, const char *text, size_t least) {
  unsigned long long value;
  const char *end = read_whole(text, &value);
  if (!end || *end || value < least || value > SIZE_MAX / sizeof(double)) {
    die(EXIT_USAGE, "%s '%s': a whole number of at least %zu is needed", option, text, least);
  }
  return (size_t)value;
}

uint64_t value_seed(const char *option, const char *text) {
  unsigned long long value;
  const char *end = read_whole(text, &value);
  if (!end || *end) die(EXIT_USAGE, "%s '%s': a whole number from 0 to 2^64-1 is needed", option, text);
  return value;
}

double value_tolerance(const char *option, const char *text) {
  double value;
  if (io_number_parse(text, strlen(text), &value) != 0 || !(value >= 0)) {
    die(EXIT_USAGE, "%s '%s': a number >= 0 is needed", option, text);
  }
  return value;
}

void value_range(const char *option, const char *text, size_t *low, size_t *high) {
  unsigned long long a = 0, b = 0;
  const char *end = read_whole(text, &a);
  b = a;
  if (end && *end == ':') end = read_whole(end + 1, &b);
  if (!end || *end || a < 1 || b < a || b > SIZE_MAX / sizeof(double)) {
    die(EXIT_USAGE, "%s '%s': K or A:B is needed, whole numbers with 1 <= A <= B", option, text);
  }
  *low = (size_t)a;
  *high = (size_t)b;
}

static char *join(const char *const *names) {
  char *all = print_string("%s", names[0]);
  for (size_t i = 1; names[i]; i++) {
    char *longer = print_string("%s, %s", all, names[i]);
    free(all);
    all = longer;
  }
  return all;
}

static _Noreturn void refuse(const struct choice *choice, const char *text) {
  for (size_t i = 0; choice->planned && choice->planned[i]; i++) {
    if (strcmp(choice->planned[i], text) == 0) {
      die(EXIT_USAGE, "%s '%s' is not in this version; allowed: %s", choice->what, text,
          join(choice->names));
    }
  }
  die(EXIT_USAGE, "%s '%s' is unknown; allowed: %s", choice->what, text, join(choice->names));
}

size_t value_choice(const struct choice *choice, const char *text) {
  for (size_t i = 0; choice->names[i]; i++) {
    if (strcmp(choice->names[i], text) == 0) return i;
  }
  refuse(choice, text);
}

void value_picture(const char *option, const char *path) {
  if (!picture_format(path))
    die(EXIT_USAGE, "%s '%s': the name must end in .svg, .png or .pdf", option, path);
}

static const char *const covariance_names[] = {"full (VVV, V)",
                                               "tied (EEE, E)",
                                               "diag (VVI)",
                                               "spherical (VII)",
                                               "tied-diag (EEI)",
                                               "tied-spherical (EII)",
                                               "VEI",
                                               "EVI",
                                               "VEE",
                                               "EVE",
                                               "VVE",
                                               "EEV",
                                               "VEV",
                                               "EVV",
                                               "all",
                                               "all-spherical",
                                               "all-diagonal",
                                               "all-ellipsoidal",
                                               NULL};

/* Of which kind mclust's name says that covariances are: 'I' twice, spheres; 'I' as orientation, ellipsoids
   along the axes; else any. */
static int of_kind(const char *kind, enum emblas_covariance covariance) {
  const char *letters = emblas_covariance_mclust(covariance, 2);
  if (strcmp(kind, "all-spherical") == 0) return letters[1] == 'I';
  if (strcmp(kind, "all-diagonal") == 0) return letters[1] != 'I' && letters[2] == 'I';
  if (strcmp(kind, "all-ellipsoidal") == 0) return letters[2] != 'I';
  return strcmp(kind, "all") == 0;
}

size_t value_covariances(const char *text, enum emblas_covariance covariances[EMBLAS_COVARIANCE_COUNT]) {
  static const struct choice choice = {"covariance", covariance_names, NULL};
  int wanted[EMBLAS_COVARIANCE_COUNT] = {0};
  size_t count = 0;
  char *list = print_string("%s", text);
  for (char *rest = list, *name; (name = strsep(&rest, ","));) {
    int group = 0;
    for (int i = 0; i < EMBLAS_COVARIANCE_COUNT; i++) {
      if (!of_kind(name, (enum emblas_covariance)i)) continue;
      group = 1;
      if (!wanted[i]++) covariances[count++] = (enum emblas_covariance)i;
    }
    if (group) continue;
    enum emblas_covariance covariance;
    if (emblas_covariance_parse(name, &covariance) != EMBLAS_OK) refuse(&choice, name);
    if (!wanted[covariance]++) covariances[count++] = covariance;
  }
  free(list);
  return count;
}
