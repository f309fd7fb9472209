/* SPDX-License-Identifier: MIT */
/* The same fit by the reference loops and by BLAS: how far apart are the results? */
#include <emblas/emblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 3000, D = 3, K = 2 };

/* N rows drawn from a mixture that is written down here. */
static emblas_status draw(double *rows) {
  static const double weights[K] = {0.3, 0.7};
  static const double means[K * D] = {0, 0, 0, 3, -2, 1};
  static const double covariances[K * D * D] = {1, 0.5,  0,   0.5,  2, 0.3, 0,   0.3, 1,
                                                2, -0.4, 0.1, -0.4, 1, 0,   0.1, 0,   0.5};
  struct emblas_parameters truth;
  emblas_parameters_init(&truth, sizeof truth);
  truth.components = K;
  truth.dim = D;
  truth.weights = weights;
  truth.means = means;
  truth.covariances = covariances;

  struct emblas_model *model = NULL;
  emblas_status status = emblas_model_create(&truth, &model, NULL);
  if (status == EMBLAS_OK) status = emblas_sample(model, N, 1, rows, NULL);
  emblas_model_free(model);
  return status;
}

static emblas_status fit(const double *rows, const struct emblas_backend *backend,
                         struct emblas_model **model, double *loglik) {
  struct emblas_data data;
  struct emblas_options options;
  struct emblas_report report;
  emblas_data_init(&data, sizeof data);
  data.values = rows;
  data.rows = N;
  data.columns = D;
  emblas_options_init(&options, sizeof options);
  options.components = K;
  options.backend = backend;
  emblas_report_init(&report, sizeof report);

  emblas_status status = emblas_fit(&data, &options, model, &report);
  *loglik = report.loglik;
  emblas_report_clear(&report);
  return status;
}

int main(void) {
  const struct emblas_backend *reference = emblas_backend_reference(), *blas = emblas_backend_blas();
  printf("BLAS: %s\n", emblas_backend_blas_description());
  if (!blas) return 0;

  struct emblas_model *a = NULL, *b = NULL;
  double loglik_a = 0, loglik_b = 0, difference = 0;
  double *rows = malloc(sizeof(double) * N * D);
  emblas_status status = rows ? draw(rows) : EMBLAS_ERROR_MEMORY;
  if (status == EMBLAS_OK) status = fit(rows, reference, &a, &loglik_a);
  if (status == EMBLAS_OK) status = fit(rows, blas, &b, &loglik_b);
  if (status == EMBLAS_OK) {
    for (size_t j = 0; j < K * D; j++)
      difference = fmax(difference, fabs(emblas_model_means(a)[j] - emblas_model_means(b)[j]));
    printf("log-likelihood: reference %.12f, blas %.12f\n", loglik_a, loglik_b);
    printf("largest difference of a mean: %.1e\n", difference);
  } else {
    fprintf(stderr, "backends: %s\n", emblas_status_string(status));
  }

  emblas_model_free(a);
  emblas_model_free(b);
  free(rows);
  return status != EMBLAS_OK || difference > 1e-10 || fabs(loglik_a - loglik_b) > 1e-12 * fabs(loglik_a);
}
