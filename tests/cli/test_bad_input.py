#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad input: one clear line, the right exit status, nothing written, the old file still there."""
import json
import os
import unittest

from support import DATA, FAITHFUL, Case, main

GOOD = "x,y\n" + "".join(f"{i * i % 7},{i * 3 % 11}\n" for i in range(20))


class BadData(Case):
    """Every fit is asked for all the files it can write, and has an old model to lose."""

    def fails(self, words, *arguments, status=3, **named):
        self.write("old.json", "old")
        self.refused(status, words, "fit", *arguments, "-o", "old.json", "--trace", "trace.csv", "--plot", "fit.svg",
                     "--plot-trace", "trace.svg", **named)

    def bad(self, words, text, *arguments, **named):
        self.write("data.csv", text)
        self.fails(words, "data.csv", *(arguments or ("-k", 2)), **named)

    def test_missing_file(self):
        self.fails("nowhere.csv: No such file or directory", "nowhere.csv", "-k", 2)

    def test_directory(self):
        self.fails("Is a directory", self.folder, "-k", 2)

    def test_empty_file(self):
        self.bad("data.csv: the file is empty", "")

    def test_no_rows(self):
        self.bad("data.csv: a header but no rows", "x,y\n")

    def test_word(self):
        lines = GOOD.splitlines()
        lines[6] = lines[6].split(",")[0] + ",many"
        self.bad("data.csv:7:2: 'many' is not a number", "\n".join(lines) + "\n")

    def test_not_finite(self):
        for word in ("nan", "NaN", "inf", "-Inf", "NA", "1e400"):
            self.bad(f"data.csv:22:1: '{word}'", GOOD + f"{word},1\n")

    def test_ragged(self):
        self.bad("data.csv:22: expected 2 fields, found 3", GOOD + "1,2,3\n")
        self.bad("data.csv:22: expected 2 fields, found 1", GOOD + "1\n")

    def test_more_components_than_rows(self):
        self.bad("data.csv: 5 rows are too few for 10 components", "x\n1\n2\n3\n4\n5\n", "-k", 10)
        self.bad("data.csv: 5 rows are too few for 10 components", "x\n1\n2\n3\n4\n5\n", "-k", "2:10")
        self.bad("data.csv: 1 row is too few for 2 components", "x\n1\n", "-k", 2)

    def test_weights(self):
        self.bad("data.csv:3:2: '-1' is a negative weight", "x,w\n1,1\n2,-1\n3,1\n", "-k", 1, "--weights", "w")
        self.bad("data.csv: all weights are zero", "x,w\n1,0\n2,0\n3,0\n", "-k", 1, "--weights", "w")
        self.bad("1 row of positive weight is too few for 2", "x,w\n1,0\n2,0\n3,1\n", "-k", 2, "--weights", "w")

    def test_columns(self):
        self.bad("no column 'z'", GOOD, "-k", 2, "--columns", "x,z")
        self.bad("no column 3", GOOD, "-k", 2, "--columns", "3")
        self.bad("no column 'w'", GOOD, "-k", 2, "--weights", "w")

    def test_labels(self):
        start = "--init", "labels:labels.csv"
        self.write("data.csv", GOOD)
        self.write("labels.csv", "label\n" + "0\n1\n" * 9)
        self.fails("labels.csv has 18 labels, data.csv has 20 rows", "data.csv", *start)
        self.write("labels.csv", "label\n" + "0\n2\n" * 10)
        self.fails("labels.csv: no row has label 1", "data.csv", *start)
        self.fails("labels.csv has 3 components, -k asks for 2", "data.csv", "-k", 2, *start)
        self.write("labels.csv", "label\n" + "0\n1.5\n" * 10)
        self.fails("labels.csv:3:1: '1.5'", "data.csv", *start)
        self.fails("nowhere.csv", "data.csv", "--init", "labels:nowhere.csv")

    def test_responsibilities(self):
        start = "--init", "responsibilities:soft.csv"
        self.write("data.csv", GOOD)
        self.write("soft.csv", "0.5,1\n1,1\n" * 9)
        self.fails("soft.csv has 18 rows, data.csv has 20", "data.csv", *start)
        self.write("soft.csv", "r0,r1\n" + "0.5,1\n" * 17 + "0,0\n" * 3)
        self.fails("soft.csv: the responsibilities of row 18 are all 0", "data.csv", *start)
        self.fails("soft.csv has 2 components, -k asks for 3", "data.csv", "-k", 3, *start)
        self.write("soft.csv", "r0,r1\n" + "0.5,0\n" * 20)
        self.fails("soft.csv: no row has a responsibility for component 1", "data.csv", *start)
        self.write("soft.csv", "r0,r1\n" + "0.5,-1\n" * 20)
        self.fails("soft.csv:2:2: '-1' is not a responsibility (0 or more)", "data.csv", *start)
        self.fails("nowhere.csv", "data.csv", "--init", "responsibilities:nowhere.csv")

    def test_a_start_beyond_the_range(self):
        self.write("data.csv", "x\n1e-300\n2e-300\n4e-300\n")
        self.write("far.json", json.dumps({"format": "emblas-model", "version": 1, "family": "gaussian",
                                           "covariance": "V", "k": 2, "dim": 1, "weights": [0.5, 0.5],
                                           "means": [[0], [1e300]], "covariances": [[[1]], [[1]]]}))
        self.fails("far.json: component 1 is too far from the rows of data.csv, or too wide, to start from",
                   "data.csv", "--init", "model:far.json")

    def test_standard_input(self):
        self.fails(":3:1: 'two' is not a number", "-", "-k", 1, stdin="x\n1\ntwo\n")


