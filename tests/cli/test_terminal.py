#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pipes, terminals narrow and wide, progress, Ctrl-C."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time
import unittest

import support
from support import FAITHFUL, IRIS, Case, main


class Terminal:
    """A program on a terminal of its own, which it can be interrupted from."""

    def __init__(self, folder, *arguments, columns=80):
        self.output = b""
        try:
            self.process, self.terminal = pty.fork()
        except OSError as error:
            raise unittest.SkipTest(f"no terminal to be had here: {error}") from None
        if self.process == 0:
            os.chdir(folder)
            os.environ.pop("COLUMNS", None)
            os.environ["TERM"] = "xterm"
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.execv(support.EMBLAS, [support.EMBLAS, *map(str, arguments)])

    def read(self, until=None, seconds=60):
        """Reads until the program has ended, or has printed what the pattern `until` matches."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (until and re.search(until, self.output)):
            if select.select([self.terminal], [], [], 0.1)[0]:
                try:
                    piece = os.read(self.terminal, 65536)
                except OSError:  # the other side is closed
                    break
                if not piece:
                    break
                self.output += piece
        return self.output.decode()

    def press_control_c(self):
        os.write(self.terminal, b"\x03")

    def status(self):
        self.read()
        _, status = os.waitpid(self.process, 0)
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(status)


def lines_of(output):
    """What stays on the screen: progress that was wiped out is gone."""
    return [line.split("\r")[-1].replace("\x1b[K", "") for line in output.replace("\r\n", "\n").split("\n")]


# Never stops by itself: two components on one cluster, no tolerance.
ENDLESS = "-k", 4, "--tol", 0, "--max-iter", 1000000000, "--starts", 3


class Width(Case):
    def test_no_terminal_is_80_columns(self):
        """But for the table of components, which has all columns of the data."""
        done = self.emblas("fit", IRIS, "-k", 3, environment={"COLUMNS": ""})
        text, components = done.stdout.split("component ")
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        self.assertIn("Petal.Width\n", components)
        self.assertEqual(done.stderr, "")
        self.assertNotIn("\x1b", done.stdout)

    def test_narrow(self):
        for columns in (60, 40):
            done = self.emblas("fit", IRIS, "-k", "1:3", "--cov", "all", environment={"COLUMNS": str(columns)})
            # A file's path cannot be broken.
            wide = [line for line in done.stdout.splitlines() if len(line) > columns and str(IRIS) not in line]
            self.assertEqual(wide, [])

    def test_width_of_the_terminal(self):
        for columns in (50, 120):
            terminal = Terminal(self.folder, "fit", IRIS, "-k", 3, columns=columns)
            self.assertEqual(terminal.status(), 0)
            lines = [line for line in lines_of(terminal.output.decode()) if str(IRIS) not in line]
            self.assertLessEqual(max(map(len, lines)), columns)
            self.assertEqual("Petal.Width" in "".join(lines), columns == 120)

    def test_control_characters(self):
        """Escape sequences and U+009B, which begins one as well, in names of columns, of files and in arguments."""
        odd = "a\x1b[31m\x7f\u009b31mb"
        self.write(odd + ".csv", f"x{odd},y\n" + "".join(f"{i * i % 7},{i % 5}\n" for i in range(30)))
        texts = [self.emblas("fit", odd + ".csv", "-k", 1, "-o", odd + ".json").stdout]
        for status, *arguments in ((3, "score", odd + ".json", IRIS), (3, "score", odd, odd), (2, odd),
                                   (2, "score", "m.json", "x.csv", odd), (2, "fit", odd + ".csv", "-k", odd),
                                   (3, "fit", odd + ".csv", "-k", 1, "--columns", odd),
                                   (1, "fit", odd + ".csv", "-k", 1, "-o", f"{odd}/m.json")):
            texts.append(self.emblas(*arguments, status=status).stderr)
        terminal = Terminal(self.folder, "sample", odd + ".json", "-n", 1)
        self.assertEqual(terminal.status(), 0)
        texts.append(terminal.output.decode().replace("\r\n", "\n"))
        for text in texts:
            self.assertTrue("a?[31m??31mb" in text or r"a\x1b[31m\x7f\xc2\x9b31mb" in text, text)
            bad = [c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)]
            self.assertEqual(bad, [], text)
        # In a file and in a pipe names are what they were.
        self.emblas("score", odd + ".json", "-", stdin=self.emblas("sample", odd + ".json", "-n", 9).stdout)


class Progress(Case):
    def test_none_without_a_terminal(self):
        fit = ["fit", str(FAITHFUL), *map(str, ENDLESS[:4]), "--max-iter", "3000", "--starts", "2"]
        self.assertEqual(self.emblas(*fit).stderr, "")

    def test_line_is_rewritten_and_wiped(self):
        terminal = Terminal(self.folder, "fit", FAITHFUL, *ENDLESS, columns=40)
        terminal.read(until=b"iteration")
        terminal.press_control_c()
        self.assertEqual(terminal.status(), 0)
        output = terminal.output.decode()
        self.assertRegex(output, r"start 1/\d+ ")
        drawn = [piece.replace("\x1b[K", "").replace("^C", "") for piece in output.split("\r") if piece.startswith("start")]
        self.assertGreaterEqual(len(drawn), 1)
        self.assertLess(max(map(len, drawn)), 40)
        self.assertNotRegex("".join(lines_of(output)), r"start 1/\d")

    def test_a_log_has_whole_lines(self):
        """No terminal: a line after ten seconds, which nothing rewrites."""
        fit = subprocess.Popen([support.EMBLAS, "fit", FAITHFUL, *map(str, ENDLESS)], cwd=self.folder, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = fit.stderr.readline()
        fit.send_signal(signal.SIGINT)
        fit.communicate(timeout=60)
        self.assertRegex(line, r"^start 1/\d+  iteration \d+  log-likelihood -\d+\.\d+.*  1\d s\n$")
        self.assertNotIn("\x1b", line)

    def test_quiet_shows_none(self):
        terminal = Terminal(self.folder, "fit", FAITHFUL, *ENDLESS[:4], "--max-iter", 3000, "--starts", 2, "--quiet")
        self.assertEqual(terminal.status(), 0)
        self.assertRegex(terminal.output, rb"^emblas: [^\r\n]*faithful.csv: stopped by the limit of 3000 [^\r\n]*\r\n$")


class Interrupt(Case):
    def test_the_best_so_far_is_kept(self):
        terminal = Terminal(self.folder, "fit", FAITHFUL, *ENDLESS, "-o", "model.json")
        terminal.read(until=b"iteration")
        terminal.press_control_c()
        self.assertEqual(terminal.status(), 0)
        fit = json.loads((self.folder / "model.json").read_text())["fit"]
        self.assertEqual(fit["status"], "cancelled")
        self.assertGreater(fit["loglik"], -1130.263961)  # four components are no worse than two
        self.assertIn("cancelled after", terminal.output.decode())

    def test_search_says_how_far_it_came(self):
        terminal = Terminal(self.folder, "fit", FAITHFUL, "-k", "2:30", "--cov", "full,tied", "--tol", 0, "-o", "model.json",
                            "--max-iter", 3000, "--threads", 2)
        terminal.read(until=rb"model ([3-9]|1\d) of 58: k ")  # a model that is over in a tenth of a second is not drawn
        terminal.press_control_c()
        self.assertEqual(terminal.status(), 0)
        fit = json.loads((self.folder / "model.json").read_text())["fit"]
        self.assertEqual(fit["status"], "cancelled")
        warning = next(warning for warning in fit["warnings"] if warning.startswith("cancelled: "))
        tried = int(warning.split()[1])
        self.assertRegex(warning, f"^cancelled: {tried} of 58 models were tried, (one of them not to its end|2 of them "
                                  "not to their ends)$")
        self.assertIn(tried, range(3, 58))
        lines = lines_of(terminal.output.decode())
        text = " ".join(" ".join(lines).split())
        self.assertIn(warning, text)
        self.assertIn("status cancelled", text)
        rows = [line.split()[1:] for line in lines if line[:6].strip().isdigit() and len(line.split()) == 3]
        cells = [cell.rstrip("*123") for row in rows for cell in row]
        self.assertEqual(len(cells), 58)
        self.assertEqual(58 - cells.count("-"), tried)
        self.assertEqual(sum(cell.endswith("?") for cell in cells), 1 if "one of them" in warning else 2)
        self.assertIn("? cut short by Ctrl-C", text)

    def test_while_reading_it_kills(self):
        process = subprocess.Popen([support.EMBLAS, "fit", "-", "-k", "2"], stdin=subprocess.PIPE, cwd=self.folder)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)  # while it reads, there is nothing to keep
        self.assertEqual(process.wait(timeout=10), -signal.SIGINT)
        process.stdin.close()


class Pipes(Case):
    def through(self, command):
        path = f"{os.path.dirname(support.EMBLAS)}:{os.environ['PATH']}"
        return subprocess.run(["sh", "-c", command], cwd=self.folder, env={**os.environ, "PATH": path},
                              capture_output=True, text=True, timeout=60)

    def test_head(self):
        self.emblas("fit", FAITHFUL, "-k", 2, "-o", "model.json", "-q")
        done = self.through(f"emblas fit {FAITHFUL} -k 2 | head -n 1")
        self.assertEqual((len(done.stdout.splitlines()), done.stderr), (1, ""))
        done = self.through("emblas sample model.json -n 200000 | head -n 2")
        self.assertEqual((len(done.stdout.splitlines()), done.stderr), (2, ""))

    def test_full_device(self):
        self.emblas("fit", FAITHFUL, "-k", 2, "-o", "model.json", "-q")
        for command in (f"fit {FAITHFUL} -k 2", f"fit {FAITHFUL} -k 2 --format json", "sample model.json -n 9",
                        f"predict model.json {FAITHFUL}", f"score model.json {FAITHFUL}", "backends",
                        "example three-coins"):
            done = self.through(f"emblas {command} >/dev/full")
            self.assertEqual(done.returncode, 1, command)
            self.assertIn("No space left on device", done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def many_rows(self):
        """A model of named columns, whose data are read more than once, and more rows than fit into a pipe."""
        self.emblas("fit", FAITHFUL, "-k", 2, "-o", "model.json", "-q")
        return self.emblas("sample", "model.json", "-n", 30001).stdout

    def test_read_error(self):
        rows = self.many_rows().encode()
        for arguments in (["score", "model.json", "-"], ["fit", "-", "-k", "1", "-q"]):
            ours, program = socket.socketpair()
            process = subprocess.Popen([support.EMBLAS, *arguments], cwd=self.folder, stdin=program,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            program.send(b"never read")  # makes of the end an error
            program.close()
            ours.sendall(rows[:400000])
            ours.close()
            out, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out), (3, b""), arguments)
            self.assertEqual(err, b"emblas: <standard input>: Connection reset by peer\n")

    def test_no_room_for_a_temporary_file(self):
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (9000, 2)}"
        self.write("rows.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(9000 * 16))
        done = self.through("ulimit -f 64; cat rows.npy | emblas fit - -k 1")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "emblas: temporary file: File too large\n")

    def test_npy(self):
        rows = [(i * i % 17, i % 5 / 4) for i in range(9000)]
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (9000, 2)}"
        self.write("rows.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
                   + b"".join(struct.pack("<dd", *row) for row in rows))
        expected = self.fit_json("rows.npy", "-k", 1)["fit"]["loglik"]
        for command in ("cat rows.npy | emblas fit -", "emblas fit - <rows.npy", "cat rows.npy | emblas fit /dev/stdin"):
            done = self.through(command + " -k 1 --format json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["fit"]["loglik"], expected)
        self.through("emblas fit rows.npy -k 1 -q -o model.json")
        done = self.through("cat rows.npy | emblas score model.json - --format json")
        self.assertAlmostEqual(json.loads(done.stdout)["loglik"], expected, delta=1e-12 * abs(expected))
        done = self.through("head -c 5000 rows.npy | emblas fit - -k 1")
        self.assertEqual(done.returncode, 3)
        self.assertIn("<standard input>: the file is cut short", done.stderr)

    def test_closed_standard_streams(self):
        done = self.through(f"emblas fit {FAITHFUL} -k 2 -q -o m.json >&-")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.emblas("score", "m.json", FAITHFUL)
        # What is printed must not get into the next file that is opened.
        done = self.through(f"emblas fit {FAITHFUL} -k 2 -o m.json --trace t.csv >&-")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "emblas: standard output: Bad file descriptor\n")
        self.assertTrue((self.folder / "t.csv").read_text().startswith("iteration,"))
        done = self.through("emblas score m.json - <&- 2>&1")
        self.assertEqual(done.returncode, 3)
        self.assertIn("<standard input>: Bad file descriptor", done.stdout)
        done = self.through("emblas fit missing.csv -k 2 2>&-")
        self.assertEqual((done.returncode, done.stdout), (3, ""))

    def test_pipeline(self):
        done = self.through(f"emblas fit {FAITHFUL} -k 2 -q -o m.json && emblas sample m.json -n 100 --seed 7 |"
                            " emblas score m.json - --format json")
        self.assertEqual(json.loads(done.stdout)["n"], 100)


if __name__ == "__main__":
    main()
