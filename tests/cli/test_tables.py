#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables as R, numpy, pandas, spreadsheets and instruments write them: read rightly, or refused with a reason."""
import csv
import gzip
import io
import json
import unittest
import zipfile
from pathlib import Path

from support import IRIS, Case, main

CASES = Path(__file__).resolve().parent / "cases"
PLAIN = [line.split(",") for line in (CASES / "plain.csv").read_text().split()][1:]
LOGLIK = -427.841762  # of the 100 rows, two components
INTEGERS = "the integers of the first row were taken for names; --header no reads them as data"
NUMBERS = "left out: column 1, which numbers the rows and has no name"


def lines(separator, *rows):
    return "".join(separator.join(row) + "\n" for row in rows)


class Plain(Case):
    """The same 100 rows in many forms: the same log-likelihood, names and warnings as they are said."""

    def check(self, text, *options, columns=("dur", "wait"), warnings=(), loglik=LOGLIK, name="data.csv"):
        self.write(name, text)
        model = self.fit_json(name, "-k", 2, *options)
        self.assertEqual(model["columns"], list(columns))
        self.assertAlmostEqual(model["fit"]["loglik"], loglik, places=5)
        self.assertEqual(model["fit"]["n"], len(PLAIN))
        self.assertEqual(model["fit"]["warnings"], list(warnings))

    def test_r(self):
        """write.csv, write.csv2, write.table, also without names of rows, and with names that are words."""
        names = ['"dur"', '"wait"']
        numbered = [[f'"{i}"', *row] for i, row in enumerate(PLAIN, 1)]
        comma = [[field.replace(".", ",") for field in row] for row in numbered]
        self.check(lines(",", ['""', *names], *numbered), warnings=[NUMBERS])
        self.check(lines(",", names, *PLAIN))
        self.check(lines(";", ['""', *names], *comma),
                   warnings=["commas in numbers were taken for decimal marks", NUMBERS])
        self.check(lines(" ", names, *numbered), warnings=["left out: names of rows"])
        self.check(lines("\t", names, *([f'"row {i}"', *row] for i, row in enumerate(PLAIN))),
                   warnings=["left out: names of rows"])

    def test_numpy(self):
        """savetxt as it comes, with names in a comment and with another separator."""
        rows = [["%.18e" % float(field) for field in row] for row in PLAIN]
        self.check(lines(" ", *rows), columns=("x1", "x2"))
        self.check("# dur wait\n" + lines(" ", *rows))
        self.check("# dur,wait\n" + lines(",", *rows))

    def test_pandas(self):
        """to_csv with and without an index, names that are numbers, and a series."""
        self.check(lines(",", ["", "dur", "wait"], *([str(i), *row] for i, row in enumerate(PLAIN))),
                   warnings=[NUMBERS])
        self.check(lines(",", ["0", "1"], *PLAIN), columns=("0", "1"), warnings=[INTEGERS])
        self.check(lines(",", ["", "0", "1"], *([str(i), *row] for i, row in enumerate(PLAIN))),
                   columns=("0", "1"), warnings=[INTEGERS, NUMBERS])
        self.check(lines(",", ["", "0"], *([str(i), row[0]] for i, row in enumerate(PLAIN))), columns=("0",),
                   warnings=[INTEGERS, NUMBERS], loglik=-95.893781)

    def test_spreadsheet(self):
        """Semicolons and decimal commas, in UTF-16 as Excel saves it."""
        text = lines(";", ["dur", "wait"], *([field.replace(".", ",") for field in row] for row in PLAIN))
        for encoded in (text.encode(), text.encode("utf-16"), text.replace("\n", "\r\n").encode("utf-16-be"),
                        b"\xef\xbb\xbf" + text.encode()):
            self.check(encoded, warnings=["commas in numbers were taken for decimal marks"])
        self.check(text, "--decimal", ",")
        self.check(text, "--decimal", "comma", "--separator", "semicolon", "--header", "yes", "--comment", "none")

    def test_instruments(self):
        """Comments on top, units in the names, Fortran's exponents, a column of words."""
        table = lines(",", ["dur", "wait"], *PLAIN)
        self.check("# exported by logger v2\n# unit: min, min\n" + table,
                   warnings=["2 lines that begin with # left out"])
        self.check("% logger\n" + table, "--comment", "%")
        self.check(lines("\t", ["duration, min", "waiting, min"], *PLAIN), columns=("duration, min", "waiting, min"))
        self.check(lines("  ", ["dur", "wait"], *([("%.6E" % float(f)).replace("E", "D") for f in row] for row in PLAIN)))
        self.check(lines(":", ["dur", "wait"], *PLAIN), "--separator", ":")
        self.check(lines(",", ["site", "dur", "wait"], *(["A", *row] for row in PLAIN)),
                   warnings=["left out: site (text)"])

    def test_decimal_comma_alone(self):
        """One column of 3,715 is no two of integers."""
        text = "".join(row[0].replace(".", ",") + "\n" for row in PLAIN)
        self.write("data.csv", text)
        self.refused(3, "data.csv:1: is '3,715' one number? then --decimal , reads it", "fit", "data.csv", "-k", 2)
        self.check(text, "--decimal", ",", columns=("x1",), loglik=-95.893781)

    def test_compressed(self):
        text = lines(",", ["dur", "wait"], *PLAIN)
        self.write("data.csv.gz", gzip.compress(text.encode()))
        done = self.emblas("fit", "data.csv.gz", "-k", 2, "--format", "json", stdin=b"")
        self.assertAlmostEqual(json.loads(done.stdout)["fit"]["loglik"], LOGLIK, places=5)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("arr_0.npy", "something")
        self.write("arc.npz", packed.getvalue())
        self.refused(3, "arc.npz: the file is a zip archive, as .npz and .xlsx are", "fit", "arc.npz", "-k", 2)


