#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""emblas fit: what it finds, what it writes, and its options."""
import csv
import json
import re
import math
import unittest

from support import DATA, FAITHFUL, IRIS, MANUAL, Case, log_density, main, table

LABELS = f"labels:{DATA / 'faithful-2-labels.csv'}"

# Best known log-likelihoods of faithful with two components.
FAITHFUL_2 = {"full": -1130.263960184767, "tied": -1140.186759437082, "diag": -1147.806352537811,
              "spherical": -1709.529282177519}
# The default tolerance is 1e-7 nats still to gain; a projection may miss by as much again a few times over.
NATS = 1e-6


class Model(Case):
    def test_keys(self):
        model = self.fit_json(FAITHFUL, "-k", 2)
        self.assertEqual(list(model), ["format", "version", "family", "covariance", "k", "dim", "columns", "weights",
                                       "means", "covariances", "cholesky", "fit"])
        self.assertEqual(set(model["fit"]), {"status", "iterations", "maps", "loglik", "n", "parameters", "bic", "aic",
                                             "icl", "backend", "threads", "seed", "seconds", "warnings"})
        self.assertEqual((model["format"], model["version"], model["family"], model["covariance"]),
                         ("emblas-model", 1, "gaussian", "VVV"))
        self.assertEqual(model["columns"], ["eruptions", "waiting"])
        self.assertEqual(model["fit"]["warnings"], [])

    def test_loglik_belongs_to_the_parameters(self):
        model = self.fit_json(IRIS, "-k", 3)
        rows = [list(row.values()) for row in table(IRIS.read_text())]
        loglik = math.fsum(log_density(model, row) for row in rows)
        self.assertAlmostEqual(model["fit"]["loglik"], loglik, delta=1e-9)

    def test_criteria(self):
        fit = self.fit_json(FAITHFUL, "-k", 2)["fit"]
        self.assertAlmostEqual(fit["bic"], -2 * fit["loglik"] + 11 * math.log(272), delta=1e-9)
        self.assertAlmostEqual(fit["aic"], -2 * fit["loglik"] + 22, delta=1e-9)
        self.assertGreater(fit["icl"], fit["bic"])

    def test_covariance_models(self):
        for name, loglik in FAITHFUL_2.items():
            fit = self.fit_json(FAITHFUL, "-k", 2, "--cov", name)["fit"]
            self.assertAlmostEqual(fit["loglik"], loglik, delta=NATS, msg=name)

    def test_mclust_names(self):
        for name, covariance in {"VVV": "full", "EEE": "tied", "VVI": "diag", "VII": "spherical"}.items():
            model = self.fit_json(FAITHFUL, "-k", 2, "--cov", name)
            self.assertEqual(model["covariance"], name)
            self.assertAlmostEqual(model["fit"]["loglik"], FAITHFUL_2[covariance], delta=NATS)

    def test_a_result_of_a_single_start(self):
        """The warning says what the list of starts says."""
        told = set()
        for k in range(2, 10):
            report = self.emblas("fit", DATA / "geyser.csv", "-k", k).stdout
            best = re.search(r"\nlog-likelihood +(\S+)\n", report).group(1)
            found = sum(int(count) for count, loglik in re.findall(r" (\d+) x (-\S+)", report)
                        if abs(float(loglik) - float(best)) < 2e-4)
            warned = "starts came to this log-likelihood" in report
            self.assertLessEqual(warned, found == 1, report)
            told.add(warned)
        self.assertEqual(told, {True, False})

    def test_quiet_fits_warn(self):
        self.write("constant.csv", "a,b\n" + "".join(f"{i * i % 17},1\n" for i in range(40)))
        for arguments in ("-q",), ("--format", "json"):
            done = self.emblas("fit", "constant.csv", "-k", 1, "--cov", "diag", *arguments)
            self.assertIn("emblas: constant.csv: column 'b' is constant\n", done.stderr)
        self.assertNotIn("constant.csv:", self.emblas("fit", "constant.csv", "-k", 1, "--cov", "diag").stderr)

    def test_rows_of_each_label(self):
        report = self.emblas("fit", FAITHFUL, "-k", 2, "-o", "model.json").stdout
        labels = self.emblas("predict", "model.json", FAITHFUL).stdout.split()[1:]
        for component in "01":
            self.assertRegex(report, rf"\n +{component} +0\.\d+ +{labels.count(component)} ")

    def test_a_pipe_gets_every_column(self):
        wide = "".join(",".join(str((7 * i * j + i * i) % 31) for j in range(1, 31)) + "\n" for i in range(200))
        done = self.emblas("fit", "-", "-k", 1, "--cov", "diag", stdin=wide, environment={"COLUMNS": ""})
        self.assertIn("  x30\n", done.stdout)
        self.assertNotIn("more columns", done.stdout)

    def test_parameters_in_the_report(self):
        model = self.fit_json(IRIS, "-k", 2)
        report = self.emblas("fit", IRIS, "-k", 2, "--parameters").stdout
        for c in range(2):
            lines = report.split(f"component {c}, weight ")[1].splitlines()
            covariance = model["covariances"][c]
            self.assertEqual(lines[0], f"{model['weights'][c]:.6g}")
            for j, line in enumerate(lines[2:5]):
                numbers = list(map(float, line.split()[1:]))
                expected = [model["means"][c][j]] + covariance[j][:j + 1] + [
                    covariance[j][m] / math.sqrt(covariance[j][j] * covariance[m][m]) for m in range(j + 1, 4)]
                for number, value in zip(numbers, expected[:len(numbers)]):
                    self.assertAlmostEqual(number, value, delta=1e-5 * abs(value))

    def test_selection_as_a_file(self):
        arguments = FAITHFUL, "-k", "1:3", "--cov", "full,EEE", "-q"
        self.emblas("fit", *arguments, "--selection", "tried.csv", "-o", "model.json")
        self.emblas("fit", *arguments, "--selection", "tried.json")
        best = json.loads((self.folder / "model.json").read_text())
        rows = list(csv.DictReader((self.folder / "tried.csv").read_text().splitlines()))
        trials = json.loads((self.folder / "tried.json").read_text())
        self.assertEqual([(row["k"], row["mclust"]) for row in rows],
                         [(k, name) for k in "123" for name in ("VVV", "EEE")])
        for row, trial in zip(rows, trials):
            self.assertEqual(list(row), list(trial))
            for name in ("loglik", "bic", "aic", "icl", "parameters"):
                self.assertEqual(float(row[name]), trial[name])
        chosen, = [trial for trial in trials if trial["best"]]
        self.assertEqual(chosen, min(trials, key=lambda trial: trial["bic"]))
        self.assertEqual((chosen["bic"], chosen["mclust"], chosen["k"]),
                         (best["fit"]["bic"], best["covariance"], best["k"]))

    def test_order_of_components(self):
        for arguments in (), ("--order", "weight"):
            weights = [self.fit_json(IRIS, "-k", 3, "--seed", seed, *arguments)["weights"] for seed in range(1, 6)]
            for own in weights:
                self.assertEqual(own, sorted(own, reverse=True))
        means = self.fit_json(IRIS, "-k", 3, "--order", "first-column")["means"]
        self.assertEqual(means, sorted(means, key=lambda mean: mean[0]))
        self.refused(2, "order 'size' is unknown; allowed: none, weight, first-column", "fit", IRIS, "--order", "size")

    def test_given_labels_keep_their_numbers(self):
        """The label of the last 100 rows is 0 in one file and 1 in the other: so is the component."""
        for first in (0, 1):
            self.write("labels.csv", "label\n" + f"{first}\n" * 50 + f"{1 - first}\n" * 100)
            model = self.fit_json(IRIS, "--init", "labels:labels.csv")
            self.assertAlmostEqual(model["weights"][first], 1 / 3, delta=0.02)

    def test_same_seed_same_bits(self):
        runs = [self.fit_json(IRIS, "-k", 3, "--seed", 7) for _ in range(2)]
        for run in runs:
            del run["fit"]["seconds"]
        self.assertEqual(*runs)

    def test_backends_agree(self):
        self.assertIn("reference", self.emblas("backends").stdout)
        both = [self.fit_json(FAITHFUL, "-k", 2, "--init", LABELS, "--backend", name)["fit"]
                for name in ("reference", "auto")]
        self.assertAlmostEqual(both[0]["loglik"], both[1]["loglik"], delta=1e-9)