class BadModel(Case):
    good = {"format": "emblas-model", "version": 1, "family": "gaussian", "covariance": "VVV", "k": 2, "dim": 2,
            "weights": [0.5, 0.5], "means": [[0, 0], [1, 1]], "covariances": [[[1, 0], [0, 1]], [[2, 1], [1, 2]]]}

    def bad(self, words, **changes):
        self.write("model.json", json.dumps({**self.good, **changes}))
        self.write("data.csv", GOOD)
        self.write("labels.csv", "old")
        self.refused(3, words, "predict", "model.json", "data.csv", "-o", "labels.csv")
        self.refused(3, words, "score", "model.json", "data.csv")
        self.refused(3, words, "sample", "model.json", "-n", 5)
        self.refused(3, words, "plot", "model.json", "-o", "model.svg")
        self.refused(3, words, "fit", "data.csv", "--init", "model:model.json")

    def test_good(self):
        self.write("model.json", json.dumps(self.good))
        self.emblas("sample", "model.json", "-n", 5)

    def test_defects(self):
        self.bad("model.json", weights=[-0.5, 1.5])
        self.bad("model.json", weights=[0.5, 0.6])
        self.bad("model.json", weights=[0.5])
        self.bad("model.json", covariances=[[[1, 0], [0, 1]], [[1, 2], [2, 1]]])
        self.bad("model.json", covariances=[[[1, 0], [0, 1]], [[1, 2, 3], [2, 1, 3], [3, 3, 9]]])
        self.bad("model.json", means=[[0, 0], [1]])
        self.bad("model.json", k=3)
        self.bad("model.json", dim=3)
        self.bad("model.json", format="something-else")

    def test_cut_short(self):
        whole = json.dumps(self.good)
        for length in (0, 1, len(whole) // 2, len(whole) - 1):
            self.write("model.json", whole[:length])
            self.refused(3, "model.json", "sample", "model.json", "-n", 5)

    def test_start_of_another_dimension(self):
        self.write("model.json", json.dumps(self.good))
        self.write("data.csv", "x\n1\n2\n3\n")
        self.refused(3, "model.json has 2 columns, data.csv has 1", "fit", "data.csv", "--init", "model:model.json")

    def test_start_of_another_size(self):
        self.write("model.json", json.dumps(self.good))
        self.write("data.csv", GOOD)
        self.refused(3, "model.json has 2 components, -k asks for 3", "fit", "data.csv", "-k", 3, "--init",
                     "model:model.json")


class Usage(Case):
    def test_options(self):
        for words, arguments in {
            "-k '0'": ("-k", "0"),
            "-k 'junk'": ("-k", "junk"),
            "-k '5:2'": ("-k", "5:2"),
            "-k '2:'": ("-k", "2:"),
            "-k '-1'": ("-k", "-1"),
            "-k '99999999999999999999'": ("-k", "99999999999999999999"),
            "covariance 'round' is unknown; allowed: full (VVV, V), tied (EEE, E), diag (VVI), spherical (VII), tied-diag "
            "(EEI), tied-spherical (EII), VEI, EVI, VEE, EVE, VVE, EEV, VEV, EVV, all, all-spherical, all-diagonal, "
            "all-ellipsoidal": ("-k", "2", "--cov", "round"),
            "covariance 'all-round' is unknown": ("-k", "2", "--cov", "full,all-round"),
            "family 'bernoulli' is not in this version": ("-k", "2", "--family", "bernoulli"),
            "family 'cauchy' is unknown": ("-k", "2", "--family", "cauchy"),
            "start 'hierarchical' is not in this version": ("-k", "2", "--init", "hierarchical"),
            "start 'responsibilities:' is unknown": ("-k", "2", "--init", "responsibilities:"),
            "start 'labels:' is unknown": ("-k", "2", "--init", "labels:"),
            "acceleration 'warp' is unknown; allowed: auto, none, squarem, anderson": ("-k", "2", "--accelerate", "warp"),
            "compression 'zip' is unknown; allowed: auto, none": ("-k", "2", "--compress", "zip"),
            "--threads '0'": ("-k", "2", "--threads", "0"),
            "backend 'gpu' is unknown; allowed: auto, blas, native, reference": ("-k", "2", "--backend", "gpu"),
            "criterion 'dic' is unknown; allowed: bic, aic, icl": ("-k", "2", "--criterion", "dic"),
            "stop rule 'never' is unknown; allowed: loglik, q, weights": ("-k", "2", "--stop", "never"),
            "format 'xml' is unknown; allowed: text, json": ("-k", "2", "--format", "xml"),
            "--tol '-1'": ("-k", "2", "--tol", "-1"),
            "--tol 'nan'": ("-k", "2", "--tol", "nan"),
            "--max-iter 'many'": ("-k", "2", "--max-iter", "many"),
            "--starts '0'": ("-k", "2", "--starts", "0"),
            "--plot 'fit.gif': the name must end in .svg, .png or .pdf": ("-k", "2", "--plot", "fit.gif"),
            "--plot-script needs --plot": ("-k", "2", "--plot-script", "fit.gp"),
            "one DATA at a time": ("-k", "2", "more.csv"),
            "only one start is given": ("--init", f"labels:{DATA / 'faithful-2-labels.csv'}", "--starts", "5"),
        }.items():
            with self.subTest(words):
                self.refused(2, words, "fit", FAITHFUL, *arguments)

    def test_hdf5(self):
        """Missing as a file, or as a part of the build: the file is named either way."""
        self.refused(3, "rows.h5", "fit", "rows.h5:/data", "-k", 2)


class Unwritable(Case):
    def test_missing_folder(self):
        for option, name in (("-o", "model.json"), ("--trace", "trace.csv"), ("--plot", "fit.svg"),
                             ("--plot-trace", "trace.svg")):
            self.refused(1, f"nowhere/{name}", "fit", FAITHFUL, "-k", 2, option, f"nowhere/{name}")

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_read_only_folder(self):
        self.write("model.json", "old")
        self.folder.chmod(0o555)
        self.addCleanup(self.folder.chmod, 0o755)
        self.refused(1, "model.json", "fit", FAITHFUL, "-k", 2, "-o", "model.json")

    def test_folder_in_the_way(self):
        (self.folder / "model.json").mkdir()
        self.refused(1, "Is a directory", "fit", FAITHFUL, "-k", 2, "-o", "model.json")


if __name__ == "__main__":
    main()
