#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""predict: the file's own columns beside its own, distances, and labels compared with a column."""
import ast
import csv
import io
import json
import math
import struct

from support import DATA, IRIS, Case, main

SPECIES = ["setosa"] * 50 + ["versicolor"] * 50 + ["virginica"] * 50


def normal(covariance, means, weights=None):
    """The text of a model file."""
    k, dim = len(means), len(means[0])
    return json.dumps({"format": "emblas-model", "version": 1, "family": "gaussian", "covariance": "VVV", "k": k,
                       "dim": dim, "columns": [f"c{j}" for j in range(dim)], "weights": weights or [1 / k] * k,
                       "means": means, "covariances": [covariance] * k})


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


class Append(Case):
    def setUp(self):
        super().setUp()
        self.write("two.json", normal([[1, 0], [0, 1]], [[0, 0], [10, 0]]))

    def test_the_file_stays_as_it_is(self):
        text = 'name,c1,c0,"what, else"\r\n"a ""b""",0,1,"x\ny"\r\nc,2,9, z\r\n'
        done = rows_of(self.emblas("predict", "two.json", "-", "--append", stdin=text).stdout)
        self.assertEqual(done[0], ["name", "c1", "c0", "what, else", "label", "r0", "r1", "uncertainty", "logpdf",
                                   "distance", "tail"])
        self.assertEqual([row[:5] for row in done[1:]],
                         [['a "b"', "0", "1", "x\ny", "0"], ["c", "2", "9", "z", "1"]])
        for row, distance in zip(done[1:], (1, math.sqrt(5))):
            r0, r1, uncertainty, _, far, tail = map(float, row[5:])
            self.assertEqual(uncertainty, min(r0, r1))
            self.assertAlmostEqual(far, distance, delta=1e-15 * distance)
            self.assertAlmostEqual(tail, math.exp(-distance ** 2 / 2), delta=1e-15)

    def test_uncertainty_keeps_its_digits(self):
        """The other component is 50 nats away: 1 - r of the label would be 0."""
        done = rows_of(self.emblas("predict", "two.json", "-", "--uncertainty", stdin="c0,c1\n0,0\n").stdout)
        self.assertEqual(done[0], ["label", "uncertainty"])
        self.assertAlmostEqual(float(done[1][1]) * math.exp(50), 1, delta=1e-12)

    def test_rows_that_are_left_out(self):
        text = "c0,c1,place\n1,0,here\nNA,0,there\n9,2,\n"
        done = rows_of(self.emblas("predict", "two.json", "-", "--append", "--missing", "drop", stdin=text).stdout)
        self.assertEqual(done[2], ["NA", "0", "there"] + ["NA"] * 7)
        self.assertEqual(done[3][:4], ["9", "2", "", "1"])
        self.assertEqual(len(done), 4)

    def test_texts_that_look_like_comments(self):
        """Unquoted, the second row would be a comment where the output is read."""
        done = self.emblas("predict", "two.json", "-", "--append", stdin='id,c0,c1\na,0,0\n"#b",1,2\nc,9,1\n').stdout
        self.assertEqual([row[0] for row in rows_of(done)], ["id", "a", "#b", "c"])
        self.assertEqual(len(self.emblas("predict", "two.json", "-", stdin=done).stdout.splitlines()), 4)

    def test_decimal_commas_become_points(self):
        done = self.emblas("predict", "two.json", "-", "--append", stdin="c0;c1;place\n1,5;0;a,b\n2,5;1;c\n").stdout
        self.assertEqual(done.splitlines()[1][:14], '1.5,0,"a,b",0,')
        again = self.emblas("score", "two.json", "-", stdin=done)
        self.assertNotIn("decimal", again.stderr)

    def test_more_rows_than_are_looked_at_first(self):
        text = "c0,c1,place\n" + "".join(f"{i % 7},{i % 5},row {i}\n" for i in range(20000))
        done = rows_of(self.emblas("predict", "two.json", "-", "--append", stdin=text).stdout)
        self.assertEqual([row[2] for row in done[1:]], [f"row {i}" for i in range(20000)])

    def test_its_output_is_read_again(self):
        first = self.emblas("predict", "two.json", "-", "--append", stdin="c0,c1\n1,0\n9,1\n").stdout
        self.write("first.csv", first)
        self.emblas("score", "two.json", "first.csv")
        self.refused(3, "a column 'label' is there already", "predict", "two.json", "first.csv", "--append")

    def test_other_files_and_families(self):
        self.refused(3, "deaths.csv: no column", "predict", "two.json", DATA / "deaths.csv", "--append")
        self.write("x.npy", b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
                   + "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }".ljust(117).encode() + b"\n" + bytes(16))
        self.assertEqual(self.emblas("predict", "two.json", "x.npy").stdout, "label\n0\n")
        self.refused(3, "x.npy: .npy holds numbers alone", "predict", "two.json", "x.npy", "--append")
        self.emblas("fit", DATA / "deaths.csv", "--columns", "deaths", "--family", "poisson", "-k", 2, "-o", "p.json", "-q")
        self.refused(2, "has no covariances", "predict", "p.json", DATA / "deaths.csv", "--distance")
        done = self.emblas("predict", "p.json", DATA / "deaths.csv", "--append").stdout
        self.assertEqual(done.splitlines()[0], "deaths,days,label,r0,r1,uncertainty,logpdf")


