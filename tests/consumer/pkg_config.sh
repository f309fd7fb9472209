# SPDX-License-Identifier: MIT
# usage: pkg_config.sh shared|static
. "$SOURCE/tests/consumer/install.sh"
export PKG_CONFIG_PATH="$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
flags="--define-variable=prefix=$root --cflags --libs emblas"

if [ "$1" = static ]; then
  rm -f "$libdir"/libemblas.so*
  [ -f "$libdir/libemblas.a" ] || { echo "this build has no static library"; exit 77; }
  flags="--static $flags"
  if pkg-config $flags | grep -q -e -lgfortran && ! echo 'int main(void) { return 0; }' |
    $CC -x c - -lgfortran -o "$work/empty" 2>/dev/null; then
    echo "the BLAS asks for -lgfortran, which is not there. Debian: apt-get install gfortran"
    exit 77
  fi
else
  [ -f "$libdir/libemblas.so" ] || { echo "this build has no shared library"; exit 77; }
fi

$CC "$work/fit.c" $(pkg-config $flags) -lm -o "$work/fit"
LD_LIBRARY_PATH=$libdir "$work/fit"
