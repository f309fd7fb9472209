// SPDX-License-Identifier: MIT
// OpenCV's ml::EM. Its n-th iteration ends with an E step: n maps are n + 1 iterations.
#include "driver.h"

#include <opencv2/core.hpp>
#include <opencv2/ml.hpp>
#include <string>
#include <vector>

extern "C" answer run(const problem *p, size_t maps) {
  const int n = (int)p->n, d = (int)p->d, k = (int)p->k;
  const cv::Mat x(n, d, CV_64F, p->x), means(k, d, CV_64F, p->means), weights(1, k, CV_64F, p->weights);
  std::vector<cv::Mat> covariances;
  for (int c = 0; c < k; c++)
    covariances.push_back(cv::Mat(d, d, CV_64F, p->covariances + (size_t)(c * d * d)).clone());
  cv::Ptr<cv::ml::EM> em = cv::ml::EM::create();
  em->setClustersNumber(k);
  em->setCovarianceMatrixType(p->diagonal || d == 1 ? cv::ml::EM::COV_MAT_DIAGONAL
                                                    : cv::ml::EM::COV_MAT_GENERIC);
  em->setTermCriteria(cv::TermCriteria(cv::TermCriteria::COUNT, (int)maps + 1, 0));
  cv::Mat logliks;
  const double begun = driver_clock();
  const bool fine = em->trainE(x, means.clone(), covariances, weights.clone(), logliks);
  const double seconds = driver_clock() - begun;
  if (!fine) driver_fail("EM::trainE() failed");
  return {maps, seconds, cv::sum(logliks)[0], nullptr};
}

int main(int argc, char **argv) {
  const std::string hello = "\"version\": \"" + cv::getVersionString() + "\"";
  return driver_main(argc - 1, argv + 1, hello.c_str(), run);
}
