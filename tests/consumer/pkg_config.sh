# SPDX-License-Identifier: MIT
# usage: pkg_config.sh shared|static
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

$CC "$work/fit.c" $(pkg-config $flags) -lm -o "$work/fit"
LD_LIBRARY_PATH=$libdir "$work/fit"
