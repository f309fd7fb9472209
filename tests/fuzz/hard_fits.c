/* SPDX-License-Identifier: MIT */
/* hard_fits SEED COUNT [-v]: random fits of hard data through the C interface; what each must keep is in
   check_fit() and check_model(). Prints a line for each broken promise, with the seed that makes it again
   alone, and a tally. Exit status 1 when there was any. */
#include "../support/models.h"
#include "hard_data.h"

#include "io/io.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum promise { ERROR, NOT_FINITE, FALL, FALL_AT_FLOOR, MEAN, FACTOR, WEIGHTS, SAVED, PREDICTION, PROMISES };

static const char *const promise_names[PROMISES] = {
    "the fit fails",           "a number is not finite",  "the log-likelihood falls",
    "it falls at the floor",   "a mean off the data",     "a factor not positive",
    "weights do not sum to 1", "not saved and read back", "a prediction"};

/* How much a log-likelihood may fall, as docs/numerics.md says: by rounding, 8 eps of its magnitude; where
   a component is at the floor by 2e-10 nats a row and column. */
static const double ROUNDING = 8 * DBL_EPSILON, AT_FLOOR = 2e-10;

enum { MOST_PRINTED = 40 };

static struct tally {
  size_t broken[PROMISES];
  size_t fits, fits_broken, flagged, printed;
  uint64_t seed; /* of the problem that is looked at */
  const struct hard_problem *problem;
  bool broke;
} tally;

static void describe(const struct hard_problem *p) {
  static const char *const methods[] = {"auto", "none", "squarem", "anderson"};
  static const char *const starts[] = {"kmeans++", "random", "labels"};
  const struct emblas_options *o = &p->options;
  printf(" [%zu x %zu%s, k %zu, %s, %s, %s, %s, floor %.1g]", p->data.rows, p->data.columns,
         p->data.weights != NULL ? " weighted" : "", o->components, emblas_covariance_string(o->covariance),
         o->backend->name, methods[o->accelerate], starts[o->start], o->floor);
}

__attribute__((format(printf, 2, 3))) static void broken(enum promise promise, const char *format, ...) {
  tally.broken[promise]++;
  tally.broke = true;
  if (tally.printed++ >= MOST_PRINTED) return;
  va_list arguments;
  printf("%llu: %s: ", (unsigned long long)tally.seed, promise_names[promise]);
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  describe(tally.problem);
  putchar('\n');
}

/* ------------------------------------------------------------------ what a fit must keep */

static bool any_collapsed(const struct emblas_report *report) {
  for (size_t c = 0; c < report->components; c++)
    if (report->component_flags[c] & EMBLAS_COMPONENT_COLLAPSED) return true;
  return false;
}

static void check_trace(const struct hard_problem *p, const struct emblas_report *report) {
  double at_floor = AT_FLOOR * report->total_weight * (double)p->data.columns;
  bool collapsed = any_collapsed(report);
  for (size_t t = 0; t < report->trace_length; t++) {
    const struct emblas_em_point *point = report->trace + t;
    if (!isfinite(point->loglik)) broken(NOT_FINITE, "log-likelihood %g at %zu", point->loglik, t);
    if (t == 0) continue;
    double fall = point[-1].loglik - point->loglik, rounding = ROUNDING * point->magnitude;
    if (fall <= rounding) continue;
    if (collapsed && fall <= rounding + at_floor) continue;
    broken(collapsed ? FALL_AT_FLOOR : FALL,
           "%.3g from %.17g at %zu, %.3g eps of the magnitude, %.2g a row", fall, point[-1].loglik, t,
           fall / (DBL_EPSILON * point->magnitude), fall / report->total_weight);
    return;
  }
}

