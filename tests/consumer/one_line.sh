# SPDX-License-Identifier: MIT
# No build system, no BLAS: one line.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$SOURCE/examples/fit.c" "$work/prog.c"
cd "$SOURCE"
$CC -O2 -Iinclude "$work/prog.c" \
  src/base/*.c src/rows/*.c src/line/*.c src/walk/*.c src/backends/*.c src/families/*.c src/families/*/*.c src/mixture/*.c src/em/*.c src/model/*.c \
  -lm -o "$work/prog"
"$work/prog"
