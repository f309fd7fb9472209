#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/tutorial.md and README.md: every command behind a '$' is run, and prints what stands below it."""
import os
import re
import subprocess
from pathlib import Path

import support
from support import DATA, MANUAL, Case, main

TUTORIAL = MANUAL.with_name("tutorial.md")
README = MANUAL.parents[1] / "README.md"


def commands(page):
    """(command, lines that it prints) in the order of the page."""
    found = []
    inside = False
    for line in page.read_text().splitlines():
        if line.startswith("    $ "):
            found.append((line[6:], []))
            inside = True
        elif line.startswith("    ") or not line:
            if inside:
                found[-1][1].append(line[4:])
        else:
            inside = False
    return [(command, "\n".join(lines).strip("\n").split("\n")) for command, lines in found]


def same_word(word, wanted):
    """Numbers may differ in the digits that another processor rounds differently."""
    if word == wanted:
        return True
    try:
        return abs(float(word) - float(wanted)) <= 2e-6 * max(1, abs(float(wanted)))
    except ValueError:
        return False


def same_line(line, wanted):
    words, others = re.split(r"[ ,()]+", line), re.split(r"[ ,()]+", wanted)
    return len(words) == len(others) and all(map(same_word, words, others))


def matches(lines, wanted):
    """Whether the lines are the wanted ones, of which '...' stands for any number."""
    if not wanted:
        return not lines
    if wanted[0] == "...":
        return any(matches(lines[i:], wanted[1:]) for i in range(len(lines) + 1))
    return bool(lines) and same_line(lines[0], wanted[0]) and matches(lines[1:], wanted[1:])


class Tutorial(Case):
    def run_page(self, page, least):
        (self.folder / "data").symlink_to(DATA)
        path = f"{Path(support.EMBLAS).resolve().parent}:{os.environ['PATH']}"
        self.assertGreaterEqual(len(commands(page)), least)
        for command, wanted in commands(page):
            done = subprocess.run(["sh", "-c", command], cwd=self.folder, capture_output=True, text=True, timeout=120,
                                  env={**os.environ, "PATH": path, "COLUMNS": "100"})
            self.assertEqual(done.returncode, 0, command + done.stderr)
            lines = [line.rstrip() for line in done.stdout.rstrip("\n").split("\n")]
            self.assertTrue(matches(lines, wanted), f"{command}\n{done.stdout}\nwanted:\n" + "\n".join(wanted))

    def test_tutorial(self):
        self.run_page(TUTORIAL, 9)

    def test_readme(self):
        self.run_page(README, 5)


if __name__ == "__main__":
    main()
