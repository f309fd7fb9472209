/* SPDX-License-Identifier: MIT */
/* emblas through its C interface: emblas_driver [OPTION=VALUE...] DATA [MAPS...], see driver.h. Without
   options the library's defaults hold, but for the start, which DATA gives.

     backend=NAME|auto threads=N accelerate=none|auto compress=none|auto tolerance=T
     target=LOGLIK  stop when the log-likelihood has come so far     seconds=S  or when so long has passed
 */
#include "driver.h"

#include <emblas/emblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct emblas_options options;
static double target = INFINITY, budget = INFINITY;
static double begun;

static int progress(void *context, const struct emblas_progress *at) {
  (void)context;
  return at->point.loglik >= target || driver_clock() - begun > budget;
}

static struct emblas_model *start_model(const struct problem *p) {
  struct emblas_parameters parameters;
  struct emblas_model *model = NULL;
  emblas_parameters_init(&parameters, sizeof parameters);
  parameters.covariance = p->diagonal ? EMBLAS_DIAG : EMBLAS_FULL;
  parameters.components = p->k, parameters.dim = p->d;
  parameters.weights = p->weights, parameters.means = p->means, parameters.covariances = p->covariances;
  emblas_status status = emblas_model_create(&parameters, &model, NULL);
  if (status != EMBLAS_OK) driver_fail(emblas_status_string(status));
  return model;
}

static struct answer run(const struct problem *p, size_t maps) {
  struct emblas_data data;
  struct emblas_report report;
  struct emblas_model *start = start_model(p), *model = NULL;
  struct emblas_options o = options;
  emblas_data_init(&data, sizeof data);
  data.values = p->x, data.rows = p->n, data.columns = p->d;
  emblas_report_init(&report, sizeof report);
  o.components = p->k, o.covariance = p->diagonal ? EMBLAS_DIAG : EMBLAS_FULL;
  o.start = EMBLAS_START_MODEL, o.model = start, o.max_iterations = maps;
  if (isfinite(target) || isfinite(budget)) o.progress = progress;
  begun = driver_clock();
  emblas_status status = emblas_fit(&data, &o, &model, &report);
  double seconds = driver_clock() - begun;
  if (status != EMBLAS_OK) driver_fail(emblas_status_string(status));
  struct answer answer = {report.maps, seconds, report.loglik, emblas_stop_reason_string(report.stop)};
  if (o.accelerate == EMBLAS_ACCELERATE_NONE) answer.maps = report.iterations;
  emblas_report_clear(&report);
  emblas_model_free(model);
  emblas_model_free(start);
  return answer;
}

static void set(const char *name, const char *value) {
  int none = strcmp(value, "none") == 0;
  if (!strcmp(name, "backend")) {
    options.backend = emblas_backend_find(value);
    if (options.backend == NULL && strcmp(value, "auto") != 0) driver_fail(value);
  } else if (!strcmp(name, "threads"))
    options.threads = strtoull(value, NULL, 10);
  else if (!strcmp(name, "accelerate"))
    options.accelerate = none ? EMBLAS_ACCELERATE_NONE : EMBLAS_ACCELERATE_AUTO;
  else if (!strcmp(name, "compress"))
    options.compress = none ? EMBLAS_COMPRESS_NONE : EMBLAS_COMPRESS_AUTO;
  else if (!strcmp(name, "tolerance"))
    options.tolerance = strtod(value, NULL);
  else if (!strcmp(name, "target"))
    target = strtod(value, NULL);
  else if (!strcmp(name, "seconds"))
    budget = strtod(value, NULL);
  else
    driver_fail(name);
}

int main(int argc, char **argv) {
  char hello[512];
  int first = 1;
  emblas_options_init(&options, sizeof options);
  for (char *equals; first < argc && (equals = strchr(argv[first], '=')) != NULL; first++) {
    *equals = '\0';
    set(argv[first], equals + 1);
  }
  snprintf(hello, sizeof hello, "\"version\": \"%s\", \"blas\": \"%s\"", emblas_version(),
           emblas_backend_blas_description());
  return driver_main(argc - first, argv + first, hello, run);
}
