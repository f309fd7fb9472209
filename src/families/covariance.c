/* SPDX-License-Identifier: MIT */
#include "covariance.h"

#include <string.h>

/* Sigma = sum_c n_c S_c / sum_c n_c for every component. */
static void estimate_tied(size_t k, size_t size, const double *n, double *scatter) {
  double total = 0;
  for (size_t c = 0; c < k; c++) total += n[c];
  for (size_t j = 0; j < size; j++) {
    double sum = 0;
    for (size_t c = 0; c < k; c++) sum += n[c] / total * scatter[c * size + j];
    for (size_t c = 0; c < k; c++) scatter[c * size + j] = sum;
  }
}

static size_t count_full(size_t k, size_t d) {
  return k * (d * (d + 1) / 2);
}
static size_t count_tied(size_t k, size_t d) {
  (void)k;
  return d * (d + 1) / 2;
}
static size_t count_diag(size_t k, size_t d) {
  return k * d;
}
static size_t count_spherical(size_t k, size_t d) {
  (void)d;
  return k;
}

static const struct covariance_model models[EMBLAS_COVARIANCE_COUNT] = {
    [EMBLAS_FULL] = {"full", "VVV", "V", GEOMETRY_FULL, NULL, count_full},
    [EMBLAS_TIED] = {"tied", "EEE", "E", GEOMETRY_FULL, estimate_tied, count_tied},
    [EMBLAS_DIAG] = {"diag", "VVI", "V", GEOMETRY_DIAG, NULL, count_diag},
    [EMBLAS_SPHERICAL] = {"spherical", "VII", "V", GEOMETRY_SPHERICAL, NULL, count_spherical},
};

const struct covariance_model *emblas_covariance_model(enum emblas_covariance covariance) {
  return (size_t)covariance < EMBLAS_COVARIANCE_COUNT ? &models[covariance] : NULL;
}

enum geometry emblas_covariance_geometry(enum emblas_covariance covariance, size_t d) {
  return d == 1 ? GEOMETRY_DIAG : models[covariance].geometry;
}

size_t emblas_geometry_factor_size(enum geometry geometry, size_t d) {
  return geometry == GEOMETRY_FULL ? d * d : geometry == GEOMETRY_DIAG ? d : 1;
}

int emblas_geometry_includes(enum geometry general, enum geometry special) {
  return general <= special; /* each is a special case of those before it */
}

double emblas_geometry_factor_entry(enum geometry geometry, size_t d, const double *factor, size_t row,
                                    size_t column) {
  if (geometry == GEOMETRY_FULL) return column <= row ? factor[row * d + column] : 0;
  if (row != column) return 0;
  return geometry == GEOMETRY_DIAG ? factor[row] : factor[0];
}

const char *emblas_covariance_string(enum emblas_covariance covariance) {
  const struct covariance_model *model = emblas_covariance_model(covariance);
  return model != NULL ? model->name : NULL;
}

const char *emblas_covariance_mclust(enum emblas_covariance covariance, size_t dim) {
  const struct covariance_model *model = emblas_covariance_model(covariance);
  if (model == NULL) return NULL;
  return dim == 1 ? model->mclust_1d : model->mclust;
}

emblas_status emblas_covariance_parse(const char *name, enum emblas_covariance *covariance) {
  if (name == NULL || covariance == NULL) return EMBLAS_ERROR_ARGUMENT;
  for (int i = 0; i < EMBLAS_COVARIANCE_COUNT; i++)
    if (strcmp(name, models[i].name) == 0 || strcmp(name, models[i].mclust) == 0 ||
        strcmp(name, models[i].mclust_1d) == 0) {
      *covariance = (enum emblas_covariance)i;
      return EMBLAS_OK;
    }
  return EMBLAS_ERROR_ARGUMENT;
}
