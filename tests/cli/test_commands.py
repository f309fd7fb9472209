#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""predict, score, sample, example, backends, and what the program says of itself."""
import json
import math
import re
import shutil

from support import DATA, FAITHFUL, IRIS, Case, log_density, main, table


class Help(Case):
    def test_help_of_a_command(self):
        for command in "fit", "predict", "score", "sample", "plot", "example", "backends":
            self.assertEqual(self.emblas("help", command).stdout, self.emblas(command, "--help").stdout)
        self.assertEqual(self.emblas("help").stdout, self.emblas("--help").stdout)
        self.refused(2, "there is no command 'nothing'", "help", "nothing")


class Predict(Case):
    def setUp(self):
        super().setUp()
        self.model = self.fit_json(FAITHFUL, "-k", 2, "-o", "model.json")
        self.rows = [list(row.values()) for row in table(FAITHFUL.read_text())]

    def test_everything(self):
        text = self.emblas("predict", "model.json", FAITHFUL, "--responsibilities", "--logpdf").stdout
        self.assertEqual(text.splitlines()[0], "label,r0,r1,logpdf")
        rows = table(text)
        self.assertEqual(len(rows), 272)
        for row, values in zip(rows, self.rows):
            self.assertEqual(row["label"], 0 if row["r0"] >= row["r1"] else 1)
            self.assertAlmostEqual(row["r0"] + row["r1"], 1, delta=1e-14)
            self.assertAlmostEqual(row["logpdf"], log_density(self.model, values), delta=1e-11)

    def test_labels_alone(self):
        self.emblas("predict", "model.json", FAITHFUL, "-o", "labels.csv")
        labels = [row["label"] for row in table((self.folder / "labels.csv").read_text())]
        share = labels.count(0) / len(labels)
        self.assertAlmostEqual(share, self.model["weights"][0], delta=0.01)

    def test_labels_can_start_a_fit(self):
        self.emblas("predict", "model.json", FAITHFUL, "-o", "labels.csv")
        fit = self.fit_json(FAITHFUL, "--init", "labels:labels.csv")["fit"]
        self.assertAlmostEqual(fit["loglik"], self.model["fit"]["loglik"], delta=1e-6)

    def test_responsibilities_can_start_a_fit(self):
        self.emblas("predict", "model.json", FAITHFUL, "--responsibilities", "-o", "soft.csv")
        again = self.fit_json(FAITHFUL, "--init", "responsibilities:soft.csv", "--max-iter", 0)
        self.assertEqual(again["k"], 2)
        for old, new in zip(sum(self.model["means"], []), sum(again["means"], [])):
            self.assertAlmostEqual(old, new, delta=1e-3 * abs(old))
        self.assertAlmostEqual(again["fit"]["loglik"], self.model["fit"]["loglik"], delta=1e-6)

    def test_columns_are_found_by_name(self):
        plain = self.emblas("predict", "model.json", FAITHFUL, "--logpdf").stdout
        swapped = "waiting,place,eruptions\n" + "".join(f"{b},here,{a}\n" for a, b in self.rows)
        self.write("swapped.csv", swapped)
        self.assertEqual(self.emblas("predict", "model.json", "swapped.csv", "--logpdf").stdout, plain)
        self.assertEqual(self.emblas("predict", "model.json", "-", "--logpdf", stdin=swapped).stdout, plain)

    def test_columns_without_a_header(self):
        plain = self.emblas("predict", "model.json", FAITHFUL).stdout
        bare = "".join(f"{a},{b}\n" for a, b in self.rows)
        self.assertEqual(self.emblas("predict", "model.json", "-", stdin=bare).stdout, plain)

    def test_numbered_columns_of_a_larger_file(self):
        self.write("bare.csv", "".join(f"{i},{a},{b}\n" for i, (a, b) in enumerate(self.rows)))
        self.fit_json("bare.csv", "--columns", "2,3", "-k", 2, "-o", "numbered.json")
        self.assertEqual(len(self.emblas("predict", "numbered.json", "bare.csv").stdout.splitlines()), 273)

    def test_another_dimension(self):
        self.refused(3, f"{IRIS}: no column 'eruptions'; there are: Sepal.Length, Sepal.Width", "predict", "model.json", IRIS)
        self.write("three.csv", "1,2,3\n4,5,6\n")
        self.refused(3, "model.json has 2 columns, three.csv has 3", "predict", "model.json", "three.csv")

    def test_names_that_say_nothing_do_not_choose(self):
        self.write("bare.csv", "".join(f"{a},{b}\n" for a, b in self.rows))
        self.emblas("fit", "bare.csv", "-k", 2, "-o", "bare.json", "-q")
        self.write("three.csv", "1,2,3\n4,5,6\n")
        self.refused(3, "bare.json has 2 columns, three.csv has 3", "predict", "bare.json", "three.csv")

    def test_a_bad_cell_is_named(self):
        self.write("bad.csv", "eruptions,waiting\n3.6,79\n1.8,often\n")
        self.refused(3, "bad.csv:3:2: 'often'", "predict", "model.json", "bad.csv", "-o", "labels.csv")


