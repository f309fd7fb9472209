# SPDX-License-Identifier: MIT
# No build system, no BLAS: the line of the README, as it stands there.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$SOURCE/examples/fit.c" "$work/prog.c"
cd "$SOURCE"
line=$(sed -n 's/^ *cc \(-O2 -Iinclude\) prog.c \(.* -lm\) .*/\1 "$work\/prog.c" \2/p' README.md)
[ -n "$line" ] || { echo "the README has no line for the compiler"; exit 1; }
eval "$CC $line -o \"\$work/prog\""
"$work/prog"
