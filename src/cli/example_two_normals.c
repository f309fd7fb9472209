/* SPDX-License-Identifier: MIT */
/* Two samples of two normals, each fitted from variances 10, means 0 and 1 and equal weights. */
#include "example.h"
#include "picture.h"
#include "plot.h"

#include <math.h>

enum { ROWS = 500 };

/* (a) 250 rows from N(0, sd 5), then 250 from N(5, sd 6). */
static void draw_halves(double *x, uint64_t seed) {
  for (size_t i = 0; i < ROWS; i++)
    x[i] = i < ROWS / 2 ? 5 * example_normal(&seed) : 5 + 6 * example_normal(&seed);
}

/* (b) each row from N(40, sd 6) or N(20, sd 6), at equal odds. */
static void draw_coin(double *x, uint64_t seed) {
  for (size_t i = 0; i < ROWS; i++) {
    double mean = example_uniform(&seed) < 0.5 ? 40 : 20;
    x[i] = mean + 6 * example_normal(&seed);
  }
}

static struct emblas_model *start(void) {
  struct emblas_parameters parameters;
  struct emblas_model *model;
  static const double weights[] = {0.5, 0.5}, means[] = {0, 1}, variances[] = {10, 10};
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.components = 2;
  parameters.dim = 1;
  parameters.weights = weights;
  parameters.means = means;
  parameters.covariances = variances;
  emblas_status status = emblas_model_create(&parameters, &model, NULL);
  if (status != EMBLAS_OK) die(EXIT_FAILED, "%s", emblas_status_string(status));
  return model;
}

static struct emblas_model *run(const char *name, const double *x) {
  struct emblas_model *given = start();
  struct emblas_options options;
  struct emblas_report report;
  double variance;
  emblas_options_init(&options, sizeof options);
  options.components = 2;
  options.start = EMBLAS_START_MODEL;
  options.model = given;
  options.stop = EMBLAS_STOP_Q;
  options.tolerance = 1e-6;
  struct emblas_model *model = example_fit(x, ROWS, 1, &options, &report);
  printf("%s\n  %s after %zu iterations, log-likelihood %.6f\n", name,
         emblas_stop_reason_string(report.stop), report.iterations, report.loglik);
  for (size_t c = 0; c < 2; c++) {
    emblas_model_covariance(model, c, &variance);
    printf("  weight %.4f  mean %8.4f  variance %8.4f\n", emblas_model_weights(model)[c],
           emblas_model_means(model)[c], variance);
  }
  emblas_report_clear(&report);
  emblas_model_free(given);
  return model;
}

enum exit_status example_two_normals(const struct example_arguments *arguments) {
  static const char *const names[] = {"y"};
  static const char *const titles[] = {"(a) 250 from N(0, sd 5), 250 from N(5, sd 6)",
                                       "(b) 500 from N(40, sd 6) or N(20, sd 6)"};
  static void (*const draws[])(double *, uint64_t) = {draw_halves, draw_coin};
  double x[2][ROWS];
  struct plot_mixture plots[2];
  struct emblas_model *models[2];
  puts("two-normals: from weights 1/2, means 0 and 1, variances 10, until Q changes by less than 1e-6");
  for (size_t i = 0; i < 2; i++) {
    draws[i](x[i], arguments->seed);
    models[i] = run(titles[i], x[i]);
    plots[i] = (struct plot_mixture){
        .model = models[i], .names = names, .values = x[i], .rows = ROWS, .source = titles[i]};
  }
  struct plot_mixtures both = {"two-normals", plots, 2};
  enum exit_status status =
      arguments->plot ? picture_draw(arguments->plot, NULL, plot_mixtures, &both) : EXIT_DONE;
  for (size_t i = 0; i < 2; i++) emblas_model_free(models[i]);
  return status;
}