static void check_report(const struct hard_problem *p, const struct emblas_report *report) {
  if (!isfinite(report->loglik) || !isfinite(report->entropy) || !isfinite(report->bic) ||
      !isfinite(report->aic) || !isfinite(report->icl))
    broken(NOT_FINITE, "loglik %g, entropy %g, bic %g, aic %g, icl %g", report->loglik, report->entropy,
           report->bic, report->aic, report->icl);
  check_trace(p, report);
}

static void column_range(const struct hard_problem *p, size_t column, double *low, double *high) {
  *low = INFINITY, *high = -INFINITY;
  for (size_t i = 0; i < p->data.rows; i++) {
    if (p->data.weights != NULL && p->data.weights[i] == 0) continue;
    double x = p->values[i * p->data.columns + column];
    *low = fmin(*low, x), *high = fmax(*high, x);
  }
}

/* The unit that spheres have for all columns, of whose size roundings are; 0 for other models. */
static double common_range(const struct hard_problem *p) {
  double low, high, largest = 0;
  for (size_t j = 0; wants_one_unit(p->options.covariance) && j < p->data.columns; j++) {
    column_range(p, j, &low, &high);
    largest = fmax(largest, high / 2 - low / 2);
  }
  return largest;
}

/* A mean is an average of rows, but for that of a component that never had any. */
static void check_mean(const struct hard_problem *p, const double *mean, size_t c, bool empty) {
  for (size_t j = 0; j < p->data.columns; j++) {
    double low, high;
    column_range(p, j, &low, &high);
    double slack =
        1e-6 * (high / 2 - low / 2) + 1e-9 * fmax(fabs(low), fabs(high)) + 1e-12 * common_range(p);
    if (!isfinite(mean[j]))
      broken(NOT_FINITE, "mean %zu,%zu is %g", c, j, mean[j]);
    else if (!empty && (mean[j] < low - slack || mean[j] > high + slack))
      broken(MEAN, "%zu,%zu is %.17g in [%.17g, %.17g]", c, j, mean[j], low, high);
  }
}

static void check_factor(const double *factor, size_t d, size_t c) {
  for (size_t j = 0; j < d; j++)
    for (size_t l = 0; l <= j; l++)
      if (!isfinite(factor[j * d + l]) || (l == j && !(factor[j * d + j] > 0))) {
        broken(FACTOR, "%zu: entry %zu,%zu is %g", c, j, l, factor[j * d + l]);
        return;
      }
}

static void check_model(const struct hard_problem *p, const struct emblas_model *model,
                        const struct emblas_report *report) {
  size_t k = emblas_model_components(model), d = emblas_model_dim(model);
  double factor[64], sum = 0;
  for (size_t c = 0; c < k; c++) {
    check_mean(p, emblas_model_means(model) + c * d, c,
               report->component_flags[c] & EMBLAS_COMPONENT_EMPTY);
    emblas_model_cholesky(model, c, factor);
    check_factor(factor, d, c);
    sum += emblas_model_weights(model)[c];
  }
  if (!(fabs(sum - 1) <= (double)k * DBL_EPSILON)) broken(WEIGHTS, "%.17g", sum);
}

/* ------------------------------------------------------------------ what its model must keep */

static bool same_model(const struct emblas_model *a, const struct emblas_model *b) {
  size_t k = emblas_model_components(a), d = emblas_model_dim(a);
  double factor[64], other[64];
  if (k != emblas_model_components(b) || d != emblas_model_dim(b) ||
      memcmp(emblas_model_weights(a), emblas_model_weights(b), k * sizeof *factor) != 0 ||
      memcmp(emblas_model_means(a), emblas_model_means(b), k * d * sizeof *factor) != 0)
    return false;
  for (size_t c = 0; c < k; c++) {
    emblas_model_cholesky(a, c, factor);
    emblas_model_cholesky(b, c, other);
    if (memcmp(factor, other, d * d * sizeof *factor) != 0) return false;
  }
  return true;
}