class Npy(Case):
    def read(self, name):
        """(rows, columns, values) of a matrix of doubles."""
        data = (self.folder / name).read_bytes()
        self.assertEqual(data[:8], b"\x93NUMPY\x01\x00")
        end = 10 + int.from_bytes(data[8:10], "little")
        self.assertEqual((end % 64, data[end - 1:end]), (0, b"\n"))
        header = ast.literal_eval(data[10:end].decode())
        self.assertEqual((header["descr"], header["fortran_order"]), ("<f8", False))
        return *header["shape"], [number for number, in struct.iter_unpack("<d", data[end:])]

    def test_predictions(self):
        self.write("two.json", normal([[1, 0], [0, 1]], [[0, 0], [10, 0]]))
        self.write("rows.csv", "c0,c1\n1,0\nNA,0\n9,2\n")
        arguments = "predict", "two.json", "rows.csv", "-r", "-l", "--uncertainty", "--distance", "--missing", "drop"
        text = rows_of(self.emblas(*arguments).stdout)[1:]
        self.emblas(*arguments, "-o", "out.npy")
        rows, columns, values = self.read("out.npy")
        self.assertEqual((rows, columns), (3, 7))
        for written, wanted in zip(values, sum(text, [])):
            self.assertTrue(math.isnan(written) if wanted == "NA" else written == float(wanted))
        self.assertEqual(len(values), 21)
        self.refused(2, "out2.npy: .npy holds numbers alone", *arguments, "--append", "-o", "out2.npy")

    def test_samples_are_read_again(self):
        self.write("two.json", normal([[1, 0], [0, 1]], [[0, 0], [10, 0]]))
        text = rows_of(self.emblas("sample", "two.json", "-n", 50, "--labels").stdout)[1:]
        self.emblas("sample", "two.json", "-n", 50, "--labels", "-o", "rows.npy")
        self.assertEqual(self.read("rows.npy"), (50, 3, [float(field) for row in text for field in row]))
        self.emblas("sample", "two.json", "-n", 50, "-o", "bare.npy")
        self.emblas("sample", "two.json", "-n", 50, "-o", "bare.csv")
        self.assertEqual(self.emblas("score", "two.json", "bare.npy").stdout,
                         self.emblas("score", "two.json", "bare.csv").stdout)