class Search(Case):
    def test_the_smallest_criterion_is_kept(self):
        report = self.emblas("fit", FAITHFUL, "-k", "1:4", "--cov", "all", "-o", "model.json").stdout
        rows = [line.split() for line in report[report.index("of each k and covariance model"):].splitlines()]
        names, values = [], {}
        for row in rows[1:]:
            if row[:1] == ["k"]:
                names = row[1:] if "covariance" not in row else []  # the list of the best three comes after the table
            elif row and row[0].isdigit() and names:
                values |= {(int(row[0]), name): float(cell.split("*")[0]) for name, cell in zip(names, row[1:])}
        self.assertEqual(len(values), 4 * 14)
        order = sorted(values, key=values.get)
        for rank, (k, name) in enumerate(order[:3], 1):  # marked in the table, and in the list below it
            self.assertIn(f"{values[k, name]:.4f}*{rank}", report)
            self.assertEqual(next(row[1:3] for row in rows if row[:1] == [f"*{rank}"]), [str(k), name])
        model = json.loads((self.folder / "model.json").read_text())
        self.assertEqual((model["k"], f'{model["fit"]["bic"]:.4f}'), (order[0][0], f"{values[order[0]]:.4f}"))

    def test_groups_of_covariance_models(self):
        for group, count in ("all", 14), ("all-spherical", 2), ("all-diagonal", 4), ("all-ellipsoidal", 8), \
                ("VEI,all-spherical,vei", 3):
            report = self.emblas("fit", FAITHFUL, "-k", "2", "--cov", group, "--starts", "2").stdout
            lines = report[report.index("k  covariance"):].split("\n\n")[0].splitlines()[1:]
            self.assertEqual(len({line.strip("* ").split()[1] for line in lines}), count, report)

    def test_no_size_is_one_to_nine(self):
        asked, not_asked = (self.fit_json(FAITHFUL, *size, "--starts", 2) for size in (("-k", "1:9", "--cov", "all"), ()))
        self.assertEqual((not_asked["k"], not_asked["covariance"]), (asked["k"], asked["covariance"]))
        self.assertEqual(not_asked["fit"]["loglik"], asked["fit"]["loglik"])
        self.write("few.csv", "x,w\n1,1\n2,1\n4,1\n7,0\n")
        report = self.emblas("fit", "few.csv", "--weights", "w", "--cov", "full").stdout
        sizes = [line.strip("* ")[0] for line in report.splitlines() if line[6:].strip().startswith("full")]
        self.assertEqual(sizes, ["1", "2", "3"])

    def test_many_rows_are_searched_with_full_covariances(self):
        self.write("many.csv", "x\n" + "".join(f"{i * 7919 % 10007}\n" for i in range(12000)))
        result = self.emblas("fit", "many.csv", "-k", "1:2", "--starts", "1")
        self.assertIn("--cov all tries all models", result.stderr)
        self.assertIn("covariance full", result.stdout)

    def test_criterion(self):
        sizes = {name: self.fit_json(IRIS, "-k", "1:4", "--criterion", name)["k"] for name in ("bic", "aic", "icl")}
        self.assertEqual(sizes["bic"], 2)
        self.assertGreater(sizes["aic"], sizes["bic"])

    def test_a_collapsed_component_does_not_win(self):
        self.write("spike.csv", "x\n" + "".join(f"{i * i % 17 / 7}\n" for i in range(90)) + "99\n" * 10)
        best = self.fit_json("spike.csv", "-k", "1:3", "--cov", "full")
        self.assertEqual(best["k"], 2)
        self.assertRegex(best["fit"]["warnings"][0], "k 3 full was passed over: component . stands on 10 equal rows, the "
                                                     "first of them row 91")
        fit = self.fit_json("spike.csv", "-k", 3)["fit"]  # though its criterion is smaller
        self.assertLess(fit["bic"], best["fit"]["bic"])
        self.assertIn("every start ended with an empty or collapsed component", fit["warnings"])

    def test_one_dimension_has_two_models(self):
        report = self.emblas("fit", FAITHFUL, "--columns", "waiting", "-k", 2, "--cov", "all").stdout
        self.assertIn("full", report)
        self.assertIn("tied", report)
        self.assertNotIn("diag", report)


