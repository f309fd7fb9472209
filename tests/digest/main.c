/* SPDX-License-Identifier: MIT */
/* digest [THREADS...]: one line a fit, see digest.h; by default on one thread. With several numbers of
   threads every fit is run with each of them, and the exit status is 1 where they differ. */
#include "digest.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  size_t threads[8] = {1}, count = 0;
  for (; count < 8 && (int)count + 1 < argc; count++) threads[count] = strtoul(argv[count + 1], NULL, 10);
  run_with_threads(count > 0 ? count : 1, threads);
  run_starts();
  run_rows();
  run_options();
  run_searches();
  run_by_hand();
  run_users_models();
  fprintf(stderr, "%zu lines, %zu fail\n", lines_printed(), lines_that_fail());
  return lines_that_fail() > 0;
}
