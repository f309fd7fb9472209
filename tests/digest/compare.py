#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: compare.py BEFORE AFTER

Compares what two builds' digest programs have printed on one machine: names the fits whose bits differ, those of which
the log-likelihood moves most first, and those that only one file has. Exit status 1 where there is any.
"""
import math
import sys
from pathlib import Path


def read(path):
    fits = {}
    for line in Path(path).read_text().splitlines():
        name, digest, loglik = line.split()
        if name in fits:
            raise ValueError(f"{path} has {name} twice")
        fits[name] = (digest, float(loglik))
    return fits


def change(before, after):
    """Of the log-likelihood, in nats; infinite where one of the two is no number."""
    if math.isnan(before) and math.isnan(after):
        return 0.0
    return math.inf if math.isnan(before) or math.isnan(after) else after - before


def differences(before, after):
    """Lines for a reader, of two dictionaries as read() makes them."""
    lines = [f"{name}: only before" for name in before if name not in after]
    lines += [f"{name}: only after" for name in after if name not in before]
    moved = [(change(before[name][1], after[name][1]), name) for name in before
             if name in after and before[name][0] != after[name][0]]
    for gain, name in sorted(moved, key=lambda item: -abs(item[0])):
        lines.append(f"{name}: loglik {before[name][1]!r} becomes {after[name][1]!r}, {gain:+.3g}")
    return lines


def main(before_path, after_path):
    before, after = read(before_path), read(after_path)
    lines = differences(before, after)
    print("\n".join(lines + [f"{len(before)} fits before, {len(after)} after, {len(lines)} differ"]))
    return bool(lines)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