static void check_saved(const struct emblas_model *model, const char *path) {
  struct io_error error = {.text = ""};
  struct emblas_model *again = NULL;
  char **names = NULL;
  FILE *file = fopen(path, "w");
  if (file == NULL) {
    perror(path);
    exit(2);
  }
  int failed = io_model_print(file, model, NULL, NULL, &error);
  failed |= fclose(file);
  if (!failed) failed = io_model_read(path, &again, &names, &error);
  if (failed)
    broken(SAVED, "%s", error.text);
  else if (!same_model(model, again))
    broken(SAVED, "other bits");
  emblas_model_free(again);
}

static void check_prediction(const struct hard_problem *p, const struct emblas_model *model) {
  static double responsibilities[HARD_ROWS * HARD_COMPONENTS], logpdf[HARD_ROWS];
  size_t k = emblas_model_components(model);
  struct emblas_prediction prediction;
  struct emblas_predict_options options;
  emblas_predict_options_init(&options, sizeof options);
  options.backend = p->options.backend;
  emblas_prediction_init(&prediction, sizeof prediction);
  prediction.responsibilities = responsibilities;
  prediction.logpdf = logpdf;
  emblas_status status = emblas_predict(model, &p->data, &options, &prediction, NULL);
  if (status != EMBLAS_OK) {
    broken(PREDICTION, "%s", emblas_status_string(status));
    return;
  }
  if (!isfinite(prediction.loglik) || !isfinite(prediction.entropy) || !isfinite(prediction.hard))
    broken(PREDICTION, "log-likelihood %g, entropy %g", prediction.loglik, prediction.entropy);
  for (size_t i = 0; i < p->data.rows; i++) {
    double sum = 0;
    for (size_t c = 0; c < k; c++) sum += responsibilities[i * k + c];
    if (isfinite(logpdf[i]) && fabs(sum - 1) <= (double)(k + 4) * DBL_EPSILON) continue;
    broken(PREDICTION, "row %zu: log density %g, responsibilities sum to %.17g", i, logpdf[i], sum);
    return;
  }
}

/* ------------------------------------------------------------------ one fit after the other */

static void try_problem(const struct hard_problem *p, const char *path) {
  struct emblas_model *model = NULL;
  struct emblas_report report;
  emblas_report_init(&report, sizeof report);
  emblas_status status = emblas_fit(&p->data, &p->options, &model, &report);
  if (status != EMBLAS_OK) {
    broken(ERROR, "%s", emblas_status_string(status));
  } else {
    tally.flagged += any_collapsed(&report);
    check_report(p, &report);
    check_model(p, model, &report);
    check_saved(model, path);
    check_prediction(p, model);
  }
  emblas_model_free(model);
  emblas_report_clear(&report);
}

static void print_tally(void) {
  printf("%zu fits, %zu with a component at the floor, %zu with a broken promise\n", tally.fits,
         tally.flagged, tally.fits_broken);
  for (size_t i = 0; i < PROMISES; i++)
    if (tally.broken[i] > 0) printf("%8zu  %s\n", tally.broken[i], promise_names[i]);
}

int main(int count, char **arguments) {
  static struct hard_problem problem;
  char path[] = "/tmp/hard_fits_XXXXXX";
  if (count != 3) {
    fputs("usage: hard_fits SEED COUNT\n", stderr);
    return 2;
  }
  uint64_t seed = strtoull(arguments[1], NULL, 10), fits = strtoull(arguments[2], NULL, 10);
  int file = mkstemp(path);
  if (file < 0) {
    perror(path);
    return 2;
  }
  close(file);
  tally.problem = &problem;
  for (uint64_t i = 0; i < fits; i++) {
    tally.seed = seed + i;
    tally.broke = false;
    hard_problem_draw(&problem, tally.seed);
    try_problem(&problem, path);
    tally.fits++;
    tally.fits_broken += tally.broke;
  }
  unlink(path);
  print_tally();
  return tally.fits_broken > 0;
}
