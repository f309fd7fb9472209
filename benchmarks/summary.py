#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what the benchmarks of a build have measured, on one screen. Each has written its numbers to NAME.json, or to
NAME-smoke.json where everything was small; what has not been run is left out.

usage: summary.py FOLDER
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path


def backends(row):
    """The columns of a row that others were compared in: those with a ratio beside them."""
    return [key[: -len("_ratio")] for key in row if key.endswith("_ratio")]


def print_kernels(document):
    names = backends(document["rows"][0])
    print("times as fast as the reference, median over sizes (least, most)")
    for kernel in dict.fromkeys(row["kernel"] for row in document["rows"]):
        cells = []
        for name in names:
            ratios = [row[name + "_ratio"] for row in document["rows"] if row["kernel"] == kernel]
            ratios = [ratio for ratio in ratios if ratio is not None]
            if ratios:
                cells.append(f"{name} {statistics.median(ratios):.1f} ({min(ratios):.1f}, {max(ratios):.1f})")
        if cells:  # the reference does not have every kernel
            print(f"  {kernel:14}" + "".join(f"{cell:28}" for cell in cells).rstrip())


def print_fits(document):
    columns = ["reference"] + backends(document["rows"][0])
    print(f"{document['unit']}\n  {'':36}" + "".join(f"{name:>12}" for name in columns))
    for row in document["rows"]:
        size = f"{row['name']}: n={row['n']} d={row['d']} k={row['k']} {row['covariance']}"
        print(f"  {size:36}" + "".join("           -" if row.get(c) is None else f"{row[c]:12.3g}" for c in columns))


def print_stages(document):
    print("slowest map of any data and stage over that on round data")
    for d in dict.fromkeys(row["d"] for row in document["rows"]):
        rows = [row for row in document["rows"] if row["d"] == d]
        columns = [key for key in rows[0] if key + "_ratio" in rows[0] or key == "native"]
        cells = []
        for column in columns:
            times = [row[column] for row in rows if row.get(column) is not None]
            base = [row[column] for row in rows if row["condition"] == "1e+00" and row.get(column) is not None]
            if times and base and min(base) > 0:
                cells.append(f"{column} {max(times) / statistics.median(base):.2f}")
        print(f"  d={d:<12}" + "  ".join(cells))


def print_compression(document):
    print("maps of compressed rows, times as fast as those of all rows")
    for row in document["rows"]:
        if row.get("map") and row.get("map_all") and row["rows"] < row["n"]:
            print(f"  n={row['n']} k={row['k']}: {row['map_all'] / row['map']:.0f} ({row['rows']} rows)")


def print_acceleration(document):
    print("maps of plain EM over those of accelerated EM, median")
    for key, title in ("summary", "chosen problems"), ("other", "drawn problems"):
        if key in document:
            print(f"  {title:18} {document[key]['median_ratio']:.2f} of {document[key]['problems']:.0f}")


def print_fidelity(document):
    every = document["rows"][0]
    print("accelerated EM against plain EM from the same start")
    print(f"  {every['problems']} problems: {every['same_percent']:.2f} % end at the same optimum, "
          f"with {every['median_ratio']:.2f} times fewer maps")


def print_streams(document):
    print("rows a second from where they are, as a part of those from memory")
    for row in document["rows"]:
        cells = [f"{key} {row[key] / row['memory']:.2f}" for key in ("columns", "float32", "file")]
        print(f"  n={row['rows']} threads={row['threads']}: {row['memory'] / 1e6:.1f} million from memory, {', '.join(cells)}")


SECTIONS = {"kernels": print_kernels, "fits": print_fits, "stages": print_stages, "compression": print_compression,
            "streams": print_streams, "acceleration": print_acceleration, "fidelity": print_fidelity}


def main(folder):
    smoke = os.environ.get("EMBLAS_BENCH_SMOKE", "0") not in ("", "0")
    found = {name: Path(folder) / f"{name}{'-smoke' if smoke else ''}.json" for name in SECTIONS}
    found = {name: path for name, path in found.items() if path.exists()}
    if not found:
        print("no benchmark has been run")
        return 1
    shown = None
    for name, path in found.items():
        document = json.loads(path.read_text())
        where = [f"{key}: {document[key]}" for key in ("emblas", "machine", "blas", "size") if key in document]
        if where != shown:  # once, unless a result is from another machine or build
            print("\n".join(where))
        shown = where
        stamp = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
        print(f"\n{name} ({stamp}): ", end="")
        SECTIONS[name](document)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
