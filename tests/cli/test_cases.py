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
