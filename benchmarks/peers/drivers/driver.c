/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "driver.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double driver_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void driver_fail(const char *message) {
  fprintf(stderr, "%s\n", message);
  exit(EXIT_FAILURE);
}

/* The doubles of a .npy file, version 1, as numpy.save writes a contiguous array; *count: how many. */
static double *read_npy(const char *directory, const char *name, size_t *count) {
  char path[4096];
  unsigned char head[10];
  snprintf(path, sizeof path, "%s/%s.npy", directory, name);
  FILE *file = fopen(path, "rb");
  if (file == NULL || fread(head, 1, sizeof head, file) != sizeof head ||
      memcmp(head, "\x93NUMPY\1", 7) != 0)
    driver_fail(path);
  long start = 10 + head[8] + 256 * head[9];
  fseek(file, 0, SEEK_END);
  *count = (size_t)(ftell(file) - start) / sizeof(double);
  double *values = malloc(*count * sizeof *values);
  fseek(file, start, SEEK_SET);
  if (values == NULL || fread(values, sizeof *values, *count, file) != *count) driver_fail(path);
  fclose(file);
  return values;
}

static struct problem read_problem(const char *directory) {
  struct problem p;
  char path[4096], model[16] = "";
  size_t values, entries, squares;
  p.x = read_npy(directory, "x", &values);
  p.weights = read_npy(directory, "weights", &p.k);
  p.means = read_npy(directory, "means", &entries);
  p.covariances = read_npy(directory, "covariances", &squares);
  p.d = entries / p.k, p.n = values / p.d;
  if (squares != p.k * p.d * p.d) driver_fail("covariances.npy does not fit means.npy");
  snprintf(path, sizeof path, "%s/covariance.txt", directory);
  FILE *file = fopen(path, "r");
  if (file == NULL || fscanf(file, "%15s", model) != 1) driver_fail(path);
  fclose(file);
  p.diagonal = strcmp(model, "diag") == 0;
  return p;
}

static void answer(const struct problem *problem, const char *request, driver_run *run) {
  struct answer a = run(problem, strtoull(request, NULL, 10));
  printf("{\"maps\": %zu, \"seconds\": %.9g, \"loglik\": %.17g", a.maps, a.seconds, a.loglik);
  if (a.stop) printf(", \"stop\": \"%s\"", a.stop);
  printf("}\n");
  fflush(stdout);
}

int driver_main(int count, char **arguments, const char *hello, driver_run *run) {
  char line[64];
  if (count < 1) driver_fail("usage: DRIVER DATA [MAPS...]");
  struct problem problem = read_problem(arguments[0]);
  printf("{%s}\n", hello);
  fflush(stdout);
  for (int i = 1; i < count; i++) answer(&problem, arguments[i], run);
  while (count == 1 && fgets(line, sizeof line, stdin)) answer(&problem, line, run);
  free(problem.x), free(problem.weights), free(problem.means), free(problem.covariances);
  return EXIT_SUCCESS;
}
