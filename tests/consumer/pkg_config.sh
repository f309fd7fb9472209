# SPDX-License-Identifier: MIT
# usage: pkg_config.sh shared|files|static; files: a program that uses libemblas-io
. "$SOURCE/tests/consumer/install.sh"
# No other package is there, as where the BLAS came without a file for pkg-config.
export PKG_CONFIG_LIBDIR="$libdir/pkgconfig" PKG_CONFIG_PATH=
flags="--define-variable=prefix=$root --cflags --libs emblas"

if [ "$1" = static ]; then
  rm -f "$libdir"/libemblas.so*
  [ -f "$libdir/libemblas.a" ] || { echo "this build has no static library"; exit 77; }
  flags="--static $flags"
else
  [ -f "$libdir/libemblas.so" ] || { echo "this build has no shared library"; exit 77; }
fi

if [ "$1" = files ]; then
  [ -f "$libdir/libemblas-io.so" ] || { echo "this build has no libemblas-io"; exit 77; }
  $CC "$work/files.c" $(pkg-config $flags-io) -o "$work/files"
  LD_LIBRARY_PATH=$libdir "$work/files" "$SOURCE/data/faithful.csv" "$work/faithful.json"
  exit
fi

$CC "$work/fit.c" $(pkg-config $flags) -lm -o "$work/fit"
LD_LIBRARY_PATH=$libdir "$work/fit"