class RoundTrip(Case):
    """From a file to a model, its predictions beside the file's own columns, and these read again as a table."""

    def check(self, text, *columns, drop=()):
        self.write("data.csv", text)
        self.emblas("fit", "data.csv", "-k", 2, "--cov", "diag", "-q", "-o", "model.json", *columns, *drop)
        labels = self.emblas("predict", "model.json", "data.csv", *drop).stdout.split()[1:]
        self.emblas("predict", "model.json", "data.csv", "--append", "-o", "out.csv", *drop)
        again = self.emblas("predict", "model.json", "out.csv", "--compare", "label", "-o", "again.csv", *drop).stdout
        self.assertEqual((self.folder / "again.csv").read_text().split()[1:], labels)
        self.assertRegex(again, r"(?m)^adjusted Rand +1\.000000$")
        self.assertRegex(again, r"(?m)^error rate +0\.000000 ")
        return list(csv.DictReader(io.StringIO((self.folder / "out.csv").read_text())))

    def test_every_writer(self):
        names, dur = ['"dur"', '"wait"'], [float(row[0]) for row in PLAIN]
        numbered = [[f'"{i}"', *row] for i, row in enumerate(PLAIN, 1)]
        comma = [[field.replace(".", ",") for field in row] for row in PLAIN]
        fortran = [[("%.15E" % float(field)).replace("E", "D") for field in row] for row in PLAIN]
        for text, name in ((lines(",", ['""', *names], *numbered), "dur"),                                # write.csv
                           (lines(" ", names, *numbered), "dur"),                                         # write.table
                           (lines(";", names, *comma), "dur"),                                            # write.csv2
                           ("# dur wait\n" + lines(" ", *PLAIN), "dur"),                                 # savetxt
                           (lines(",", ["", "dur", "wait"], *([str(i), *row] for i, row in enumerate(PLAIN))), "dur"),
                           (lines(",", ["dur", "wait"], *PLAIN), "dur"),                                  # to_csv
                           (lines(",", ["", "0", "1"], *([str(i), *row] for i, row in enumerate(PLAIN))), "0"),
                           (lines(";", ["dur", "wait"], *comma).encode("utf-16"), "dur"),                 # a spreadsheet
                           (lines("  ", ["dur", "wait"], *fortran), "dur")):                              # FITS
            with self.subTest(text=text[:40]):
                rows = self.check(text)
                self.assertEqual([float(row[name].replace("D", "E")) for row in rows], dur)

    def test_airquality(self):
        """R's: 42 of 153 rows lack Ozone or Solar.R, and keep their places."""
        text = (CASES / "airquality.csv").read_text()
        rows = self.check(text, "--columns", "Ozone,Solar.R,Wind,Temp", drop=("--missing", "drop"))
        missing = [i for i, row in enumerate(csv.DictReader(io.StringIO(text))) if "NA" in row.values()]
        self.assertEqual([i for i, row in enumerate(rows) if row["label"] == "NA"], missing)
        self.assertEqual((len(rows), len(missing)), (153, 42))

    def test_iris_with_species(self):
        species = ["setosa"] * 50 + ["versicolor"] * 50 + ["virginica"] * 50
        rows = self.check("".join(f'{row},"{name}"\n' for row, name in zip(IRIS.read_text().split(), ["Species", *species])))
        self.assertEqual([row["Species"] for row in rows], species)

    def test_two_hundred_columns(self):
        header = [f"gene {j}" for j in range(200)]
        rows = [[f"{i % 2 * 5 + (i * (j + 7) * 7919) % 101 / 25}" for j in range(200)] for i in range(120)]
        out = self.check(lines("\t", header, *rows))
        self.assertEqual([[row[name] for name in header] for row in out], rows)


