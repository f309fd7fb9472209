# SPDX-License-Identifier: MIT
"""scikit-learn's responsibilities and densities of all rows, as density_emblas.c."""
import time

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture

import protocol


def run(problem, repetitions):
    model = GaussianMixture(len(problem.weights))
    model.weights_, model.means_, model.covariances_ = problem.weights, problem.means, problem.covariances
    model.precisions_cholesky_ = np.array([np.linalg.inv(np.linalg.cholesky(c)).T for c in problem.covariances])
    begun = time.perf_counter()
    for _ in range(repetitions):
        model.predict_proba(problem.x)
        densities = model.score_samples(problem.x)
    return repetitions, time.perf_counter() - begun, densities.sum()


protocol.main(sklearn.__version__, run)
