# SPDX-License-Identifier: MIT
"""The problems: data and the start that every program gets, as .npy files."""
import csv
import os
import types

import numpy as np

REPOSITORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def problem(x, weights, means, covariances, covariance="full"):
    return types.SimpleNamespace(x=x, weights=weights, means=means, covariances=covariances, covariance=covariance)


def start_at_rows(x, k, variance, covariance="full"):
    """Equal weights, means at the first k rows, one variance: a start that keeps every component alive."""
    d = x.shape[1]
    return problem(x, np.full(k, 1 / k), x[:k].copy(), np.tile(variance * np.eye(d), (k, 1, 1)), covariance)


def triangular(n, d, k, random):
    """The density 2 - 2x on (0, 1)."""
    return start_at_rows(1 - np.sqrt(1 - random.random((n, 1))), k, 4e-4)


def three_normals(n, d, k, random):
    label = np.arange(n) % 3
    x = np.array([0, 2.5, 6])[label] + np.array([1, 0.7, 1.5])[label] * random.standard_normal(n)
    return start_at_rows(x[:, None], k, 1)


def clusters(n, d, k, random, covariance="full"):
    """k normal clusters with covariances near I whose means are about four deviations apart: they overlap."""
    means = random.standard_normal((k, d)) * 4 / np.sqrt(2 * d)
    shear = np.eye(d) + random.standard_normal((k, d, d)) * 0.3 / np.sqrt(d) * (covariance == "full")
    x = random.standard_normal((n, d))
    for c in range(k):
        x[c::k] = means[c] + x[c::k] @ shear[c].T
    return start_at_rows(x, k, 1, covariance)


def diagonal_clusters(n, d, k, random):
    return clusters(n, d, k, random, "diag")


def spread_clusters(n, d, k, random, condition=None):
    """Clusters with centres N(0, 9 I) and covariances L L', L = N(0, 1) / sqrt(d) + 0.7 I, or of a condition number;
    from k rows as means and the covariance of all rows, which no component has for long."""
    means = 3 * random.standard_normal((k, d))
    x = random.standard_normal((n, d))
    for c in range(k):
        root = random.standard_normal((d, d))
        root = root / np.sqrt(d) + 0.7 * np.eye(d) if condition is None else (
            np.linalg.qr(root)[0] * condition ** -np.linspace(0, 0.5, d))
        x[c::k] = means[c] + x[c::k] @ root.T
    return problem(x, np.full(k, 1 / k), x[:k].copy(), np.tile(np.cov(x.T, bias=True), (k, 1, 1)))


def narrow_clusters(n, d, k, random):
    return spread_clusters(n, d, k, random, 1e6)


# name: n, d, k, how it is made, what it is
SIZES = {
    "tri": (10_000, 1, 100, triangular, "the triangular density 2 - 2x, 100 components"),
    "tri1m": (1_000_000, 1, 100, triangular, "the same, a million rows"),
    "uni3": (1_000_000, 1, 3, three_normals, "three normals that overlap"),
    "full4": (200_000, 4, 8, clusters, "normal clusters, full covariances"),
    "full16": (100_000, 16, 32, clusters, "normal clusters, full covariances"),
    "full64": (50_000, 64, 16, clusters, "normal clusters, full covariances"),
    "diag32": (100_000, 32, 64, diagonal_clusters, "normal clusters, diagonal covariances"),
    "spread4": (200_000, 4, 8, spread_clusters, "far apart, of random shapes, from the covariance of all rows"),
    "spread16": (100_000, 16, 32, spread_clusters, "the same"),
    "spread64": (50_000, 64, 16, spread_clusters, "the same"),
    "narrow4": (200_000, 4, 8, narrow_clusters, "the same, of condition number 1e6"),
    "narrow16": (100_000, 16, 32, narrow_clusters, "the same"),
    "narrow64": (50_000, 64, 16, narrow_clusters, "the same"),
}


def columns(file, names):
    with open(os.path.join(REPOSITORY, "data", file), newline="") as lines:
        return np.array([[float(row[name]) for name in names] for row in csv.DictReader(lines)])


def from_labels(file, names, labels):
    """The M step from hard labels."""
    x = columns(file, names)
    label = columns(labels, ["label"])[:, 0].astype(int)
    parts = [x[label == c] for c in range(label.max() + 1)]
    return problem(x, np.array([len(part) / len(x) for part in parts]), np.array([part.mean(0) for part in parts]),
                   np.array([np.cov(part.T, bias=True).reshape(x.shape[1], -1) for part in parts]))


def waiting():
    x = columns("faithful.csv", ["waiting"])
    return problem(x, np.full(2, 0.5), np.array([[55.0], [80.0]]), np.full((2, 1, 1), 25.0))


def faithful():
    x = columns("faithful.csv", ["eruptions", "waiting"])
    return problem(x, np.full(2, 0.5), np.array([[2, 55], [4.5, 80]]), np.tile(np.cov(x.T, bias=True), (2, 1, 1)))


# name: how it is made, what it is
REAL = {
    "waiting": (waiting, "Old Faithful, waiting times, two normals"),
    "acidity": (lambda: from_labels("acidity.csv", ["x"], "acidity-3-labels.csv"), "acidity of lakes, from labels"),
    "galaxies": (lambda: from_labels("galaxies.csv", ["velocity"], "galaxies-4-labels.csv"),
                 "velocities of galaxies, from labels"),
    "faithful": (faithful, "Old Faithful, both columns"),
    "iris": (lambda: from_labels("iris.csv", ["Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"],
                                 "iris-3-labels.csv"), "iris, from labels"),
}


def make(name, smoke=False):
    if name in REAL:
        return REAL[name][0]()
    n, d, k, maker, _ = SIZES[name]
    if smoke:  # rows enough for every component to keep a covariance of full rank
        n, d, k = 1000, min(d, 8), min(k, 8)
    return maker(n, d, k, np.random.Generator(np.random.PCG64(1)))


def describe(name):
    return (REAL[name] if name in REAL else SIZES[name])[-1]


def write(p, directory):
    os.makedirs(directory, exist_ok=True)
    for name in ("x", "weights", "means", "covariances"):
        np.save(os.path.join(directory, name + ".npy"), np.ascontiguousarray(getattr(p, name), dtype=np.float64))
    with open(os.path.join(directory, "covariance.txt"), "w") as file:
        file.write(p.covariance + "\n")
    return directory
