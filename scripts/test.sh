#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds everything and runs the tests, having installed what they need. Further arguments go to meson setup.
set -eu
cd "$(dirname "$0")/.."

sh scripts/install.sh gcc g++ libc6-dev meson ninja-build pkg-config cmake libopenblas-dev liblapacke-dev \
  libcriterion-dev libcsv-dev zlib1g-dev libhdf5-dev libjson-c-dev gnuplot-nox

[ -f build/build.ninja ] || meson setup build -Dtests=enabled -Dprogram=enabled -Dbenchmarks=enabled "$@"
meson compile -C build
meson test -C build --print-errorlogs
