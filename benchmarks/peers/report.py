# SPDX-License-Identifier: MIT
"""Tables, picture and page from the results of a run."""
import os
import shutil
import subprocess

import density
import page

AGREE = 1e-9  # relative difference of two log-likelihoods after the same maps, above which a program does otherwise


def three(value):
    """Three significant digits, no exponent."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3g}" if value >= 0.001 else f"{value:.1g}"


def duration(seconds):
    """Three digits and a unit."""
    for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1 or unit == "us":
            return f"{three(seconds * factor)} {unit}"


def grid(head, rows, left=(0,)):
    """A table; its columns `left` are text."""
    widths = [max(len(str(row[i])) for row in [head] + rows) for i in range(len(head))]

    def line(row):
        cells = [str(cell) for cell in row]
        return "  ".join(cell.ljust(widths[i]) if i in left else cell.rjust(widths[i])
                         for i, cell in enumerate(cells)).rstrip()

    return "\n".join(line(row) for row in [head] + rows)


def columns(run, titles):
    """The programs that were timed at least once, in the order of the titles."""
    return [name for name in titles if any(name in row["times"] for row in run["workloads"])]


def time_cell(result):
    """Milliseconds; * fewer than five repetitions; ~ its log-likelihood is another one."""
    if result is None:
        return "-"
    if "at_least" in result:
        return "> " + three(1e3 * result["at_least"])
    if "seconds" not in result:
        return "skipped"
    marks = "*" * (result["repetitions"] < 5) + "~" * (abs(result.get("difference", 0)) > AGREE)
    return three(1e3 * result["seconds"]) + marks


def times_table(run, titles):
    names = columns(run, titles)
    rows = [[row["name"]] + [time_cell(row["times"].get(name)) for name in names] for row in run["workloads"]]
    return grid(["ms a map"] + [titles[name].replace("emblas, ", "") for name in names], rows)


def own_name(threads):
    return "emblas" if int(threads) == 1 else f"emblas-{threads}"


def limit_table(run):
    rows = []
    for row in run["workloads"]:
        for threads, limit in row["limit"].items():
            gflops = "%.0f / %.0f" % tuple(limit["gflops"]) if "gflops" in limit else "-"
            block = f"{limit['block']} {limit['layout']}" if "block" in limit else "-"
            time = row["times"].get(own_name(threads), {}).get("seconds")
            efficiency = f"{100 * limit['seconds'] / time:.0f} %" if time else "-"
            rows.append([row["name"], threads, block, gflops, f"{limit['exponentials_a_second'] / 1e9:.2f}",
                         three(1e3 * limit["exp_seconds"]), three(1e3 * limit["seconds"]),
                         three(1e3 * time) if time else "-", efficiency])
    return grid(["limit", "threads", "block", "GFLOPS E / M", "Gexp/s", "exp ms", "limit ms", "emblas ms", "of limit"],
                rows)


def best_peer(row):
    """The fastest of the others that does the same maps: (name, seconds), or None."""
    others = [(result["seconds"], name) for name, result in row["times"].items()
              if not name.startswith("emblas") and "seconds" in result and abs(result.get("difference", 0)) <= AGREE]
    return min(others)[::-1] if others else None


def ratio_table(run, titles, threads):
    """How many times as long the others take as emblas with all threads, and with one."""
    rows = []
    for row in run["workloads"]:
        best = best_peer(row)
        if best:
            one, all_ = (row["times"].get(own_name(t), {}).get("seconds") for t in (1, threads))
            rows.append([row["name"], titles[best[0]]] + [f"{best[1] / t:.1f}" if t else "-" for t in (one, all_)])
    return grid(["fastest other", "program", "times emblas's, 1 thread", f"{threads} threads"], rows)


def shortfall(short):
    """Nats below the best; nothing where that is no more than the aim and the rounding of the sum."""
    return f" ({short:.1g} short)" if short > 2e-6 else ""


def own_cell(answer):
    tolerance = f" (tolerance {answer['tolerance']:.0e})" if "tolerance" in answer else ""
    return ">= " * (answer["stop"] == "cancelled") + duration(answer["seconds"]) + tolerance + shortfall(answer["short"])


def peer_cell(peer):
    if peer is None:
        return "-"
    if "skipped" in peer:
        return "skipped"
    if "at_least" in peer:
        sign = ">= " if peer["at_least"] >= peer["projected"] else f">= {duration(peer['at_least'])}, projected "
        return sign + duration(peer["projected"])
    return duration(peer["seconds"]) + shortfall(peer["short"])


def own_rule_cell(peer):
    rule = (peer or {}).get("own_rule")
    return f"{duration(rule['seconds'])}, {rule['short']:.2g} short" if rule else "-"


def optimum_table(results):
    peers = [name for name in results["titles"] if any(name in row["peers"] for row in results["optimum"])]
    titles = [results["titles"][name] for name in peers]
    rows = []
    for row in results["optimum"]:
        own = [own_cell(answer) for answer in row["emblas"].values()]
        maps = f"> {row['plain_maps_done']}" if row["plain_maps"] is None else str(row["plain_maps"])
        rows.append([row["name"], list(row["emblas"].values())[0]["maps"], *own, maps]
                    + [cell(row["peers"].get(name)) for cell in (peer_cell, own_rule_cell) for name in peers])
    threads = [f"emblas {t} thr." for t in results["optimum"][0]["emblas"]]
    own_stops = [title + "'s own stop" for title in titles]
    return grid(["to the optimum", "its maps", *threads, "plain maps", *titles, *own_stops], rows)


def level_table(results):
    """Who was not at the optimum in time: how far it came, and how soon emblas is there. None if all were."""
    rows = []
    for row in results["optimum"]:
        for name, peer in row["peers"].items():
            if "level_seconds" in peer:
                seconds = peer["maps_in_time"] * peer["map_seconds"]
                rows.append([row["name"], results["titles"][name], peer["maps_in_time"], duration(seconds),
                             duration(peer["level_seconds"]), three(seconds / peer["level_seconds"])])
    return grid(["as far", "program", "maps", "take it", "emblas is there in", "times"], rows, (0, 1)) if rows else None


def differences(results):
    """Where log-likelihoods after the same maps differ: from emblas's, and between the core types."""
    lines = []
    for run in results["runs"]:
        for row in run["workloads"]:
            for name, result in row["times"].items():
                if "skipped" in result:
                    lines.append(f"{run['core_type']}, {row['name']}: {results['titles'][name]}: {result['skipped']}")
                if abs(result.get("difference", 0)) > AGREE:
                    lines.append(f"{run['core_type']}, {row['name']}: {results['titles'][name]}: log-likelihood after "
                                 f"{result['loglik_maps']} maps differs by {result['difference']:.1e} of itself")
    return lines


