/* SPDX-License-Identifier: MIT */
#include "best_known.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 4096, MAX_COLUMNS = 8 };

static const char *const names[BEST_KNOWN_SETS] = {"iris",  "faithful", "galaxies", "acidity",
                                                   "crabs", "rivers",   "ruspini",  "geyser"};

static struct set sets[BEST_KNOWN_SETS];

static _Noreturn void fail(const char *what, const char *where) {
  fprintf(stderr, "%s %s\n", what, where);
  exit(EXIT_FAILURE);
}

static void *allocate(size_t count, size_t size) {
  void *room = calloc(count, size);
  if (room == NULL) fail("no memory for", "the problems");
  return room;
}

/* Reads the numbers of a line; returns how many there were. */
static size_t parse_line(const char *line, double *values, size_t room) {
  size_t count = 0;
  for (char *end; count < room; line = end + 1) {
    values[count] = strtod(line, &end);
    if (end == line) break;
    count++;
    if (*end != ',') break;
  }
  return count;
}

static void read_set(const char *folder, const char *name, struct set *set) {
  char path[1024], line[256];
  snprintf(path, sizeof path, "%s/%s.csv", folder, name);
  FILE *stream = fopen(path, "r");
  if (stream == NULL) fail("cannot open", path);
  *set = (struct set){.name = name, .values = allocate(MAX_VALUES, sizeof(double))};
  if (fgets(line, sizeof line, stream) == NULL) fail("nothing in", path);
  for (size_t total = 0, count; fgets(line, sizeof line, stream) != NULL; total += count, set->rows++) {
    count = parse_line(line, set->values + total, MAX_VALUES - total);
    if (set->rows == 0) set->columns = count;
    if (count == 0 || count != set->columns || count > MAX_COLUMNS) fail("cannot read", path);
  }
  fclose(stream);
}

static void set_covariance(struct set *set) {
  size_t d = set->columns;
  double mean[MAX_COLUMNS] = {0}, n = (double)set->rows;
  set->covariance = allocate(d * d, sizeof(double));
  for (size_t i = 0; i < set->rows; i++)
    for (size_t j = 0; j < d; j++) mean[j] += set->values[i * d + j] / n;
  for (size_t i = 0; i < set->rows; i++)
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l < d; l++)
        set->covariance[j * d + l] +=
            (set->values[i * d + j] - mean[j]) / n * (set->values[i * d + l] - mean[l]);
}

static size_t make_problems(struct problem *problems) {
  size_t count = 0;
  for (size_t s = 0; s < BEST_KNOWN_SETS; s++)
    for (int v = 0; v < TEST_MODELS; v++)
      for (size_t k = LEAST_COMPONENTS; k <= MOST_COMPONENTS; k++) {
        if (sets[s].columns == 1 && v > EMBLAS_TIED) continue; /* full by another name */
        problems[count++] = (struct problem){&sets[s], k, (enum emblas_covariance)v, NAN};
      }
  return count;
}

static void read_table(const char *table, struct problem *problems, size_t count) {
  char line[256], name[32], covariance[32];
  FILE *stream = fopen(table, "r");
  if (stream == NULL) fail("cannot open", table);
  while (fgets(line, sizeof line, stream) != NULL) {
    size_t components;
    double best;
    if (sscanf(line, "%31[^,],%31[^,],%zu,%lf", name, covariance, &components, &best) != 4) continue;
    for (size_t i = 0; i < count; i++)
      if (strcmp(problems[i].set->name, name) == 0 && problems[i].components == components &&
          strcmp(emblas_covariance_string(problems[i].covariance), covariance) == 0)
        problems[i].best = best;
  }
  fclose(stream);
}

size_t best_known_read(const char *data_folder, const char *table, struct problem **problems) {
  for (size_t s = 0; s < BEST_KNOWN_SETS; s++) {
    read_set(data_folder, names[s], &sets[s]);
    set_covariance(&sets[s]);
  }
  *problems = allocate(BEST_KNOWN_SETS * TEST_MODELS * (MOST_COMPONENTS - LEAST_COMPONENTS + 1),
                       sizeof **problems);
  size_t count = make_problems(*problems);
  if (table != NULL) read_table(table, *problems, count);
  return count;
}

void best_known_free(struct problem *problems) {
  for (size_t s = 0; s < BEST_KNOWN_SETS; s++) {
    free(sets[s].values);
    free(sets[s].covariance);
  }
  free(problems);
}

void best_known_write(const char *table, const struct problem *problems, size_t count) {
  FILE *stream = fopen(table, "w");
  if (stream == NULL) fail("cannot open", table);
  fprintf(stream, "set,covariance,components,loglik\n");
  for (size_t i = 0; i < count; i++)
    if (!isnan(problems[i].best))
      fprintf(stream, "%s,%s,%zu,%.6f\n", problems[i].set->name,
              emblas_covariance_string(problems[i].covariance), problems[i].components, problems[i].best);
  if (fclose(stream) != 0) fail("cannot write", table);
}

/* Is a positive definite? Cholesky in place, lower triangle. */
static int positive_definite(size_t d, double *a) {
  for (size_t j = 0; j < d; j++) {
    for (size_t l = 0; l < j; l++) a[j * d + j] -= a[j * d + l] * a[j * d + l];
    if (!(a[j * d + j] > 0)) return 0;
    a[j * d + j] = sqrt(a[j * d + j]);
    for (size_t i = j + 1; i < d; i++) {
      for (size_t l = 0; l < j; l++) a[i * d + j] -= a[i * d + l] * a[j * d + l];
      a[i * d + j] /= a[j * d + j];
    }
  }
  return 1;
}

int best_known_sound(const struct set *set, const struct emblas_model *model) {
  size_t d = set->columns;
  enum emblas_covariance covariance = emblas_model_covariance_model(model);
  int diagonal = covariance == EMBLAS_DIAG || covariance == EMBLAS_SPHERICAL;
  for (size_t c = 0; c < emblas_model_components(model); c++) {
    double a[MAX_COLUMNS * MAX_COLUMNS];
    if (emblas_model_weights(model)[c] * (double)set->rows < (double)(d + 1)) return 0;
    emblas_model_covariance(model, c, a);
    for (size_t j = 0; j < d; j++)
      for (size_t l = 0; l < d; l++)
        a[j * d + l] -= diagonal && j != l ? 0 : 1e-6 * set->covariance[j * d + l];
    if (!positive_definite(d, a)) return 0;
  }
  return 1;
}

struct emblas_options best_known_options(const struct problem *problem) {
  struct emblas_options options;
  emblas_options_init(&options, sizeof options);
  options.components = problem->components;
  options.covariance = problem->covariance;
  return options;
}

struct emblas_data best_known_data(const struct problem *problem) {
  struct emblas_data data;
  emblas_data_init(&data, sizeof data);
  data.values = problem->set->values;
  data.rows = problem->set->rows;
  data.columns = problem->set->columns;
  return data;
}
