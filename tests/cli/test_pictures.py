#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pictures: that they are drawn, of the right kind, from odd data too, and that failures lose nothing."""
import os
import re
import shlex
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as xml

import support
from support import DATA, FAITHFUL, IRIS, Case, main

BEGIN = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}
have_gnuplot = shutil.which("gnuplot") is not None


class Drawn(Case):
    def setUp(self):
        if not have_gnuplot:
            self.skipTest("gnuplot is not installed")
        super().setUp()

    def texts(self, name):
        """The lettering of an SVG picture, which must be well-formed."""
        root = xml.parse(self.folder / name).getroot()
        return [" ".join("".join(text.itertext()).split()) for text in root.iter("{http://www.w3.org/2000/svg}text")]

    def test_formats(self):
        for ending, begin in BEGIN.items():
            self.emblas("fit", FAITHFUL, "-k", 2, "-q", "--plot", f"fit.{ending}")
            self.assertTrue((self.folder / f"fit.{ending}").read_bytes().startswith(begin))

    def test_one_dimension(self):
        self.emblas("fit", DATA / "galaxies.csv", "-k", 4, "-q", "--plot", "fit.svg")
        texts = self.texts("fit.svg")
        self.assertIn("velocity", texts)
        self.assertIn("density", texts)
        self.assertIn("mixture", texts)

    def test_two_dimensions(self):
        self.emblas("fit", FAITHFUL, "-k", 2, "-q", "--plot", "fit.svg")
        texts = self.texts("fit.svg")
        self.assertIn("faithful.csv: 2 components, covariance full", texts)
        self.assertIn("0 (64.4 %)", texts)
        self.assertIn("eruptions", texts)

    def test_pairs(self):
        self.emblas("fit", IRIS, "-k", 3, "-q", "--plot", "fit.svg")
        texts = self.texts("fit.svg")
        for name in ("Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"):
            self.assertIn(name, texts)

    def test_many_columns(self):
        header = ",".join(f"c{j}" for j in range(12))
        self.write("wide.csv", header + "\n" + "".join(
            ",".join(str((i * (j + 3) * 7919) % 101) for j in range(12)) + "\n" for i in range(100)))
        self.emblas("fit", "wide.csv", "-k", 2, "--cov", "diag", "-q", "--plot", "fit.svg")
        self.assertIn("first 10 of 12 columns", self.texts("fit.svg"))

    def test_range(self):
        report = self.emblas("fit", FAITHFUL, "-k", "1:3", "--cov", "full,tied", "--plot", "fit.svg").stdout
        self.assertIn("fit.svg, fit-criterion.svg", report)
        texts = self.texts("fit-criterion.svg")
        for word in ("BIC", "full", "tied", "components"):
            self.assertIn(word, texts)

    def test_trace(self):
        self.emblas("fit", IRIS, "-k", 3, "-q", "--plot-trace", "trace.svg")
        self.assertIn("log-likelihood", self.texts("trace.svg"))

    def test_trace_of_a_fit_that_did_not_move(self):
        self.emblas("fit", FAITHFUL, "-k", 1, "--max-iter", 0, "-q", "--plot-trace", "trace.svg")
        self.texts("trace.svg")

    def test_plot_a_model(self):
        for data, k in ((DATA / "galaxies.csv", 3), (FAITHFUL, 2), (IRIS, 3)):
            self.emblas("fit", data, "-k", k, "-q", "-o", "model.json")
            self.emblas("plot", "model.json", "-o", "model.svg")
            self.texts("model.svg")
            self.emblas("plot", "model.json", data, "-o", "both.svg")
            self.texts("both.svg")

    def test_examples(self):
        for name in ("triangular", "two-normals", "faithful"):
            self.emblas("example", name, "--plot", f"{name}.svg")
            self.texts(f"{name}.svg")

    def test_odd_data(self):
        for name, text in {
            "equal": "x,y\n" + "1.5,-2.5\n" * 50,
            "constant": "x,y\n" + "".join(f"{i * i % 17},7\n" for i in range(60)),
            "spike": "x\n" + "".join(f"{i * i % 17 / 7}\n" for i in range(90)) + "99\n" * 10,
            "large": "x,y\n" + "".join(f"{1e8 + i * i % 17},{-1e-8 * (i % 13)}\n" for i in range(60)),
            "huge": "x,y\n" + "".join(f"{(i * i % 17) * 1e300},{(i % 13) * 1e-300}\n" for i in range(60)),
            "one": "x,y\n1,2\n",
        }.items():
            with self.subTest(name):
                self.write("odd.csv", text)
                self.emblas("fit", "odd.csv", "-k", 1, "-q", "--plot", "odd.svg", "--plot-trace", "trace.svg")
                self.texts("odd.svg")

    def test_odd_names(self):
        names = ["a_b^{2}", "it's & <so>", '"%g" \\n $x `id`']
        self.write("odd.csv", ",".join('"' + name.replace('"', '""') + '"' for name in names) + "\n" +
                   "".join(f"{i * i % 17},{i % 5},{i * 3 % 7}\n" for i in range(60)))
        self.emblas("fit", "odd.csv", "-k", 1, "-q", "--plot", "odd.svg")
        texts = self.texts("odd.svg")
        for name in names:
            self.assertIn(" ".join(name.split()), texts)

    def test_script_draws_the_same_again(self):
        self.emblas("fit", FAITHFUL, "-k", 2, "-q", "--plot", "it's.svg", "--plot-script", "fit.gp")
        picture = self.folder / "it's.svg"
        first = picture.read_bytes()
        picture.unlink()
        subprocess.run(["gnuplot", "fit.gp"], cwd=self.folder, check=True, timeout=60)
        self.assertEqual(picture.read_bytes(), first)

    def test_names_with_quotation_marks(self):
        inches = "length'', \"in\" `date` \\ {a} #1 $x @y % é"
        quoted = inches.replace('"', '""')
        odd = inches.replace("/", "") + "\x1b\u009b"
        self.write(odd + ".csv", f'"{quoted}\x1b\u009b",y\n' + "".join(f"{i * i % 17},{i % 5}\n" for i in range(60)))
        self.emblas("fit", odd + ".csv", "-k", 1, "-q", "--plot", odd + ".svg", "--plot-script", "again.gp")
        texts = self.texts(odd + ".svg")
        self.assertIn(inches + "??", texts)
        self.assertIn(inches + "??.csv: 1 component, covariance full", texts)
        first = (self.folder / (odd + ".svg")).read_bytes()
        (self.folder / (odd + ".svg")).unlink()
        subprocess.run(["gnuplot", "--default-settings", "again.gp"], cwd=self.folder, check=True, timeout=60)
        self.assertEqual((self.folder / (odd + ".svg")).read_bytes(), first)

    def test_many_rows(self):
        self.write("many.csv", "x,y\n" + "".join(f"{i % 3 * 9 + i * i % 7},{i % 3 * 5 + i * i % 11}\n"
                                                for i in range(30000)))
        self.emblas("fit", "many.csv", "-k", 3, "-q", "--starts", 1, "--plot", "many.svg", "--plot-script", "many.gp")
        self.assertIn("20000 of 30000 rows drawn", self.texts("many.svg"))
        block = (self.folder / "many.gp").read_text().split("$rows << END\n")[1].split("END")[0]
        rows = [line.split() for line in block.splitlines()]
        self.assertEqual(len(rows), 20000)
        # Rows of three kinds take turns: a sample of every third would show one of them.
        self.assertEqual(len({row[-2] for row in rows}), 3)


