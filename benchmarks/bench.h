/* SPDX-License-Identifier: MIT */
/* What the benchmarks share: the clock, alternating runs of two backends, and a table that is printed for
   people and written as JSON for programs. */
#ifndef BENCH_H
#define BENCH_H

#include <emblas/backend.h>
#include <json-c/json.h>
#include <stdbool.h>

/* EMBLAS_BENCH_SMOKE=1: everything small, a few seconds in all. To see that it runs, not how fast. */
bool bench_smoke(void);
/* Seconds of a clock that only goes forward. */
double bench_clock(void);

struct bench {
  const char *path;
  struct json_object *document, *rows;
};

/* Prints what is measured, on what machine, with what BLAS. argv[1]: where the JSON goes, else NAME.json.
 */
struct bench bench_open(const char *name, const char *unit, int argc, char **argv);
/* Writes the JSON. Returns the exit status of the program. */
int bench_close(struct bench *bench);

/* Runs something through a backend; returns seconds. */
typedef double bench_run(void *context, const struct emblas_backend *backend);
/* Medians of `runs` runs through reference and blas in turn, so that what disturbs the machine meets both.
   Without a BLAS the second is NAN. */
struct bench_pair {
  double reference, blas;
};
struct bench_pair bench_alternate(bench_run *run, void *context, int runs);

/* The end of a table row: both times in the unit, and how many times faster blas is; and in the JSON row.
 */
void bench_print(struct bench *bench, struct json_object *row, struct bench_pair seconds, double unit);

#endif