class Headers(Case):
    def test_years(self):
        """Names that are digits, over numbers with fractions."""
        for columns in ("2,3", "2020,2021", "-site", "2:3", "-1"):
            fit = self.fit_json(CASES / "years.csv", "--columns", columns, "-k", 2)
            self.assertEqual(fit["columns"], ["2020", "2021"])
            self.assertAlmostEqual(fit["fit"]["loglik"], -62.916678, places=5)
            self.assertEqual(fit["fit"]["n"], 50)

    def test_bad_first_row(self):
        self.write("data.csv", "3.715,5o.2\n" + lines(",", *PLAIN[1:]))
        self.refused(3, "data.csv:1:2: '5o.2' is not a number; if the first row holds names, --header yes says so",
                     "fit", "data.csv", "-k", 2)
        self.assertEqual(self.fit_json("data.csv", "-k", 1, "--header", "yes")["fit"]["n"], 99)

    def test_options_of_all_commands(self):
        """What is said to fit has to be said, and means the same, to predict, score and plot."""
        self.write("data.csv", lines(":", ["%", "0"], *PLAIN).replace(".", ","))
        how = "--separator", ":", "--decimal", ",", "--header", "no", "--missing", "drop", "--na", "%"
        self.emblas("fit", "data.csv", "-k", 2, "-q", "-o", "m.json", *how)
        score = self.emblas("score", "m.json", "data.csv", "--format", "json", *how)
        self.assertAlmostEqual(json.loads(score.stdout)["loglik"], LOGLIK, places=5)
        self.assertEqual(score.stderr, "emblas: data.csv: 1 of 101 rows left out: missing values\n")
        labels = self.emblas("predict", "m.json", "data.csv", *how).stdout.split()
        self.assertEqual(labels[:2], ["label", "NA"])
        self.assertEqual(len(labels), 102)
        self.emblas("plot", "m.json", "data.csv", "-o", "p.svg", *how)
        self.refused(3, "data.csv:2: expected 1 fields, found 3", "score", "m.json", "data.csv")

    def test_options_that_are_wrong(self):
        for words, arguments in {
            "--separator '::'": ("--separator", "::"),
            "--separator '1'": ("--separator", "1"),
            "--decimal ';' is unknown; allowed: auto, point, comma": ("--decimal", ";"),
            "header 'maybe' is unknown; allowed: auto, yes, no": ("--header", "maybe"),
            "missing 'impute' is unknown; allowed: error, drop": ("--missing", "impute"),
            "a comma cannot be both": ("--decimal", ",", "--separator", ","),
        }.items():
            with self.subTest(words):
                self.refused(2, words, "fit", IRIS, "-k", 2, *arguments)


class Text(Case):
    def setUp(self):
        super().setUp()
        species = [name for name in ("setosa", "versicolor", "virginica") for _ in range(50)]
        rows = IRIS.read_text().splitlines()
        self.write("iris.csv", "".join(f'{row},"{name}"\n' for row, name in zip(rows, ["Species", *species])))

    def test_iris_with_species(self):
        fit = self.fit_json("iris.csv", "-k", 2)
        self.assertEqual(fit["fit"]["warnings"], ["left out: Species (text)"])
        self.assertEqual(fit["fit"]["loglik"], self.fit_json(IRIS, "-k", 2)["fit"]["loglik"])
        self.assertIn("left out: Species (text)", self.emblas("fit", "iris.csv", "-k", 2).stdout)
        quiet = self.emblas("fit", "iris.csv", "-k", 2, "-q")
        self.assertEqual(quiet.stderr, "emblas: iris.csv: left out: Species (text)\n")

    def test_text_that_is_asked_for(self):
        self.refused(3, "iris.csv:2:5: 'setosa' is not a number, nor is anything in column 'Species'",
                     "fit", "iris.csv", "-k", 2, "--columns", "Sepal.Width,Species")

    def test_one_bad_value(self):
        self.write("bad.csv", (self.folder / "iris.csv").read_text().replace("7.9,3.8,", "7.9,3.8?,"))
        self.refused(3, "bad.csv:133:2: '3.8?' is not a number", "fit", "bad.csv", "-k", 2)

    def test_columns_in_lists(self):
        self.write("data.csv", '"a, m",b,c\n' + "".join(f"{i},{i * i % 7},{i * i % 11}\n" for i in range(30)))
        for arguments in (["a, m", "c"], ['c,"a, m"'], ["-b"], ["1,3"], ["1", "3"]):
            lists = [word for text in arguments for word in ("--columns", text)]
            self.assertEqual(set(self.fit_json("data.csv", "-k", 1, *lists)["columns"]), {"a, m", "c"}, arguments)