class Score(Case):
    def test_score_of_the_fit(self):
        fit = self.fit_json(FAITHFUL, "-k", 2, "-o", "model.json")["fit"]
        score = json.loads(self.emblas("score", "model.json", FAITHFUL, "--format", "json").stdout)
        self.assertEqual(set(score), {"loglik", "mean", "n"})
        self.assertAlmostEqual(score["loglik"], fit["loglik"], delta=1e-9)
        self.assertEqual((score["n"], score["mean"]), (272, score["loglik"] / 272))
        text = self.emblas("score", "model.json", FAITHFUL).stdout
        self.assertIn("-1130.263960", text)
        self.assertIn("-4.155382", text)

    def test_a_model_by_hand(self):
        self.write("hand.json", '{"format": "emblas-model", "version": 1, "family": "gaussian", "covariance": "V", "k": 1,'
                                '"dim": 1, "weights": [1], "means": [[0]], "covariances": [[[1]]]}')
        score = json.loads(self.emblas("score", "hand.json", "-", "--format", "json", stdin="0\n2\n").stdout)
        self.assertAlmostEqual(score["loglik"], -2 - math.log(2 * math.pi), delta=1e-15)

    def test_deviations_at_both_ends_of_the_range(self):
        self.write("wide.json", '{"format": "emblas-model", "version": 1, "family": "gaussian", "covariance": "V", "k": 2,'
                                '"dim": 1, "weights": [0.5, 0.5], "means": [[0], [0]], "cholesky": [[[1e-200]], [[1e200]]]}')
        self.write("rows.csv", "x\n0\n1\n")
        rows = table(self.emblas("predict", "wide.json", "rows.csv", "-r", "-l").stdout)
        # log(1/2) - log(deviation) - log(2 pi) / 2, of the component that a row is of
        common, wide = -math.log(2) - math.log(2 * math.pi) / 2, 200 * math.log(10)
        for row, expected in zip(rows, ((0, 1, 0, common + wide), (1, 0, 1, common - wide))):
            self.assertEqual((row["label"], row["r0"], row["r1"]), expected[:3])
            self.assertAlmostEqual(row["logpdf"], expected[3], delta=1e-12)
        score = json.loads(self.emblas("score", "wide.json", "rows.csv", "--format", "json").stdout)
        self.assertAlmostEqual(score["loglik"], 2 * common, delta=1e-12)


