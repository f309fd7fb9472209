/* SPDX-License-Identifier: MIT */
/* What the benchmarks share: the clock, alternating runs of all backends, and a table that is printed for
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

/* Uniform in [0, 1), and normal: a benchmark's data need be the same every time, and no better than that.
 */
double bench_uniform(void);
double bench_normal(void);

struct bench {
  const char *path;
  struct json_object *document, *rows;
};

/* Prints what is measured, on what machine, with what BLAS, and how long it takes where two processors of today do it.
   argv[1]: where the JSON goes, else NAME.json; in smoke size NAME-smoke.json. */
struct bench bench_open(const char *name, const char *unit, const char *takes, int argc, char **argv);
/* Writes the JSON. Returns the exit status of the program. */
int bench_close(struct bench *bench);

/* The backends of this build, the reference first. */
enum { BENCH_BACKENDS = 3 };
size_t bench_backends(const struct emblas_backend *backends[BENCH_BACKENDS]);

/* What is timed: a backend, and any thread count where something has threads. */
struct bench_column {
  const char *name;
  const struct emblas_backend *backend;
  size_t threads;
};
enum { BENCH_COLUMNS = 4 };

/* Runs something as the column says; returns seconds, NAN for what that backend does not have. */
typedef double bench_run(void *context, const struct bench_column *column);

/* A table's columns: the first one is what the others are compared with. */
struct bench_table {
  struct bench_column columns[BENCH_COLUMNS];
  size_t count;
};
/* One column for each backend, on one thread. */
struct bench_table bench_table(void);
/* The end of the table's heading. */
void bench_heading(const struct bench_table *table);
/* The end of a row: medians of `runs` runs of every column in turn, so that what disturbs the machine meets
   all of them; in the unit, and how many times faster than the first column each is. */
void bench_measure(struct bench *bench, const struct bench_table *table, struct json_object *row,
                   bench_run *run, void *context, int runs, double unit);

#endif
