/* SPDX-License-Identifier: MIT */
#include "coordinates.h"

#include <string.h>

void emblas_parameters_in(const struct frame *frame, const struct gaussian *g,
                          const struct emblas_model *model, double *theta) {
  const struct gaussian *from = &model->shape;
  memcpy(theta, model->theta, g->k * sizeof *theta);
  for (size_t c = 0; c < g->k; c++) {
    double *factor = gaussian_factor(g, theta, c);
    emblas_frame_mean_in(frame, gaussian_mean(from, model->theta, c), gaussian_mean(g, theta, c));
    if (g->geometry == GEOMETRY_FULL) {
      emblas_model_cholesky(model, c, factor);
      emblas_frame_factor_in(frame, factor, factor);
    } else {
      const double *deviation = gaussian_factor(from, model->theta, c);
      for (size_t j = 0; j < g->f; j++) factor[j] = deviation[j] * frame->inverse[j];
    }
  }
}

void emblas_parameters_out(const struct frame *frame, const struct gaussian *g, const double *theta,
                           double *out) {
  memcpy(out, theta, gaussian_theta_size(g) * sizeof *theta);
  for (size_t c = 0; c < g->k; c++) {
    double *factor = gaussian_factor(g, out, c);
    emblas_frame_mean_out(frame, gaussian_mean(g, out, c), gaussian_mean(g, out, c));
    if (g->geometry == GEOMETRY_FULL)
      emblas_frame_factor_out(frame, factor, factor);
    else
      for (size_t j = 0; j < g->f; j++) factor[j] = emblas_frame_deviation_out(frame, j, factor[j]);
  }
}