class Failing(Case):
    def test_no_gnuplot(self):
        self.write("fit.svg", "old")
        empty = self.folder / "bin"
        empty.mkdir()
        done = self.emblas("fit", FAITHFUL, "-k", 2, "-o", "model.json", "--plot", "fit.svg", "--plot-script", "fit.gp",
                           status=1, environment={"PATH": str(empty)})
        self.assertIn("gnuplot-nox", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("-1130.263960", done.stdout)
        self.assertEqual((self.folder / "fit.svg").read_text(), "old")
        self.assertEqual(set(self.files()), {"fit.svg", "model.json", "fit.gp"})

    def test_gnuplot_that_fails(self):
        self.write("fit.svg", "old")
        environment = self.fake_gnuplot("echo half\necho '         line 7: out of ink' >&2\nexit 1\n")
        done = self.emblas("fit", FAITHFUL, "-k", 2, "--plot", "fit.svg", status=1, environment=environment)
        self.assertIn("gnuplot failed: line 7: out of ink", done.stderr)
        self.assertEqual(self.files(), {"fit.svg": b"old"})

    def fake_gnuplot(self, script):
        """An environment whose gnuplot is the shell script."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "gnuplot").write_text("#!/bin/sh\n" + script)
        (folder / "gnuplot").chmod(0o755)
        return {"PATH": f"{folder}:/usr/bin:/bin"}

    def test_picture_that_is_cut_short(self):
        """gnuplot says nothing when the disk is full: it ends well."""
        environment = self.fake_gnuplot("echo '<svg>half'\n")
        for ending in BEGIN:
            self.write(f"fit.{ending}", "old")
            whole = self.files()
            done = self.emblas("fit", FAITHFUL, "-k", 2, "-q", "--plot", f"fit.{ending}", status=1, environment=environment)
            self.assertEqual(done.stderr, f"emblas: fit.{ending}: cannot write: the picture is cut short\n")
            self.assertEqual(self.files(), whole)

    def test_no_room_for_the_script(self):
        """gnuplot draws what it is given, if only the beginning of a script."""
        self.emblas("fit", FAITHFUL, "-k", 2, "-q", "-o", "model.json")
        self.write("fit.svg", "old")
        self.write("rows.csv", self.emblas("sample", "model.json", "-n", 5000).stdout)
        whole = self.files()
        command = f"ulimit -f 64; {shlex.quote(support.EMBLAS)} plot model.json rows.csv -o fit.svg"
        done = subprocess.run(["sh", "-c", command], cwd=self.folder, capture_output=True, text=True, timeout=60,
                              env={**os.environ, **self.fake_gnuplot("echo '<svg></svg>'\n")})
        self.assertEqual((done.returncode, done.stderr), (1, "emblas: temporary file: File too large\n"))
        self.assertEqual(self.files(), whole)

    def test_no_script(self):
        self.write("fit.svg", "old")
        done = self.emblas("fit", FAITHFUL, "-k", 2, "--plot", "fit.svg", "--plot-script", "/dev/full", status=1)
        self.assertTrue(done.stderr.startswith("emblas: /dev/full: cannot write: "), done.stderr)
        self.assertEqual(self.files(), {"fit.svg": b"old"})


@unittest.skipUnless(have_gnuplot, "gnuplot is not installed")
class Components(Case):
    def script(self, *arguments):
        self.emblas("fit", *arguments, "--plot", "picture.svg", "--plot-script", "script.gp", "-q")
        return (self.folder / "script.gp").read_text()

    def test_means_have_numbers(self):
        """One number a component, in the colour of its ellipse, and twelve colours for twelve components."""
        script = self.script(FAITHFUL, "-k", 12, "--cov", "diag", "--starts", 2)
        means = script.split("$means0_1 << END\n")[1].split("END")[0].splitlines()
        self.assertEqual([line.split()[3] for line in means], [str(c) for c in range(12)])
        self.assertEqual(len({line.split()[2] for line in means}), 12)
        self.assertRegex(script, r"\$means0_1 using 1:2:4:3 with labels")
        self.assertNotIn("with labels", self.script(FAITHFUL, "-k", 1))

    def test_a_matrix_names_its_components(self):
        script = self.script(IRIS, "-k", 12, "--cov", "diag", "--starts", 2)
        self.assertEqual(len(set(re.findall(r"rgb '(#[0-9a-f]{6})' title '\d+ \(", script))), 12)

    def test_names_stand_in_a_crowded_matrix(self):
        """Ten columns are drawn, each named once, in its own panel."""
        names = [f"colour index {j}" for j in range(12)]
        rows = "".join(",".join(str((7 * i * (j + 3)) % 97 / 7) for j in range(12)) + "\n" for i in range(60))
        (self.folder / "wide.csv").write_text(",".join(names) + "\n" + rows)
        script = self.script("wide.csv", "-k", 1, "--cov", "diag")
        self.assertEqual(re.findall(r"set label 3 \"(.*?)\" at graph", script), names[:10])
        self.assertEqual(re.findall(r"set [xy]label \"colour.*", script), [])
        drawn = (self.folder / "picture.svg").read_text()
        self.assertEqual(re.findall(r"<text>(colour index \d+)</text>", drawn), names[:10])

    def test_legend_stands_beside_a_crowded_matrix(self):
        """In the right half, where no panel of the upper rows is, in columns of many entries."""
        rows = "".join(",".join(str((7 * i * (j + 3)) % 97 / 7) for j in range(10)) + "\n" for i in range(97))
        (self.folder / "wide.csv").write_text(rows)
        self.script("wide.csv", "-k", 12, "--cov", "tied-spherical", "--starts", 2)
        drawn = (self.folder / "picture.svg").read_text()
        places = re.findall(r"translate\(([\d.]+),([\d.]+)\)[^>]*>\s*<text>(\d+) \([\d.]+ %\)</text>", drawn)
        self.assertEqual([int(number) for _, _, number in places], list(range(12)))
        self.assertGreater(min(float(x) for x, _, _ in places), 320)
        self.assertLess(max(float(y) for _, y, _ in places), 270)


@unittest.skipUnless(have_gnuplot, "gnuplot is not installed")
class Shows(Case):
    def show(self, data, what, *arguments):
        self.emblas("plot", "model.json", data, "--show", what, "-o", "picture.svg", "--plot-script", "script.gp", *arguments)
        return (self.folder / "script.gp").read_text()

    def block(self, script, name):
        return [line.split() for line in script.split(f"${name} << END\n")[1].split("END")[0].splitlines() if line]

    def test_outliers_are_named_by_their_row(self):
        """A row that was left out counts, and a row that is not drawn is marked."""
        self.emblas("fit", FAITHFUL, "-k", 2, "-q", "-o", "model.json")
        text = FAITHFUL.read_text() + "2,95\nNA,50\n5,45\n"
        (self.folder / "far.csv").write_text(text)
        script = self.show("far.csv", "outliers", "--missing", "drop")
        self.assertEqual([(row[0], row[1], row[3]) for row in self.block(script, "far")],
                         [("2", "95", "273"), ("5", "45", "275")])
        self.assertIn('"2 rows far from the component of their label"', script)
        self.assertEqual(self.block(self.show(FAITHFUL, "outliers"), "far"), [])

    def test_points_grow_with_uncertainty(self):
        """The largest point is the row of which predict is least certain."""
        self.emblas("fit", FAITHFUL, "-k", 3, "--cov", "EEE", "-q", "-o", "model.json")
        predicted = self.emblas("predict", "model.json", FAITHFUL, "--uncertainty").stdout.splitlines()[1:]
        uncertain = [float(line.split(",")[1]) for line in predicted]
        sizes = [float(row[3]) for row in self.block(self.show(FAITHFUL, "uncertainty"), "rows")]
        self.assertEqual(len(sizes), 272)
        for size, u in zip(sizes, uncertain):
            self.assertAlmostEqual(size, 0.45 + 1.6 * u ** 0.5, delta=0.006)

    def test_contours_hold_their_shares(self):
        """Of one normal the contour of share p is where half the squared distance is -log(1 - p)."""
        (self.folder / "model.json").write_text(
            '{"format": "emblas-model", "version": 1, "family": "gaussian", "covariance": "VVV", "k": 1, "dim": 2,'
            ' "columns": ["x", "y"], "weights": [1], "means": [[0, 0]], "covariances": [[[1, 0], [0, 1]]]}')
        self.emblas("plot", "model.json", "--show", "density", "-o", "picture.svg", "--plot-script", "script.gp")
        levels = re.search(r"levels discrete (\S+)", (self.folder / "script.gp").read_text())[1].split(",")
        for level, share in zip(levels, (0.25, 0.5, 0.75, 0.95, 0.99)):
            # The grid is 7.42 deviations wide: 100 x 100 cells of .0056 of the density's unit, and one cell off is
            # that over 2 pi of the share.
            self.assertAlmostEqual(1 - float(level), share, delta=0.0056 / 6.28 * 8)
        self.assertEqual(len(levels), 5)

    def test_matrix_has_every_contour(self):
        """gnuplot writes its table in the formats of the axes, which have none inside a matrix."""
        self.emblas("fit", IRIS, "-k", 3, "-q", "-o", "model.json")
        script = self.show(IRIS, "density")
        self.assertEqual(script.count("set table $contours"), 6)
        self.assertEqual(script.count("set format xy '%.12g'"), 6)

    def test_one_column(self):
        self.emblas("fit", DATA / "galaxies.csv", "-k", 3, "-q", "-o", "model.json")
        for what in ("uncertainty", "outliers", "density"):
            self.show(DATA / "galaxies.csv", what)

    def test_what_cannot_be_shown(self):
        self.emblas("fit", FAITHFUL, "-k", 2, "-q", "-o", "model.json")
        done = self.emblas("plot", "model.json", "--show", "outliers", "-o", "x.svg", status=2)
        self.assertIn("--show outliers needs DATA", done.stderr)
        self.emblas("plot", "model.json", "--show", "size", "-o", "x.svg", status=2)


if __name__ == "__main__":
    main()