class Options(Case):
    def test_max_iter_is_exact(self):
        for limit in (0, 1, 7):
            fit = self.fit_json(FAITHFUL, "-k", 2, "--init", LABELS, "--tol", 0, "--max-iter", limit)["fit"]
            self.assertEqual((fit["iterations"], fit["maps"], fit["status"]), (limit, limit, "iteration-limit"))
            self.assertEqual(len(fit["warnings"]), 1)

    def test_stop_rules(self):
        maps = {rule: self.fit_json(FAITHFUL, "-k", 2, "--init", LABELS, "--stop", rule, "--tol", "1e-3")["fit"]
                for rule in ("loglik", "q", "weights")}
        self.assertEqual({fit["status"] for fit in maps.values()}, {"converged"})

    def test_columns_by_name_and_number(self):
        by_name = self.fit_json(FAITHFUL, "--columns", "waiting", "-k", 2)
        by_number = self.fit_json(FAITHFUL, "--columns", "2", "-k", 2)
        self.assertEqual(by_name["columns"], ["waiting"])
        self.assertEqual(by_name["means"], by_number["means"])

    def test_weights_are_repeated_rows(self):
        rows = FAITHFUL.read_text().splitlines()
        twice = self.write("twice.csv", "\n".join([rows[0]] + [row for row in rows[1:] for _ in "ab"]) + "\n")
        weighted = self.write("weighted.csv", "\n".join([rows[0] + ",w"] + [row + ",2" for row in rows[1:]]) + "\n")
        a = self.fit_json(weighted, "--weights", "w", "-k", 1)
        b = self.fit_json(twice, "-k", 1)
        self.assertEqual(a["columns"], b["columns"])
        for x, y in zip(a["means"][0], b["means"][0]):
            self.assertAlmostEqual(x, y, delta=1e-12 * abs(y))
        self.assertAlmostEqual(a["fit"]["loglik"], b["fit"]["loglik"], delta=1e-9)

    def test_start_from_a_model(self):
        self.emblas("fit", FAITHFUL, "-k", 2, "--cov", "tied", "-o", "model.json", "--quiet")
        again = self.fit_json(FAITHFUL, "--init", "model:model.json")
        self.assertEqual(again["covariance"], "EEE")
        self.assertLessEqual(again["fit"]["iterations"], 5)

    def test_start_from_a_model_of_another_kind(self):
        self.emblas("fit", FAITHFUL, "-k", 2, "-o", "model.json", "--quiet")
        start = self.fit_json(FAITHFUL, "--init", "model:model.json", "--cov", "tied", "--max-iter", 0)
        self.assertEqual(start["covariance"], "EEE")
        self.assertEqual(start["covariances"][0], start["covariances"][1])

    def test_equal_components_are_warned_of(self):
        self.write("same.json", json.dumps({"format": "emblas-model", "version": 1, "family": "gaussian",
                                            "covariance": "VVV", "k": 2, "dim": 2, "weights": [0.5, 0.5],
                                            "means": [[3, 65]] * 2, "covariances": [[[1, 0], [0, 100]]] * 2}))
        fit = self.fit_json(FAITHFUL, "--init", "model:same.json")["fit"]
        self.assertEqual(fit["warnings"], ["2 components are equal since the start and cannot part, the first is 0"])

    def test_labels_give_the_size(self):
        self.assertEqual(self.fit_json(FAITHFUL, "--init", LABELS)["k"], 2)

    def test_plain_values_are_accepted(self):
        self.emblas("fit", FAITHFUL, "-k", 2, "--family", "gaussian", "--accelerate", "none", "--compress", "auto",
                    "--threads", 1, "--quiet")

    def test_standard_input(self):
        piped = self.fit_json("-", "-k", 2, stdin=FAITHFUL.read_bytes())
        self.assertEqual(piped["means"], self.fit_json(FAITHFUL, "-k", 2)["means"])

    def test_help_and_manual_name_the_same_options(self):
        manual = MANUAL.read_text().replace("\\-", "-")
        words = self.emblas("fit", "--help").stdout.replace("=", " ").replace("[", " ").split()
        for option in (word for word in words if word.startswith("--")):
            if option not in ("--help", "--usage", "--version"):
                self.assertIn(option, manual)


