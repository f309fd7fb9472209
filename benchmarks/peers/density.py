# SPDX-License-Identifier: MIT
"""Densities under a given model: one row at a time beside Armadillo's log_p, and many rows with their
responsibilities beside scikit-learn's predict_proba and score_samples.

    python3 benchmarks/peers/density.py [--build FOLDER] [--smoke] [--core-type detected|Haswell]"""
import argparse
import os
import statistics
import sys
import tempfile

import numpy as np

import programs
import workloads

# name: rows, d, k. The rows of the first three stay in the first-level cache.
ONE = {"row1": (256, 1, 3), "row4": (256, 4, 8), "row16": (256, 16, 32)}
MANY = {"rows16": (100_000, 16, 32)}
REPETITIONS, SECONDS = 9, 0.05


def mixture(n, d, k):
    """Normal clusters that overlap, as in workloads.py, and the model that they are drawn from."""
    random = np.random.Generator(np.random.PCG64(3))
    means = random.standard_normal((k, d)) * 4 / np.sqrt(2 * d)
    shear = np.eye(d) + random.standard_normal((k, d, d)) * 0.3 / np.sqrt(d)
    label = random.integers(k, size=n)
    x = means[label] + np.einsum("nij,nj->ni", shear[label], random.standard_normal((n, d)))
    return workloads.problem(x, np.full(k, 1 / k), means, shear @ shear.transpose(0, 2, 1))


def commands(name, build, threads):
    """Title, command and threads of each program."""
    def driver(program):
        return os.path.join(build, "benchmarks", "peers", "density_" + program)

    if name in ONE:
        return [("emblas", [driver("emblas"), "one", "1"], 1), ("Armadillo", [driver("armadillo")], 1)]
    sklearn = [sys.executable, os.path.join(programs.DRIVERS, "density_sklearn.py")]
    own = [("emblas", [driver("emblas"), "many", "1"], 1)]
    if threads > 1:
        own.append((f"emblas, {threads} threads", [driver("emblas"), "many", str(threads)], threads))
    return own + [("scikit-learn", sklearn, 1)]


def start(command, directory, variables):
    """A driver and how often a measurement repeats; None for a program that is not there."""
    if not os.path.exists(command[0]):
        return None
    try:
        driver = programs.Driver(command + [directory], variables)
        driver.ask(1)
        seconds = driver.ask(1)["seconds"]
    except programs.Failed as failure:
        print(f"without {command[0]}: {failure}", file=sys.stderr)
        return None
    return driver, max(1, int(SECONDS / max(seconds, 1e-7)))


def measure(name, build, core_type, threads, smoke, folder):
    """Seconds of a row for each program, which take turns: {title: {seconds, least, loglik}}."""
    n, d, k = {**ONE, **MANY}[name]
    directory = workloads.write(mixture(1000 if smoke and n > 1000 else n, d, k), os.path.join(folder, name))
    n = 1000 if smoke and n > 1000 else n
    drivers, times = {}, {}
    for title, command, its_threads in commands(name, build, threads):
        started = start(command, directory, programs.environment(core_type, its_threads))
        if started is not None:
            drivers[title], times[title] = started, []
    for _ in range(1 if smoke else REPETITIONS):
        for title, (driver, repetitions) in drivers.items():
            answer = driver.ask(repetitions)
            times[title].append((answer["seconds"] / repetitions / n, answer["loglik"]))
    for driver, _ in drivers.values():
        driver.close()
    return {title: {"seconds": statistics.median(s for s, _ in values), "least": min(values)[0],
                    "loglik": values[0][1]} for title, values in times.items()}


def measure_all(build, core_type, threads, smoke):
    with tempfile.TemporaryDirectory(prefix="emblas-density-") as folder:
        return {name: measure(name, build, core_type, threads, smoke, folder) for name in {**ONE, **MANY}}


def disagreements(results):
    """Programs whose log-likelihood of the rows is another one than emblas's."""
    return [f"{name}: {title}: another log-likelihood" for name, times in results.items()
            for title, time in times.items() if abs(time["loglik"] / times["emblas"]["loglik"] - 1) > 1e-10]


def rows(results):
    """Cells for a table: what, nanoseconds a row of each program, and how many times emblas's on one thread."""
    for name, times in results.items():
        n, d, k = {**ONE, **MANY}[name]
        what = f"{n} rows" if name in MANY else "one row"
        own = times["emblas"]["seconds"]
        for title, time in times.items():
            yield [f"{what}, d = {d}, k = {k}", title, f"{1e9 * time['seconds']:.1f}", f"{1e9 * time['least']:.1f}",
                   f"{time['seconds'] / own:.2f}"]


HEAD = ["density", "program", "ns a row", "least", "times emblas's"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(workloads.REPOSITORY, "build"))
    parser.add_argument("--core-type", default="detected")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    results = measure_all(options.build, options.core_type, options.threads, options.smoke)
    import report
    print(report.grid(HEAD, list(rows(results)), (0, 1)))
    sys.exit("\n".join(disagreements(results)))


if __name__ == "__main__":
    main()
