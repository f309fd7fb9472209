/* SPDX-License-Identifier: MIT */
/* options.order: the same model, its components in the order that was asked for. */
#include "../support/fit.h"
#include "../support/generate.h"

#include <criterion/criterion.h>

enum { ROWS = 125, D = 2, K = 3 };

/* 40 rows about (0, 0), 25 equal ones at (-5, 5), 60 about (6, 0): by weight components 0, 1, 2 become 1,
   2, 0, which is not its own inverse. */
static struct fit fit_in_order(enum emblas_family family, enum emblas_covariance covariance,
                               enum emblas_order order) {
  double *x = generate_matrix(ROWS, D, 5);
  size_t *labels = test_keep(ROWS, sizeof *labels);
  for (size_t i = 0; i < ROWS; i++) {
    labels[i] = i < 40 ? 0 : i < 65 ? 1 : 2;
    if (labels[i] == 1) x[i * D] = -5, x[i * D + 1] = 5;
    if (labels[i] == 2) x[i * D] += 6;
    for (size_t j = 0; j < D && family == EMBLAS_POISSON; j++)
      x[i * D + j] = (double)(size_t)(x[i * D + j] + 10);
  }
  struct emblas_data data = view(x, ROWS, D);
  struct emblas_options options = options_from_labels(K, covariance, labels, 3);
  options.family = family;
  options.order = order;
  return fit_or_fail(&data, &options);
}

/* Component c of the model is component `from` of the other, to the bit. */
static void check_same_component(const struct fit *fit, size_t c, const struct fit *other, size_t from) {
  double factor[D * D], other_factor[D * D];
  cr_assert_eq(emblas_model_weights(fit->model)[c], emblas_model_weights(other->model)[from]);
  cr_assert_arr_eq(emblas_model_means(fit->model) + c * D, emblas_model_means(other->model) + from * D,
                   D * sizeof(double));
  cr_assert_eq(fit->report.component_flags[c], other->report.component_flags[from]);
  if (fit->report.component_rows)
    cr_assert_eq(fit->report.component_rows[c].row, other->report.component_rows[from].row);
  if (!emblas_family_has_covariances(emblas_model_family(fit->model))) return;
  emblas_model_cholesky(fit->model, c, factor);
  emblas_model_cholesky(other->model, from, other_factor);
  cr_assert_arr_eq(factor, other_factor, sizeof factor);
}

static void check_orders(enum emblas_family family, enum emblas_covariance covariance) {
  static const size_t by_weight[K] = {2, 0, 1}, by_column[K] = {1, 0, 2};
  struct fit as_given = fit_in_order(family, covariance, EMBLAS_ORDER_NONE);
  struct fit weight = fit_in_order(family, covariance, EMBLAS_ORDER_WEIGHT);
  struct fit column = fit_in_order(family, covariance, EMBLAS_ORDER_FIRST_COLUMN);
  cr_assert_eq(weight.report.loglik, as_given.report.loglik);
  for (size_t c = 0; c < K; c++) {
    check_same_component(&weight, c, &as_given, by_weight[c]);
    check_same_component(&column, c, &as_given, by_column[c]);
  }
  fit_free(&as_given);
  fit_free(&weight);
  fit_free(&column);
}

Test(order, every_covariance_model) {
  for (int covariance = 0; covariance < EMBLAS_COVARIANCE_COUNT; covariance++)
    check_orders(EMBLAS_GAUSSIAN, (enum emblas_covariance)covariance);
}

Test(order, counts) {
  check_orders(EMBLAS_POISSON, EMBLAS_FULL);
}

/* The component of equal rows, wherever it stands, is the one that is flagged, with its row. */
Test(order, reports_follow) {
  static const enum emblas_order orders[] = {EMBLAS_ORDER_NONE, EMBLAS_ORDER_WEIGHT,
                                             EMBLAS_ORDER_FIRST_COLUMN};
  static const size_t places[] = {1, 2, 0};
  for (size_t i = 0; i < 3; i++) {
    struct fit fit = fit_in_order(EMBLAS_GAUSSIAN, EMBLAS_FULL, orders[i]);
    for (size_t c = 0; c < K; c++)
      cr_assert_eq(fit.report.component_flags[c], c == places[i] ? EMBLAS_COMPONENT_COLLAPSED : 0);
    cr_assert_eq(fit.report.component_rows[places[i]].row, 40);
    cr_assert_eq(fit.report.component_rows[places[i]].equal, 25);
    fit_free(&fit);
  }
}

Test(order, none_that_there_is) {
  struct emblas_data data = view(generate_base(), BASE_ROWS, BASE_COLUMNS);
  struct emblas_options options = options_for(2, EMBLAS_FULL);
  struct emblas_model *model = NULL;
  struct emblas_report report;
  emblas_report_init(&report, sizeof report);
  options.order = (enum emblas_order)3;
  cr_assert_eq(emblas_fit(&data, &options, &model, &report), EMBLAS_ERROR_ARGUMENT);
  cr_assert_str_eq(report.argument, "options.order");
}