class Outputs(Case):
    def test_report(self):
        report = self.emblas("fit", FAITHFUL, "-k", 2).stdout
        for words in ("272 rows, 2 columns", "2 components, covariance full (VVV), 11 free parameters", "converged after",
                      "-1130.263960", "2322.191743", "x -1130.2640 converged", "eruptions", "waiting"):
            self.assertIn(words, report)

    def test_quiet(self):
        done = self.emblas("fit", FAITHFUL, "-k", 2, "--quiet")
        self.assertEqual(done.stdout + done.stderr, "")

    def test_output_is_what_json_prints(self):
        printed = self.emblas("fit", FAITHFUL, "-k", 2, "-o", "model.json", "--format", "json").stdout
        self.assertEqual((self.folder / "model.json").read_text(), printed)
        self.assertIn("emblas-model", self.emblas("fit", FAITHFUL, "-k", 2, "-o", "-").stdout)

    def test_trace(self):
        fit = self.fit_json(FAITHFUL, "-k", 2, "--init", LABELS, "--trace", "trace.csv")["fit"]
        rows = table((self.folder / "trace.csv").read_text())
        self.assertEqual([row["iteration"] for row in rows], list(range(fit["iterations"] + 1)))
        self.assertEqual(rows[-1]["loglik"], fit["loglik"])
        self.assertIsNone(rows[0]["weight_change"])
        for before, after in zip(rows, rows[1:]):
            self.assertGreaterEqual(after["loglik"], before["loglik"] - 8 * 2.3e-16 * abs(before["loglik"]))
        for row in rows:
            self.assertAlmostEqual(row["q"] + row["entropy"], row["loglik"], delta=1e-12 * abs(row["loglik"]))

    def test_constant_column_is_warned_of(self):
        self.write("constant.csv", "x,seven\n" + "".join(f"{i * i % 17},7\n" for i in range(60)))
        model = self.fit_json("constant.csv", "-k", 2, "-o", "model.json")
        self.assertIn("column 'seven' is constant", model["fit"]["warnings"])
        self.assertIn("column 'seven' is constant", self.emblas("fit", "constant.csv", "-k", 2).stdout)

    def test_equal_rows(self):
        self.write("equal.csv", "x,y\n" + "1.5,-2.5\n" * 50)
        model = self.fit_json("equal.csv", "-k", 2)
        kept = max(range(2), key=lambda c: model["weights"][c])
        self.assertEqual(model["means"][kept], [1.5, -2.5])
        self.assertTrue(model["fit"]["warnings"])


