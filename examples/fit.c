/* SPDX-License-Identifier: MIT */
/* Fits a mixture of two Gaussians to 40 eruptions of the Old Faithful geyser. */
#include <emblas/emblas.h>
#include <math.h>
#include <stdio.h>

/* Duration of an eruption and waiting time to the next, minutes. */
static const double x[][2] = {
    {3.6, 79},   {1.8, 54},   {3.333, 74}, {2.283, 62}, {4.533, 85}, {2.883, 55}, {4.7, 88},   {3.6, 85},
    {1.95, 51},  {4.35, 85},  {1.833, 54}, {3.917, 84}, {4.2, 78},   {1.75, 47},  {4.7, 83},   {2.167, 52},
    {1.75, 62},  {4.8, 84},   {1.6, 52},   {4.25, 79},  {1.8, 51},   {1.75, 47},  {3.45, 78},  {3.067, 69},
    {4.533, 74}, {3.6, 83},   {1.967, 55}, {4.083, 76}, {3.85, 78},  {4.433, 79}, {4.3, 73},   {4.467, 77},
    {3.367, 66}, {4.033, 80}, {3.833, 74}, {2.017, 52}, {1.867, 48}, {4.833, 80}, {1.833, 59}, {4.783, 90},
};

int main(void) {
  struct emblas_data data;
  struct emblas_options options;
  struct emblas_report report;
  struct emblas_model *model = NULL;

  emblas_data_init(&data, sizeof data);
  data.values = x[0];
  data.rows = sizeof x / sizeof *x;
  data.columns = 2;
  emblas_options_init(&options, sizeof options);
  options.components = 2;
  emblas_report_init(&report, sizeof report);

  emblas_status status = emblas_fit(&data, &options, &model, &report);
  if (status != EMBLAS_OK) {
    fprintf(stderr, "fit: %s\n", emblas_status_string(status));
    return 1;
  }

  printf("log-likelihood %.9f, %s after %zu iterations\n", report.loglik,
         emblas_stop_reason_string(report.stop), report.iterations);
  for (size_t c = 0; c < 2; c++) {
    const double *mean = emblas_model_means(model) + 2 * c;
    double s[4];
    emblas_model_covariance(model, c, s);
    printf("weight %.4f  mean %.3f %.2f  covariance %.4f %.3f %.2f\n", emblas_model_weights(model)[c],
           mean[0], mean[1], s[0], s[1], s[3]);
  }

  int wrong = fabs(report.loglik + 164.424489855) > 1e-6;
  emblas_report_clear(&report);
  emblas_model_free(model);
  return wrong;
}
