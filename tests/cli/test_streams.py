#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rows that stay in their file: the same bits however the file has them, and reports that do without the rows."""
import array
import shutil
import struct
import subprocess
import unittest

import support
from support import IRIS, Case, main

ROWS, COLUMNS = 21000, 4
TYPES = {"<f8": "d", "<f4": "f", "<i4": "i"}


class Streams(Case):
    def setUp(self):
        super().setUp()
        self.emblas("fit", IRIS, "-k", 3, "-o", "model.json", "-q")
        self.emblas("sample", "model.json", "-n", ROWS, "-o", "rows.npy")
        content = (self.folder / "rows.npy").read_bytes()
        start = 10 + struct.unpack("<H", content[8:10])[0]
        values = array.array("d")
        values.frombytes(content[start:])
        self.values = array.array("d", array.array("f", values))  # what single precision holds
        self.npy("rows.npy", "<f8")

    def npy(self, name, kind, fortran=False, extra=0):
        """The rows, column after column where it is Fortran's order, with columns of zeros behind them."""
        rows = [[*self.values[i * COLUMNS:(i + 1) * COLUMNS], *[0.0] * extra] for i in range(ROWS)]
        ordered = [row[j] for j in range(COLUMNS + extra) for row in rows] if fortran else [x for row in rows for x in row]
        header = f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': ({ROWS}, {COLUMNS + extra}), }}\n".encode()
        numbers = array.array(TYPES[kind], ordered if kind != "<i4" else map(int, ordered))
        self.write(name, b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + numbers.tobytes())

    def fit(self, name, *options):
        starts = () if "--init" in options else ("--starts", 2)
        model = self.fit_json(name, "-k", 3, "--compress", "stream", *starts, *options)
        for key in ("seconds", "threads", "warnings"):
            del model["fit"][key]
        return model

    def test_layouts_and_threads_change_no_bit(self):
        self.npy("columns.npy", "<f8", fortran=True)
        self.npy("single.npy", "<f4")
        self.npy("more.npy", "<f8", extra=2)
        self.npy("more-columns.npy", "<f4", fortran=True, extra=1)
        expected = self.fit("rows.npy", "--threads", 1)
        self.assertEqual(self.fit("rows.npy", "--threads", 2), expected)
        for name in ("columns.npy", "single.npy"):
            self.assertEqual(self.fit(name), expected)
        for name in ("more.npy", "more-columns.npy"):
            self.assertEqual(self.fit(name, "--columns", "1:4"), expected)

    def test_text_comes_to_the_same(self):
        """Values of text in a temporary file, and walked over in the same way."""
        text = "".join(",".join(repr(x) for x in self.values[i * COLUMNS:(i + 1) * COLUMNS]) + "\n" for i in range(ROWS))
        self.write("rows.csv", text)
        self.assertEqual(self.fit("rows.csv"), self.fit("rows.npy"))

    def test_hdf5(self):
        """The same rows as of .npy, in memory and in the file."""
        made = subprocess.run([support.EMBLAS, "sample", "model.json", "-n", "5000", "-o", "rows.h5:/deep/rows"],
                              cwd=self.folder, capture_output=True, text=True)
        if "not in this build" in made.stderr:
            self.skipTest("HDF5 is not in this build")
        self.emblas("sample", "model.json", "-n", 5000, "-o", "rows.npy")
        for how in "none", "stream":
            fits = [self.fit_json(name, "-k", 3, "--starts", 2, "--compress", how) for name in ("rows.h5:/deep/rows", "rows.npy")]
            for fit in fits:
                del fit["fit"]["seconds"]
            self.assertEqual(*fits)
        self.emblas("predict", "model.json", "rows.npy", "-r", "-o", "out.h5")
        self.emblas("score", "model.json", "rows.h5:deep/rows")
        self.refused(3, "there is no 'shallow'", "fit", "rows.h5:/shallow")

    def test_text_that_does_not_fit(self):
        """Beyond the limit values go to a temporary file, weights and all; here the limit is nothing."""
        rows = [[i % 97 / 7, i % 89 / 3 + (i % 2) * 30, 1 + i % 3] for i in range(5000)]
        self.write("rows.csv", "a,b,w\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
        numbers = array.array("d", [x for row in rows for x in row])
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (5000, 3), }\n"
        self.write("same.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + numbers.tobytes())
        text, npy = self.fit("rows.csv", "--weights", "w"), self.fit("same.npy", "--weights", 3)
        self.assertEqual(text["columns"], ["a", "b"])
        del text["columns"], npy["columns"]
        self.assertEqual(text, npy)
        report = self.emblas("fit", "rows.csv", "--weights", "w", "-k", 2, "--compress", "stream").stdout
        self.assertIn("values are in a temporary file", report)
        self.emblas("fit", "rows.csv", "--missing", "drop", "-k", 2, "--compress", "stream")
        self.write("bad.csv", "a,b\n" + "1,2\n" * 3000 + "1,x\n")
        self.refused(3, "bad.csv:3002:2: 'x' is not a number", "fit", "bad.csv", "-k", 2, "--compress", "stream")

    def test_it_ends_where_rows_in_memory_end(self):
        memory = self.fit_json("rows.npy", "-k", 3, "--starts", 2, "--compress", "none")["fit"]
        stream = self.fit("rows.npy")["fit"]
        self.assertAlmostEqual(memory["loglik"], stream["loglik"], delta=1e-5)
        self.assertEqual(memory["n"], stream["n"])

    def test_weights(self):
        self.npy("weighted.npy", "<f8", extra=1)
        self.refused(3, "observation weights", "fit", "weighted.npy", "-k", 3, "--weights", 5, "--compress", "stream")
        weighted = self.fit("rows.npy", "--weights", 1)
        self.assertEqual(weighted["columns"], ["x2", "x3", "x4"])

    def test_report_and_pictures(self):
        report = self.emblas("fit", "rows.npy", "-k", 3, "--starts", 2, "--compress", "stream").stdout
        self.assertIn(f"rows.npy: {ROWS} rows, {COLUMNS} columns", report)
        self.assertNotIn("weight     rows", report)
        if shutil.which("gnuplot"):
            self.emblas("fit", "rows.npy", "-k", 3, "--starts", 2, "--compress", "stream", "-q", "--plot", "fit.svg")
            self.assertTrue(f"20000 of {ROWS} rows drawn" in (self.folder / "fit.svg").read_text())

    def test_a_bad_row_is_named(self):
        self.values[7003 * COLUMNS + 2] = float("nan")
        self.npy("rows.npy", "<f8")
        self.refused(3, "rows.npy: row 7004, column 'x3': a value is NaN or infinite",
                     "fit", "rows.npy", "-k", 3, "--starts", 2, "--compress", "stream")

    def test_a_file_that_is_cut_short(self):
        content = (self.folder / "rows.npy").read_bytes()
        self.write("rows.npy", content[:-8])
        self.refused(3, "the file is cut short", "fit", "rows.npy", "-k", 3, "--starts", 2, "--compress", "stream")

    def test_given_starts(self):
        self.emblas("predict", "model.json", "rows.npy", "-o", "labels.csv")
        self.fit("rows.npy", "--init", "labels:labels.csv")
        self.fit("rows.npy", "--init", "model:model.json")

    def test_a_search(self):
        report = self.emblas("fit", "rows.npy", "-k", "1:3", "--cov", "full,diag", "--starts", 2, "--compress", "stream").stdout
        self.assertIn("3 components, covariance full", report)


if __name__ == "__main__":
    main()