class Weights(Case):
    """Bins of a histogram: where they are, and how many observations are in each."""

    def setUp(self):
        super().setUp()
        bins = [(x / 4, round(600 * math.exp(-(x / 4 - 7) ** 2 / 2) + 300 * math.exp(-(x / 4 - 3) ** 2)))
                for x in range(-4, 48)]
        self.write("bins.csv", "centre,count\n" + "".join(f"{x},{n}\n" for x, n in bins))
        self.write("rows.csv", "centre\n" + "".join(f"{x}\n" * n for x, n in bins))
        self.rows, self.count = len(bins), sum(n for _, n in bins)
        self.emblas("fit", "bins.csv", "--columns", "centre", "--weights", "count", "-k", 2, "-q", "-o", "model.json")
        self.loglik = json.loads((self.folder / "model.json").read_text())["fit"]["loglik"]

    def score(self, *arguments):
        return json.loads(self.emblas("score", *arguments, "--format", "json").stdout)

    def test_score(self):
        for weights in ("count", "2"):
            score = self.score("model.json", "bins.csv", "--weights", weights)
            self.assertAlmostEqual(score["loglik"], self.loglik, delta=1e-9 * abs(self.loglik))
            self.assertAlmostEqual(score["mean"], self.loglik / self.count, places=9)
            self.assertEqual(score["n"], self.rows)
        self.assertAlmostEqual(self.score("model.json", "rows.csv")["loglik"], self.loglik, delta=1e-9 * abs(self.loglik))
        self.assertIn("per weight", self.emblas("score", "model.json", "bins.csv", "--weights", "count").stdout)
        self.refused(3, "no column 'missing'", "score", "model.json", "bins.csv", "--weights", "missing")

    def test_columns_without_names(self):
        self.write("pairs.csv", (self.folder / "bins.csv").read_text().split("\n", 1)[1])
        self.emblas("fit", "pairs.csv", "--weights", 2, "-k", 2, "-q", "-o", "pairs.json")
        score = self.score("pairs.json", "pairs.csv", "--weights", 2)
        self.assertAlmostEqual(score["loglik"], self.loglik, delta=1e-9 * abs(self.loglik))

    def test_predict_leaves_them_out(self):
        self.emblas("fit", "bins.csv", "--columns", 1, "--weights", 2, "-k", 2, "-q", "-o", "pairs.json")
        expected = self.emblas("predict", "model.json", "bins.csv", "-r", "-l").stdout
        for weights in ("count", "2"):
            found = self.emblas("predict", "pairs.json", "bins.csv", "--weights", weights, "-r", "-l").stdout
            self.assertEqual(found, expected)

    def test_plot(self):
        if not shutil.which("gnuplot"):
            self.skipTest("gnuplot is not installed")
        bars = []
        for weights in (["--weights", "count"], []):
            self.emblas("plot", "model.json", "bins.csv", *weights, "-o", "plot.svg", "--plot-script", "plot.gp")
            block = (self.folder / "plot.gp").read_text().split("$histogram0 << END\n")[1].split("END")[0]
            bars.append([float(line.split()[1]) for line in block.splitlines()])
        self.assertGreater(max(bars[0]), 2 * max(bars[1]))
        self.refused(2, "--weights needs DATA", "plot", "model.json", "--weights", "count", "-o", "plot.png")


class Sample(Case):
    def setUp(self):
        super().setUp()
        self.model = self.fit_json(FAITHFUL, "-k", 2, "-o", "model.json")

    def test_reproducible(self):
        draws = [self.emblas("sample", "model.json", "-n", n, "--seed", s).stdout for n, s in ((50, 3), (50, 3), (20, 3),
                                                                                            (50, 4))]
        self.assertEqual(draws[0], draws[1])
        self.assertTrue(draws[0].startswith(draws[2]))
        self.assertNotEqual(draws[0], draws[3])

    def test_columns(self):
        rows = table(self.emblas("sample", "model.json", "-n", 2000, "--labels").stdout)
        self.assertEqual(list(rows[0]), ["eruptions", "waiting", "label"])
        # Four standard errors of a binomial share.
        share = sum(row["label"] == 0 for row in rows) / 2000
        weight = self.model["weights"][0]
        self.assertAlmostEqual(share, weight, delta=4 * math.sqrt(weight * (1 - weight) / 2000))

    def test_beyond_the_range(self):
        self.write("big.json", '{"format": "emblas-model", "version": 1, "family": "gaussian", "covariance": "V", "k": 1,'
                               '"dim": 1, "weights": [1], "means": [[1.7e308]], "cholesky": [[[1e308]]]}')
        self.refused(3, "big.json: a result is beyond the range", "sample", "big.json", "-n", 5, "-o", "rows.csv")
        self.assertFalse((self.folder / "rows.csv").exists())

    def test_names_are_quoted(self):
        self.write("odd.csv", '"a,b","say ""so"""\n1,2\n2,4.5\n4,3\n')
        self.emblas("fit", "odd.csv", "-k", 1, "-o", "odd.json", "-q")
        self.emblas("sample", "odd.json", "-n", 3, "-o", "draws.csv")
        self.assertEqual(list(table((self.folder / "draws.csv").read_text())[0]), ["a,b", 'say "so"'])
        self.assertEqual(len(self.emblas("predict", "odd.json", "draws.csv").stdout.splitlines()), 4)

    def test_backends_are_compared(self):
        """Each backend has a line, comes to fit's log-likelihood, and no farther from the reference than roundings."""
        done = self.emblas("backends", "--compare", FAITHFUL, "-k", 2, "--cov", "VVI")
        lines = [line.split() for line in done.stdout.split("difference\n")[1].splitlines() if "difference:" not in line]
        have = ["reference"] + [name for name in ("blas", "native")
                                if not re.search(rf"(?m)^{name} +not in this build", done.stdout)]
        self.assertEqual(sorted({line[0] for line in lines}), sorted(have))
        model = json.loads(self.emblas("fit", FAITHFUL, "-k", 2, "--cov", "VVI", "-q", "--format", "json").stdout)
        for name, threads, ms, faster, loglik, difference in lines:
            self.assertAlmostEqual(float(loglik), model["fit"]["loglik"], delta=1e-5)
            self.assertLess(float(difference), 1e-10)
        self.assertEqual((lines[0][0], lines[0][3], lines[0][5]), ("reference", "1.0", "0"))
        self.assertIn("-k", self.emblas("backends", "--compare", FAITHFUL, status=2).stderr)
        self.assertIn("--compare", self.emblas("backends", "--cov", "VVI", status=2).stderr)
        self.emblas("backends", "--compare", FAITHFUL, "-k", 300, status=3)

    def test_usage(self):
        self.refused(2, "-n is missing", "sample", "model.json")
        self.refused(2, "-n '0'", "sample", "model.json", "-n", 0)
        self.refused(2, "--seed '-1'", "sample", "model.json", "-n", 1, "--seed", -1)


