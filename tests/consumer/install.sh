# SPDX-License-Identifier: MIT
# Sourced by the tests that need an installed library: makes the folder $work, which goes when the test ends, with
# the program in it, and installs the build below $root.
set -eu
unset LD_LIBRARY_PATH # the installed library is meant, not the one in the build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$SOURCE/examples/fit.c" "$SOURCE/examples/files.c" "$work/"

root=$work/root$PREFIX
meson install -C "$BUILD" --no-rebuild --destdir "$work/root" >"$work/install.log" || { cat "$work/install.log"; exit 1; }
libdir=$(dirname "$(find "$root" -name 'libemblas.*' | head -n 1)")
