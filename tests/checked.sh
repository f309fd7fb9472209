#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: checked.sh valgrind|sanitizers PROGRAM ARGUMENT...
# Runs a test program and fails on whatever valgrind or the sanitizers report. Criterion runs each test in a process of
# its own, hides what it prints and overlooks how it exits, so the reports are gathered in files.
set -u
tool=$1
shift
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

if [ "$tool" = valgrind ]; then
  set -- valgrind --quiet --log-file="$reports/%p" --trace-children=yes --fair-sched=yes --leak-check=full \
    --trace-children-skip="*/localedef" --show-leak-kinds=definite,indirect "$@"
else
  export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:log_path=$reports/asan"
  export LSAN_OPTIONS="suppressions=$(dirname "$0")/leaks.supp:print_suppressions=0"
  export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:log_path=$reports/ubsan"
fi
"$@"
code=$?

for report in "$reports"/*; do
  [ -s "$report" ] || continue
  cat "$report" >&2
  code=1
done
exit $code
