#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: install.sh PACKAGE...
# Debian: installs those of the packages that are missing, as root or through sudo. Elsewhere: when a tool of the
# build is missing, names the packages and fails.
set -eu
missing=

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  for package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || exit 0
  echo "installing$missing"
  sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  exit 0
fi

for tool in cc meson ninja pkg-config; do
  command -v "$tool" >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
  echo "not found:$missing. Please install what your system calls these packages of Debian: $*" >&2
  exit 1
fi
