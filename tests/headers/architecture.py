#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what a compiler does not: who includes what, which symbols are exported, which BLAS and LAPACK are loaded.

usage: architecture.py SOURCE_ROOT BUILD_ROOT VERSION BLAS LAPACK
"""

import re
import subprocess
import sys
from pathlib import Path

# A folder of src/ may include its own headers, the public ones, and those of the folders named here.
LAYERS = {
    "base": set(),
    "rows": {"base"},
    "line": {"base", "rows"},
    "walk": {"base"},
    "backends": {"base"},
    "families": {"base", "backends", "rows"},
    "em": {"base"},
    "model": {"base", "families"},
    "mixture": {"base", "rows", "line", "walk", "families", "em", "model"},
    "io": set(),
    "mpi": {"cli"},
    "cli": {"io"},
}
CORE = set(LAYERS) - {"io", "mpi", "cli"}
BLAS_HEADERS = {"cblas.h", "lapacke.h", "blis.h", "blis/blis.h", "openblas_config.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def included_layer(file, name, source):
    """The folder of src/ that a quoted include leads to; None for a generated header."""
    for target in ((file.parent / name).resolve(), (source / name).resolve()):
        if target.is_file() and source.resolve() in target.parents:
            return target.relative_to(source.resolve()).parts[0]
    return None


def include_faults(root):
    source = root / "src"
    for file in sorted(source.rglob("*.[ch]")):
        layer = file.relative_to(source).parts[0]
        if layer not in LAYERS:
            yield f"{file}: the folder {layer} has no place in the order of layers"
            continue
        for kind, name in INCLUDE.findall(file.read_text()):
            if name in BLAS_HEADERS and file != source / "backends" / "blas.c":
                yield f"{file}: includes <{name}>, which is for backends/blas.c alone"
            if name in ("mpi.h", "emblas/mpi.h") and layer != "mpi":
                yield f"{file}: includes <mpi.h>, which is for mpi/ alone"
            if name == "stdio.h" and layer in CORE:
                yield f"{file}: includes <stdio.h>: the library opens and prints nothing"
            if kind == '"':
                other = included_layer(file, name, source)
                if other not in LAYERS[layer] | {layer, None}:
                    yield f'{file}: includes "{name}", of a layer that {layer}/ may not know'
    for file in sorted((root / "include").rglob("*.h")):
        for kind, name in INCLUDE.findall(file.read_text()):
            if not name.startswith("emblas/") and name not in ("stddef.h", "stdint.h") and (file.name, name) != ("mpi.h", "mpi.h"):
                yield f"{file}: includes <{name}>"


def declared_functions(headers):
    """What public headers declare with EMBLAS_API."""
    text = "".join(file.read_text() for file in headers)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return set(re.findall(r"^EMBLAS_API\s[^;]*?\b(emblas_\w+)\s*\(", text, flags=re.MULTILINE))


def export_faults(headers, library):
    output = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True)
    exported = {line.split()[-1] for line in output.stdout.splitlines()}
    exported -= {name for name in exported if name.startswith("__asan") or name.startswith("__ubsan")}
    declared = declared_functions(headers)
    for name in sorted(exported - declared):
        yield f"{library.name} exports {name}, which no public header declares"
    for name in sorted(declared - exported):
        yield f"{library.name} does not export {name}, which a public header declares"


def archive_faults(archive):
    """A static library has no private names: each global one must be emblas's own, or it may clash with the host's."""
    output = subprocess.run(["nm", "-g", "--defined-only", archive], check=True, capture_output=True, text=True)
    names = {line.split()[2] for line in output.stdout.splitlines() if len(line.split()) == 3}
    for name in sorted(names):
        if not name.startswith("emblas_") and not name.startswith("__"):
            yield f"{archive.name} defines {name}, which lacks the prefix emblas_"


def blas_faults(binary, blas, lapack):
    """Of all the BLAS libraries that may be installed, the one that was chosen is loaded, and no other; and so is
    LAPACKE, which has no BLAS in it but stands on one, or not, as configuring has found."""
    output = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True)
    paths = [Path(line.split()[2]) for line in output.stdout.splitlines() if "=> /" in line]
    loaded, lapacke = set(), False
    for path in paths:
        real = str(path.resolve())
        if "liblapacke" in path.name:
            lapacke = True
        elif re.search("blas|blis|lapack|atlas|mkl", real) and "emblas" not in path.name:
            loaded.add(next((name for name in ("openblas", "blis", "atlas", "mkl") if name in real), "netlib"))
    wanted = set() if blas == "none" else {blas}
    if loaded != wanted:
        yield f"{binary.name} loads the BLAS {sorted(loaded)}, wanted {sorted(wanted)}"
    if lapacke != (lapack != "none" and not lapack.startswith("LAPACKE of")):
        yield f"{binary.name} {'loads' if lapacke else 'does not load'} LAPACKE; configured was: {lapack}"


def main(root, build, version, blas, lapack):
    root, folder = Path(root), Path(build) / "src"
    library, program, archive = folder / "libemblas.so", folder / "cli/emblas", folder / "libemblas_core.a"
    faults = list(include_faults(root))
    header = (root / "include/emblas/emblas.h").read_text()
    parts = [re.search(rf"#define EMBLAS_VERSION_{part} (\d+)\n", header) for part in ("MAJOR", "MINOR", "PATCH")]
    if ".".join(part[1] if part else "?" for part in parts) != version:
        faults.append(f"EMBLAS_VERSION of emblas.h is not {version}, the version of the project")
    io_header = root / "include/emblas/io.h"
    mpi_header = root / "include/emblas/mpi.h"
    headers = sorted(set((root / "include/emblas").glob("*.h")) - {io_header, mpi_header})
    libraries = (library, headers), (folder / "io/libemblas-io.so", [io_header]), (folder / "mpi/libemblas-mpi.so", [mpi_header])
    for file, its in libraries:
        if file.exists():
            faults += export_faults(its, file)
    for binary in (library, program):
        if binary.exists():
            faults += blas_faults(binary, blas, lapack)
    if archive.exists():
        faults += archive_faults(archive)
    print("\n".join(faults) or "no fault found")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