# What is known to do something else than EM's map, see page.REMARKS.
OTHERWISE = ("vlfeat", "mixtools")


def broken(results):
    """Programs that ended with an error, or whose log-likelihood differs without a known reason."""
    found = [line for run in results["runs"] for line in density.disagreements(run.get("densities", {}))]
    for run in results["runs"]:
        for row in run["workloads"]:
            for name, result in row["times"].items():
                if result.get("skipped", "").startswith(("ended", "answered")):
                    found.append(f"{row['name']}: {name} {result['skipped']}")
                elif abs(result.get("difference", 0)) > AGREE and name not in OTHERWISE:
                    found.append(f"{row['name']}: {name}: another log-likelihood")
    return found


def core_types_agree(results):
    """The largest relative difference of a program's log-likelihoods between the runs."""
    worst = 0
    for run in results["runs"][1:]:
        for row, first in zip(run["workloads"], results["runs"][0]["workloads"]):
            for name, result in row["times"].items():
                other = first["times"].get(name, {})
                if "loglik" in result and "loglik" in other:
                    worst = max(worst, abs(result["loglik"] / other["loglik"] - 1))
    return worst


def versions(results):
    lines = []
    for name, hello in results["runs"][0]["programs"].items():
        if name == "emblas" or not name.startswith("emblas"):
            blas = f" ({hello['blas']})" if hello.get("blas") else ""
            lines.append(f"{results['titles'][name]} {hello['version']}{blas}")
    lines += [f"{results['titles'][name]}: missing, {why}" for name, why in results["missing"].items()]
    return lines


def density_table(run):
    return grid(density.HEAD, list(density.rows(run["densities"])), (0, 1))


def text(results):
    head = f"{results['date']}, {results['machine']}, {results['processors']} processors, threads {results['threads']}"
    parts = [head + ", SMOKE: too small to say anything about speed" * results["smoke"], *versions(results)]
    for run in results["runs"]:
        parts += [f"\nOpenBLAS core type {run['core_type']}: {run['blas']}\n", times_table(run, results["titles"])]
        if any(best_peer(row) for row in run["workloads"]):
            parts += ["", ratio_table(run, results["titles"], results["threads"])]
        if any(row["limit"] for row in run["workloads"]):
            parts += ["", limit_table(run)]
        if run.get("densities"):
            parts += ["", density_table(run)]
    parts += ["\n* fewer than five repetitions   ~ it does something else than EM's map", *differences(results)]
    if len(results["runs"]) > 1:
        parts.append(f"log-likelihoods with one core type and another agree to {core_types_agree(results):.1e}")
    if results.get("optimum"):
        parts += ["", optimum_table(results)]
        if level_table(results):
            parts += ["", level_table(results)]
    return "\n".join(parts)


def draw(results, path):
    """Bars of the time of a map, emblas with all threads being 1. False without gnuplot."""
    run, titles = results["runs"][0], results["titles"]
    unit = own_name(results["threads"])
    if shutil.which("gnuplot") is None or not run["workloads"]:
        return False
    names = columns(run, titles)
    lines = []
    for row in run["workloads"]:
        one = row["times"].get(unit, {}).get("seconds")
        values = [row["times"].get(name, {}).get("seconds") for name in names]
        if one:
            lines.append(" ".join([row["name"]] + [f"{v / one:.6g}" if v else "?" for v in values]))
    if not lines:
        return False
    colours = ", ".join(f'"{page.COLOURS.get(name, page.OTHER_COLOUR)}"' for name in names)
    script = page.GNUPLOT.format(path=path, unit=titles[unit], count=len(names), rows=len(lines),
                                 data="\n".join(lines), colour_list=colours,
                                 title_list=", ".join(f'"{titles[name]}"' for name in names))
    subprocess.run(["gnuplot", "-"], input=script.encode(), check=True)
    return True


def write_docs(results, folder):
    """Replaces what stands between the marks in docs/benchmarks.md, or adds it."""
    path = os.path.join(folder, "benchmarks.md")
    with open(path) as file:
        old = file.read()
    before, _, rest = old.partition(page.BEGIN)
    _, _, after = rest.partition(page.END)
    drawn = draw(results, os.path.join(folder, "peers.svg"))
    new = before.rstrip() + "\n\n" + page.BEGIN + "\n" + page.section(results, drawn) + page.END + (after or "\n")
    with open(path, "w") as file:
        file.write(new)
