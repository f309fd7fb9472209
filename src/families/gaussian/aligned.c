/* SPDX-License-Identifier: MIT */
/* The M step of diagonal covariances that share their volume or their shape: VEI and EVI. */
#include "shared.h"

#include <math.h>

void emblas_estimate_aligned(const struct gaussian *g, struct gaussian_estimate *e) {
  struct spread s = emblas_shared_begin(g, e, 1);
  emblas_spread_fit(g->model->mclust[0], g->model->mclust[1], &s);
  for (size_t c = 0; c < g->k; c++) {
    const double *variance = s.variances + c * s.stride;
    double *factor = e->factors + c * g->f;
    for (size_t j = 0; j < g->d; j++)
      factor[j] = e->floor->constant[j] ? GAUSSIAN_CONSTANT_VARIANCE : sqrt(*variance++);
  }
}
