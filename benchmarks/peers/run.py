#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times emblas beside every mixture program that is installed, and the machine's limit beside it.

    python3 benchmarks/peers/run.py                  all of it, some 20 minutes
    python3 benchmarks/peers/run.py --smoke          everything tiny: to see that it runs
    python3 benchmarks/peers/run.py --from FILE      the tables again, from the results of an earlier run

Prints tables; writes peers.json and peers.svg to --output, and with --docs docs/benchmarks.md and its picture."""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

try:
    import numpy
except ImportError:
    print(f"{sys.executable} has no numpy, which the data are made with. Debian: apt-get install python3-numpy, "
          "/usr/bin/python3", file=sys.stderr)
    sys.exit(77)

import density
import measure
import programs
import report
import workloads

ROOT = os.path.normpath(workloads.REPOSITORY)
OPTIMUM = list(workloads.REAL) + [name for name in workloads.SIZES if not name.startswith(("spread", "narrow"))]
# By --smoke or not.
DEFAULTS = [{"workloads": list(workloads.SIZES), "optimum": OPTIMUM, "core_types": ["detected", "Haswell"]},
            {"workloads": ["tri", "full4", "diag32"], "optimum": ["waiting"], "core_types": ["detected"]}]


BEGUN = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - BEGUN:4.0f} s] {text}", flush=True)


def arguments():
    def names(text):
        return [name for name in text.split(",") if name]

    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="everything tiny")
    parser.add_argument("--workloads", type=names, help=",".join(workloads.SIZES))
    parser.add_argument("--optimum", type=names, help=",".join(OPTIMUM) + "; '' for none")
    parser.add_argument("--peers", type=names, default=[p.name for p in programs.PEERS],
                        help=",".join(p.name for p in programs.PEERS) + "; '' for none")
    parser.add_argument("--core-types", type=names,
                        help="what OpenBLAS is to take the processor for, each a run; default detected,Haswell")
    parser.add_argument("--threads", type=int, default=min(2, cpus), help="for all that have threads; default 2")
    parser.add_argument("--seconds", type=float, default=10,
                        help="of a run to the optimum; default 10")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="meson's folder; default build")
    parser.add_argument("--no-build", action="store_true", help="take the drivers as they are")
    parser.add_argument("--output", help="folder for peers.json and peers.svg; default BUILD/benchmarks/peers/results")
    parser.add_argument("--docs", action="store_true", help="also write docs/benchmarks.md and docs/peers.svg")
    parser.add_argument("--from", dest="source", metavar="FILE", help="measure nothing: results of an earlier run")
    options = parser.parse_args()
    for name, value in DEFAULTS[options.smoke].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.output = options.output or os.path.join(options.build, "benchmarks", "peers", "results")
    for given, known in ((options.workloads, workloads.SIZES), (options.optimum, OPTIMUM),
                         (options.peers, [p.name for p in programs.PEERS])):
        for name in given:
            if name not in known:
                parser.error(f"{name}: not among {', '.join(known)}")
    return options


def build(folder):
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        subprocess.run(["meson", "setup", folder, ROOT, "-Dbenchmarks=enabled"], check=True)
    subprocess.run(["meson", "compile", "-C", folder], check=True, stdout=subprocess.DEVNULL)


def machine():
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def installed(options):
    """The peers that can run, and why the others cannot."""
    ready, missing = [], {}
    for program in programs.PEERS:
        if program.name in options.peers:
            why = program.missing(options.build)
            if why:
                missing[program.name] = why
                say(f"without {program.title}: {why}")
            else:
                ready.append(program)
    return ready, missing


def sizes(name, p):
    n, d = p.x.shape
    return {"name": name, "n": n, "d": d, "k": len(p.weights), "covariance": p.covariance,
            "what": workloads.describe(name)}


def measure_workload(run, name, options, everyone, folder, plan):
    """The time of a map of everyone on one workload, and the limit, with the core type of the run."""
    variables = programs.environment(run["core_type"], options.threads)
    p = workloads.make(name, options.smoke)
    directory = workloads.write(p, os.path.join(folder, name))
    say(f"{run['core_type']}: {name}")
    threads = sorted({1, options.threads}) if os.path.exists(measure.limit_program(options.build)) else []
    times, limits, hellos = measure.time_workload(p, directory, everyone, threads, options.build, variables, plan, say)
    run["programs"].update(hellos)
    run["blas"] = run["programs"].get("emblas", {}).get("blas", "")
    run["workloads"].append({**sizes(name, p), "times": times, "limit": limits})


def measure_optimum(name, options, peers, folder, plan):
    peers = [program for program in peers if program.name in ("sklearn", "mclust")]
    p = workloads.make(name, options.smoke)
    directory = workloads.write(p, os.path.join(folder, name))
    say(f"to the optimum: {name}")
    return {**sizes(name, p), **measure.time_optimum(p, directory, peers, options.build, options.core_types[0],
                                                     options.threads, plan)}


def measure_all(options):
    plan = measure.Plan(options.smoke, options.seconds)
    peers, missing = installed(options)
    own = programs.emblas_programs(options.threads)
    results = {"date": datetime.date.today().isoformat(), "machine": machine(), "processors": os.cpu_count(),
               "system": f"{platform.system()} {platform.release()}", "threads": options.threads,
               "smoke": options.smoke, "seconds": plan.optimum, "budget": plan.budget, "missing": missing,
               "titles": {program.name: program.title for program in own + programs.PEERS}, "runs": [],
               "optimum": []}
    with tempfile.TemporaryDirectory(prefix="emblas-peers-") as folder:
        for core_type in options.core_types:
            results["runs"].append({"core_type": core_type, "backend": programs.emblas_backend(core_type), "blas": "",
                                    "workloads": [], "programs": {}})
            everyone = programs.emblas_programs(options.threads, core_type) + peers
            for name in options.workloads:
                measure_workload(results["runs"][-1], name, options, everyone, folder, plan)
                save(results, options)
            say(f"{core_type}: densities")
            results["runs"][-1]["densities"] = density.measure_all(options.build, core_type, options.threads,
                                                                   options.smoke)
        for name in options.optimum:
            results["optimum"].append(measure_optimum(name, options, peers, folder, plan))
            save(results, options)
    return results


def save(results, options):
    """After every workload: a run that is broken off keeps what it has."""
    results["took"] = time.monotonic() - BEGUN
    os.makedirs(options.output, exist_ok=True)
    path = os.path.join(options.output, "peers.json")
    with open(path, "w") as file:
        json.dump(results, file, indent=1)
    return path


def main():
    options = arguments()
    if options.source:
        with open(options.source) as file:
            results = json.load(file)
        os.makedirs(options.output, exist_ok=True)
    else:
        if not options.no_build:
            build(options.build)
        results = measure_all(options)
        save(results, options)
    path = os.path.join(options.output, "peers.json")
    print(report.text(results))
    picture = os.path.join(options.output, "peers.svg")
    drawn = report.draw(results, picture)
    print(f"\nAlso in {path}" + (f" and {picture}" if drawn else "; no picture was drawn"))
    if options.docs:
        if results["smoke"]:
            sys.exit("a smoke run says nothing about speed: docs/benchmarks.md stays as it is")
        report.write_docs(results, os.path.join(ROOT, "docs"))
    if results["smoke"] and report.broken(results):
        sys.exit("\n".join(report.broken(results)))


if __name__ == "__main__":
    main()
