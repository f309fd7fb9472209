// SPDX-License-Identifier: MIT
// Armadillo's gmm_full, or gmm_diag for diagonal covariances and in one dimension.
#include "driver.h"

#include <armadillo>
#include <limits>

namespace {

arma::cube covariances(const problem &p, const arma::gmm_full &) {
  return arma::cube(p.covariances, p.d, p.d, p.k);
}

arma::mat covariances(const problem &p, const arma::gmm_diag &) {
  arma::mat variances(p.d, p.k);
  for (size_t c = 0; c < p.k; c++)
    for (size_t j = 0; j < p.d; j++) variances(j, c) = p.covariances[(c * p.d + j) * p.d + j];
  return variances;
}

template <class Model> answer fit(const problem &p, size_t maps) {
  const arma::mat x(p.x, p.d, p.n, false, true); // columns are observations
  Model model;
  model.set_params(arma::mat(p.means, p.d, p.k), covariances(p, model), arma::rowvec(p.weights, p.k));
  const double begun = driver_clock();
  const bool fine = model.learn(x, p.k, arma::maha_dist, arma::keep_existing, 0, maps,
                                std::numeric_limits<double>::min(), false);
  const double seconds = driver_clock() - begun;
  if (!fine) driver_fail("gmm: learn() failed");
  return {maps, seconds, model.sum_log_p(x), nullptr};
}

} // namespace

extern "C" answer run(const problem *p, size_t maps) {
  return p->diagonal || p->d == 1 ? fit<arma::gmm_diag>(*p, maps) : fit<arma::gmm_full>(*p, maps);
}

int main(int argc, char **argv) {
  const std::string hello = "\"version\": \"" + arma::arma_version::as_string() + "\"";
  return driver_main(argc - 1, argv + 1, hello.c_str(), run);
}
