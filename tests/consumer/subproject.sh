# SPDX-License-Identifier: MIT
# A parent project takes the library in as a subproject; its own option `blas` decides for both. It must not have to
# have what only the program and the tests need.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/subprojects"
ln -s "$SOURCE" "$work/subprojects/emblas"
cp "$SOURCE/examples/fit.c" "$work/"
cat >"$work/meson_options.txt" <<'END'
option('blas', type: 'combo', choices: ['auto', 'openblas', 'blis', 'netlib', 'none'])
END
cat >"$work/meson.build" <<'END'
project('parent', 'c')
executable('fit', 'fit.c', dependencies: dependency('emblas', version: '>= 0.1'))
END

meson setup "$work/build" "$work" -Dblas="$BLAS" >"$work/log" || { cat "$work/log"; exit 1; }
if grep -iE 'criterion|csv|json' "$work/log"; then
  echo "an embedded library looks for what it does not need"
  exit 1
fi
grep -E "BLAS +: $BLAS" "$work/log" || { echo "the parent's choice of BLAS was not taken"; exit 1; }
meson compile -C "$work/build" >"$work/log" || { cat "$work/log"; exit 1; }
"$work/build/fit"