class Distances(Case):
    def tail(self, dim, distance):
        unit = [[float(i == j) for j in range(dim)] for i in range(dim)]
        self.write("unit.json", normal(unit, [[0.0] * dim]))
        row = ",".join([repr(distance)] + ["0"] * (dim - 1)) + "\n"
        done = self.emblas("predict", "unit.json", "-", "--distance", "--header", "no", stdin=row).stdout
        label, far, tail = done.splitlines()[1].split(",")
        self.assertEqual((label, float(far)), ("0", distance))
        return float(tail)

    def test_the_tail_is_that_of_chi_square(self):
        """R 4.2: pchisq(x, df, lower = FALSE)."""
        for dim, square, tail in ((1, 4, 0.045500263896358417), (4, 3, 0.55782540037107464),
                                  (4, 50, 3.6108654048906463e-10), (5, 3, 0.69998583587862750),
                                  (5, 50, 1.3857973367009593e-09), (5, 0, 1.0)):
            self.assertAlmostEqual(self.tail(dim, math.sqrt(square)), tail, delta=1e-13 * tail)
        self.assertEqual(self.tail(3, 1e200), 0)

    def test_a_covariance_with_all_its_entries(self):
        """S = [[4, 2], [2, 2]]: S^-1 = [[2, -2], [-2, 4]] / 4, so that (3, 1) is sqrt 2.5 away from 0."""
        self.write("oblique.json", normal([[4, 2], [2, 2]], [[0, 0]]))
        done = self.emblas("predict", "oblique.json", "-", "--distance", stdin="c0,c1\n3,1\n").stdout
        self.assertAlmostEqual(float(done.splitlines()[1].split(",")[1]), math.sqrt(2.5), delta=1e-14)


class Compare(Case):
    def setUp(self):
        super().setUp()
        lines = IRIS.read_text().splitlines()
        self.species = [lines[0] + ",Species"] + [f"{line},{name}" for line, name in zip(lines[1:], SPECIES)]
        self.emblas("fit", IRIS, "-k", 3, "--cov", "VEV", "-o", "iris.json", "-q")

    def compare(self, lines, *arguments):
        return self.emblas("predict", "iris.json", "-", "--compare", *arguments, stdin="\n".join(lines) + "\n").stdout

    def test_iris(self):
        """mclust 6: adjustedRandIndex 0.9038742, classError 0.03333333 for its VEV 3."""
        text = self.compare(self.species, "Species")
        counts = {words[0]: sorted(map(int, words[1:])) for words in map(str.split, text.splitlines()[1:4])}
        self.assertEqual(counts, {"setosa": [0, 0, 50], "versicolor": [0, 5, 45], "virginica": [0, 0, 50]})
        self.assertRegex(text, r"rows +150\nadjusted Rand +0\.903874\nerror rate +0\.033333 \(5 of 150 rows")

    def test_beside_columns_without_names(self):
        named = self.compare(self.species, "Species").splitlines()
        bare = self.compare(self.species[1:], 5).splitlines()
        self.assertEqual(bare[0].split(), ["x5", "0", "1", "2"])
        self.assertEqual(bare[1:4], named[1:4])

    def test_labels_go_to_the_output(self):
        self.compare(self.species, "Species", "-o", "labels.csv")
        labels = (self.folder / "labels.csv").read_text().split()
        self.assertEqual((labels[0], len(labels)), ("label", 151))

    def test_values_that_are_missing_are_not_compared(self):
        lines = self.species[:]
        lines[1], lines[2] = lines[1].replace("setosa", ""), lines[2].replace("setosa", "NA")
        self.assertRegex(self.compare(lines, "Species"), r"setosa.*\b48\b")

    def test_numbers_are_in_their_order(self):
        lines = [self.species[0]] + [f"{line.rpartition(',')[0]},{i % 11}" for i, line in enumerate(self.species[1:])]
        text = self.compare(lines, "Species")
        self.assertEqual([line.split()[0] for line in text.splitlines()[1:12]], [str(i) for i in range(11)])

    def test_a_narrow_terminal(self):
        done = self.emblas("predict", "iris.json", "-", "--compare", "Species", stdin="\n".join(self.species),
                           environment={"COLUMNS": "20"})
        self.assertEqual(done.stdout.count("versicolor"), 2)

    def test_one_cluster_and_no_agreement(self):
        self.write("one.json", normal([[1]], [[0]]))
        apart = self.emblas("predict", "one.json", "-", "--compare", "v", stdin="c0,v\n1,a\n2,b\n").stdout
        self.assertRegex(apart, r"adjusted Rand +0\.000000")
        same = self.emblas("predict", "one.json", "-", "--compare", "v", stdin="c0,v\n1,a\n2,a\n").stdout
        self.assertRegex(same, r"adjusted Rand +1\.000000\nerror rate +0\.000000 \(0 of 2")

    def test_a_column_that_is_not_there(self):
        self.refused(3, "no column 'Kind'; there are: Sepal.Length", "predict", "iris.json", IRIS, "--compare", "Kind")


if __name__ == "__main__":
    main()
