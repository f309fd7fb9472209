/* SPDX-License-Identifier: MIT */
/* Fits for tests: every one of them is checked for a monotone trace and finite results. */
#ifndef TEST_FIT_H
#define TEST_FIT_H

#include "models.h"
#include <stdbool.h>

/* The backend under test: EMBLAS_TEST_BACKEND, else what the library would choose. Skips the test when
   this build does not have it. */
const struct emblas_backend *test_backend(void);

/* A view of n x d values. */
struct emblas_data view(const double *values, size_t rows, size_t columns);
/* Defaults with the backend under test. */
struct emblas_options options_for(size_t components, enum emblas_covariance covariance);
/* Defaults of a prediction, with the backend under test; valid until the next call. */
const struct emblas_predict_options *predict_options(void);
/* .. from labels, `maps` EM maps and no other stop rule. */
struct emblas_options options_from_labels(size_t components, enum emblas_covariance covariance,
                                          const size_t *labels, size_t maps);
/* .. from a model. */
struct emblas_options options_from_model(const struct emblas_model *model, size_t maps);

struct fit {
  struct emblas_model *model;
  struct emblas_report report;
};

/* Fits and asserts success and check_fit(). */
struct fit fit_or_fail(const struct emblas_data *data, const struct emblas_options *options);
void fit_free(struct fit *fit);

/* The trace never falls by more than 8 eps sum |ll_i|; everything in model and report is finite; the
   weights sum to 1; the log-likelihood reported is the last of the trace. */
void check_fit(const struct fit *fit);
/* The first part alone. */
void check_monotone(const struct emblas_em_point *trace, size_t length);

/* A model of given parameters (covariances, not factors), or a failed test. */
struct emblas_model *model_or_fail(enum emblas_covariance covariance, size_t k, size_t d,
                                   const double *weights, const double *means, const double *covariances);
/* All covariances of a model, k x d x d; kept by test_keep(). */
double *model_covariances(const struct emblas_model *model);
/* Labels of the rows under a model; kept by test_keep(). */
size_t *model_labels(const struct emblas_model *model, const struct emblas_data *data);
/* Same bits in weights, means and Cholesky factors. */
bool same_model(const struct emblas_model *a, const struct emblas_model *b);

#define check_near(what, actual, expected, tolerance)                                                      \
  check_near_at(__FILE__, __LINE__, what, actual, expected, tolerance)
void check_near_at(const char *file, int line, const char *what, double actual, double expected,
                   double tolerance);

/* Parameters that a model should have, and the column scale that its errors are measured by. */
struct expected {
  const double *weights, *means, *covariances; /* k, k x d, k x d x d */
  const double *scale;                         /* d */
};
/* |weight| errors below tolerance, means below tolerance scale_j, covariances below tolerance scale_j
 * scale_l. */
void check_parameters(const char *what, const struct emblas_model *model, const struct expected *expected,
                      double tolerance);

#endif