class Missing(Case):
    """R's airquality: 153 days, 111 of them complete."""
    file = CASES / "airquality.csv"
    columns = "--columns", "Ozone,Solar.R,Wind,Temp"

    def test_error(self):
        self.refused(3, "airquality.csv:6:2: 'NA' is not a finite number; --missing drop leaves out such rows",
                     "fit", self.file, "-k", 1, *self.columns)

    def test_drop(self):
        rows = list(csv.reader(self.file.read_text().splitlines()))
        complete = [row[1:5] for row in rows if "NA" not in row[1:5]]
        self.write("complete.csv", lines(",", *complete))
        right = self.fit_json("complete.csv", "-k", 2)["fit"]
        fit = self.fit_json(self.file, "-k", 2, "--missing", "drop", *self.columns)["fit"]
        self.assertEqual((fit["n"], fit["loglik"]), (111, right["loglik"]))
        self.assertIn("42 of 153 rows left out: missing values", fit["warnings"])
        wind = self.fit_json(self.file, "-k", 1, "--missing", "drop", "--columns", "Wind")["fit"]
        self.assertEqual(wind["n"], 153, "values that are missing elsewhere do not matter")

    def test_predictions_have_a_line_for_each_row(self):
        self.emblas("fit", self.file, "-k", 2, "--missing", "drop", *self.columns, "-q", "-o", "m.json")
        done = self.emblas("predict", "m.json", self.file, "--missing", "drop", "-r", "-l")
        predicted, rows = done.stdout.splitlines(), self.file.read_text().splitlines()
        self.assertEqual(len(predicted), len(rows))
        for row, line in zip(rows[1:], predicted[1:]):
            self.assertEqual(line == "NA,NA,NA,NA", "NA" in row)
        self.assertIn("42 of 153 rows left out", done.stderr)

    def test_predictions_start_a_fit(self):
        """Their lines of NA stand for rows that are left out again; for others they are an error."""
        self.emblas("fit", self.file, "-k", 2, "--missing", "drop", *self.columns, "-q", "-o", "m.json")
        right = self.fit_json(self.file, "-k", 2, "--missing", "drop", *self.columns)["fit"]["loglik"]
        self.emblas("predict", "m.json", self.file, "--missing", "drop", "-o", "labels.csv")
        self.emblas("predict", "m.json", self.file, "--missing", "drop", "-r", "-o", "soft.csv")
        for init, lack in (("labels:labels.csv", "labels.csv: row 5 has no label"),
                           ("responsibilities:soft.csv", "soft.csv: row 5 lacks a responsibility")):
            fit = self.fit_json(self.file, "--missing", "drop", *self.columns, "--init", init)["fit"]
            self.assertAlmostEqual(fit["loglik"], right, places=5)
            self.refused(3, lack, "fit", self.file, "--columns", "Wind", "--init", init)

    def test_starts_are_of_the_same_rows(self):
        """Labels and responsibilities for each row of the file, or for each that is used."""
        self.write("data.csv", "x,y\n" + "".join(f"{i},{i % 7 + 100 * (i % 2)}\n" if i % 5 else "NA,0\n" for i in range(40)))
        self.write("all.csv", "label\n" + "".join(f"{i % 2}\n" for i in range(40)))
        self.write("used.csv", "label\n" + "".join(f"{i % 2}\n" for i in range(40) if i % 5))
        self.write("soft.csv", "r0,r1\n" + "".join("1,0\n0,1\n" for i in range(20)))
        fits = [self.fit_json("data.csv", "--missing", "drop", "--init", init, "--max-iter", 1, "--tol", 0)["means"]
                for init in ("labels:all.csv", "labels:used.csv", "responsibilities:soft.csv")]
        self.assertEqual(fits[0], fits[1])
        self.assertEqual(fits[0], fits[2])
        self.assertLess(fits[0][0][1], 10)
        self.write("short.csv", "label\n0\n1\n")
        self.refused(3, "short.csv has 2 labels, data.csv has 40 rows", "fit", "data.csv", "--missing", "drop", "--init",
                     "labels:short.csv")

    def test_row_numbers_are_the_file_s(self):
        text = (CASES / "outlier.csv").read_text().splitlines()
        self.write("data.csv", "\n".join(text[:5] + ["?"] + text[5:]) + "\n")
        warnings = self.fit_json("data.csv", "-k", "1:4", "--missing", "drop")["fit"]["warnings"]
        self.assertRegex(" ".join(warnings), "stands on row 302 alone")
        text = (CASES / "zeros3.csv").read_text().splitlines()
        self.write("data.csv", "\n".join(text[:1] + ["?"] * 7 + text[1:]) + "\n")
        equal = [warning for warning in self.fit_json("data.csv", "-k", 2, "--missing", "drop")["fit"]["warnings"]
                 if "rows are equal" in warning]
        first = next(i for i, line in enumerate(text[1:], 1) if float(line) == 0)
        self.assertIn(f"the first of them row {first + 7}:", equal[0])


if __name__ == "__main__":
    main()
