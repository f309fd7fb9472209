#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Small files that stand for what people bring along, and what is right for them."""
import json
import shutil
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

from support import Case, main

CASES = Path(__file__).resolve().parent / "cases"


class Cases(Case):
    def fit(self, name, *arguments):
        return self.fit_json(CASES / name, *arguments)

    def test_histogram(self):
        """Counts of bins: -9141.008818 with two components, which BIC chooses, as of the observations one by one."""
        bins = CASES / "hist.csv"
        best = self.fit("hist.csv", "--columns", "centre", "--weights", "count", "-k", "1:6")
        self.assertEqual(best["k"], 2)
        self.assertAlmostEqual(best["fit"]["loglik"], -9141.008818, places=5)
        self.emblas("fit", bins, "--columns", "centre", "--weights", "count", "-k", 2, "-q", "-o", "h.json")
        score = json.loads(self.emblas("score", "h.json", bins, "--weights", "count", "--format", "json").stdout)
        self.assertAlmostEqual(score["loglik"], -9141.008818, places=5)

    def test_histogram_of_shares(self):
        """The same as shares that sum to 1: one observation, on which a criterion lays no penalty."""
        warnings = self.fit("hist_density.csv", "--columns", "centre", "--weights", "share", "-k", "1:6")["fit"]["warnings"]
        self.assertTrue([text for text in warnings if "sum to 1, which the criterion takes for" in text], warnings)

    def score(self, model, name):
        return json.loads(self.emblas("score", model, name, "--format", "json").stdout)["loglik"]

    def test_columns_by_name(self):
        """The same rows with their columns in another order, and beside one that the model does not know."""
        rows = [line.split(",") for line in (CASES / "plain.csv").read_text().split()]
        self.write("x12.csv", "x1,x2\n" + "".join(f"{a},{b}\n" for a, b in rows[1:]))
        self.write("x21.csv", "x2,x1\n" + "".join(f"{b},{a}\n" for a, b in rows[1:]))
        self.write("idx12.csv", "id,x1,x2\n" + "".join(f"{i},{a},{b}\n" for i, (a, b) in enumerate(rows[1:])))
        self.write("bare.csv", "".join(f"{a},{b}\n" for a, b in rows[1:]))
        self.emblas("fit", "x12.csv", "-k", 2, "-q", "-o", "m.json")
        for name in ("x12.csv", "x21.csv", "idx12.csv", "bare.csv"):
            self.assertAlmostEqual(self.score("m.json", name), -427.841762, places=5, msg=name)
        again = self.fit_json("x21.csv", "--init", "model:m.json")
        self.assertEqual(again["columns"], ["x1", "x2"])
        self.assertAlmostEqual(again["fit"]["loglik"], -427.841762, places=5)

    def test_a_name_that_is_missing(self):
        """Columns are taken as they stand only where nothing is known of their names."""
        rows = [line.split(",") for line in (CASES / "plain.csv").read_text().split()]
        self.write("renamed.csv", "wait,duration\n" + "".join(f"{b},{a}\n" for a, b in rows[1:]))
        self.emblas("fit", CASES / "plain.csv", "-k", 2, "-q", "-o", "p.json")
        for command in (("score", "p.json", "renamed.csv"), ("predict", "p.json", "renamed.csv"),
                        ("plot", "p.json", "renamed.csv", "-o", "p.svg"), ("fit", "renamed.csv", "--init", "model:p.json")):
            self.refused(3, "renamed.csv: no column 'dur'; there are: wait, duration", *command)

    def test_six_rows(self):
        """Fourteen parameters fit twelve numbers well: a model of so many is not kept without a word."""
        fit = self.fit("six.csv", "-k", "1:6", "--cov", "all")["fit"]
        if fit["parameters"] >= 12:
            self.assertIn(f"{fit['parameters']} parameters for 12 numbers: too few data for such a model", fit["warnings"])

    def test_more_groups_than_are_tried(self):
        """Eight groups: nothing is to be said once they are found."""
        warnings = self.fit("k8.csv", "-k", "1:3")["fit"]["warnings"]
        self.assertIn("3 components are the most that were tried: more may be better", warnings)
        best = self.fit("k8.csv", "-k", "1:10")
        self.assertEqual((best["k"], best["fit"]["warnings"]), (8, []))

    def best_for_every_seed(self, name, sizes, covariance, components, loglik, seeds=range(1, 6)):
        for seed in seeds:
            best = self.fit(name, "-k", sizes, "--cov", covariance, "--seed", seed)
            self.assertEqual(best["k"], components, seed)
            self.assertAlmostEqual(best["fit"]["loglik"], loglik, places=5, msg=f"seed {seed}")

    def test_many_groups(self):
        """24 groups in eight columns, 30 in three: the true groups, from any seed, and by BIC."""
        self.best_for_every_seed("emb8.csv", "23:25", "diag", 24, -6290.344084)
        self.best_for_every_seed("blobs30.csv", "29:31", "spherical", 30, -4149.373365)

    def test_white_columns(self):
        """Two halves of 18 columns, with 379 parameters: few starts find them, and so there must be many."""
        for covariance, loglik in (("full", -10360.175248), ("tied", -10466.838838)):
            for seed in range(1, 6):
                fit = self.fit("white18.csv", "-k", 2, "--cov", covariance, "--seed", seed)["fit"]
                self.assertAlmostEqual(fit["loglik"], loglik, places=5, msg=f"{covariance}, seed {seed}")
        self.best_for_every_seed("white18.csv", "1:3", "tied", 2, -10466.838838, seeds=(1, 2))

    def test_spike(self):
        """200 of 500 rows are 0: no normal component, and a warning says so."""
        for seed in (1, 2, 3):
            fit = self.fit("zeros3.csv", "-k", "1:5", "--seed", seed)["fit"]
            self.assertIn("200 rows are equal, the first of them row ", " ".join(fit["warnings"]))

    def test_one_far_row(self):
        """Row 301 is at a million: models that give it a component of its own are passed over, and named."""
        warnings = self.fit("outlier.csv", "-k", "1:4")["fit"]["warnings"]
        self.assertRegex(" ".join(warnings), "k 2 full was passed over: component . stands on row 301 alone")

    def test_names_in_latin1(self):
        self.emblas("fit", CASES / "latin1.csv", "-k", 1, "-q", "-o", "m.json")
        model = json.loads((self.folder / "m.json").read_text(encoding="utf-8"))
        self.assertEqual(model["columns"], ["größe", "y"])
        score = json.loads(self.emblas("score", "m.json", CASES / "latin1.csv", "--format", "json").stdout)
        self.assertAlmostEqual(score["loglik"], model["fit"]["loglik"], places=9)

    def test_name_in_inches(self):
        if not shutil.which("gnuplot"):
            self.skipTest("gnuplot is not installed")
        self.emblas("fit", CASES / "name_inches.csv", "-k", 2, "-q", "--plot", "p.svg")
        texts = ["".join(text.itertext()).strip() for text in xml.parse(self.folder / "p.svg").iter()]
        self.assertIn("length''", texts)


if __name__ == "__main__":
    main()
