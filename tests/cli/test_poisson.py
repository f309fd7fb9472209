#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--family poisson, through every command."""
import json
import math

from support import DATA, Case, main, table

DEATHS = [DATA / "deaths.csv", "--columns", "deaths", "--weights", "days"]
ROWS = [(int(row["deaths"]), row["days"]) for row in table((DATA / "deaths.csv").read_text())]


def log_density(model, x):
    """log sum_c w_c e^-rate rate^x / x!"""
    return math.log(math.fsum(weight * math.exp(x * math.log(rate) - rate - math.lgamma(x + 1))
                              for weight, (rate,) in zip(model["weights"], model["means"])))


class Poisson(Case):
    def fitted(self):
        self.emblas("fit", *DEATHS, "--family", "poisson", "-k", 2, "-o", "model.json", "-q")
        return json.loads((self.folder / "model.json").read_text())

    def test_model_file(self):
        model = self.fitted()
        self.assertEqual(list(model), ["format", "version", "family", "k", "dim", "columns", "weights", "means", "fit"])
        self.assertEqual((model["family"], model["columns"]), ("poisson", ["deaths"]))
        self.assertAlmostEqual(model["fit"]["loglik"], -1989.94585988296, delta=1e-6)
        self.assertAlmostEqual(model["fit"]["loglik"], math.fsum(n * log_density(model, x) for x, n in ROWS), delta=1e-9)
        self.assertEqual(model["fit"]["parameters"], 3)

    def test_search(self):
        """Without -k, sizes from 1 to 9; the report says what the components are."""
        done = self.emblas("fit", *DEATHS, "--family", "poisson")
        self.assertRegex(done.stdout, r"model +2 components, poisson, 3 free parameters")
        self.assertRegex(done.stdout, r"k  family +BIC")
        self.assertNotIn("full", done.stdout + done.stderr)

    def test_score_predict_and_sample(self):
        model = self.fitted()
        done = self.emblas("score", "model.json", DATA / "deaths.csv")
        self.assertIn("log-likelihood", done.stdout)
        rows = table(self.emblas("predict", "model.json", DATA / "deaths.csv", "--logpdf").stdout)
        for (x, _), row in zip(ROWS, rows):
            self.assertAlmostEqual(row["logpdf"], log_density(model, x), delta=1e-12)
        drawn = [row["deaths"] for row in table(self.emblas("sample", "model.json", "-n", 4000).stdout)]
        self.assertTrue(all(x == int(x) >= 0 for x in drawn))
        mean = sum(w * r for w, (r,) in zip(model["weights"], model["means"]))
        self.assertAlmostEqual(sum(drawn) / 4000, mean, delta=5 * math.sqrt(3 / 4000))

    def test_picture(self):
        self.emblas("fit", *DEATHS, "--family", "poisson", "-k", 2, "--plot", "picture.svg", "-q")
        self.assertIn("2 components, poisson", (self.folder / "picture.svg").read_text())

    def test_start_from_a_model(self):
        loglik = self.fitted()["fit"]["loglik"]
        again = self.fit_json(*DEATHS, "--family", "poisson", "--init", "model:model.json")
        self.assertAlmostEqual(again["fit"]["loglik"], loglik, delta=1e-6)
        self.refused(3, "family poisson, not gaussian", "fit", *DEATHS, "--init", "model:model.json", "-q")

    def test_values_that_are_no_counts(self):
        self.write("half.csv", "a,b\n1,2\n3,4.5\n6,7\n")
        done = self.refused(3, "row 2", "fit", "half.csv", "--family", "poisson", "-k", 1)
        self.assertIn("column 'b'", done.stderr)
        self.fitted()
        self.write("below.csv", "deaths\n1\n3\n-1\n")
        for command in ("score", "predict"):
            self.refused(3, "below.csv: row 3, column 'deaths'", command, "model.json", "below.csv")

    def test_covariances_are_not_asked_for(self):
        self.refused(2, "poisson has none", "fit", *DEATHS, "--family", "poisson", "--cov", "diag")

    def test_a_file_by_hand(self):
        head = '{"format": "emblas-model", "version": 1, "family": "poisson", "k": 1, "dim": 1, "weights": [1], '
        self.write("good.json", head + '"means": [[2]]}')
        self.emblas("sample", "good.json", "-n", 3)
        self.write("bad.json", head + '"means": [[-2]]}')
        self.refused(3, "bad.json: component 0", "sample", "bad.json", "-n", 3)
        self.write("more.json", head + '"means": [[2]], "covariances": [[[1]]]}')
        self.refused(3, "the family poisson has no covariances", "sample", "more.json", "-n", 3)


if __name__ == "__main__":
    main()
