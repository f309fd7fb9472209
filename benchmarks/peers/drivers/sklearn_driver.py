# SPDX-License-Identifier: MIT
"""scikit-learn's GaussianMixture. It is started by warm_start from attributes that are set here: given
weights_init, means_init and precisions_init it would first make a start of its own and throw it away."""
import time
import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

import protocol


def start(problem, maps):
    k = len(problem.weights)
    model = GaussianMixture(k, covariance_type="diag" if problem.diagonal else "full", reg_covar=0, warm_start=True)
    if maps is not None:
        model.set_params(tol=0, max_iter=maps)
    model.weights_, model.means_ = problem.weights.copy(), problem.means.copy()
    if problem.diagonal:
        model.covariances_ = np.array([np.diag(c) for c in problem.covariances])
        model.precisions_cholesky_ = 1 / np.sqrt(model.covariances_)
    else:
        model.covariances_ = problem.covariances.copy()
        model.precisions_cholesky_ = np.array([np.linalg.inv(np.linalg.cholesky(c)).T for c in problem.covariances])
    model.converged_, model.lower_bound_ = False, -np.inf
    return model


def run(problem, maps):
    model = start(problem, maps)
    begun = time.perf_counter()
    model.fit(problem.x)
    seconds = time.perf_counter() - begun
    return model.n_iter_, seconds, model.score_samples(problem.x).sum()


warnings.simplefilter("ignore", ConvergenceWarning)
protocol.main(sklearn.__version__, run)
