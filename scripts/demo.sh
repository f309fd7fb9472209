#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the program, having installed what it needs, and fits real data: reports here, pictures in out/.
set -eu
cd "$(dirname "$0")/.."

sh scripts/install.sh gcc g++ libc6-dev meson ninja-build pkg-config libopenblas-dev liblapacke-dev libcsv-dev zlib1g-dev \
  gnuplot-nox

[ -f build-demo/build.ninja ] ||
  meson setup build-demo -Dprogram=enabled -Dexamples=disabled >/dev/null
meson compile -C build-demo >/dev/null
emblas=build-demo/src/cli/emblas
mkdir -p out

echo
echo "== Old Faithful: 272 eruptions, 1 to 6 components of each covariance model, chosen by BIC"
$emblas fit data/faithful.csv -k 1:6 --cov all -o out/faithful.json --plot out/faithful.svg
$emblas plot out/faithful.json data/faithful.csv -o out/faithful.png
echo
echo "== The triangular density 2 - 2x on (0, 1), by 100 components"
$emblas example triangular --plot out/triangular.svg
echo
echo "== The backends of this build"
$emblas backends
echo
echo "Pictures and models:"
ls out/*
echo
echo "The program runs from here, on a table of your own, too:"
echo "    $emblas fit data/iris.csv"
