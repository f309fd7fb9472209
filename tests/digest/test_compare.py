# SPDX-License-Identifier: MIT
"""What compare.py says of two files: nothing of equal ones, and of others which fits differ, the largest change first."""
import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import compare

BEFORE = "a/full 00000000000000aa -1.5\nb/tied 00000000000000bb nan\nc 00000000000000cc -7.25\nd 00000000000000dd 3\n"


class Compare(unittest.TestCase):
    def check(self, after, status, *lines):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as output:
            paths = [Path(folder) / "before", Path(folder) / "after"]
            for path, text in zip(paths, (BEFORE, after)):
                path.write_text(text)
            self.assertEqual(compare.main(*paths), status)
        self.assertEqual(output.getvalue().splitlines()[:-1], list(lines))

    def test_equal(self):
        self.check(BEFORE, False)

    def test_bits_alone(self):
        self.check(BEFORE.replace("bb nan", "b0 nan"), True, "b/tied: loglik nan becomes nan, +0")

    def test_largest_first(self):
        self.check(BEFORE.replace("cc -7.25", "c0 -7.5").replace("aa -1.5", "a0 -1.25").replace("dd 3", "d0 7"), True,
                   "d: loglik 3.0 becomes 7.0, +4", "a/full: loglik -1.5 becomes -1.25, +0.25",
                   "c: loglik -7.25 becomes -7.5, -0.25")

    def test_a_number_no_more(self):
        self.check(BEFORE.replace("dd 3", "d0 nan"), True, "d: loglik 3.0 becomes nan, +inf")

    def test_missing(self):
        self.check(BEFORE.replace("\nd 00", "\ne 00"), True, "d: only before", "e: only after")


if __name__ == "__main__":
    unittest.main()
