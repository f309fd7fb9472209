# SPDX-License-Identifier: MIT
"""The programs that are timed, and how their drivers are started and asked."""
import functools
import importlib.util
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

DRIVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "drivers")


class Failed(Exception):
    """A driver ended, or did not answer in time."""


class Program:
    """name: its key; title: for people; single: it has one thread whatever is allowed; arrays: how many arrays of
    n x k doubles it holds at once; models: what it fits, of 1 (one dimension), full, diag."""

    def __init__(self, name, title, single, arrays, models, debian):
        self.name, self.title, self.single = name, title, single
        self.arrays, self.models, self.debian = arrays, models, debian

    def fits(self, p):
        return ("1" if p.x.shape[1] == 1 else p.covariance) in self.models

    def missing(self, build):
        """Why it cannot be run, or None."""
        return None if os.path.exists(self.command(build)[0]) else f"not built (Debian: {self.debian})"

    def command(self, build):
        return [os.path.join(build, "benchmarks", "peers", "peer_" + self.name)]


class Emblas(Program):
    def __init__(self, name, title, options, single=True):
        super().__init__(name, title, single, 0, ("1", "full", "diag"), "")
        self.options = options

    def command(self, build):
        return [os.path.join(build, "benchmarks", "peers", "peer_emblas")] + self.options


class Python(Program):
    def missing(self, build):
        found = importlib.util.find_spec(self.name) is not None
        return None if found else f"{sys.executable} has no module {self.name} (Debian: {self.debian})"

    def command(self, build):
        return [sys.executable, os.path.join(DRIVERS, self.name + "_driver.py")]


@functools.lru_cache(None)
def r_has(package):
    check = f'quit(status = !requireNamespace("{package}", quietly = TRUE))'
    return subprocess.run(["Rscript", "-e", check], capture_output=True).returncode == 0


class R(Program):
    def missing(self, build):
        if shutil.which("Rscript") is None:
            return f"there is no Rscript (Debian: {self.debian})"
        return None if r_has(self.name) else f"R has no package {self.name} (Debian: {self.debian})"

    def command(self, build):
        return ["Rscript", "--vanilla", os.path.join(DRIVERS, self.name + ".R")]


PLAIN = ["accelerate=none", "compress=none", "tolerance=0"]


# Core types without AVX-512: emblas then runs its code for AVX2, too.
AVX2 = ("Haswell", "Zen", "Excavator")


def emblas_backend(core_type):
    return "native-x86-64-v3" if core_type in AVX2 else "auto"


def emblas_programs(threads, core_type="detected"):
    """For the time of a map: reference, blas and the fastest on one thread, the fastest on all."""
    fastest = "backend=" + emblas_backend(core_type)
    programs = [Emblas("emblas-reference", "emblas, reference", PLAIN + ["backend=reference", "threads=1"]),
                Emblas("emblas-blas", "emblas, blas", PLAIN + ["backend=blas", "threads=1"]),
                Emblas("emblas", "emblas", PLAIN + [fastest, "threads=1"])]
    if threads > 1:
        programs.append(Emblas(f"emblas-{threads}", f"emblas, {threads} threads",
                               PLAIN + [fastest, f"threads={threads}"], single=False))
    return programs


PEERS = [
    Python("numpy", "numpy", False, 4, ("1", "full", "diag"), "python3-numpy"),
    Python("sklearn", "scikit-learn", False, 6, ("1", "full", "diag"), "python3-sklearn"),
    Program("armadillo", "Armadillo", False, 0, ("1", "full", "diag"), "libarmadillo-dev"),
    Program("vlfeat", "VLFeat", False, 1, ("1", "diag"), "libvlfeat-dev"),
    Program("opencv", "OpenCV", False, 1, ("1", "full", "diag"), "libopencv-dev"),
    R("mclust", "mclust", True, 5, ("1", "full", "diag"), "r-cran-mclust"),
    R("mixtools", "mixtools", True, 8, ("1",), "r-cran-mixtools"),
]


def environment(core_type, threads):
    """OpenBLAS chooses its kernels by OPENBLAS_CORETYPE, or by itself when that is not set."""
    variables = {name: value for name, value in os.environ.items()
                 if name not in ("OPENBLAS_CORETYPE", "GOTO_NUM_THREADS", "OMP_WAIT_POLICY")}
    variables.update(OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads), PYTHONDONTWRITEBYTECODE="1")
    if core_type != "detected":
        variables["OPENBLAS_CORETYPE"] = core_type
    return variables


class Driver:
    """A driver that runs and waits to be asked: one line of JSON for each line it is given."""

    def __init__(self, command, variables, patience=60):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)
        self.rest = b""
        self.hello = self.read(patience)

    def read(self, patience):
        deadline = time.monotonic() + patience
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                self.close()
                raise Failed(f"no answer in {patience:g} s")
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                self.close()
                self.errors.seek(0)
                said = self.errors.read().decode(errors="replace").strip().splitlines()
                raise Failed(f"ended with status {self.process.returncode}: {said[-1] if said else 'no message'}")
            self.rest += part
        line, self.rest = self.rest.split(b"\n", 1)
        try:
            return json.loads(line)
        except ValueError:
            raise Failed("answered " + line.decode(errors="replace")) from None

    def ask(self, request, patience=60):
        try:
            self.process.stdin.write(f"{request}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # read() tells why
        return self.read(patience)

    def close(self):
        self.process.kill()
        self.process.communicate()
