/* SPDX-License-Identifier: MIT */
#include "gaussian.h"

#include <string.h>

static const struct covariance_model models[EMBLAS_COVARIANCE_COUNT] = {
    [EMBLAS_FULL] = {"full", "VVV", "V", GEOMETRY_FULL, FRAME_WHITENED, emblas_estimate_free},
    [EMBLAS_TIED] = {"tied", "EEE", "E", GEOMETRY_FULL, FRAME_WHITENED, emblas_estimate_pooled},
    [EMBLAS_DIAG] = {"diag", "VVI", "V", GEOMETRY_DIAG, FRAME_SCALED, emblas_estimate_free},
    [EMBLAS_SPHERICAL] = {"spherical", "VII", "V", GEOMETRY_SPHERICAL, FRAME_COMMON_SCALE,
                          emblas_estimate_free},
    [EMBLAS_TIED_DIAG] = {"tied-diag", "EEI", "E", GEOMETRY_DIAG, FRAME_SCALED, emblas_estimate_pooled},
    [EMBLAS_TIED_SPHERICAL] = {"tied-spherical", "EII", "E", GEOMETRY_SPHERICAL, FRAME_COMMON_SCALE,
                               emblas_estimate_pooled},
    [EMBLAS_VEI] = {"vei", "VEI", "V", GEOMETRY_DIAG, FRAME_SCALED, emblas_estimate_aligned},
    [EMBLAS_EVI] = {"evi", "EVI", "E", GEOMETRY_DIAG, FRAME_SCALED, emblas_estimate_aligned},
    [EMBLAS_VEE] = {"vee", "VEE", "V", GEOMETRY_FULL, FRAME_WHITENED, emblas_estimate_similar},
    [EMBLAS_EVE] = {"eve", "EVE", "E", GEOMETRY_FULL, FRAME_COMMON_SCALE, emblas_estimate_common_axes},
    [EMBLAS_VVE] = {"vve", "VVE", "V", GEOMETRY_FULL, FRAME_COMMON_SCALE, emblas_estimate_common_axes},
    [EMBLAS_EEV] = {"eev", "EEV", "E", GEOMETRY_FULL, FRAME_COMMON_SCALE, emblas_estimate_oriented},
    [EMBLAS_VEV] = {"vev", "VEV", "V", GEOMETRY_FULL, FRAME_COMMON_SCALE, emblas_estimate_oriented},
    [EMBLAS_EVV] = {"evv", "EVV", "E", GEOMETRY_FULL, FRAME_WHITENED, emblas_estimate_oriented},
};

const struct covariance_model *emblas_covariance_model(enum emblas_covariance covariance) {
  return (size_t)covariance < EMBLAS_COVARIANCE_COUNT ? &models[covariance] : NULL;
}

const struct covariance_model *emblas_covariance_model_in(enum emblas_covariance covariance, size_t d) {
  if (d > 1) return &models[covariance];
  return &models[models[covariance].mclust_1d[0] == 'E' ? EMBLAS_TIED : EMBLAS_FULL];
}

enum geometry emblas_covariance_geometry(enum emblas_covariance covariance, size_t d) {
  return d == 1 ? GEOMETRY_DIAG : models[covariance].geometry;
}

/* ------------------------------------------------------------------ volume, shape, orientation */

enum { VOLUME, SHAPE, ORIENTATION, LETTERS };

int emblas_covariance_common(const struct covariance_model *model) {
  return strchr(model->mclust, 'V') == NULL;
}

int emblas_covariance_own(const struct covariance_model *model) {
  return strchr(model->mclust, 'E') == NULL;
}

int emblas_covariance_partly(const struct covariance_model *model) {
  return !emblas_covariance_common(model) && !emblas_covariance_own(model);
}

/* The letters in their order: those of the identity are a special case of equal ones, and these of
   components' own. */
static int rank(char letter) {
  return letter == 'V' ? 2 : letter == 'E' ? 1 : 0;
}

int emblas_covariance_admits(const struct covariance_model *general,
                             const struct covariance_model *special) {
  for (int i = 0; i < LETTERS; i++)
    if (rank(general->mclust[i]) < rank(special->mclust[i])) return 0;
  return 1;
}

/* How many of k components' own there are. */
static size_t copies(char letter, size_t k) {
  return letter == 'V' ? k : letter == 'E' ? 1 : 0;
}

size_t emblas_covariance_count(const struct covariance_model *model, size_t k, size_t d) {
  const char *letter = model->mclust;
  return copies(letter[VOLUME], k) + copies(letter[SHAPE], k) * (d - 1) +
         copies(letter[ORIENTATION], k) * (d * (d - 1) / 2);
}

size_t emblas_parameter_count(enum emblas_covariance covariance, size_t components, size_t dim) {
  const struct covariance_model *model = emblas_covariance_model(covariance);
  if (model == NULL || components == 0) return 0;
  return components - 1 + components * dim + emblas_covariance_count(model, components, dim);
}

/* ------------------------------------------------------------------ geometries */

size_t emblas_geometry_factor_size(enum geometry geometry, size_t d) {
  return geometry == GEOMETRY_FULL ? d * d : geometry == GEOMETRY_DIAG ? d : 1;
}

double emblas_geometry_factor_entry(enum geometry geometry, size_t d, const double *factor, size_t row,
                                    size_t column) {
  if (geometry == GEOMETRY_FULL) return column <= row ? factor[row * d + column] : 0;
  if (row != column) return 0;
  return geometry == GEOMETRY_DIAG ? factor[row] : factor[0];
}

/* ------------------------------------------------------------------ names */

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
