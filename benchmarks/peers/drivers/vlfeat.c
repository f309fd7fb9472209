/* SPDX-License-Identifier: MIT */
/* VLFeat's Gaussian mixture (diagonal covariances). Its own rule stops a run when the log-likelihood
   changes by less than 1e-5 of itself, which no option turns off: the maps it did are counted from its
   messages. */
#include "driver.h"

#include <float.h>
#include <stdio.h>
#include <string.h>
#include <vl/generic.h>
#include <vl/gmm.h>

static size_t expectations;

static int count_expectations(const char *format, ...) {
  expectations += strncmp(format, "gmm: em: iteration", 18) == 0;
  return 0;
}

static struct answer run(const struct problem *p, size_t maps) {
  VlGMM *gmm = vl_gmm_new(VL_TYPE_DOUBLE, p->d, p->k);
  double *variances = vl_malloc(p->k * p->d * sizeof *variances);
  for (size_t c = 0; c < p->k; c++)
    for (size_t j = 0; j < p->d; j++) variances[c * p->d + j] = p->covariances[(c * p->d + j) * p->d + j];
  vl_gmm_set_initialization(gmm, VlGMMCustom);
  vl_gmm_set_means(gmm, p->means);
  vl_gmm_set_covariances(gmm, variances);
  vl_gmm_set_priors(gmm, p->weights);
  vl_gmm_set_covariance_lower_bound(gmm, DBL_MIN);
  vl_gmm_set_max_num_iterations(gmm, maps);
  vl_gmm_set_verbosity(gmm, 1);
  expectations = 0;
  double begun = driver_clock();
  double loglik = vl_gmm_em(gmm, p->x, p->n);
  double seconds = driver_clock() - begun;
  vl_free(variances);
  vl_gmm_delete(gmm);
  return (struct answer){expectations - 1, seconds, loglik, NULL};
}

int main(int argc, char **argv) {
  char hello[128];
  vl_set_printf_func(count_expectations);
  snprintf(hello, sizeof hello, "\"version\": \"%s\", \"threads\": %d", vl_get_version_string(),
           (int)vl_get_max_threads());
  return driver_main(argc - 1, argv + 1, hello, run);
}