class Warnings(Case):
    """What the choice of a model leaves open; each beside data that leave nothing open."""

    def warned(self, *arguments):
        return self.fit_json(*arguments)["fit"]["warnings"]

    def test_end_of_the_range(self):
        more, fewer = "3 components are the most that were tried", "3 components are the fewest that were tried"
        self.write("three.csv", "x\n" + "".join(f"{i % 3 * 20 + i * i % 7 / 3}\n" for i in range(300)))
        self.assertEqual(self.warned("three.csv", "-k", "1:3"), [more + ": more may be better"])
        first, *others = self.warned("three.csv", "-k", "3:4")
        self.assertEqual(first, fewer + ": fewer may be better")
        for k in ("2:4", "3"):
            others += self.warned("three.csv", "-k", k)
        for other in others:  # each has seven values, so that a fourth component falls on equal rows
            self.assertRegex(other, "^k 4 full was passed over: component . stands on .* equal rows")
        self.assertEqual(self.warned("three.csv", "-k", "3", "--cov", "full,tied"), [])
        self.assertIn(more, " ".join(self.emblas("fit", "three.csv", "-k", "1:3").stdout.split()))

    def test_more_parameters_than_numbers(self):
        self.write("six.csv", "x,y\n-0.12,-0.04\n-0.02,-0.11\n0.88,0.82\n1.05,1.2\n2.1,-0.3\n1.9,0.1\n")
        # Full covariances: 5 of one component, 11 of two, 17 of three; 12 numbers.
        few = "parameters for 12 numbers: few data for such a model"
        self.assertEqual(self.warned("six.csv", "-k", 1), [f"5 {few}"])
        self.assertIn(f"11 {few}", self.warned("six.csv", "-k", 2))
        self.assertEqual(self.warned("six.csv", "-k", 1, "--columns", "x", "--cov", "full"), ["2 " + few.replace("12", "6")])
        self.assertEqual(self.warned(IRIS, "-k", 1), [])
        self.assertIn("17 parameters for 12 numbers: too few data for such a model", self.warned("six.csv", "-k", 3))
        self.write("five.csv", (self.folder / "six.csv").read_text().replace("x,y", "x,y,w").replace("\n", ",1\n")
                   .replace("y,w,1", "y,w").replace("0.1,1", "0.1,0"))
        self.assertIn("11 parameters for 10 numbers: too few data for such a model",
                      self.warned("five.csv", "-k", 2, "--weights", "w"))

    def test_a_column_that_is_nearly_one_value(self):
        self.write("codes.csv", "x,code\n" + "".join(f"{i * 7919 % 101},{i % 25 == 7}\n" for i in range(100)).replace(
            "False", "0").replace("True", "1"))
        self.assertIn("column 'code' is 0 in 96 of 100 rows", self.warned("codes.csv", "-k", 1))
        self.assertNotIn("code", "".join(self.warned("codes.csv", "-k", 1, "--columns", "x")))

    def test_rows_that_are_far_away(self):
        """199 rows and one that is some 6 deviations away, where exp(-D^2 / 2) = 0.001 / 199 is at D = 4.9. Rows are
        those of the file."""
        lines = [f"{math.sin(i * i) * 2},{math.cos(3 * i * i)}" for i in range(200)]
        self.assertEqual(self.warned(self.write("near.csv", "a,b\n" + "\n".join(lines)), "-k", 1), [])
        lines[10], lines[150] = "NA,1", "10,0"
        self.write("far.csv", "a,b\n" + "\n".join(lines))
        warned = self.warned("far.csv", "-k", 1, "--missing", "drop")
        self.assertRegex(warned[-1], r"^row 151 is far from the component of its label, by [56]\.\d* deviations$")

    def test_weights_that_count_no_observations(self):
        bins = [(x / 4, 100 * math.exp(-(x / 4 - 7) ** 2 / 2) + 60 * math.exp(-(x / 4 - 3) ** 2)) for x in range(53)]
        total = sum(n for _, n in bins)
        self.write("bins.csv", "x,count,share\n" + "".join(f"{x},{n},{n / total}\n" for x, n in bins))
        columns = "--columns", "x", "-k", "1:3", "--weights"
        words = ("the weights of 53 rows sum to 1, which the criterion takes for the number of observations: it hardly "
                 "penalises parameters")
        self.assertIn(words, self.warned("bins.csv", *columns, "share"))
        self.assertEqual(self.warned("bins.csv", *columns, "count"), [])
        self.assertEqual(self.warned("bins.csv", "--columns", "x", "-k", 2, "--weights", "share"), [])


if __name__ == "__main__":
    main()
