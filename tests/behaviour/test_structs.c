/* SPDX-License-Identifier: MIT */
/* Structs of another size than the library's: a caller compiled with the header of another version is
   neither overwritten nor read past its end, but refused. */
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 64, FILL = 0xA5, LONGER = 40 };

/* Initialises a struct of this kind in so many bytes, with a guard zone behind them. */
#define CHECK_INIT(kind, bytes)                                                                            \
  do {                                                                                                     \
    size_t known = sizeof(struct kind), size = (bytes), said;                                              \
    unsigned char *memory = malloc(size + GUARD);                                                          \
    cr_assert_not_null(memory);                                                                            \
    memset(memory, FILL, size + GUARD);                                                                    \
    kind##_init((struct kind *)(void *)memory, size);                                                      \
    memcpy(&said, memory, sizeof said);                                                                    \
    cr_assert_eq(said, size, #kind ": %zu bytes, its size says %zu", size, said);                          \
    for (size_t i = 0; i < GUARD; i++)                                                                     \
      cr_assert_eq(memory[size + i], FILL, #kind ": %zu bytes, byte %zu behind them", size, i);            \
    for (size_t i = known; i < size; i++)                                                                  \
      cr_assert_eq(memory[i], 0, #kind ": byte %zu, which this version does not know", i);                 \
    free(memory);                                                                                          \
  } while (0)

#define CHECK_INITS(kind)                                                                                  \
  do {                                                                                                     \
    for (size_t b = sizeof(size_t); b <= sizeof(struct kind) + LONGER; b += sizeof(int))                   \
      CHECK_INIT(kind, b);                                                                                 \
  } while (0)

Test(structs, no_byte_beyond_the_size) {
  CHECK_INITS(emblas_data);
  CHECK_INITS(emblas_options);
  CHECK_INITS(emblas_report);
  CHECK_INITS(emblas_parameters);
  CHECK_INITS(emblas_prediction);
  CHECK_INITS(emblas_predict_options);
  CHECK_INITS(emblas_em_model);
  CHECK_INITS(emblas_em_options);
  CHECK_INITS(emblas_em_result);
  CHECK_INITS(emblas_candidates);
  CHECK_INITS(emblas_selection);
}

/* What fits of the defaults is set. */
Test(structs, defaults_of_a_shorter_struct) {
  size_t size = offsetof(struct emblas_options, labels);
  unsigned char *memory = malloc(size);
  struct emblas_options options = {0};
  cr_assert_not_null(memory);
  emblas_options_init((struct emblas_options *)(void *)memory, size);
  memcpy(&options, memory, size);
  cr_assert(options.components == 1 && options.starts == 20 && options.seed == 1);
  free(memory);
}

/* A struct of which nothing but its size makes sense, neither in it nor behind it. */
static void *nonsense(size_t size) {
  unsigned char *memory = malloc(size + GUARD);
  cr_assert_not_null(memory);
  memset(memory, FILL, size + GUARD);
  memcpy(memory, &size, sizeof size);
  return memory;
}

/* .. and which nobody has touched; it is freed. */
static void check_untouched(const char *what, void *nonsense) {
  const unsigned char *memory = nonsense;
  size_t size;
  memcpy(&size, memory, sizeof size);
  for (size_t i = sizeof size; i < size + GUARD; i++)
    cr_assert_eq(memory[i], FILL, "%s: byte %zu of %zu is touched", what, i, size);
  free(nonsense);
}

static void *some_memory(void *context, size_t bytes) {
  (void)context;
  return malloc(bytes);
}

/* Shorter by a number, and longer by one. */
static size_t other_size(size_t known, int longer) {
  return longer ? known + sizeof(double) : known - sizeof(double);
}

Test(structs, fits_refuse_another_size) {
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_options options = options_for(2, EMBLAS_FULL);
  for (int longer = 0; longer < 2; longer++) {
    struct emblas_model *model = NULL;
    struct emblas_report report, *bad_report = nonsense(other_size(sizeof report, longer));
    struct emblas_options *bad_options = nonsense(other_size(sizeof options, longer));
    struct emblas_data *bad_data = nonsense(other_size(sizeof data, longer));
    emblas_report_init(&report, sizeof report);
    cr_assert_eq(emblas_fit(&data, bad_options, &model, &report), EMBLAS_ERROR_ARGUMENT);
    cr_assert_str_eq(report.argument, "options.size");
    cr_assert_eq(emblas_fit(bad_data, &options, &model, &report), EMBLAS_ERROR_ARGUMENT);
    cr_assert_str_eq(report.argument, "data.size");
    cr_assert_eq(emblas_fit(&data, &options, &model, bad_report), EMBLAS_ERROR_ARGUMENT);
    emblas_report_clear(bad_report);
    cr_assert_null(model);
    check_untouched("report", bad_report);
    check_untouched("options", bad_options);
    check_untouched("data", bad_data);
  }
}

Test(structs, selections_refuse_another_size) {
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_options half = options_for(2, EMBLAS_FULL);
  struct emblas_selection selection;
  struct emblas_model *model = NULL;
  struct emblas_report report;
  emblas_selection_init(&selection, sizeof selection);
  emblas_report_init(&report, sizeof report);
  for (int longer = 0; longer < 2; longer++) {
    struct emblas_data *bad_data = nonsense(other_size(sizeof data, longer));
    struct emblas_options *bad_options = nonsense(other_size(sizeof half, longer));
    struct emblas_candidates *candidates = nonsense(other_size(sizeof(struct emblas_candidates), longer));
    struct emblas_selection *bad = nonsense(other_size(sizeof selection, longer));
    cr_assert_eq(emblas_select(bad_data, NULL, NULL, &model, &report, &selection), EMBLAS_ERROR_ARGUMENT);
    cr_assert_str_eq(report.argument, "data.size");
    cr_assert_eq(emblas_select(&data, bad_options, NULL, &model, &report, &selection),
                 EMBLAS_ERROR_ARGUMENT);
    cr_assert_str_eq(report.argument, "options.size");
    cr_assert_eq(emblas_select(&data, NULL, candidates, &model, &report, &selection),
                 EMBLAS_ERROR_ARGUMENT);
    cr_assert_str_eq(report.argument, "candidates.size");
    cr_assert_eq(emblas_select(&data, NULL, NULL, &model, &report, bad), EMBLAS_ERROR_ARGUMENT);
    cr_assert_str_eq(report.argument, "selection.size");
    emblas_selection_clear(bad);
    check_untouched("data", bad_data);
    check_untouched("options", bad_options);
    check_untouched("candidates", candidates);
    check_untouched("selection", bad);
  }
  half.allocator.allocate = some_memory; /* what is taken could not be given back */
  cr_assert_eq(emblas_select(&data, &half, NULL, &model, &report, &selection), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "options.allocator");
  cr_assert(model == NULL && selection.trials == NULL);
}

Test(structs, finishing_refuses_another_size) {
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_options options = options_for(2, EMBLAS_FULL);
  struct emblas_fitter *fitter = NULL;
  struct emblas_model *model = NULL;
  struct emblas_report report, *bad = nonsense(other_size(sizeof report, 0));
  emblas_report_init(&report, sizeof report);
  cr_assert_eq(emblas_fitter_create(&data, &options, &fitter, NULL), EMBLAS_OK);
  cr_assert_eq(emblas_fitter_finish(fitter, &model, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "fitter");
  cr_assert_eq(emblas_fitter_start(fitter, 0), EMBLAS_OK);
  cr_assert_eq(emblas_fitter_finish(fitter, &model, bad), EMBLAS_ERROR_ARGUMENT);
  cr_assert_eq(emblas_fitter_finish(fitter, NULL, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "model");
  cr_assert_null(model);
  check_untouched("report", bad);
  emblas_fitter_free(fitter);
}

Test(structs, predictions_and_models_refuse_another_size) {
  const double one = 1, zero = 0;
  struct emblas_data data = view(&zero, 1, 1);
  struct emblas_model *model = model_or_fail(EMBLAS_FULL, 1, 1, &one, &zero, &one), *none = NULL;
  struct emblas_prediction prediction;
  emblas_prediction_init(&prediction, sizeof prediction);
  for (int longer = 0; longer < 2; longer++) {
    struct emblas_report report, *bad_report = nonsense(other_size(sizeof report, longer));
    struct emblas_prediction *bad_prediction = nonsense(other_size(sizeof prediction, longer));
    struct emblas_predict_options *bad_options =
        nonsense(other_size(sizeof(struct emblas_predict_options), longer));
    struct emblas_parameters *parameters = nonsense(other_size(sizeof(struct emblas_parameters), longer));
    emblas_report_init(&report, sizeof report);
    cr_assert_eq(emblas_predict(model, &data, NULL, bad_prediction, &report), EMBLAS_ERROR_ARGUMENT);
    cr_assert_str_eq(report.argument, "prediction.size");
    cr_assert_eq(emblas_predict(model, &data, bad_options, &prediction, &report), EMBLAS_ERROR_ARGUMENT);
    cr_assert_str_eq(report.argument, "options.size");
    cr_assert_eq(emblas_predict(model, &data, NULL, &prediction, bad_report), EMBLAS_ERROR_ARGUMENT);
    cr_assert_eq(emblas_model_create(parameters, &none, NULL), EMBLAS_ERROR_ARGUMENT);
    check_untouched("report", bad_report);
    check_untouched("prediction", bad_prediction);
    check_untouched("options", bad_options);
    check_untouched("parameters", parameters);
  }
  emblas_model_free(model);
}

/* ------------------------------------------------------------------ em.h */

static emblas_status half_way(void *context, const double *theta, double *next,
                              struct emblas_em_value *value) {
  (void)context;
  *value = (struct emblas_em_value){.loglik = -*theta * *theta, .magnitude = *theta * *theta};
  if (next != NULL) *next = *theta / 2;
  return EMBLAS_OK;
}

static void to_free(void *context, const double *theta, double *free) {
  (void)context;
  *free = *theta;
}

static void whiten(void *context, const double *theta, double *change) {
  (void)context, (void)theta, (void)change;
}

static void check_em(const char *name, const struct emblas_em_model *model,
                     const struct emblas_em_options *options) {
  double theta = 1;
  struct emblas_em_result result;
  emblas_em_result_init(&result, sizeof result);
  cr_assert_eq(emblas_em_run(model, options, &theta, &result), EMBLAS_ERROR_ARGUMENT, "%s", name);
  cr_assert(result.argument != NULL, "%s: not named", name);
  cr_assert_str_eq(result.argument, name);
  cr_assert_eq(theta, 1);
  cr_assert_eq(emblas_em_run(model, options, &theta, NULL), EMBLAS_ERROR_ARGUMENT, "%s", name);
}

Test(structs, arguments_of_em_are_named) {
  struct emblas_em_model good, model;
  struct emblas_em_options fine, options;
  emblas_em_model_init(&good, sizeof good);
  emblas_em_options_init(&fine, sizeof fine);
  good.parameters = 1, good.map = half_way;
  check_em("model", NULL, &fine);
  model = good, model.size -= sizeof(double);
  check_em("model.size", &model, &fine);
  model = good, model.parameters = 0;
  check_em("model.parameters", &model, &fine);
  model = good, model.weights = 2;
  check_em("model.weights", &model, NULL);
  model = good, model.map = NULL;
  check_em("model.map", &model, NULL);
  model = good, model.free = 1;
  check_em("model.free", &model, &fine);
  model = good, model.free = 1, model.to_free = to_free;
  check_em("model.from_free", &model, &fine);
  model = good, model.whiten = whiten;
  check_em("model.unwhiten", &model, &fine);
  model = good, model.blocks = 1;
  check_em("model.blocks", &model, &fine);
  options = fine, options.size += sizeof(double);
  check_em("options.size", &good, &options);
  options = fine, options.stop = (enum emblas_stop_rule)17;
  check_em("options.stop", &good, &options);
  options = fine, options.tolerance = -1;
  check_em("options.tolerance", &good, &options);
  options = fine, options.accelerate = (enum emblas_acceleration)17;
  check_em("options.accelerate", &good, &options);
  options = fine, options.drift = 0;
  check_em("options.drift", &good, &options);
}

Test(structs, em_results_of_another_size) {
  struct emblas_em_model model;
  struct emblas_em_result result, *bad = nonsense(other_size(sizeof result, 0));
  double theta = 1;
  emblas_em_model_init(&model, sizeof model);
  emblas_em_result_init(&result, sizeof result);
  model.parameters = 1, model.map = half_way;
  cr_assert_eq(emblas_em_run(&model, NULL, &theta, bad), EMBLAS_ERROR_ARGUMENT);
  cr_assert_eq(theta, 1);
  cr_assert_eq(emblas_em_run(&model, NULL, NULL, &result), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(result.argument, "theta");
  cr_assert_eq(emblas_em_run(&model, NULL, &theta, &result), EMBLAS_OK);
  cr_assert_null(result.argument);
  check_untouched("result", bad);
}

/* ------------------------------------------------------------------ the iteration of an error */

static size_t softmax_calls, last_good_call;

/* The reference's, until it says NaN. */
static void failing_softmax(size_t b, size_t stride, size_t k, double *logits, const double *weights,
                            double *row_loglik, struct emblas_block_sums *sums) {
  emblas_backend_reference()->softmax(b, stride, k, logits, weights, row_loglik, sums);
  if (++softmax_calls > last_good_call) sums->loglik[0] = NAN;
}

/* The E step at iteration t is the call t + 1 of a map of one block. */
Test(structs, the_iteration_that_is_no_number) {
  enum { ROWS = 100 };
  struct emblas_backend backend = *emblas_backend_reference();
  struct emblas_data data = view(generate_blobs(ROWS, 2, 3, 5), ROWS, 2);
  struct emblas_options options = options_from_labels(2, EMBLAS_DIAG, generate_block_labels(ROWS, 2), 50);
  backend.softmax = failing_softmax;
  options.backend = &backend, options.threads = 1;
  for (size_t t = 0; t < 4; t++) {
    struct emblas_model *model = NULL;
    struct emblas_report report;
    emblas_report_init(&report, sizeof report);
    softmax_calls = 0, last_good_call = t;
    cr_assert_eq(emblas_fit(&data, &options, &model, &report), EMBLAS_ERROR_NUMERICAL);
    cr_assert_eq(report.iteration, t, "iteration %zd, expected %zu", (ptrdiff_t)report.iteration, t);
    cr_assert(report.row == EMBLAS_NOWHERE && report.component == EMBLAS_NOWHERE &&
              report.argument == NULL);
    emblas_report_clear(&report);
  }
}
