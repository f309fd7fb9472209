#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""emblas-mpi fits what emblas fits, to the same bits, and fails as it does.

usage: test_program.py EMBLAS EMBLAS_MPI MPIRUN [OPTION...]
"""
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

EMBLAS, EMBLAS_MPI = map(os.path.abspath, sys.argv[1:3])
MPIRUN = sys.argv[3:]
IRIS = Path(__file__).resolve().parents[2] / "data/iris.csv"


class Program(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="emblas-mpi-")
        self.addCleanup(self.directory.cleanup)
        self.folder = Path(self.directory.name)
        self.emblas("fit", IRIS, "-k", 3, "-q", "-o", "iris.json")
        self.emblas("sample", "iris.json", "-n", 10001, "-o", "rows.npy")

    def run_all(self, command, *arguments):
        return subprocess.run([*command, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                              timeout=120, env={**os.environ, "OMP_NUM_THREADS": "1"})

    def emblas(self, *arguments):
        done = self.run_all([EMBLAS], *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def mpi(self, processes, *arguments):
        return self.run_all([*MPIRUN, "-n", str(processes), EMBLAS_MPI], "fit", *arguments)

    def model(self, name):
        model = json.loads((self.folder / name).read_text())
        for key in ("seconds", "threads", "warnings"):
            del model["fit"][key]
        return model

    def test_same_bits_and_one_report(self):
        options = ("-k", "2:3", "--cov", "full,VEI", "--starts", 4, "-o")
        self.emblas("fit", "rows.npy", "--compress", "stream", *options, "one.json")
        for processes in 1, 3:
            done = self.mpi(processes, "rows.npy", *options, "many.json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.model("one.json"), self.model("many.json"))
            self.assertEqual(done.stdout.count("log-likelihood  "), 1 + done.stdout.count("BIC   log-likelihood"))
            self.assertRegex(done.stderr, rf"{processes} processes, .* waited .* for sums")

    def test_given_starts(self):
        self.emblas("predict", "iris.json", "rows.npy", "-o", "labels.csv")
        self.emblas("fit", "rows.npy", "--compress", "stream", "--init", "labels:labels.csv", "-o", "one.json")
        self.assertEqual(self.mpi(3, "rows.npy", "--init", "labels:labels.csv", "-o", "many.json").returncode, 0)
        self.assertEqual(self.model("one.json"), self.model("many.json"))

    def test_errors_end_all(self):
        content = bytearray((self.folder / "rows.npy").read_bytes())
        content[-8 * 4 * 5000 - 8:-8 * 4 * 5000] = b"\xff" * 8  # NaN
        (self.folder / "bad.npy").write_bytes(content)
        for name, words in ("missing.npy", "No such file"), ("bad.npy", "column 'x4': a value is NaN"):
            begin = time.monotonic()
            done = self.mpi(3, name, "-k", 2, "-o", "many.json")
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertLess(time.monotonic() - begin, 10)
            self.assertFalse((self.folder / "many.json").exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
