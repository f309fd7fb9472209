// SPDX-License-Identifier: MIT
// The densities of Armadillo's gmm_full (gmm_diag in one dimension), one row at a time, as density_emblas.c.
#define ARMA_NO_DEBUG
#include "driver.h"

#include <armadillo>
#include <vector>

namespace {

arma::cube covariances(const problem &p, const arma::gmm_full &) {
  return arma::cube(p.covariances, p.d, p.d, p.k);
}

arma::mat covariances(const problem &p, const arma::gmm_diag &) {
  return arma::mat(p.covariances, 1, p.k);
}

template <class Model> answer evaluate(const problem &p, size_t repetitions) {
  const arma::mat x(p.x, p.d, p.n, false, true); // columns are observations
  std::vector<arma::vec> rows;                   // made before the clock runs
  for (size_t i = 0; i < p.n; i++) rows.emplace_back(x.col(i));
  Model model;
  model.set_params(arma::mat(p.means, p.d, p.k), covariances(p, model), arma::rowvec(p.weights, p.k));
  double sum = 0;
  const double begun = driver_clock();
  for (size_t repetition = 0; repetition < repetitions; repetition++) {
    sum = 0;
    for (const arma::vec &row : rows) sum += model.log_p(row);
  }
  return {repetitions, driver_clock() - begun, sum, nullptr};
}

} // namespace

extern "C" answer run(const problem *p, size_t repetitions) {
  return p->d == 1 ? evaluate<arma::gmm_diag>(*p, repetitions) : evaluate<arma::gmm_full>(*p, repetitions);
}

int main(int argc, char **argv) {
  const std::string hello = "\"version\": \"" + arma::arma_version::as_string() + "\"";
  return driver_main(argc - 1, argv + 1, hello.c_str(), run);
}
