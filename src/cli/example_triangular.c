/* SPDX-License-Identifier: MIT */
/* A density with corners from 100 normals: P(x) = 2 - 2x on (0, 1), of which 10,000 rows are drawn. */
#include "example.h"
#include "picture.h"
#include "plot.h"
#include "rows.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS = 10000, COMPONENTS = 100 };

/* The distribution function of a triangle is 1 - (1 - x)^2: it is inverted at uniform numbers. */
static double *draw(uint64_t seed) {
  double *x = allocate(ROWS, sizeof *x);
  for (size_t i = 0; i < ROWS; i++) x[i] = 1 - sqrt(1 - example_uniform(&seed));
  return x;
}

static double triangle(double x) {
  return x <= 0 ? 0 : x >= 1 ? 1 : 1 - (1 - x) * (1 - x);
}

/* The largest difference between the fitted distribution function and the triangle's, over (-1, 2). */
static double distance(const struct emblas_model *model) {
  double most = 0, deviation;
  for (int i = 0; i <= 3000; i++) {
    double x = -1 + i * 0.001, fitted = 0;
    for (size_t c = 0; c < COMPONENTS; c++) {
      emblas_model_cholesky(model, c, &deviation);
      fitted += emblas_model_weights(model)[c] * 0.5 *
                erfc((emblas_model_means(model)[c] - x) / (deviation * sqrt(2)));
    }
    most = fmax(most, fabs(fitted - triangle(x)));
  }
  return most;
}

enum exit_status example_triangular(const struct example_arguments *arguments) {
  static const char *const names[] = {"x"};
  struct emblas_options options;
  struct emblas_report report;
  double *x = draw(arguments->seed);
  emblas_options_init(&options, sizeof options);
  options.components = COMPONENTS;
  options.start = EMBLAS_START_RANDOM;
  options.starts = 1;
  options.seed = arguments->seed;
  options.stop = EMBLAS_STOP_WEIGHTS;
  options.tolerance = 1e-3;
  struct emblas_model *model = example_fit(x, ROWS, 1, &options, &report);

  puts("triangular: 10,000 draws from P(x) = 2 - 2x on (0, 1), by x = 1 - sqrt(1 - u)");
  puts("100 normals, random start, until the weights change by less than 1e-3");
  printf("%s after %zu iterations, log-likelihood %.4f\n", emblas_stop_reason_string(report.stop),
         report.iterations, report.loglik);
  printf("largest distance of the distribution functions %.4f\n", distance(model));

  int failed = 0;
  if (arguments->output) {
    failed |= example_save(arguments->output, model, names, &report, ROWS, arguments->seed) != EXIT_DONE;
  }
  if (arguments->plot) {
    struct plot_mixture plot = {.model = model,
                                .names = names,
                                .values = x,
                                .rows = ROWS,
                                .source = "triangular",
                                .ranged = 1,
                                .low = -1,
                                .high = 2};
    failed |= picture_draw(arguments->plot, NULL, plot_mixture, &plot) != EXIT_DONE;
  }
  emblas_model_free(model);
  emblas_report_clear(&report);
  free(x);
  return failed ? EXIT_FAILED : EXIT_DONE;
}
