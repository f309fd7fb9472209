# SPDX-License-Identifier: MIT
"""What the tests of the program share. The path of the program is the first argument of each test file."""
import csv
import io
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

EMBLAS = None
DATA = Path(__file__).resolve().parents[2] / "data"
MANUAL = Path(__file__).resolve().parents[2] / "docs" / "emblas.1"
MODEL_MANUAL = MANUAL.with_name("emblas-model.5")
FAITHFUL = DATA / "faithful.csv"
IRIS = DATA / "iris.csv"


class Case(unittest.TestCase):
    """A test in a folder of its own, which is the working directory of the program."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="emblas-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def emblas(self, *arguments, status=0, stdin=b"", environment=None):
        """Runs the program and checks its exit status. Its output comes back as text."""
        env = {**os.environ, "COLUMNS": "80", **(environment or {})}
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run([EMBLAS, *map(str, arguments)], cwd=self.folder, env=env, input=stdin,
                              capture_output=True, timeout=300)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def refused(self, status, words, *arguments, **named):
        """The program fails with one clear line that holds the words, prints nothing and leaves no file."""
        before = self.files()
        done = self.emblas(*arguments, status=status, **named)
        self.assertIn(words, done.stderr)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("Try `emblas")]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.files(), before)
        return done

    def files(self):
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def write(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def fit_json(self, *arguments, **named):
        return json.loads(self.emblas("fit", *arguments, "--format", "json", **named).stdout)


def table(text):
    """The rows of CSV as dictionaries of numbers; an empty field is None."""
    return [{name: float(field) if field else None for name, field in row.items()}
            for row in csv.DictReader(io.StringIO(text))]


def log_density(model, row):
    """log sum_c w_c N(row; mean_c, S_c), by the lower factors of the model file."""
    terms = []
    for weight, mean, factor in zip(model["weights"], model["means"], model["cholesky"]):
        z, log_determinant = [], 0.0
        for j, line in enumerate(factor):
            z.append((row[j] - mean[j] - sum(line[i] * z[i] for i in range(j))) / line[j])
            log_determinant += math.log(line[j])
        terms.append(math.log(weight) - log_determinant - 0.5 * sum(v * v for v in z)
                     - 0.5 * len(z) * math.log(2 * math.pi))
    most = max(terms)
    return most + math.log(sum(math.exp(t - most) for t in terms))


def main():
    global EMBLAS
    EMBLAS = os.path.abspath(sys.argv.pop(1))
    sys.modules["support"].EMBLAS = EMBLAS
    unittest.main(module="__main__")
