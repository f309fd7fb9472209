/* SPDX-License-Identifier: MIT */
/* All parameters of a model: means, covariances and correlations, component by component. */
#include "fit.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>

enum { NAME_CELL = 16, CELL = 14 };

static void print_titles(FILE *stream, char *const *titles, size_t first, size_t end) {
  for (size_t j = first; j < end; j++) {
    fputs("  ", stream);
    text_cell(stream, titles[j], -(CELL - 2));
  }
  fputc('\n', stream);
}

/* A covariance on and below the diagonal, a correlation above it; 0 where a column has no variance. */
static double entry(const double *covariance, size_t dim, size_t j, size_t l) {
  double value = covariance[j * dim + l];
  if (l <= j) return value;
  double scale = sqrt(covariance[j * dim + j]) * sqrt(covariance[l * dim + l]);
  return scale > 0 ? value / scale : 0;
}

/* As many columns side by side as the width holds; the mean stands before the first of them. */
static void print_component(FILE *stream, size_t width, const struct emblas_model *model, size_t c,
                            char *const *titles, const double *covariance) {
  size_t dim = emblas_model_dim(model),
         room = width > NAME_CELL + 2 * CELL ? width - NAME_CELL - CELL : CELL;
  size_t block = covariance ? room / CELL : dim;
  fprintf(stream, "\ncomponent %zu, weight %.6g\n", c, emblas_model_weights(model)[c]);
  for (size_t first = 0, end; first < dim; first = end) {
    end = first + block < dim ? first + block : dim;
    fprintf(stream, "%*s", NAME_CELL + CELL, first == 0 ? "mean" : "");
    if (covariance)
      print_titles(stream, titles, first, end);
    else
      fputc('\n', stream);
    for (size_t j = 0; j < dim; j++) {
      text_cell(stream, titles[j], NAME_CELL);
      if (first == 0)
        fprintf(stream, "%*.6g", CELL, emblas_model_means(model)[c * dim + j]);
      else
        fprintf(stream, "%*s", CELL, "");
      for (size_t l = first; covariance && l < end; l++)
        fprintf(stream, "%*.6g", CELL, entry(covariance, dim, j, l));
      fputc('\n', stream);
    }
  }
}

void report_parameters(FILE *stream, size_t width, const struct emblas_model *model,
                       const char *const *names) {
  size_t k = emblas_model_components(model), dim = emblas_model_dim(model);
  int covariances = emblas_family_has_covariances(emblas_model_family(model));
  double *covariance = covariances ? allocate(dim * dim, sizeof *covariance) : NULL;
  char **titles = allocate(dim, sizeof *titles);
  for (size_t j = 0; j < dim; j++) titles[j] = text_clean(names[j]);
  for (size_t c = 0; c < k; c++) {
    if (covariances) emblas_model_covariance(model, c, covariance);
    print_component(stream, width, model, c, titles, covariance);
  }
  if (covariances && dim > 1)
    fputs("\ncovariances on the diagonal and below it, correlations above it\n", stream);
  for (size_t j = 0; j < dim; j++) free(titles[j]);
  free(titles);
  free(covariance);
}
