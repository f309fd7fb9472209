#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages of the manual, and completions, beside the program."""
import json
import os
import re
import subprocess
import support
from pathlib import Path

from support import FAITHFUL, MODEL_MANUAL, Case, main

COMPLETION = Path(__file__).resolve().parents[2] / "src" / "cli" / "completions" / "emblas.bash"


class ModelPage(Case):
    def test_every_member_is_described(self):
        model = self.fit_json(FAITHFUL, "-k", 2)
        page = MODEL_MANUAL.read_text()
        described = set(re.findall(r"[a-z]+", " ".join(re.findall(r"^\.TP\n\.BR? (.*)$", page, re.M))))
        self.assertEqual(described, set(model) | set(model["fit"]))

    def test_the_example_is_a_model(self):
        example = MODEL_MANUAL.read_text().split(".nf\n")[1].split(".fi")[0]
        self.write("model.json", example)
        lines = self.emblas("sample", "model.json", "-n", 5).stdout.splitlines()
        self.assertEqual((lines[0], len(lines)), ("length,width", 6))
        self.assertEqual(json.loads(example)["k"], 2)


class BashCompletion(Case):
    def complete(self, *words):
        script = ("source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _emblas; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
        path = f"{Path(support.EMBLAS).resolve().parent}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", script, "bash", COMPLETION, "emblas", *words], capture_output=True,
                              text=True, env={**os.environ, "PATH": path}, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_commands(self):
        self.assertEqual(self.complete("s"), ["score", "sample"])
        self.assertEqual(self.complete("help", "pr"), ["predict"])
        self.assertEqual(len(self.complete("")), 8)

    def test_options(self):
        self.assertEqual(self.complete("predict", "--un"), ["--uncertainty"])
        for command in "fit", "predict", "sample":
            text = self.emblas("help", command).stdout
            listed = set(re.findall(r"^ +(?:-., +)?(--[a-z-]+)", text, re.M))
            self.assertEqual(set(self.complete(command, "--")), listed)

    def test_files(self):
        self.assertEqual(self.complete("fit", "data"), [])


if __name__ == "__main__":
    main()
