#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Numbers at the ends of the range, weights of many magnitudes, columns that follow from others: a model that can be
read back, and a log-likelihood that never falls."""
import json
import math
from pathlib import Path

from support import Case, main, table

CASES = Path(__file__).resolve().parent / "cases"
EPS = 2.0 ** -52


def strict(text):
    """JSON has no NaN and no infinity."""
    def refuse(constant):
        raise ValueError(constant)
    return json.loads(text, parse_constant=refuse)


class HardNumbers(Case):
    def check_trace(self):
        values = [row["loglik"] for row in table((self.folder / "t.csv").read_text())]
        self.assertTrue(all(map(math.isfinite, values)))
        for before, after in zip(values, values[1:]):
            self.assertLessEqual(before - after, 8 * EPS * max(abs(before), 1000), values)

    def fit(self, name, *arguments, weights=()):
        """Fits, and checks the trace, the model file and what score makes of it; the model comes back."""
        rows = CASES / "hard" / name
        self.emblas("fit", rows, *arguments, *weights, "-q", "-o", "m.json", "--trace", "t.csv")
        self.check_trace()
        model = strict((self.folder / "m.json").read_text())
        numbers = model["weights"] + sum(model["means"], []) + sum(sum(model["cholesky"], []), [])
        self.assertTrue(all(map(math.isfinite, numbers)))
        for factor in model["cholesky"]:
            self.assertTrue(all(factor[j][j] > 0 for j in range(len(factor))), factor)
        score = strict(self.emblas("score", "m.json", rows, *weights, "--format", "json").stdout)
        self.assertTrue(math.isfinite(score["loglik"]))
        if not any("collapsed" in text or "empty" in text for text in model["fit"]["warnings"]):
            self.assertAlmostEqual(score["loglik"], model["fit"]["loglik"], delta=1e-9 * abs(score["loglik"]))
        return model

    def test_beyond_1e154(self):
        """The covariances are beyond the range of double: the factors stand alone."""
        model = self.fit("beyond_1e154.csv", "-k", 2)
        self.assertNotIn("covariances", model)
        self.assertAlmostEqual(model["fit"]["loglik"], -18484.678763, places=5)

    def test_subnormal(self):
        self.fit("sub.csv", "-k", 2)

    def test_ends_of_the_range(self):
        means = sorted(mean[0] for mean in self.fit("ends.csv", "-k", 2)["means"])
        for mean, right in zip(means, (-5 / 3 * 1e308, 5 / 3 * 1e308)):
            self.assertAlmostEqual(mean / right, 1, delta=1e-14)

    def test_constant_column(self):
        for covariance in "full", "tied", "diag":
            self.fit("constant_column_full.csv", "-k", 2, "--starts", 3, "--cov", covariance)

    def test_constant_beside_collinear_columns(self):
        model = self.fit("constant_and_collinear.csv", "-k", 1)
        self.assertEqual(model["fit"]["status"], "converged")
        self.assertLessEqual(model["fit"]["iterations"], 4)

    def test_constant_beside_tiny_column(self):
        model = self.fit("bigconst.csv", "-k", 2, "--cov", "spherical")
        self.assertEqual([mean[0] for mean in model["means"]], [1e10, 1e10])

    def test_heavy_weights(self):
        for name in "heavy.csv", "heavy8.csv":
            for covariance in "full", "tied", "diag", "spherical":
                self.fit(name, "-k", 3, "--cov", covariance, weights=("--weights", "w"))
        model = self.fit("negative_factor.csv", "-k", 3, "--seed", 1014447, "--starts", 1, weights=("--weights", "w"))
        self.assertTrue(model["fit"]["warnings"])

    def test_far_outliers(self):
        self.fit("outliers_1e99_1e243_full.csv", "-k", 4, "--starts", 3, "--accelerate", "none", "--max-iter", 200)
        model = self.fit("outlier_1e156_tied.csv", "-k", 4, "--cov", "tied", "--starts", 3, "--accelerate", "none")
        self.assertIn("4 components have collapsed", " ".join(model["fit"]["warnings"]))

    def test_columns_that_follow_from_others(self):
        """The log-likelihoods are those of rational arithmetic. One normal describes Celsius beside Fahrenheit, and a
        total beside its parts: more components are at the floor."""
        follows = "column '%s' follows from those before it: full covariances have no spread across it"
        for name, column, right in (("celsius.csv", "f", 1980.645890807247), ("total1.csv", "total", 3906.058810838528)):
            for backend in "native", "reference":
                fit = self.fit_json(CASES / name, "-k", "1:3", "--cov", "full", "--backend", backend)["fit"]
                self.assertAlmostEqual(fit["loglik"], right, delta=1e-9)
                self.assertEqual(fit["warnings"][0], follows % column)
                for text in fit["warnings"][1:]:
                    self.assertRegex(text, "k 3 full was passed over: component . (has|stands on) ")

    def test_far_rows_make_no_columns_follow(self):
        """Two rows far out make columns all but collinear, of which nothing else is: no warning says that one follows."""
        rows = [(i * 7 % 50 / 10, i * 11 % 50 / 10) for i in range(100)] + [(1e9, 1e9), (-1e9, -1e9)]
        self.write("far.csv", "".join(f"{a!r},{b!r}\n" for a, b in rows))
        self.assertNotIn("follow", " ".join(self.fit_json("far.csv", "-k", 1)["fit"]["warnings"]))

    def test_a_heavy_row_makes_no_columns_follow(self):
        """All the weight is in one row, beside which nothing has a spread."""
        model = self.fit("negative_factor.csv", "-k", 1, weights=("--weights", "w"))
        self.assertNotIn("follow", " ".join(model["fit"]["warnings"]))


if __name__ == "__main__":
    main()