class Example(Case):
    def test_triangular(self):
        text = self.emblas("example", "triangular", "-o", "triangle.json").stdout
        self.assertIn("converged", text)
        model = json.loads((self.folder / "triangle.json").read_text())
        self.assertEqual((model["k"], model["dim"], model["fit"]["n"]), (100, 1, 10000))
        # The distance between two distribution functions: the sample's own is about 1.36 / sqrt(10,000) at
        # the 5 % point of Kolmogorov's test, and the rough stop rule leaves as much again.
        self.assertLess(float(re.search(r"functions (\S+)", text)[1]), 0.03)

    def test_two_normals(self):
        text = self.emblas("example", "two-normals").stdout
        means = [float(mean) for mean in re.findall(r"mean +(\S+)", text)]
        self.assertEqual(len(means), 4)
        # Four standard errors of a mean of some 250 rows, with half as much again for the overlap.
        self.assertAlmostEqual(min(means[2:]), 20, delta=4 * 6 / math.sqrt(250) * 1.5)
        self.assertAlmostEqual(max(means[2:]), 40, delta=4 * 6 / math.sqrt(250) * 1.5)

    def test_three_coins(self):
        text = self.emblas("example", "three-coins").stdout
        for ends in ("0.500000  0.600000  0.600000", "0.406417  0.536842  0.643243", "0.461863  0.534595  0.656135"):
            self.assertIn(ends, text)
        self.assertEqual(text.count("-6.730116670"), 3)

    def test_faithful(self):
        text = self.emblas("example", "faithful").stdout
        for loglik in ("-1130.263960", "-1140.186759", "-1147.806353", "-1709.529282"):
            self.assertIn(loglik, text)

    def test_usage(self):
        self.refused(2, "allowed: triangular, two-normals, three-coins, faithful", "example", "geyser")
        self.refused(2, "has no picture", "example", "three-coins", "--plot", "coins.svg")
        self.refused(2, "no single model", "example", "two-normals", "-o", "model.json")


class Program(Case):
    def test_version_and_help(self):
        self.assertRegex(self.emblas("--version").stdout, r"^emblas \d+\.\d+\.\d+\n$")
        text = self.emblas("--help").stdout
        for name in ("fit", "predict", "score", "sample", "plot", "example", "backends"):
            self.assertIn(f"  {name} ", text)
            self.assertIn(f"Usage: emblas {name}", self.emblas(name, "--help").stdout)

    def test_backends(self):
        text = self.emblas("backends").stdout
        self.assertRegex(text, r"(?m)^reference ")
        self.assertRegex(text, r"(?m)^auto +(blas|native|reference)$")
        self.assertRegex(text, r"(?m)^lapack +(LAPACKE.*|not in this build)$")

    def test_usage(self):
        self.refused(2, "a command is missing")
        self.refused(2, "there is no command 'fti'", "fti")
        self.refused(2, "unrecognized option '--wat'", "fit", FAITHFUL, "-k", 2, "--wat")
        self.refused(2, "MODEL and DATA are needed", "predict", "model.json")


if __name__ == "__main__":
    main()
