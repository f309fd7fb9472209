# SPDX-License-Identifier: MIT
"""The protocol of driver.h for drivers in Python."""
import json
import os
import sys
import types

import numpy as np


def blas():
    """The BLAS that is loaded and the core it chose."""
    try:
        import threadpoolctl
    except ImportError:
        return ""
    return ", ".join(f"{i['internal_api']} {i['version']} {i.get('architecture', '')} {i['num_threads']} threads"
                     for i in threadpoolctl.threadpool_info() if i["user_api"] == "blas")


def read_problem(directory):
    problem = types.SimpleNamespace()
    for name in ("x", "weights", "means", "covariances"):
        setattr(problem, name, np.load(os.path.join(directory, name + ".npy")))
    with open(os.path.join(directory, "covariance.txt")) as file:
        problem.diagonal = file.read().strip() == "diag"
    return problem


def main(version, run):
    """run(problem, maps) -> (maps, seconds, loglik); maps is None for the program's own stop rule."""
    problem = read_problem(sys.argv[1])
    print(json.dumps({"version": version, "blas": blas()}), flush=True)
    seconds = 0
    for request in sys.argv[2:] or sys.stdin:
        if seconds < 1:
            # While others took their turns, large arrays went back to the system and threads to sleep. The shorter of
            # two runs would pay for that as the longer one does, and their difference be less than their maps.
            run(problem, 1)
        maps, seconds, loglik = run(problem, None if request.strip() == "default" else int(request))
        print(json.dumps({"maps": int(maps), "seconds": seconds, "loglik": float(loglik)}), flush=True)
