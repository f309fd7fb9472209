/* SPDX-License-Identifier: MIT */
/* Rows that are not in memory: a simulation computes them whenever a pass asks. Nothing is stored but the
 * model and a sample.
 *
 *     cc reader.c $(pkg-config --cflags --libs emblas) -lm && ./a.out
 */
#include <emblas/emblas.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIM = 2, ROWS = 200000 };

struct simulation {
  uint64_t seed;
};

/* A number of (0, 1) that belongs to a place (splitmix64): every pass must see the same rows. */
static double uniform(uint64_t place) {
  uint64_t z = (place + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

/* Called from several threads at once: it changes nothing but the room. */
static int read_rows(void *context, size_t first, size_t count, double *room, struct emblas_rows *rows) {
  const struct simulation *simulation = context;
  for (size_t i = 0; i < count; i++) {
    uint64_t place = simulation->seed + 3 * (first + i);
    double radius = sqrt(-2 * log(uniform(place))), angle = 6.283185307179586 * uniform(place + 1);
    int second = uniform(place + 2) < 0.3;
    room[i * DIM] = radius * cos(angle) + (second ? 4 : 0);
    room[i * DIM + 1] = radius * sin(angle) + (second ? -3 : 0);
  }
  rows->values = room;
  return 0;
}

int main(void) {
  struct simulation simulation = {.seed = 1};
  struct emblas_data data;
  struct emblas_options options;
  struct emblas_model *model = NULL;
  struct emblas_report report;

  emblas_data_init(&data, sizeof data);
  data.rows = ROWS, data.columns = DIM;
  data.reader.read = read_rows, data.reader.context = &simulation;
  emblas_options_init(&options, sizeof options);
  options.components = 2;
  options.order = EMBLAS_ORDER_WEIGHT;
  emblas_report_init(&report, sizeof report);
  emblas_status status = emblas_fit(&data, &options, &model, &report);
  if (status != EMBLAS_OK) {
    fprintf(stderr, "%s\n", emblas_status_string(status));
    return EXIT_FAILURE;
  }
  printf("log-likelihood %.4f after %zu iterations\n", report.loglik, report.iterations);
  for (size_t c = 0; c < 2; c++)
    printf("component %zu: weight %.3f, mean %.2f %.2f\n", c, emblas_model_weights(model)[c],
           emblas_model_means(model)[c * DIM], emblas_model_means(model)[c * DIM + 1]);
  int right = fabs(emblas_model_weights(model)[0] - 0.7) < 0.01;
  emblas_report_clear(&report);
  emblas_model_free(model);
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
