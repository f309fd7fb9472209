# SPDX-License-Identifier: MIT
"""EM as one writes it in numpy with a textbook at hand: n x k arrays, no loop over rows."""
import time

import numpy as np

import protocol


def log_densities_1d(x, means, variances):
    return -0.5 * (np.log(2 * np.pi * variances) + (x - means) ** 2 / variances)


def log_densities_diag(x, means, variances):
    squares = x**2 @ (1 / variances).T - 2 * x @ (means / variances).T + (means**2 / variances).sum(1)
    return -0.5 * (np.log(2 * np.pi * variances).sum(1) + squares)


def log_densities_full(x, means, covariances):
    logs = np.empty((len(x), len(means)))
    for c, (mean, covariance) in enumerate(zip(means, covariances)):
        factor = np.linalg.cholesky(covariance)
        z = (x - mean) @ np.linalg.inv(factor).T
        logs[:, c] = -0.5 * (z**2).sum(1) - np.log(np.diag(factor)).sum() - 0.5 * len(mean) * np.log(2 * np.pi)
    return logs


def e_step(log_densities, x, weights, means, covariances):
    joint = np.log(weights) + log_densities(x, means, covariances)
    top = joint.max(1, keepdims=True)
    resp = np.exp(joint - top)
    total = resp.sum(1, keepdims=True)
    resp /= total
    return resp, (top + np.log(total)).sum()


def m_step_covariances(kind, x, resp, sums, means):
    if kind is log_densities_1d:
        return (resp * (x - means[:, 0]) ** 2).sum(0) / sums
    if kind is log_densities_diag:
        return resp.T @ x**2 / sums[:, None] - means**2
    covariances = np.empty((len(means), x.shape[1], x.shape[1]))
    for c, mean in enumerate(means):
        centred = x - mean
        covariances[c] = (resp[:, c, None] * centred).T @ centred / sums[c]
    return covariances


def run(problem, maps):
    x, weights, means, covariances = problem.x, problem.weights, problem.means, problem.covariances
    kind = log_densities_1d if x.shape[1] == 1 else log_densities_diag if problem.diagonal else log_densities_full
    if kind is not log_densities_full:
        covariances = np.array([np.diag(c) for c in covariances])
    begun = time.perf_counter()
    if kind is log_densities_1d:
        means_of, covariances = lambda means: means[:, 0], covariances[:, 0]
    else:
        means_of = lambda means: means
    for _ in range(maps):
        resp, _ = e_step(kind, x, weights, means_of(means), covariances)
        sums = resp.sum(0)
        weights, means = sums / len(x), resp.T @ x / sums[:, None]
        covariances = m_step_covariances(kind, x, resp, sums, means)
    _, loglik = e_step(kind, x, weights, means_of(means), covariances)
    return maps, time.perf_counter() - begun, loglik


protocol.main(np.__version__, run)
