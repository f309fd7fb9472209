/* SPDX-License-Identifier: MIT */
/* What the drivers in C and C++ share: the problem read from its .npy files, the clock, and the protocol.

     DRIVER DATA [MAPS...]

   prints a line of JSON about itself, then a line {"maps": .., "seconds": .., "loglik": ..} for each MAPS:
   that many EM maps from the start in DATA, each time anew. Without MAPS they are read from standard input,
   one a line, until it ends. */
#ifndef DRIVER_H
#define DRIVER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct problem {
  size_t n, d, k;
  int diagonal;        /* covariances are diagonal; in one dimension it is all the same */
  double *x;           /* n x d, row-major */
  double *weights;     /* k */
  double *means;       /* k x d */
  double *covariances; /* k x d x d */
};

struct answer {
  size_t maps;      /* M steps that were done */
  double seconds;   /* of the fit alone */
  double loglik;    /* total, at the parameters after them */
  const char *stop; /* why it ended, or NULL */
};

typedef struct answer driver_run(const struct problem *problem, size_t maps);

/* Seconds of a clock that only goes forward. */
double driver_clock(void);
/* Prints the message and exits. */
void driver_fail(const char *message);
/* The whole program. hello: members of a JSON object, as "\"version\": \"1\"". arguments: DATA [MAPS...] */
int driver_main(int count, char **arguments, const char *hello, driver_run *run);

#ifdef __cplusplus
}
#endif
#endif
